//! What all threads of one Envoy share: clock, randomness, metrics, shared data and
//! queues, log, and the book of host calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

use crate::abi::Status;
use crate::clock::Clock;
use crate::cost::Spent;
use crate::log::{LogLine, Thread};
use crate::metrics::Metrics;
use crate::secrets::Secrets;
use crate::shared_data::SharedData;
use crate::shared_queue::SharedQueues;
use crate::steps::Steps;

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) random: Mutex<fastrand::Rng>,
    pub(crate) metrics: Mutex<Metrics>,
    pub(crate) shared_data: Mutex<SharedData>,
    pub(crate) queues: Mutex<SharedQueues>,
    pub(crate) log: Mutex<Vec<LogLine>>,
    pub(crate) calls: Mutex<CallBook>,
    /// What callbacks that belong to no exchange have spent, in order.
    pub(crate) spent: Mutex<Vec<Spent>>,
    /// How many answers each scripted cluster has given.
    pub(crate) answers_given: Mutex<BTreeMap<String, usize>>,
    /// What stands for each attempt that is under way, by cluster: it is held as often, and once more here.
    pub(crate) under_way: Mutex<BTreeMap<String, Arc<()>>>,
    /// How many retries to each cluster are under way.
    pub(crate) retries: Mutex<BTreeMap<String, u32>>,
    /// What plugins called that this host does not serve.
    pub(crate) not_served: Mutex<Vec<String>>,
    /// What was found of VMs that are gone, whose memory had grown from exchange to exchange.
    pub(crate) leaks: Mutex<Vec<String>>,
    /// Why VMs died, in order.
    pub(crate) deaths: Mutex<Vec<String>>,
    /// What no plugin may tell, and what they told all the same.
    pub(crate) secrets: Mutex<Secrets>,
    pub(crate) steps: Steps,
    /// How many connections clients have opened.
    pub(crate) connections: AtomicU64,
}

/// Unless a test says otherwise, all hosts draw the same numbers.
const DEFAULT_SEED: u64 = 0x05ee_d0f0_0057;

impl Shared {
    pub(crate) fn new() -> Shared {
        Shared {
            clock: Clock::new(),
            random: Mutex::new(fastrand::Rng::with_seed(DEFAULT_SEED)),
            metrics: Mutex::default(),
            shared_data: Mutex::default(),
            queues: Mutex::default(),
            log: Mutex::default(),
            calls: Mutex::default(),
            spent: Mutex::default(),
            answers_given: Mutex::default(),
            under_way: Mutex::default(),
            retries: Mutex::default(),
            not_served: Mutex::default(),
            leaks: Mutex::default(),
            deaths: Mutex::default(),
            secrets: Mutex::default(),
            steps: Steps::default(),
            connections: AtomicU64::new(0),
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
