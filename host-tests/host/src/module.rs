//! A compiled module, checked as Envoy checks it and linked once with every host function that it imports.

mod exports;
mod link;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use wasmtime::{Config, Engine, ExternType, InstancePre, Linker, OptLevel};

use crate::secrets::Secret;
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
    pub(crate) secrets: Arc<[Secret]>,
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

    /// As [`Module::new`], for bytes that may be anything.
    ///
    /// # Errors
    /// Why Envoy would not load it.
    pub fn try_new(bytes: &[u8]) -> Result<Module, String> {
        // Whatever it was made of stands in the chain, on lines of its own.
        Module::compile(bytes).map_err(|error| format!("{error:#}").replace('\n', " "))
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
            link::link(&mut linker, version, import.module(), import.name(), function)?;
        }
        let pre = linker.instantiate_pre(&module)?;
        Ok(Module {
            inner: Arc::new(Inner {
                bytes: bytes.to_vec(),
                engine,
                pre,
            }),
            secrets: Arc::default(),
        })
    }

    /// Plants these in the traffic of each host that loads it: every request, or every answer of an upstream, has them,
    /// and a test fails where a plugin of that host tells one of them, or a part of it. Tests do not see them.
    ///
    /// So neither a module that writes whole header maps can have them, nor what measures cost ([`Host::plant_nothing`]).
    ///
    /// [`Host::plant_nothing`]: crate::Host::plant_nothing
    pub fn secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Module {
        self.secrets = secrets.into_iter().collect();
        self
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
