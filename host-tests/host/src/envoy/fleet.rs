//! The VMs of all threads, and the order in which Envoy starts them.
//!
//! For each plugin first a canary on the main thread, thrown away after it accepted its configuration, then the main
//! thread's own VM, which gets ticks but no requests; when all plugins have passed, the workers. Plugins of the same
//! code, vm_id and vm configuration share a VM, each with a root context of its own.

use std::rc::Rc;

use super::Settings;
use crate::log::Thread;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::vm::{Death, Vm};

pub(crate) struct Fleet {
    main: ThreadVms,
    workers: Vec<ThreadVms>,
}

/// The VMs of one thread, and each plugin's place in them.
#[derive(Default)]
struct ThreadVms {
    vms: Vec<Vm>,
    seats: Vec<Seat>,
}

#[derive(Clone, Copy)]
struct Seat {
    vm: usize,
    root: u32,
}

/// Why a configuration was not accepted.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) plugin: String,
    pub(crate) thread: Thread,
    pub(crate) reason: String,
    pub(crate) trapped: bool,
}

impl Fleet {
    pub(crate) fn start(
        plugins: &[Rc<Plugin>],
        shared: &Rc<Shared>,
        settings: &Settings,
    ) -> Result<Fleet, Refusal> {
        let mut main = ThreadVms::default();
        for (index, plugin) in plugins.iter().enumerate() {
            let mut canary = ThreadVms::default();
            canary.add(std::slice::from_ref(plugin), 0, shared, settings, Thread::Canary)?;
            main.add(plugins, index, shared, settings, Thread::Main)?;
        }
        let mut workers = Vec::new();
        for number in 0..settings.workers {
            let mut worker = ThreadVms::default();
            for index in 0..plugins.len() {
                worker.add(plugins, index, shared, settings, Thread::Worker(number))?;
            }
            workers.push(worker);
        }
        Ok(Fleet { main, workers })
    }

    /// The VM and the root context of a plugin on a worker.
    pub(crate) fn seat(&mut self, worker: usize, plugin: usize) -> (&mut Vm, u32) {
        let thread = &mut self.workers[worker];
        let seat = thread.seats[plugin];
        (&mut thread.vms[seat.vm], seat.root)
    }

    pub(crate) fn vms(&self) -> impl Iterator<Item = &Vm> {
        std::iter::once(&self.main)
            .chain(&self.workers)
            .flat_map(|thread| &thread.vms)
    }

    pub(crate) fn vms_mut(&mut self) -> impl Iterator<Item = &mut Vm> {
        std::iter::once(&mut self.main)
            .chain(&mut self.workers)
            .flat_map(|thread| &mut thread.vms)
    }
}

impl ThreadVms {
    /// Gives one plugin its VM and root context, and has it configured.
    fn add(
        &mut self,
        plugins: &[Rc<Plugin>],
        index: usize,
        shared: &Rc<Shared>,
        settings: &Settings,
        thread: Thread,
    ) -> Result<(), Refusal> {
        let plugin = &plugins[index];
        let refusal = |reason: String, trapped| Refusal {
            plugin: plugin.name.clone(),
            thread,
            reason,
            trapped,
        };
        let died = |death: Death| refusal(death.0, true);
        let companion = plugins[..index]
            .iter()
            .position(|earlier| earlier.shares_vm_with(plugin));
        let vm_index = match companion {
            Some(companion) => self.seats[companion].vm,
            None => {
                let vm = Vm::start(plugin, shared, thread, settings.fuel_per_callback).map_err(died)?;
                self.vms.push(vm);
                self.vms.len() - 1
            }
        };
        let vm = &mut self.vms[vm_index];
        let root = vm.state_mut().add_root(plugin);
        vm.call(root, "proxy_on_context_create", &[root, 0])
            .map_err(died)?;
        let length = vm.state().vm_configuration_length();
        let started = vm
            .call(root, "proxy_on_vm_start", &[root, length])
            .map_err(died)?;
        if started.was_called() && started.value == Some(0) {
            return Err(refusal("on_vm_start returned false".to_owned(), false));
        }
        vm.state_mut().set_configuring(root, true);
        let length = plugin.configuration.0.len() as u32;
        let configured = vm
            .call(root, "proxy_on_configure", &[root, length])
            .map_err(died)?;
        vm.state_mut().set_configuring(root, false);
        if configured.was_called() && configured.value == Some(0) {
            return Err(refusal("on_configure returned false".to_owned(), false));
        }
        self.seats.push(Seat { vm: vm_index, root });
        Ok(())
    }
}
