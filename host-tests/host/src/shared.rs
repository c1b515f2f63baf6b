//! What all VMs of one Envoy share: clock, randomness, metrics, shared data, log, and the book of host calls.

use std::cell::RefCell;

use crate::abi::Status;
use crate::clock::Clock;
use crate::log::{LogLine, Thread};
use crate::metrics::Metrics;
use crate::shared_data::SharedData;

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) random: RefCell<fastrand::Rng>,
    pub(crate) metrics: RefCell<Metrics>,
    pub(crate) shared_data: RefCell<SharedData>,
    pub(crate) log: RefCell<Vec<LogLine>>,
    pub(crate) calls: RefCell<CallBook>,
}

/// Unless a test says otherwise, all hosts draw the same numbers.
const DEFAULT_SEED: u64 = 0x05ee_d0f0_0057;

impl Shared {
    pub(crate) fn new() -> Shared {
        Shared {
            clock: Clock::new(),
            random: RefCell::new(fastrand::Rng::with_seed(DEFAULT_SEED)),
            metrics: RefCell::default(),
            shared_data: RefCell::default(),
            log: RefCell::default(),
            calls: RefCell::default(),
        }
    }
}

/// One call of a plugin to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The function's name.
    pub name: &'static str,
    /// The callback in which the plugin made it.
    pub callback: &'static str,
    /// Where it ran.
    pub thread: Thread,
}

/// Every host call since the host was made, numbered in order, and the one that is to fail.
#[derive(Default)]
pub(crate) struct CallBook {
    pub(crate) calls: Vec<HostCall>,
    pub(crate) inject: Option<(usize, Status)>,
}

impl CallBook {
    /// Enters a call, and says which status it is to answer if it is the one that fails.
    pub(crate) fn enter(&mut self, call: HostCall) -> Option<Status> {
        let number = self.calls.len();
        self.calls.push(call);
        self.inject
            .filter(|(at, _)| *at == number)
            .map(|(_, status)| status)
    }
}
