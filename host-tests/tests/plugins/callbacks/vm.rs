//! A VM of which a test makes each callback by hand, with any number and in any order. The host library makes only those
//! that Envoy makes.

use std::collections::HashMap;
use wasmtime::{Caller, Config, Engine, Instance, Linker, Memory, Module, OptLevel, Store, TypedFunc, Val};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;

/// The buffer that holds the plugin's configuration.
const CONFIGURATION: u32 = 7;
/// The header map of the request.
const OF_REQUEST: u32 = 0;

/// More than any callback here needs: an endless loop ends as a trap.
const FUEL: u64 = 100_000_000;

/// Every request.
const REQUEST: &[(&str, &str)] = &[
    (":method", "GET"),
    (":path", "/.policy"),
    (":authority", "shop.example"),
    ("x-request-id", "order-42"),
];

/// Every response: an error, so that error-envelope has something to do, and none that a breaker holds against an
/// upstream.
const RESPONSE: &[(&str, &str)] = &[
    (":status", "404"),
    ("content-type", "text/plain"),
    ("content-length", "4"),
];

/// The piece of a body that is passing.
pub(super) const BODY: &str = "none";

/// A module, compiled once for the VMs of a test.
pub(super) struct Code {
    linker: Linker<State>,
    module: Module,
}

impl Code {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true).cranelift_opt_level(OptLevel::None);
        let engine = Engine::new(&config).expect("it is an engine");
        let module = Module::new(&engine, bytes).expect("it is a module");
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
            linker
                .func_new(import.module(), import.name(), signature, answer)
                .expect("each import is there once");
        }
        Self { linker, module }
    }

    /// The callbacks of a context that the module has, and how many arguments each takes.
    pub(super) fn callbacks(&self) -> Vec<(String, usize)> {
        let functions = self.module.exports().filter_map(|export| {
            let parameters = export.ty().func()?.params().len();
            Some((export.name().to_owned(), parameters))
        });
        let other = ["proxy_on_memory_allocate", "proxy_on_context_create"];
        functions
            .filter(|(name, _)| name.starts_with("proxy_on_") && !other.contains(&name.as_str()))
            .collect()
    }
}

fn lower_half(value: &Val) -> u32 {
    match value {
        Val::I32(number) => *number as u32,
        Val::I64(number) => *number as u32,
        _ => panic!("no function of the ABI takes {value:?}"),
    }
}

/// What the host functions work on.
#[derive(Default)]
struct State {
    allocate: Option<TypedFunc<u32, u32>>,
    memory: Option<Memory>,
    configuration: String,
    cluster: &'static str,
    shared_data: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    calls: usize,
    effects: Vec<String>,
}

/// An instance of the module.
pub(super) struct Vm {
    store: Store<State>,
    instance: Instance,
}

impl Vm {
    /// Instantiates the module, and calls nothing of it.
    pub(super) fn unstarted(code: &Code) -> Self {
        let mut store = Store::new(code.module.engine(), State::default());
        store.set_fuel(FUEL).expect("the engine has fuel");
        let instance = code
            .linker
            .instantiate(&mut store, &code.module)
            .expect("it can be instantiated");
        let allocate = instance.get_typed_func(&mut store, "proxy_on_memory_allocate");
        store.data_mut().allocate = Some(allocate.expect("every module has it"));
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        Self { store, instance }
    }

    pub(super) fn new(code: &Code) -> Self {
        let mut vm = Self::unstarted(code);
        vm.call("_initialize", &[]);
        vm
    }

    /// Makes a callback, and says what the module returned.
    #[track_caller]
    pub(super) fn call(&mut self, callback: &str, arguments: &[u32]) -> Option<u32> {
        let Some(function) = self.instance.get_func(&mut self.store, callback) else {
            panic!("there is no {callback}")
        };
        self.store.set_fuel(FUEL).expect("the engine has fuel");
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let arguments: Vec<Val> = arguments.iter().map(|&number| Val::I32(number as i32)).collect();
        if let Err(error) = function.call(&mut self.store, &arguments, &mut results) {
            panic!("{callback} {arguments:?}: {error:?}");
        }
        results.first().map(lower_half)
    }

    /// The configuration that the host hands over from now on.
    pub(super) fn configuration(&mut self, configuration: &str) {
        self.store.data_mut().configuration = configuration.to_owned();
    }

    /// The cluster that each exchange is routed to from now on.
    pub(super) fn cluster(&mut self, cluster: &'static str) {
        self.store.data_mut().cluster = cluster;
    }

    /// How often the module has called the host.
    pub(super) fn calls(&self) -> usize {
        self.store.data().calls
    }

    /// What the module has changed of the exchanges, and logged, since this was last asked.
    pub(super) fn effects(&mut self) -> Vec<String> {
        std::mem::take(&mut self.store.data_mut().effects)
    }

    /// The size of its memory, in pages.
    pub(super) fn pages(&self) -> u64 {
        let memory = self.store.data().memory.expect("every module has a memory");
        memory.size(&self.store)
    }
}

/// Answers a host call. What is not named here goes well and does nothing.
fn answer(caller: &mut Caller<'_, State>, function: &str, arguments: &[u32]) -> wasmtime::Result<u32> {
    caller.data_mut().calls += 1;
    let at = |index: usize| arguments[index];
    let text = |caller: &Caller<'_, State>, index: usize| bytes(caller, at(index), at(index + 1));
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', ".");
    match function {
        "proxy_get_buffer_bytes" => {
            let bytes = match at(0) {
                CONFIGURATION => caller.data().configuration.clone(),
                _ => BODY.to_owned(),
            };
            give(caller, bytes.as_bytes(), at(3), at(4))?;
        }
        "proxy_get_header_map_pairs" => give(caller, &pairs(map(at(0))), at(1), at(2))?,
        "proxy_get_header_map_value" => {
            let name = text(caller, 1);
            let found = map(at(0)).iter().find(|(known, _)| known.as_bytes() == name);
            let Some((_, value)) = found else {
                return Ok(NOT_FOUND);
            };
            give(caller, value.as_bytes(), at(3), at(4))?;
        }
        "proxy_get_property" => {
            let value = match shown(&text(caller, 0)).as_str() {
                "xds.cluster_name" => caller.data().cluster,
                "source.address" => "127.0.0.1:50000",
                _ => return Ok(NOT_FOUND),
            };
            give(caller, value.as_bytes(), at(2), at(3))?;
        }
        "proxy_get_shared_data" => {
            let Some((value, cas)) = caller.data().shared_data.get(&text(caller, 0)).cloned() else {
                return Ok(NOT_FOUND);
            };
            give(caller, &value, at(2), at(3))?;
            write(caller, at(4), &cas.to_le_bytes())?;
        }
        "proxy_set_shared_data" => {
            let (key, value) = (text(caller, 0), text(caller, 2));
            let known = caller.data().shared_data.get(&key).map(|(_, cas)| *cas);
            // What is not there is created, whatever the number.
            if known.is_some_and(|cas| ![0, cas].contains(&at(4))) {
                return Ok(CAS_MISMATCH);
            }
            let record = (value, known.unwrap_or_default() + 1);
            caller.data_mut().shared_data.insert(key, record);
        }
        "proxy_define_metric" => write(caller, at(3), &1u32.to_le_bytes())?,
        // Time stands still, in both clocks.
        "clock_time_get" => write(caller, at(2), &1_800_000_000_000_000_000u64.to_le_bytes())?,
        "random_get" => write(caller, at(0), &vec![7; at(1) as usize])?,
        "proxy_replace_header_map_value" | "proxy_set_property" | "proxy_remove_header_map_value" => {
            let first = arguments.len() % 2;
            let texts = (first..arguments.len()).step_by(2);
            let texts: Vec<String> = texts.map(|index| shown(&text(caller, index))).collect();
            caller.data_mut().effects.push(format!("{function} {texts:?}"));
        }
        "proxy_log" => {
            let line = format!("{function} {}", shown(&text(caller, 1)));
            caller.data_mut().effects.push(line);
        }
        "proxy_set_buffer_bytes" => {
            let effect = format!("{function} {}", shown(&text(caller, 3)));
            caller.data_mut().effects.push(effect);
        }
        "proxy_send_local_response" => {
            let effect = format!("{function} {} {}", at(0), shown(&text(caller, 3)));
            caller.data_mut().effects.push(effect);
        }
        _ => {}
    }
    Ok(OK)
}

fn map(number: u32) -> &'static [(&'static str, &'static str)] {
    match number {
        OF_REQUEST => REQUEST,
        _ => RESPONSE,
    }
}

/// Pairs as the ABI has them: their number, the two sizes of each, then each name and value with a zero byte behind it.
fn pairs(headers: &[(&str, &str)]) -> Vec<u8> {
    let sizes = headers.iter().flat_map(|(name, value)| [name.len(), value.len()]);
    let numbers = std::iter::once(headers.len()).chain(sizes);
    let mut bytes: Vec<u8> = numbers.flat_map(|number| (number as u32).to_le_bytes()).collect();
    for (name, value) in headers {
        bytes.extend(format!("{name}\0{value}\0").into_bytes());
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
    let allocate = caller.data().allocate.clone().expect("every module has it");
    let data = allocate.call(&mut *caller, bytes.len() as u32)?;
    write(caller, data, bytes)?;
    write(caller, to, &data.to_le_bytes())?;
    write(caller, size_to, &(bytes.len() as u32).to_le_bytes())
}
