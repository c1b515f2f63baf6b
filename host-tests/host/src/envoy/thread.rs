//! One thread of Envoy: its VMs, what runs in them, and what is to happen on it later.
//!
//! The main thread gets ticks but no requests. A worker's exchanges never leave it, so a thread needs nothing of
//! another one but what is shared by all, and several can run at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Settings;
use super::flow::SharedStream;
use super::seats::{Place, Seat};
use super::timers::Timers;
use crate::log::Thread;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::vm::{Death, Vm};
use crate::vm_state::AfterCall;

pub(crate) struct EnvoyThread {
    pub(super) settings: Arc<Settings>,
    pub(super) shared: Arc<Shared>,
    pub(super) thread: Thread,
    /// The filters that a new request gets, in the chain's order.
    pub(super) chain: Vec<Place>,
    /// By a number that is never used again.
    pub(super) vms: BTreeMap<usize, Vm>,
    /// By a number that is never used again.
    pub(super) seats: BTreeMap<usize, Seat>,
    pub(super) next_number: usize,
    /// What filters asked for outside their own exchange's callback.
    pub(super) pending: VecDeque<Pending>,
    pub(super) timers: Timers,
    /// Every call-out of this thread's plugins.
    pub(super) call_outs: Vec<SharedStream>,
    /// Those of which the plugins are still to be told.
    pub(super) ended_call_outs: VecDeque<SharedStream>,
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
    /// A thread without plugins yet.
    pub(super) fn new(settings: &Arc<Settings>, shared: &Arc<Shared>, thread: Thread) -> EnvoyThread {
        EnvoyThread {
            settings: settings.clone(),
            shared: shared.clone(),
            thread,
            chain: Vec::new(),
            vms: BTreeMap::new(),
            seats: BTreeMap::new(),
            next_number: 0,
            pending: VecDeque::new(),
            timers: Timers::default(),
            call_outs: Vec::new(),
            ended_call_outs: VecDeque::new(),
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
        self.vms.values().flat_map(|vm| vm.state().streams()).collect()
    }

    /// Starts a VM for a plugin, without a context.
    pub(super) fn start_vm(&mut self, plugin: &Arc<Plugin>) -> Result<usize, Refusal> {
        let vm = Vm::start(plugin, &self.shared, self.thread, &self.settings)
            .map_err(|death| self.refusal(plugin, death.0, true))?;
        let number = self.number();
        self.vms.insert(number, vm);
        Ok(number)
    }

    /// Has a new root context started and configured. Envoy looks only at what the last two callbacks return: a VM
    /// that dies while the context is created, or of its allocator, has accepted, and then serves nothing.
    pub(super) fn start_root(&mut self, number: usize, plugin: &Arc<Plugin>) -> Result<u32, Refusal> {
        let vm = self.vms.get_mut(&number).expect("the VM was started before");
        let root = vm.state_mut().add_root(plugin);
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
            let vm = self.vms.get_mut(&number).expect("the VM was started before");
            let configuring = callback != "proxy_on_vm_start";
            vm.state_mut().set_configuring(root, configuring);
            let called = vm.call(root, callback, &[root, argument]);
            vm.state_mut().set_configuring(root, false);
            let (reason, trapped) = match called {
                Err(death) if vm.died_allocating || callback == "proxy_on_context_create" => {
                    self.shared.deaths.lock().push(death.0);
                    return Ok(root);
                }
                Err(Death(reason)) => (reason, true),
                Ok(called) if called.value == Some(0) => {
                    self.shared.spent.lock().extend(called.spent);
                    (format!("{short} returned false"), false)
                }
                Ok(called) => {
                    self.shared.spent.lock().extend(called.spent);
                    self.put_off(number, called.after);
                    continue;
                }
            };
            let vm = self.vms.get_mut(&number).expect("the VM was started before");
            vm.state_mut().remove_context(root);
            return Err(self.refusal(plugin, reason, trapped));
        }
        Ok(root)
    }

    /// Calls a callback of a root context. Gives what it returned, if it was there and lived.
    pub(super) fn call_root(&mut self, number: usize, root: u32, callback: &'static str) -> Option<u32> {
        self.call_root_for(None, number, root, callback, &[])
    }

    /// The same with arguments behind the context. Cost and death are the exchange's, where it is for one.
    pub(super) fn call_root_for(
        &mut self,
        exchange: Option<&SharedStream>,
        number: usize,
        root: u32,
        callback: &'static str,
        arguments: &[u32],
    ) -> Option<u32> {
        let vm = self.vms.get_mut(&number)?;
        if vm.dead.is_some() {
            return None;
        }
        let mut all = vec![root];
        all.extend_from_slice(arguments);
        let value = match vm.call(root, callback, &all) {
            Ok(called) => {
                match exchange {
                    Some(exchange) => exchange.borrow_mut().spent.extend(called.spent),
                    None => self.shared.spent.lock().extend(called.spent),
                }
                self.put_off(number, called.after);
                called.value
            }
            Err(death) => {
                if let Some(exchange) = exchange {
                    exchange.borrow_mut().died.push(death.0.clone());
                }
                self.shared.deaths.lock().push(death.0);
                None
            }
        };
        self.send_call_outs();
        value
    }

    /// What a root context's callback asked for is done once it has returned.
    fn put_off(&mut self, number: usize, actions: Vec<AfterCall>) {
        for action in actions {
            let (AfterCall::Reply { context, .. }
            | AfterCall::Continue { context, .. }
            | AfterCall::Close { context }) = action;
            if let Some((stream, filter)) = self.vms[&number].state().stream_of(context) {
                self.pending.push_back(Pending {
                    stream,
                    filter,
                    action,
                });
            }
        }
    }

    /// Every VM of this thread is dead from now on.
    pub(super) fn kill(&mut self) {
        for vm in self.vms.values_mut().filter(|vm| vm.dead.is_none()) {
            let death = Death(format!("killed on {:?}", self.thread));
            self.shared.deaths.lock().push(death.0.clone());
            vm.dead = Some(death);
        }
    }

    pub(super) fn number(&mut self) -> usize {
        self.next_number += 1;
        self.next_number
    }

    fn refusal(&self, plugin: &Plugin, reason: String, trapped: bool) -> Refusal {
        Refusal {
            plugin: plugin.name.clone(),
            thread: self.thread,
            reason,
            trapped,
        }
    }
}
