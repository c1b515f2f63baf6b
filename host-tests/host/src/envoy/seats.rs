//! Where plugins sit on a thread: in which VM, with which root context, for how long, and what becomes of requests when
//! the VM has died.
//!
//! A seat is used by the chain and by every exchange that began on it. The last one to leave ends the root context, and
//! the VM goes with its last seat. So exchanges in flight keep the configuration that they began with, and a dead VM
//! stays as long as an exchange hangs on it, beside the one that a reload puts in its place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::flow::SharedStream;
use super::thread::{EnvoyThread, Refusal};
use crate::plugin::{FailurePolicy, Plugin};
use crate::stream::exchange_of;
use crate::vm::Vm;

/// A plugin's root context in a VM of a thread.
pub(super) struct Seat {
    plugin: Arc<Plugin>,
    vm: usize,
    root: u32,
    /// How many places and exchanges sit on it.
    users: usize,
}

/// One filter of the chain on a thread.
pub(super) struct Place {
    pub(super) plugin: Arc<Plugin>,
    /// The cluster, where it is one of a cluster's filters and not of the listener's.
    pub(super) cluster: Option<String>,
    /// None where the plugin refused on this thread what the canary had accepted: Envoy leaves it out there.
    seat: Option<usize>,
    loaded_after: Duration,
    /// The seat before the last update, until all threads have their new one.
    replaced: Option<usize>,
}

/// What a filter of an exchange runs on, from the exchange's beginning to its end.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) footing: Footing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Footing {
    /// The seat of this number.
    Seat(usize),
    /// A VM that was dead before: every callback fails the exchange.
    Dead,
    /// The filter is not there.
    LeftOut,
}

impl EnvoyThread {
    /// Puts a plugin behind the last one of the chain.
    pub(super) fn add(&mut self, cluster: Option<&str>, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        let seated = self.seat(plugin);
        self.chain.push(Place {
            plugin: plugin.clone(),
            cluster: cluster.map(str::to_owned),
            seat: seated.as_ref().ok().copied(),
            loaded_after: self.shared.clock.elapsed(),
            replaced: None,
        });
        seated.map(|_| ())
    }

    /// Puts a plugin in another one's place. New requests get it; the old one stays until [`EnvoyThread::retire`].
    pub(super) fn replace(&mut self, place: usize, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        let seated = self.seat(plugin);
        let now = self.shared.clock.elapsed();
        let place = &mut self.chain[place];
        place.plugin = plugin.clone();
        place.loaded_after = now;
        place.replaced = std::mem::replace(&mut place.seat, seated.as_ref().ok().copied());
        seated.map(|_| ())
    }

    /// The chain gives up the seats that were replaced.
    pub(super) fn retire(&mut self) {
        let replaced: Vec<usize> = self
            .chain
            .iter_mut()
            .filter_map(|place| place.replaced.take())
            .collect();
        for seat in replaced {
            self.leave(seat);
        }
        self.settle();
    }

    /// The chain gives up all its seats, the last one first.
    pub(super) fn leave_all(&mut self) {
        while let Some(place) = self.chain.pop() {
            if let Some(seat) = place.seat {
                self.leave(seat);
            }
        }
        self.settle();
    }

    /// What a new exchange runs on, or a new attempt to a cluster with filters of its own. A dead VM that may be
    /// reloaded is, if its back-off is over.
    pub(super) fn take_seats(&mut self, cluster: Option<&str>) -> Vec<Taken> {
        let places = 0..self.chain.len();
        let places: Vec<usize> = places
            .filter(|place| self.chain[*place].cluster.as_deref() == cluster)
            .collect();
        places.into_iter().map(|place| self.take_seat(place)).collect()
    }

    fn take_seat(&mut self, place: usize) -> Taken {
        let plugin = self.chain[place].plugin.clone();
        let footing = match self.chain[place].seat {
            None => Footing::LeftOut,
            Some(seat) if self.is_alive(seat) => Footing::Seat(seat),
            Some(_) => match plugin.failure_policy {
                FailurePolicy::Open => Footing::LeftOut,
                FailurePolicy::Closed => Footing::Dead,
                FailurePolicy::Reload => self.reload(place, &plugin),
            },
        };
        if let Footing::Seat(seat) = footing {
            self.seat_mut(seat).users += 1;
        }
        Taken { plugin, footing }
    }

    fn reload(&mut self, place: usize, plugin: &Arc<Plugin>) -> Footing {
        let shared = self.shared.clone();
        let count = |what| {
            let name = format!("wasm.{}.vm_reload_{what}", plugin.name);
            shared.metrics.lock().count(name);
        };
        let base = plugin.reload_interval.as_millis() as u64;
        let wait = base + self.shared.random.lock().u64(..base / 2);
        let now = self.shared.clock.elapsed();
        if (now - self.chain[place].loaded_after).as_millis() < u128::from(wait) {
            count("backoff");
            return Footing::Dead;
        }
        self.chain[place].loaded_after = now;
        match self.seat(plugin) {
            Ok(seat) if self.is_alive(seat) => {
                count("success");
                if let Some(old) = self.chain[place].seat.replace(seat) {
                    self.leave(old);
                }
                Footing::Seat(seat)
            }
            Ok(seat) => {
                count("failure");
                self.leave(seat);
                Footing::Dead
            }
            Err(refusal) => {
                count("failure");
                if refusal.trapped {
                    self.shared.deaths.lock().push(refusal.reason);
                }
                Footing::Dead
            }
        }
    }

    /// A seat for a plugin: one that it has already, else a new root context, in the VM of its kind if there is one.
    fn seat(&mut self, plugin: &Arc<Plugin>) -> Result<usize, Refusal> {
        let own = self
            .seats
            .iter()
            .find(|(_, seat)| seat.plugin.is_same_as(plugin) && self.vms[&seat.vm].dead.is_none())
            .map(|(number, _)| *number);
        if let Some(number) = own {
            self.seat_mut(number).users += 1;
            return Ok(number);
        }
        let shared = self
            .vms
            .iter()
            .find(|(_, vm)| vm.dead.is_none() && vm.plugin.shares_vm_with(plugin))
            .map(|(number, _)| *number);
        let vm = match shared {
            Some(vm) => vm,
            None => self.start_vm(plugin)?,
        };
        let root = match self.start_root(vm, plugin) {
            Ok(root) => root,
            Err(refusal) => {
                self.drop_unused(vm);
                return Err(refusal);
            }
        };
        let number = self.number();
        let plugin = plugin.clone();
        self.seats.insert(
            number,
            Seat {
                plugin,
                vm,
                root,
                users: 1,
            },
        );
        Ok(number)
    }

    /// One user less. The last one ends the root context; what it asked for is still to be settled.
    pub(super) fn leave(&mut self, number: usize) {
        let seat = self.seat_mut(number);
        seat.users -= 1;
        if seat.users > 0 {
            return;
        }
        let (vm, root) = (seat.vm, seat.root);
        self.seats.remove(&number);
        let waits = self.call_root(vm, root, "proxy_on_done") == Some(0);
        if waits {
            self.vm_mut(vm).state_mut().wait_for_done(root);
        } else {
            self.call_root(vm, root, "proxy_on_delete");
            self.vm_mut(vm).state_mut().remove_context(root);
        }
        self.drop_unused(vm);
    }

    /// A root context that waits for `proxy_done` does not keep its VM.
    fn drop_unused(&mut self, vm: usize) {
        if !self.seats.values().any(|seat| seat.vm == vm)
            && let Some(gone) = self.vms.remove(&vm)
        {
            self.shared.leaks.lock().extend(self.leak(&gone));
        }
    }

    /// An exchange is over: each VM that it ran in looks whether its memory grew.
    pub(super) fn watch_memory(&mut self, stream: &SharedStream) {
        let exchange = exchange_of(stream);
        let bytes = exchange.borrow().spent.iter().map(|spent| spent.bytes_out).sum();
        let seats: Vec<Footing> = stream.borrow().taken.iter().map(|taken| taken.footing).collect();
        let vm = |footing| match footing {
            Footing::Seat(seat) => Some(self.seats[&seat].vm),
            Footing::Dead | Footing::LeftOut => None,
        };
        let vms: BTreeSet<usize> = seats.into_iter().filter_map(vm).collect();
        for vm in vms {
            self.vm_mut(vm).exchange_ended(bytes);
        }
    }

    /// What is in each memory here between two addresses that exported globals hold.
    pub(super) fn memory_between(&mut self, from: &str, to: &str) -> Vec<Vec<u8>> {
        let vms = self.vms.values_mut();
        vms.filter_map(|vm| vm.memory_between(from, to)).collect()
    }

    /// The size of all memories here, in pages of 64 KiB.
    pub(super) fn pages(&self) -> u64 {
        self.vms.values().map(Vm::pages).sum()
    }

    /// What is to be said of the memory of all VMs that are still here.
    pub(super) fn leaks(&self) -> Vec<String> {
        self.vms.values().filter_map(|vm| self.leak(vm)).collect()
    }

    fn leak(&self, vm: &Vm) -> Option<String> {
        let leak = vm.memory.leak()?;
        Some(format!(
            "the memory of plugin {} on {:?} {leak}",
            vm.plugin.name, self.thread
        ))
    }

    /// Whether any VM here was made from the same code and settings as this plugin's would be.
    pub(super) fn has_vm_of(&self, plugin: &Plugin) -> bool {
        self.vms.values().any(|vm| vm.plugin.shares_vm_with(plugin))
    }

    /// The VM of a seat, its number, and the root context in it.
    pub(super) fn sitting(&mut self, seat: usize) -> (&mut Vm, u32) {
        let Seat { vm, root, .. } = self.seats[&seat];
        (self.vm_mut(vm), root)
    }

    /// The name of the plugin whose root context this is.
    pub(super) fn plugin_of(&self, vm: usize, root: u32) -> String {
        let mut seats = self.seats.values();
        let its = seats.find(|seat| (seat.vm, seat.root) == (vm, root));
        its.map_or_else(
            || self.vms[&vm].plugin.name.clone(),
            |seat| seat.plugin.name.clone(),
        )
    }

    fn is_alive(&self, seat: usize) -> bool {
        self.vms[&self.seats[&seat].vm].dead.is_none()
    }

    fn seat_mut(&mut self, number: usize) -> &mut Seat {
        self.seats
            .get_mut(&number)
            .expect("a seat stays as long as it has users")
    }

    fn vm_mut(&mut self, number: usize) -> &mut Vm {
        self.vms
            .get_mut(&number)
            .expect("a VM stays as long as it has seats")
    }
}
