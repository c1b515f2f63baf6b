//! One Envoy: its settings, what its VMs share, and the VMs of its threads once it has started.

mod arrivals;
mod calls;
mod fleet;
mod flow;
mod pass;
mod router;
mod ticks;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::edge::Edge;
use crate::plugin::Plugin;
use crate::route::Route;
use crate::shared::Shared;
use crate::stream::Stream;
use crate::vm_state::AfterCall;

use fleet::Fleet;
pub(crate) use fleet::Refusal;

/// What a test sets before the first exchange.
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) routes: Vec<Route>,
    pub(crate) edge: Edge,
    pub(crate) fuel_per_callback: u64,
    pub(crate) allow_vm_death: bool,
    /// Bytes of a body that a filter may hold back.
    pub(crate) buffer_limit: usize,
}

/// About a second of interpretation, and far more than any callback of a plugin needs.
const DEFAULT_FUEL: u64 = 100_000_000;

/// Envoy's `per_connection_buffer_limit_bytes`.
const DEFAULT_BUFFER_LIMIT: usize = 1024 * 1024;

pub(crate) struct Envoy {
    pub(crate) settings: Settings,
    pub(crate) plugins: Vec<Rc<Plugin>>,
    pub(crate) shared: Rc<Shared>,
    fleet: Option<Fleet>,
    next_connection: u64,
    /// What filters asked for outside their own exchange's callback.
    pending: VecDeque<Pending>,
    /// Why VMs died, in order.
    pub(crate) deaths: Vec<String>,
}

struct Pending {
    stream: Rc<RefCell<Stream>>,
    filter: usize,
    action: AfterCall,
}

/// The address from which requests come, unless a test says otherwise.
pub(crate) fn default_peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 50_000))
}

impl Envoy {
    pub(crate) fn new(plugins: Vec<Plugin>) -> Envoy {
        Envoy {
            settings: Settings {
                workers: 1,
                routes: vec![Route::new("default")],
                edge: Edge::default(),
                fuel_per_callback: DEFAULT_FUEL,
                allow_vm_death: false,
                buffer_limit: DEFAULT_BUFFER_LIMIT,
            },
            plugins: plugins.into_iter().map(Rc::new).collect(),
            shared: Rc::new(Shared::new()),
            fleet: None,
            next_connection: 1,
            pending: VecDeque::new(),
            deaths: Vec::new(),
        }
    }

    pub(crate) fn has_started(&self) -> bool {
        self.fleet.is_some()
    }

    /// Starts all VMs, in Envoy's order, unless that is done.
    pub(crate) fn start(&mut self) -> Result<(), Refusal> {
        if self.fleet.is_none() {
            self.fleet = Some(Fleet::start(&self.plugins, &self.shared, &self.settings)?);
        }
        Ok(())
    }

    fn fleet(&mut self) -> &mut Fleet {
        self.fleet
            .as_mut()
            .expect("the host starts its VMs before it serves")
    }
}

impl Drop for Envoy {
    /// Every exchange is over by now, so every stream context must be deleted.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let streams = self
            .fleet
            .iter()
            .flat_map(Fleet::vms)
            .flat_map(|vm| vm.state().streams());
        let leaked: Vec<String> = streams.map(|stream| stream.borrow().title()).collect();
        assert!(
            leaked.is_empty(),
            "contexts were never deleted: {}",
            leaked.join(", ")
        );
    }
}
