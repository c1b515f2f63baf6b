//! What an operator of the host could look at, and what a test can plant there.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::Host;
use crate::call_out::CallOut;
use crate::cost::Cost;
use crate::log::LogLine;
use crate::metrics::MetricMove;
use crate::shared::HostCall;
use crate::shared_data::SharedDataWrites;

impl Host {
    /// The time of day.
    pub fn now(&self) -> SystemTime {
        self.shared().clock.system_time()
    }

    /// The value of a counter or a gauge, or how many values a histogram has; 0 for what was never defined.
    pub fn metric(&self, name: &str) -> u64 {
        self.shared().metrics.lock().value(name)
    }

    /// All metrics that were defined.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.shared().metrics.lock().all()
    }

    /// How the watched metrics moved ([`Host::watch_metrics`]), in order; the next call has what moved from then on.
    pub fn take_moves(&self) -> Vec<MetricMove> {
        self.shared().metrics.lock().take_moves()
    }

    /// Everything that the plugins logged, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        self.shared().log.lock().clone()
    }

    /// The same, and forgets it: the next call has what was logged from then on.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// # let host = host::Host::new(plugin);
    /// let logged = host.logs();
    /// assert_eq!(host.take_logs(), logged);
    /// assert_eq!(host.logs(), []);
    /// ```
    pub fn take_logs(&self) -> Vec<LogLine> {
        std::mem::take(&mut self.shared().log.lock())
    }

    /// A record of the shared data of the first plugin's vm_id.
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let shared = self.shared();
        let record = shared
            .shared_data
            .lock()
            .get(&self.first_vm_id(), key.as_ref())
            .cloned();
        record.map(|(value, _)| value)
    }

    /// All records of the shared data of the first plugin's vm_id.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// # let host = host::Host::new(plugin);
    /// host.set_shared_data("limits", b"10");
    /// let all: Vec<_> = host.all_shared_data().into_iter().collect();
    /// assert_eq!(all, [(b"limits".to_vec(), b"10".to_vec())]);
    /// ```
    pub fn all_shared_data(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.shared().shared_data.lock().all(&self.first_vm_id())
    }

    /// How many writes of a record of the shared data of the first plugin's vm_id stood so far, and how many were refused
    /// because another writer was faster: what it costs plugins to share it.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// # let host = host::Host::new(plugin);
    /// host.set_shared_data("limits", b"10");
    /// let writes = host.shared_data_writes("limits");
    /// assert_eq!((writes.written, writes.overtaken), (1, 0));
    /// ```
    pub fn shared_data_writes(&self, key: impl AsRef<[u8]>) -> SharedDataWrites {
        let shared = self.shared();
        let data = shared.shared_data.lock();
        data.writes(&self.first_vm_id(), key.as_ref())
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
        let written = shared
            .shared_data
            .lock()
            .set(&self.first_vm_id(), key.as_ref(), value.as_ref(), 0);
        written.expect("a write without a number to compare always succeeds");
    }

    /// What is in a shared queue of the first plugin's vm_id, the oldest first; none where no plugin has registered it.
    ///
    /// ```
    /// let queues = r#"(module
    ///     (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
    ///     (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
    ///     (memory (export "memory") 1) (data (i32.const 16) "mail")
    ///     (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 64))
    ///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ///         (drop (call $register (i32.const 16) (i32.const 4) (i32.const 8)))
    ///         (drop (call $enqueue (i32.load (i32.const 8)) (i32.const 16) (i32.const 2)))
    ///         (i32.const 0)))"#;
    /// let host = host::Host::new(wat::parse_str(queues).unwrap());
    /// assert_eq!(host.shared_queue("mail"), None);
    /// host.get("/").answered_with(200);
    /// assert_eq!(host.shared_queue("mail"), Some(vec![b"ma".to_vec()]));
    /// ```
    pub fn shared_queue(&self, name: impl AsRef<[u8]>) -> Option<Vec<Vec<u8>>> {
        let shared = self.shared();
        let queues = shared.queues.lock();
        let token = queues.resolve(&self.first_vm_id(), name.as_ref())?;
        Some(queues.items(token))
    }

    /// What the callbacks cost that belong to no exchange: creation and configuration of root contexts, on every thread and
    /// where it is refused as well, ticks, and their ends.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, secs};
    /// let host = Host::new(plugin);
    /// host.start();
    /// let started = host.cost().callbacks.len();
    /// host.get("/").expect_rejected(401);
    /// assert_eq!(host.cost().callbacks.len(), started);
    /// assert_eq!(host.cost().callbacks[0].callback, "proxy_on_context_create");
    /// ```
    pub fn cost(&self) -> Cost {
        Cost {
            callbacks: self.shared().spent.lock().clone(),
        }
    }

    /// Every host call of every plugin so far, in order.
    pub fn host_calls(&self) -> Vec<HostCall> {
        self.shared().calls.lock().calls.clone()
    }

    /// What plugins asked of other services so far, in order, on every thread. (While workers are stepped, each can see
    /// its own with [`crate::Exchange::call_outs`].)
    pub fn call_outs(&self) -> Vec<CallOut> {
        self.envoy.call_outs()
    }

    /// No plugin may tell this value, which peers send in a header of this name, or wherever else: see [`crate::Secret`].
    ///
    /// # Panics
    /// When it has fewer than eight bytes.
    #[track_caller]
    pub fn keep_secret(&self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.shared().secrets.lock().keep(name.as_ref(), value.as_ref());
    }

    /// How many times plugins handed bytes to the host, in which secrets were searched for: none without any.
    pub fn outputs_searched(&self) -> u64 {
        self.shared().secrets.lock().searched()
    }

    /// Why VMs died so far, in order, where [`Host::allow_vm_death`] lets them.
    pub fn deaths(&self) -> Vec<String> {
        self.shared().deaths.lock().clone()
    }

    fn first_vm_id(&self) -> String {
        let first = self.envoy.first_plugin();
        first.map(|plugin| plugin.vm_id.clone()).unwrap_or_default()
    }
}
