//! One thread of Envoy: its VMs, each plugin's place in them, and what is to happen on it later.
//!
//! The main thread gets ticks but no requests. A worker's exchanges never leave it, so a thread needs nothing of
//! another one but what is shared by all, and several can run at once.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Settings;
use super::flow::SharedStream;
use super::timers::Timers;
use crate::log::Thread;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::vm::{Death, Vm};
use crate::vm_state::AfterCall;

pub(crate) struct EnvoyThread {
    pub(super) settings: Arc<Settings>,
    pub(super) plugins: Vec<Arc<Plugin>>,
    pub(super) shared: Arc<Shared>,
    thread: Thread,
    pub(super) vms: Vec<Vm>,
    seats: Vec<Seat>,
    /// What filters asked for outside their own exchange's callback.
    pub(super) pending: VecDeque<Pending>,
    pub(super) timers: Timers,
}

/// A plugin's place on a thread.
#[derive(Clone, Copy)]
struct Seat {
    vm: usize,
    root: u32,
}

pub(super) struct Pending {
    pub(super) stream: SharedStream,
    pub(super) filter: usize,
    pub(super) action: AfterCall,
}

/// Why a configuration was not accepted.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) plugin: String,
    pub(crate) thread: Thread,
    pub(crate) reason: String,
    pub(crate) trapped: bool,
}

impl EnvoyThread {
    /// A thread without VMs yet.
    pub(super) fn new(
        settings: &Arc<Settings>,
        plugins: &[Arc<Plugin>],
        shared: &Arc<Shared>,
        thread: Thread,
    ) -> EnvoyThread {
        EnvoyThread {
            settings: settings.clone(),
            plugins: plugins.to_vec(),
            shared: shared.clone(),
            thread,
            vms: Vec::new(),
            seats: Vec::new(),
            pending: VecDeque::new(),
            timers: Timers::default(),
        }
    }

    /// Which worker this is.
    pub(super) fn worker(&self) -> usize {
        match self.thread {
            Thread::Worker(number) => number,
            Thread::Canary | Thread::Main => panic!("requests are for workers"),
        }
    }

    /// The exchanges that still have a context on this thread.
    pub(super) fn open_streams(&self) -> Vec<SharedStream> {
        self.vms.iter().flat_map(|vm| vm.state().streams()).collect()
    }

    /// The VM and the root context of a plugin.
    pub(super) fn seat(&mut self, plugin: usize) -> (&mut Vm, u32) {
        let seat = self.seats[plugin];
        (&mut self.vms[seat.vm], seat.root)
    }

    /// Gives the next plugin its VM and root context, and has it configured. Plugins of the same code, vm_id and vm
    /// configuration share a VM, each with a root context of its own.
    pub(super) fn seat_next(&mut self) -> Result<(), Refusal> {
        let index = self.seats.len();
        let plugin = self.plugins[index].clone();
        let thread = self.thread;
        let refusal = |reason: String, trapped| Refusal {
            plugin: plugin.name.clone(),
            thread,
            reason,
            trapped,
        };
        let died = |death: Death| refusal(death.0, true);
        let companion = self.plugins[..index]
            .iter()
            .position(|earlier| earlier.shares_vm_with(&plugin));
        let vm_index = match companion {
            Some(companion) => self.seats[companion].vm,
            None => {
                let vm = Vm::start(&plugin, &self.shared, thread, self.settings.fuel_per_callback);
                self.vms.push(vm.map_err(died)?);
                self.vms.len() - 1
            }
        };
        let vm = &mut self.vms[vm_index];
        let root = vm.state_mut().add_root(&plugin);
        // The plugin's configuration can be read here and in on_configure, but not in on_vm_start between them.
        vm.state_mut().set_configuring(root, true);
        vm.call(root, "proxy_on_context_create", &[root, 0])
            .map_err(died)?;
        vm.state_mut().set_configuring(root, false);
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
