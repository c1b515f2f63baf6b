//! One VM: a module's instance with its contexts, as one thread of Envoy has it.

use std::sync::Arc;

use wasmtime::{Func, Instance, Store, Trap, Val};

use crate::cost::{Meter, Spent};
use crate::envoy::Settings;
use crate::log::Thread;
use crate::memory_watch::MemoryWatch;
use crate::module::ALLOCATORS;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::vm_state::{AfterCall, VmState};

/// Why a VM is dead.
#[derive(Clone, Debug)]
pub(crate) struct Death(pub(crate) String);

pub(crate) struct Vm {
    /// The plugin that it was started for; others may share it.
    pub(crate) plugin: Arc<Plugin>,
    store: Store<VmState>,
    instance: Instance,
    /// Exports that were asked for; none where the guest has no such one.
    exports: Vec<(&'static str, Option<Export>)>,
    fuel_per_callback: u64,
    /// Set once it has trapped: Envoy never calls it again.
    pub(crate) dead: Option<Death>,
    pub(crate) memory: MemoryWatch,
    /// What it asked for in the callback in which it died.
    pub(crate) last_words: Vec<AfterCall>,
    /// Its allocator trapped, and the callback that needed it went on to its end.
    pub(crate) died_allocating: bool,
}

/// A function of the guest.
#[derive(Clone, Copy)]
struct Export {
    function: Func,
    params: usize,
    results: usize,
}

impl Vm {
    /// Instantiates the plugin's module and runs its `_initialize` and `main`, or its `_start`.
    pub(crate) fn start(
        plugin: &Arc<Plugin>,
        shared: &Arc<Shared>,
        thread: Thread,
        settings: &Arc<Settings>,
    ) -> Result<Vm, Death> {
        let fuel_per_callback = settings.fuel_per_callback;
        let state = VmState::new(plugin, shared, thread, settings);
        let mut store = Store::new(plugin.module.engine(), state);
        store.limiter(|state| &mut state.limits);
        store
            .set_fuel(fuel_per_callback)
            .expect("every engine of this crate has fuel");
        let instantiated = plugin.module.pre().instantiate(&mut store);
        let instance = instantiated.map_err(|error| death(&error, "start", fuel_per_callback))?;
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        let allocate = ALLOCATORS
            .iter()
            .find_map(|name| instance.get_typed_func::<u32, u32>(&mut store, name).ok());
        store.data_mut().allocate = allocate;
        let mut vm = Vm {
            plugin: plugin.clone(),
            store,
            instance,
            exports: Vec::new(),
            fuel_per_callback,
            dead: None,
            memory: MemoryWatch::default(),
            died_allocating: false,
            last_words: Vec::new(),
        };
        if vm.call(0, "_initialize", &[])?.was_called() {
            vm.call(0, "main", &[0, 0])?;
        } else {
            vm.call(0, "_start", &[])?;
        }
        vm.store.data_mut().restricted = None;
        Ok(vm)
    }

    /// The VM's contexts, and what its host functions work on.
    pub(crate) fn state(&self) -> &VmState {
        self.store.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.store.data_mut()
    }

    /// Calls an export, if the guest has it.
    ///
    /// # Errors
    /// When the VM traps; it is dead then.
    pub(crate) fn call(
        &mut self,
        context: u32,
        callback: &'static str,
        arguments: &[u32],
    ) -> Result<Called, Death> {
        if let Some(death) = &self.dead {
            return Err(death.clone());
        }
        let Some(Export {
            function,
            params,
            results,
        }) = self.export(callback)
        else {
            return Ok(Called {
                value: None,
                called: false,
                stopped: false,
                spent: None,
                after: Vec::new(),
            });
        };
        let pages = self.pages();
        let state = self.store.data_mut();
        state.current = context;
        state.effective = 0;
        state.callback = callback;
        state.meter = Meter::default();
        state.stop_iteration = false;
        self.store
            .set_fuel(self.fuel_per_callback)
            .expect("every engine of this crate has fuel");
        let mut results = vec![Val::I32(0); results];
        // In ABI 0.1.0 the callbacks for headers are not told whether the stream has ended.
        let arguments: Vec<Val> = arguments
            .iter()
            .take(params)
            .map(|&argument| Val::I32(argument as i32))
            .collect();
        let outcome = function.call(&mut self.store, &arguments, &mut results);
        let left = self
            .store
            .get_fuel()
            .expect("every engine of this crate has fuel");
        let pages_grown = self.pages() - pages;
        let state = self.store.data_mut();
        let meter = std::mem::take(&mut state.meter);
        let after = std::mem::take(&mut state.after);
        let stopped = state.stop_iteration;
        let spender = state
            .settings
            .keeps_records
            .then(|| state.contexts.get(&context))
            .map(|context| context.map(|context| context.plugin.name.clone()));
        let allocator_failed = state.allocator_failed.take();
        self.died_allocating = outcome.is_ok() && allocator_failed.is_some();
        if let Err(error) = outcome.and(allocator_failed.map_or(Ok(()), Err)) {
            let death = death(&error, callback, self.fuel_per_callback);
            self.dead = Some(death.clone());
            self.last_words = after;
            return Err(death);
        }
        let after = self.delete_done(after);
        let spent = spender.map(|plugin| Spent {
            plugin: plugin.unwrap_or_default(),
            callback,
            calls: meter.calls,
            fuel: self.fuel_per_callback - left,
            bytes_in: meter.bytes_in,
            bytes_out: meter.bytes_out,
            pages_grown,
        });
        let value = results.first().and_then(Val::i32).map(|number| number as u32);
        Ok(Called {
            value,
            called: true,
            stopped,
            spent,
            after,
        })
    }

    /// An export, if the guest has it. It is looked up once.
    fn export(&mut self, name: &'static str) -> Option<Export> {
        if let Some((_, known)) = self.exports.iter().find(|(known, _)| *known == name) {
            return *known;
        }
        let function = self.instance.get_func(&mut self.store, name);
        let export = function.map(|function| {
            let signature = function.ty(&self.store);
            Export {
                function,
                params: signature.params().len(),
                results: signature.results().len(),
            }
        });
        self.exports.push((name, export));
        export
    }

    /// The root contexts that said `proxy_done` meanwhile are deleted. What they ask for goes with the rest.
    fn delete_done(&mut self, mut after: Vec<AfterCall>) -> Vec<AfterCall> {
        while let Some(root) = self.store.data_mut().done.pop() {
            match self.call(root, "proxy_on_delete", &[root]) {
                Ok(called) => after.extend(called.after),
                Err(death) => self.store.data().shared.deaths.lock().push(death.0),
            }
            self.store.data_mut().remove_context(root);
        }
        after
    }

    /// An exchange of it has ended, in which the host handed over so many bytes.
    pub(crate) fn exchange_ended(&mut self, bytes: u64) {
        let open = self.state().streams().len();
        self.memory.exchange_ended(self.pages(), bytes, open);
    }

    /// What is in its memory between two addresses, which globals of these names hold; none without such globals.
    pub(crate) fn memory_between(&mut self, from: &str, to: &str) -> Option<Vec<u8>> {
        let mut address = |name: &str| {
            let global = self.instance.get_global(&mut self.store, name)?;
            usize::try_from(global.get(&mut self.store).i32()? as u32).ok()
        };
        let range = address(from)?..address(to)?;
        let memory = self.store.data().memory?;
        memory.data(&self.store).get(range).map(<[u8]>::to_vec)
    }

    /// The size of its memory, in pages of 64 KiB.
    pub(crate) fn pages(&self) -> u64 {
        self.store
            .data()
            .memory
            .map_or(0, |memory| memory.size(&self.store))
    }
}

/// What came of a callback.
pub(crate) struct Called {
    /// What it returned; none if it returns nothing or is not exported.
    pub(crate) value: Option<u32>,
    called: bool,
    /// It asked for a local response.
    pub(crate) stopped: bool,
    pub(crate) spent: Option<Spent>,
    pub(crate) after: Vec<AfterCall>,
}

impl Called {
    /// Whether the guest exports the callback.
    pub(crate) fn was_called(&self) -> bool {
        self.called
    }
}

fn death(error: &wasmtime::Error, callback: &str, fuel: u64) -> Death {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Death(format!(
            "out of fuel in {callback}: more than {fuel} units (an endless loop would hang Envoy's worker)"
        )),
        _ => Death(format!("trap in {callback}: {error:?}")),
    }
}
