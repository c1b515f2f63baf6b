//! A compiled module, checked as Envoy checks it and linked once with every host function that it imports.

mod exports;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use wasmtime::{Caller, Config, Engine, ExternType, FuncType, InstancePre, Linker, OptLevel, Val, ValType};

use crate::abi::guest::{Args, Failure, Guest};
use crate::abi::{self, HostFunction, Status};
use crate::log::Thread;
use crate::shared::HostCall;
use crate::vm_state::VmState;

pub(crate) use exports::{ALLOCATORS, AbiVersion};

/// A compiled module. Clones share the code, also across threads: compile once in a test binary.
///
/// ```
/// use host::{Host, Module};
/// use std::sync::LazyLock;
///
/// static PLUGIN: LazyLock<Module> = LazyLock::new(|| {
///     let bytes = wat::parse_file("examples/api-key.wat").unwrap(); // yours: std::fs::read("….wasm")
///     Module::new(&bytes)
/// });
///
/// Host::new(&*PLUGIN).get("/").expect_rejected(401);
/// Host::new(&*PLUGIN).get("/").expect_rejected(401);
/// ```
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

// Compiled code never changes: a panic cannot leave it half changed.
impl UnwindSafe for Module {}
impl RefUnwindSafe for Module {}

struct Inner {
    bytes: Vec<u8>,
    engine: Engine,
    pre: InstancePre<VmState>,
}

impl Module {
    /// Compiles a module from its bytes: a `.wasm` file, not text.
    ///
    /// # Panics
    /// When the bytes are no module, or one that Envoy refuses: without an export `proxy_abi_version_0_2_1` (0_2_0,
    /// 0_1_0), without an allocator, with a callback of another type, or with an import that no Envoy has.
    #[track_caller]
    pub fn new(bytes: &[u8]) -> Module {
        match Module::compile(bytes) {
            Ok(module) => module,
            Err(error) => panic!("the module does not load: {error:?}"),
        }
    }

    fn compile(bytes: &[u8]) -> wasmtime::Result<Module> {
        let mut config = Config::new();
        // Fuel bounds endless loops and measures cost. Plugins are small and run briefly: compile fast.
        config.consume_fuel(true).cranelift_opt_level(OptLevel::None);
        let engine = Engine::new(&config)?;
        let module = wasmtime::Module::new(&engine, bytes)?;
        let version = exports::check(&module)?;
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let ExternType::Func(function) = import.ty() else {
                return Err(wasmtime::Error::msg(format!(
                    "import {}.{}: Envoy offers functions only",
                    import.module(),
                    import.name()
                )));
            };
            link(&mut linker, version, import.module(), import.name(), function)?;
        }
        let pre = linker.instantiate_pre(&module)?;
        Ok(Module {
            inner: Arc::new(Inner {
                bytes: bytes.to_vec(),
                engine,
                pre,
            }),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn pre(&self) -> &InstancePre<VmState> {
        &self.inner.pre
    }

    /// Whether both are the same code, if compiled twice.
    pub(crate) fn is(&self, other: &Module) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.inner.bytes == other.inner.bytes
    }
}

impl From<&[u8]> for Module {
    #[track_caller]
    fn from(bytes: &[u8]) -> Module {
        Module::new(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Module {
    #[track_caller]
    fn from(bytes: &[u8; N]) -> Module {
        Module::new(bytes)
    }
}

impl From<Vec<u8>> for Module {
    #[track_caller]
    fn from(bytes: Vec<u8>) -> Module {
        Module::new(&bytes)
    }
}

impl From<&Module> for Module {
    fn from(module: &Module) -> Module {
        module.clone()
    }
}

fn link(
    linker: &mut Linker<VmState>,
    version: AbiVersion,
    module: &str,
    name: &str,
    imported: FuncType,
) -> wasmtime::Result<()> {
    if module == abi::ENV && !abi::is_in(version, name) {
        return Err(wasmtime::Error::msg(format!(
            "import {module}.{name}: Envoy has no such host function in the version of the ABI that the module \
             exports"
        )));
    }
    let table = match module {
        abi::ENV => abi::env_functions().find(|function| function.name == name),
        abi::WASI => abi::wasi::functions().find(|function| function.name == name),
        _ => None,
    };
    if let Some(function) = table {
        return serve(linker, module, function);
    }
    if module == abi::WASI && name == abi::wasi::PROC_EXIT {
        linker.func_wrap(
            module,
            name,
            |mut caller: Caller<'_, VmState>, _: i32| -> wasmtime::Result<()> {
                enter(&mut caller, abi::wasi::PROC_EXIT).map(|_| ())
            },
        )?;
        return Ok(());
    }
    if module == abi::ENV
        && let Some(&unserved) = abi::unserved::NAMES.iter().find(|unserved| **unserved == name)
    {
        return refuse_by_name(linker, imported, unserved);
    }
    Err(wasmtime::Error::msg(format!(
        "import {module}.{name}: Envoy has no such host function"
    )))
}

/// Whether a module may call this function before it has started and in its allocator, as in Envoy; if not, it ends the VM.
fn always_allowed(name: &str) -> bool {
    match name.starts_with("proxy_") {
        true => name == "proxy_log",
        false => !abi::wasi::NOT_BEFORE_START.contains(&name),
    }
}

fn serve(
    linker: &mut Linker<VmState>,
    module: &str,
    function: &'static HostFunction,
) -> wasmtime::Result<()> {
    let params = function.params.iter().map(|param| param.value_type());
    let signature = FuncType::new(linker.engine(), params, [ValType::I32]);
    linker.func_new(
        module,
        function.name,
        signature,
        |mut caller, arguments, results| {
            let result = match enter(&mut caller, function.name)? {
                Some(injected) => Err(Failure::Status(injected)),
                None => (function.serve)(&mut Guest::new(&mut caller), Args(arguments)),
            };
            let status = match result {
                Ok(()) => Status::OK,
                Err(Failure::Status(status)) => status,
                Err(Failure::Trap(trap)) => return Err(trap),
            };
            answer(results, status);
            Ok(())
        },
    )?;
    Ok(())
}

fn refuse_by_name(
    linker: &mut Linker<VmState>,
    signature: FuncType,
    name: &'static str,
) -> wasmtime::Result<()> {
    linker.func_new(abi::ENV, name, signature, move |mut caller, _, results| {
        match enter(&mut caller, name)? {
            Some(injected) => answer(results, injected),
            None => return Err(abi::unserved::refuse(&Guest::new(&mut caller), name)),
        }
        Ok(())
    })?;
    Ok(())
}

/// Books the call. Gives the status that fault injection wants it to answer.
fn enter(caller: &mut Caller<'_, VmState>, name: &'static str) -> wasmtime::Result<Option<Status>> {
    let state = caller.data_mut();
    if let Some(place) = state.restricted
        && !always_allowed(name)
    {
        return Err(wasmtime::Error::msg(format!("{name} is not allowed {place}")));
    }
    if let Thread::Worker(worker) = state.thread {
        state.shared.steps.before_host_call(worker);
    }
    *state.meter.calls.entry(name).or_default() += 1;
    let call = HostCall {
        name,
        callback: state.callback,
        thread: state.thread,
    };
    Ok(state.shared.calls.lock().enter(call))
}

fn answer(results: &mut [Val], status: Status) {
    if let Some(result) = results.first_mut() {
        *result = Val::I32(status.0 as i32);
    }
}
