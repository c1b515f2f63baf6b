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
        let companion = self.plugins[..index]
            .iter()
            .position(|earlier| earlier.shares_vm_with(&plugin));
        let vm_index = match companion {
            Some(companion) => self.seats[companion].vm,
            None => {
                self.start_vm(&plugin)?;
                self.vms.len() - 1
            }
        };
        let refusal = self.refusal(&plugin);
        let vm = &mut self.vms[vm_index];
        let root = vm.state_mut().add_root(&plugin);
        if let Err(death) = configure(vm, root, &plugin, &refusal)? {
            self.shared.deaths.lock().push(death.0);
        }
        self.seats.push(Seat { vm: vm_index, root });
        Ok(())
    }
}

impl EnvoyThread {
    /// Starts a VM for a plugin, without a context.
    pub(super) fn start_vm(&mut self, plugin: &Plugin) -> Result<(), Refusal> {
        let vm = Vm::start(plugin, &self.shared, self.thread, self.settings.fuel_per_callback);
        let died = |death: Death| self.refusal(plugin)(death.0, true);
        self.vms.push(vm.map_err(died)?);
        Ok(())
    }

    fn refusal(&self, plugin: &Plugin) -> impl Fn(String, bool) -> Refusal + use<> {
        let (plugin, thread) = (plugin.name.clone(), self.thread);
        move |reason, trapped| Refusal {
            plugin: plugin.clone(),
            thread,
            reason,
            trapped,
        }
    }
}

/// Has a root context started and configured. Envoy looks only at what the last two callbacks return: a VM that dies
/// while the context is created, or of its allocator, has accepted, and then serves nothing.
fn configure(
    vm: &mut Vm,
    root: u32,
    plugin: &Plugin,
    refusal: &dyn Fn(String, bool) -> Refusal,
) -> Result<Result<(), Death>, Refusal> {
    let callbacks = [
        ("proxy_on_context_create", 0, "on_context_create"),
        (
            "proxy_on_vm_start",
            vm.state().vm_configuration_length(),
            "on_vm_start",
        ),
        (
            "proxy_on_configure",
            plugin.configuration.0.len() as u32,
            "on_configure",
        ),
    ];
    for (callback, argument, short) in callbacks {
        let configuring = callback != "proxy_on_vm_start";
        vm.state_mut().set_configuring(root, configuring);
        let called = vm.call(root, callback, &[root, argument]);
        vm.state_mut().set_configuring(root, false);
        match called {
            Err(death) if vm.died_allocating || callback == "proxy_on_context_create" => {
                return Ok(Err(death));
            }
            Err(death) => return Err(refusal(death.0, true)),
            Ok(called) if called.value == Some(0) => {
                return Err(refusal(format!("{short} returned false"), false));
            }
            Ok(_) => {}
        }
    }
    Ok(Ok(()))
}
