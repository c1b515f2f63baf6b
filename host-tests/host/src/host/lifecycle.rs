//! A running host takes another configuration, or shuts down.

use super::Host;
use crate::plugin::{Configuration, Plugin};
use crate::refused::Refused;

impl Host {
    /// Gives the plugin of this name another configuration, while the host runs. It is first tried on a canary, unless
    /// Envoy knows it from before. Once accepted, every thread has a new root context in the VM it has; new requests
    /// get that one. The old root context ends with the last exchange that began on it: `proxy_on_done`, then
    /// `proxy_on_delete`, at once or after `proxy_done`. Till then it has its ticks. Shared data, queues and metrics stay. The
    /// configuration that is there already changes nothing.
    ///
    /// This is Envoy's way with an extension configuration (ECDS). With a listener (LDS) the old root context ends only
    /// when the listener's drain time is over; the rest is the same.
    ///
    /// # Errors
    /// When the canary refuses it or dies over it. The old configuration stays.
    ///
    /// # Panics
    /// When not exactly one plugin has this name; when a thread refuses what the canary accepted or a VM dies (see
    /// [`Host::allow_vm_death`]).
    ///
    /// # Examples
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::Host;
    /// let host = Host::new(plugin).plugin_name("keys").config("strict");
    /// let in_flight = host.get("/").header("x-api-key", "k").expect_forwarded();
    /// host.update("keys", "lenient").unwrap();
    /// host.get("/").expect_rejected(401); // by the new root context
    /// in_flight.answer(200); // by the old one, which ends here
    /// ```
    #[track_caller]
    pub fn update(&self, name: &str, configuration: impl Into<Configuration>) -> Result<(), Refused> {
        self.update_plugin(name, |plugin| plugin.config(configuration))
    }

    /// Changes anything of a plugin while the host runs: its module, its vm_id, its failure policy. What makes a
    /// different VM of it gives it a new one, and the old VM goes with its last root context. With the last VM of a vm_id go
    /// its shared data and queues. Else as [`Host::update`].
    ///
    /// # Errors
    /// As [`Host::update`].
    ///
    /// # Panics
    /// As [`Host::update`].
    ///
    /// # Examples
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin);
    /// host.get("/").expect_rejected(401);
    /// host.update_plugin("plugin", |plugin| plugin.vm_id("apart")).unwrap();
    /// host.get("/").expect_rejected(401);
    /// ```
    #[track_caller]
    pub fn update_plugin(&self, name: &str, change: impl FnOnce(Plugin) -> Plugin) -> Result<(), Refused> {
        self.start();
        let plugins = self.envoy.plugins();
        let named: Vec<usize> = (0..plugins.len())
            .filter(|at| plugins[*at].name == name)
            .collect();
        let [place] = named[..] else {
            let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
            panic!(
                "an update is for one plugin, not for the {} named {name} of {names:?}",
                named.len()
            );
        };
        let updated = self.envoy.update(place, change(Plugin::clone(&plugins[place])));
        self.check_deaths();
        updated.map_err(|refusal| Refused {
            refusal,
            log: self.logs(),
        })
    }

    /// Lets every VM of this worker (counted from 0) die, as if a callback had trapped. What becomes of the worker's
    /// requests then, those in flight included, says [`crate::FailurePolicy`].
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::Host;
    /// let host = Host::new(plugin).workers(2).allow_vm_death();
    /// host.kill_worker(0);
    /// host.worker(0).get("/").expect_rejected(503);
    /// host.worker(1).get("/").expect_rejected(401);
    /// assert_eq!(host.deaths().len(), 1);
    /// ```
    ///
    /// # Panics
    /// When there is no such worker, or VMs may not die.
    #[track_caller]
    pub fn kill_worker(&self, worker: usize) {
        self.start();
        let number = self.worker(worker).number();
        self.envoy.kill_worker(number);
        self.check_deaths();
    }

    /// Shuts down, as Envoy does on SIGTERM: on each worker, then on the main thread, the exchanges still in flight end,
    /// the last one first, then the root contexts. One whose `proxy_on_done` returns 0 is waited for in vain: its VM
    /// goes. A host that is merely dropped calls nothing.
    ///
    /// # Panics
    /// When a VM dies of it.
    ///
    /// # Examples
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin);
    /// host.get("/").expect_rejected(401);
    /// host.shut_down();
    /// ```
    #[track_caller]
    pub fn shut_down(&self) {
        self.start();
        self.envoy.shut_down();
        self.check_deaths();
    }
}
