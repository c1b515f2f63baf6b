//! The host that tests hold: an Envoy with plugins, its knobs, and what an operator could look at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use crate::abi::Status;
use crate::edge::Edge;
use crate::envoy::Envoy;
use crate::log::LogLine;
use crate::plugin::{Configuration, Plugin};
use crate::refused::Refused;
use crate::request::Request;
use crate::route::Route;
use crate::shared::{HostCall, Shared};
use crate::worker::Worker;

/// One Envoy with its plugins. Knobs first, then requests; the VMs start with the first of them.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, secs};
/// let host = Host::new(plugin).workers(2).seed(7);
/// host.worker(1).get("/").expect_rejected(401);
/// host.advance(secs(1));
/// assert_eq!(host.metric("keyless_requests"), 1);
/// ```
pub struct Host {
    envoy: Rc<RefCell<Envoy>>,
}

impl Host {
    /// A host with one plugin, one worker, and one route `default` for everything.
    pub fn new(plugin: impl Into<Plugin>) -> Host {
        Host::chain([plugin.into()])
    }

    /// A host with several plugins, in the order of `http_filters`.
    ///
    /// # Panics
    /// Without any plugin.
    #[track_caller]
    pub fn chain(plugins: impl IntoIterator<Item = Plugin>) -> Host {
        let plugins: Vec<Plugin> = plugins.into_iter().collect();
        assert!(!plugins.is_empty(), "a host needs a plugin");
        Host {
            envoy: Rc::new(RefCell::new(Envoy::new(plugins))),
        }
    }

    /// How many workers, each with its own VMs (default: 1).
    #[track_caller]
    pub fn workers(self, workers: usize) -> Host {
        assert!(workers > 0, "a host needs a worker");
        self.set(|envoy| envoy.settings.workers = workers)
    }

    /// The configuration of the plugin: JSON, text, or raw bytes.
    ///
    /// # Panics
    /// With several plugins: say with [`Plugin::config`] which one is meant. The same holds for the next three.
    #[track_caller]
    pub fn config(self, configuration: impl Into<Configuration>) -> Host {
        self.set_plugin(|plugin| plugin.config(configuration))
    }

    /// The plugin's name (default: `plugin`).
    #[track_caller]
    pub fn plugin_name(self, name: &str) -> Host {
        self.set_plugin(|plugin| plugin.name(name))
    }

    /// The plugin's root_id (default: empty).
    #[track_caller]
    pub fn root_id(self, root_id: &str) -> Host {
        self.set_plugin(|plugin| plugin.root_id(root_id))
    }

    /// The plugin's vm_id (default: empty).
    #[track_caller]
    pub fn vm_id(self, vm_id: &str) -> Host {
        self.set_plugin(|plugin| plugin.vm_id(vm_id))
    }

    /// The route table (default: one route, `default`, for everything). Empty: every request is a 404.
    #[track_caller]
    pub fn routes(self, routes: impl IntoIterator<Item = Route>) -> Host {
        self.set(|envoy| envoy.settings.routes = routes.into_iter().collect())
    }

    /// How the listener is set up.
    #[track_caller]
    pub fn edge(self, edge: Edge) -> Host {
        self.set(|envoy| envoy.settings.edge = edge)
    }

    /// The seed of all randomness that plugins get; the same seed draws the same numbers.
    #[track_caller]
    pub fn seed(self, seed: u64) -> Host {
        self.set(|envoy| envoy.shared.random.borrow_mut().seed(seed))
    }

    /// The time of day at which the host starts (default: 2026-01-01T00:00:00Z).
    #[track_caller]
    pub fn starts_at(self, time: SystemTime) -> Host {
        self.set(|envoy| envoy.shared.clock.starts_at(time))
    }

    /// How much wasm fuel one callback may burn before it counts as an endless loop (default: 100 million).
    #[track_caller]
    pub fn fuel_per_callback(self, fuel: u64) -> Host {
        self.set(|envoy| envoy.settings.fuel_per_callback = fuel)
    }

    /// Lets a VM die without failing the test; requests to its worker are then answered 503, as with Envoy's
    /// default failure policy.
    ///
    /// ```
    /// let traps = r#"(module (memory (export "memory") 1)
    ///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable))"#;
    /// let host = host::Host::new(wat::parse_str(traps).unwrap()).allow_vm_death();
    /// host.get("/").expect_rejected(503);
    /// host.get("/").expect_rejected(503);
    /// ```
    #[track_caller]
    pub fn allow_vm_death(self) -> Host {
        self.set(|envoy| envoy.settings.allow_vm_death = true)
    }

    /// How many bytes of a body a filter may hold back (default: 1 MiB, as `per_connection_buffer_limit_bytes`).
    /// Past it, a request is answered 413; a response becomes a 500, or breaks off if its headers are on their way.
    #[track_caller]
    pub fn buffer_limit(self, bytes: usize) -> Host {
        self.set(|envoy| envoy.settings.buffer_limit = bytes)
    }

    /// Starts the VMs now.
    ///
    /// # Panics
    /// When a plugin refuses its configuration, with its log.
    #[track_caller]
    pub fn start(&self) {
        if let Err(refused) = self.try_start() {
            panic!("{refused}");
        }
    }

    /// Starts the VMs now.
    ///
    /// # Errors
    /// When a plugin refuses its configuration or a VM dies over it; Envoy would not start, or would keep the
    /// configuration it has.
    ///
    /// # Examples
    /// ```
    /// let picky = r#"(module (memory (export "memory") 1)
    ///     (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0)))"#;
    /// let refused = host::Host::new(wat::parse_str(picky).unwrap()).try_start().unwrap_err();
    /// assert_eq!(refused.thread(), host::Thread::Canary);
    /// assert!(!refused.trapped());
    /// ```
    pub fn try_start(&self) -> Result<(), Refused> {
        let started = self.envoy.borrow_mut().start();
        started.map_err(|refusal| Refused {
            refusal,
            log: self.logs(),
        })
    }

    /// A GET request to the first worker.
    #[track_caller]
    pub fn get(&self, path: impl AsRef<[u8]>) -> Request {
        self.request("GET", path)
    }

    /// A POST request to the first worker.
    #[track_caller]
    pub fn post(&self, path: impl AsRef<[u8]>) -> Request {
        self.request("POST", path)
    }

    /// A request to the first worker.
    #[track_caller]
    pub fn request(&self, method: &str, path: impl AsRef<[u8]>) -> Request {
        self.worker(0).request(method, path)
    }

    /// The worker of this number, counted from 0.
    ///
    /// # Panics
    /// When the host has fewer workers.
    #[track_caller]
    pub fn worker(&self, number: usize) -> Worker<'_> {
        let workers = self.envoy.borrow().settings.workers;
        assert!(
            number < workers,
            "worker {number} of {workers} (they count from 0)"
        );
        Worker { host: self, number }
    }

    /// Moves the clock on, and runs the ticks that become due on the way.
    ///
    /// # Panics
    /// When a VM dies in a tick.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.start();
        self.envoy.borrow_mut().advance(by);
        self.check_deaths();
    }

    /// The time of day.
    pub fn now(&self) -> SystemTime {
        self.shared().clock.system_time()
    }

    /// The value of a counter or a gauge, or how many values a histogram has; 0 for what was never defined.
    pub fn metric(&self, name: &str) -> u64 {
        self.shared().metrics.borrow().value(name)
    }

    /// All metrics that were defined.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.shared().metrics.borrow().all()
    }

    /// Everything that the plugins logged, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        self.shared().log.borrow().clone()
    }

    /// A record of the shared data of the first plugin's vm_id.
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let shared = self.shared();
        let record = shared
            .shared_data
            .borrow()
            .get(&self.first_vm_id(), key.as_ref())
            .cloned();
        record.map(|(value, _)| value)
    }

    /// Plants a record in the shared data of the first plugin's vm_id.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// # let host = host::Host::new(plugin);
    /// host.set_shared_data("limits", b"\xff no number");
    /// assert_eq!(host.shared_data("limits").as_deref(), Some(&b"\xff no number"[..]));
    /// ```
    pub fn set_shared_data(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let shared = self.shared();
        let written =
            shared
                .shared_data
                .borrow_mut()
                .set(&self.first_vm_id(), key.as_ref(), value.as_ref(), 0);
        written.expect("a write without a number to compare always succeeds");
    }

    /// Every host call of every plugin so far, in order.
    pub fn host_calls(&self) -> Vec<HostCall> {
        self.shared().calls.borrow().calls.clone()
    }

    /// Lets the host call of this number (counted from 0 over all of [`Host::host_calls`]) answer this status, and
    /// do nothing else.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, Status};
    /// let host = Host::new(&plugin);
    /// host.get("/").header("x-api-key", "k").answered_with(200);
    /// let reads = |call: &host::HostCall| call.name == "proxy_get_header_map_value";
    /// let number = host.host_calls().iter().position(reads).unwrap();
    ///
    /// let host = Host::new(&plugin).fail_host_call(number, Status::BAD_ARGUMENT);
    /// host.get("/").header("x-api-key", "k").expect_rejected(401);
    /// ```
    #[track_caller]
    pub fn fail_host_call(self, number: usize, status: Status) -> Host {
        self.set(|envoy| envoy.shared.calls.borrow_mut().inject = Some((number, status)))
    }

    pub(crate) fn envoy(&self) -> &Rc<RefCell<Envoy>> {
        &self.envoy
    }

    /// Why VMs died so far.
    pub(crate) fn deaths(&self) -> Vec<String> {
        self.envoy.borrow().deaths.clone()
    }

    #[track_caller]
    fn check_deaths(&self) {
        let envoy = self.envoy.borrow();
        if !envoy.settings.allow_vm_death && !envoy.deaths.is_empty() {
            let log: Vec<String> = self.logs().iter().map(LogLine::to_string).collect();
            panic!("a VM died: {}\nlog:\n{}", envoy.deaths.join("; "), log.join("\n"));
        }
    }

    fn shared(&self) -> Rc<Shared> {
        self.envoy.borrow().shared.clone()
    }

    fn first_vm_id(&self) -> String {
        self.envoy
            .borrow()
            .plugins
            .first()
            .map(|plugin| plugin.vm_id.clone())
            .unwrap_or_default()
    }

    #[track_caller]
    fn set(self, change: impl FnOnce(&mut Envoy)) -> Host {
        {
            let mut envoy = self.envoy.borrow_mut();
            assert!(
                !envoy.has_started(),
                "the host has started: set its knobs before the first request"
            );
            change(&mut envoy);
        }
        self
    }

    #[track_caller]
    fn set_plugin(self, change: impl FnOnce(Plugin) -> Plugin) -> Host {
        self.set(|envoy| match envoy.plugins.as_mut_slice() {
            [plugin] => *plugin = Rc::new(change(Plugin::clone(plugin))),
            plugins => panic!(
                "a chain of {} plugins: set this on the Plugin that is meant",
                plugins.len()
            ),
        })
    }
}
