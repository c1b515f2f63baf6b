//! A VM whose callbacks are made by hand, with any number and in any order, and whose host answers what the input says.
//!
//! The host library is no use here: it makes only the callbacks that Envoy makes, and answers only what Envoy answers.

use super::Ledger;
use crate::coverage::COUNTERS;
use std::collections::BTreeMap;
use wasmtime::{Caller, Config, Engine, Linker, Memory, OptLevel, Store, TypedFunc, Val};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;
/// The buffer that holds the plugin's configuration.
const CONFIGURATION: u32 = 7;

/// More than any bound here allows: an endless loop ends as a trap.
pub(crate) const FUEL: u64 = 50_000_000_000;

/// A compiled module.
pub(crate) struct Code {
    linker: Linker<State>,
    module: wasmtime::Module,
}

impl Code {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true).cranelift_opt_level(OptLevel::Speed);
        let engine = Engine::new(&config).expect("it is an engine");
        let module = wasmtime::Module::new(&engine, bytes).expect("it is a module");
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let name = import.name().to_owned();
            let signature = import.ty().unwrap_func().clone();
            let answer = move |mut caller: Caller<'_, State>, arguments: &[Val], results: &mut [Val]| {
                let arguments: Vec<u32> = arguments.iter().map(lower_half).collect();
                let status = answer(&mut caller, &name, &arguments)?;
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(status as i32);
                }
                Ok(())
            };
            let defined = linker.func_new(import.module(), import.name(), signature, answer);
            defined.expect("each import is there once");
        }
        Self { linker, module }
    }
}

fn lower_half(value: &Val) -> u32 {
    match value {
        Val::I32(number) => *number as u32,
        Val::I64(number) => *number as u32,
        _ => panic!("no function of the ABI takes {value:?}"),
    }
}

/// A header map: names and values.
pub(crate) type Map = Vec<(Vec<u8>, Vec<u8>)>;

/// What the host functions answer with.
#[derive(Default)]
pub(crate) struct State {
    allocate: Option<TypedFunc<u32, u32>>,
    memory: Option<Memory>,
    pub(crate) configuration: Vec<u8>,
    /// Header maps by number, as bytes that may be none.
    pub(crate) maps: BTreeMap<u32, Map>,
    /// What is handed over in the place of any map.
    pub(crate) broken_map: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    /// In nanoseconds, of both clocks.
    pub(crate) now: u64,
    /// Statuses that host calls answer instead, in order; 0 for none.
    pub(crate) failures: std::collections::VecDeque<u8>,
    /// Every change of shared data finds that another worker was faster.
    pub(crate) always_overtaken: bool,
    /// How many bytes were handed over in this callback.
    given: u64,
    random: u8,
}

impl State {
    /// How many headers there are. Of a map that is none there cannot be more than these bytes have room for.
    fn headers(&self) -> u64 {
        let sound: usize = self.maps.values().map(Vec::len).sum();
        let broken = self.broken_map.as_ref().map_or(0, |bytes| bytes.len() / 10);
        (sound + broken) as u64
    }
}

/// An instance of a module.
pub(crate) struct Vm {
    store: Store<State>,
    instance: wasmtime::Instance,
    pub(crate) ledger: Ledger,
}

impl Vm {
    pub(crate) fn new(code: &Code, state: State) -> Self {
        let mut store = Store::new(code.module.engine(), state);
        store.set_fuel(FUEL).expect("the engine has fuel");
        let instance = code
            .linker
            .instantiate(&mut store, &code.module)
            .expect("it can be instantiated");
        let allocate = instance.get_typed_func(&mut store, "proxy_on_memory_allocate");
        store.data_mut().allocate = Some(allocate.expect("every module has it"));
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        Self {
            store,
            instance,
            ledger: Ledger::default(),
        }
    }

    pub(crate) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// Makes a callback, if the module has it: with as many of the arguments as it takes. Says what it returned.
    ///
    /// # Panics
    /// When it traps.
    #[track_caller]
    pub(crate) fn call(&mut self, callback: &'static str, arguments: &[u32]) -> Option<u32> {
        let function = self.instance.get_func(&mut self.store, callback)?;
        self.store.set_fuel(FUEL).expect("the engine has fuel");
        self.state().given = 0;
        let signature = function.ty(&self.store);
        let mut results = vec![Val::I32(0); signature.results().len()];
        let arguments = arguments.iter().take(signature.params().len());
        let arguments: Vec<Val> = arguments.map(|&number| Val::I32(number as i32)).collect();
        if let Err(error) = function.call(&mut self.store, &arguments, &mut results) {
            panic!("{callback} {arguments:?}: {error:?}");
        }
        let fuel = FUEL - self.store.get_fuel().expect("the engine has fuel");
        let (given, headers) = (self.state().given, self.state().headers());
        self.ledger.headers = headers;
        self.ledger.enter(callback, fuel, given);
        results.first().map(lower_half)
    }

    /// The counters of a module that counts its branches.
    pub(crate) fn counters(&mut self) -> Option<Vec<u8>> {
        let mut address = |name: &str| {
            let global = self.instance.get_global(&mut self.store, name)?;
            Some(global.get(&mut self.store).i32()? as usize)
        };
        let range = address(COUNTERS.0)?..address(COUNTERS.1)?;
        let memory = self.store.data().memory?;
        memory.data(&self.store).get(range).map(<[u8]>::to_vec)
    }
}

/// Answers a host call. What is not named here goes well and does nothing.
fn answer(caller: &mut Caller<'_, State>, function: &str, arguments: &[u32]) -> wasmtime::Result<u32> {
    let at = |index: usize| arguments[index];
    // Whatever is asked of Envoy, it may refuse. Time and randomness are WASI's.
    if function.starts_with("proxy_") && function != "proxy_log" {
        match caller.data_mut().failures.pop_front() {
            None | Some(0) => {}
            Some(status) => return Ok(status.into()),
        }
    }
    let text = |caller: &Caller<'_, State>, index: usize| bytes(caller, at(index), at(index + 1));
    match function {
        "proxy_get_buffer_bytes" => {
            let state = caller.data();
            let all = if at(0) == CONFIGURATION {
                &state.configuration
            } else {
                &state.body
            };
            let begin = (at(1) as usize).min(all.len());
            let end = begin.saturating_add(at(2) as usize).min(all.len());
            let piece = all[begin..end].to_vec();
            give(caller, &piece, at(3), at(4))?;
        }
        "proxy_get_header_map_pairs" => {
            let state = caller.data();
            let map = state.maps.get(&at(0)).map(Vec::as_slice).unwrap_or_default();
            let map = state.broken_map.clone().unwrap_or_else(|| pairs(map));
            give(caller, &map, at(1), at(2))?;
        }
        "proxy_get_header_map_value" => {
            let name = text(caller, 1);
            let map = caller.data().maps.get(&at(0));
            let found = map.and_then(|map| map.iter().find(|(known, _)| *known == name));
            let Some((_, value)) = found.cloned() else {
                return Ok(NOT_FOUND);
            };
            give(caller, &value, at(3), at(4))?;
        }
        "proxy_get_property" => {
            let name = text(caller, 0);
            let Some(value) = caller.data().properties.get(&name).cloned() else {
                return Ok(NOT_FOUND);
            };
            give(caller, &value, at(2), at(3))?;
        }
        "proxy_set_property" => {
            let (name, value) = (text(caller, 0), text(caller, 2));
            caller.data_mut().properties.insert(name, value);
        }
        "proxy_get_shared_data" => {
            let name = text(caller, 0);
            let Some((value, cas)) = caller.data().shared.get(&name).cloned() else {
                return Ok(NOT_FOUND);
            };
            give(caller, &value, at(2), at(3))?;
            write(caller, at(4), &cas.to_le_bytes())?;
        }
        "proxy_set_shared_data" => {
            let (name, value) = (text(caller, 0), text(caller, 2));
            let known = caller.data().shared.get(&name).map(|(_, cas)| *cas);
            // What is not there is created, whatever the number.
            if caller.data().always_overtaken || known.is_some_and(|cas| ![0, cas].contains(&at(4))) {
                return Ok(CAS_MISMATCH);
            }
            let record = (value, known.unwrap_or_default().wrapping_add(1).max(1));
            caller.data_mut().shared.insert(name, record);
        }
        "proxy_define_metric" => write(caller, at(3), &1_u32.to_le_bytes())?,
        "clock_time_get" => {
            let now = caller.data().now;
            write(caller, at(2), &now.to_le_bytes())?;
        }
        "random_get" => {
            let random = caller.data().random.wrapping_add(1);
            caller.data_mut().random = random;
            write(caller, at(0), &vec![random; at(1) as usize])?;
        }
        _ => {}
    }
    Ok(OK)
}

/// Pairs as the ABI has them: their number, the two sizes of each, then each name and value with a zero byte behind it.
fn pairs(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let sizes = headers.iter().flat_map(|(name, value)| [name.len(), value.len()]);
    let numbers = std::iter::once(headers.len()).chain(sizes);
    let mut bytes: Vec<u8> = numbers.flat_map(|number| (number as u32).to_le_bytes()).collect();
    for part in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(part);
        bytes.push(0);
    }
    bytes
}

fn bytes(caller: &Caller<'_, State>, at: u32, size: u32) -> Vec<u8> {
    let memory = caller.data().memory.expect("every module has a memory");
    memory.data(caller)[at as usize..][..size as usize].to_vec()
}

fn write(caller: &mut Caller<'_, State>, at: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let memory = caller.data().memory.expect("every module has a memory");
    Ok(memory.write(caller, at as usize, bytes)?)
}

/// Hands bytes over in memory of the module.
fn give(caller: &mut Caller<'_, State>, bytes: &[u8], to: u32, size_to: u32) -> wasmtime::Result<()> {
    caller.data_mut().given += bytes.len() as u64;
    let allocate = caller.data().allocate.clone().expect("every module has it");
    let data = allocate.call(&mut *caller, bytes.len() as u32)?;
    write(caller, data, bytes)?;
    write(caller, to, &data.to_le_bytes())?;
    write(caller, size_to, &(bytes.len() as u32).to_le_bytes())
}
