//! One worker of a host, to which requests can be sent.

use crate::host::Host;
use crate::request::Request;

/// One worker of a host.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// let host = host::Host::new(plugin).workers(2);
/// let waiting = host.worker(0).get("/").header("x-api-key", "k").expect_forwarded();
/// host.worker(1).get("/").expect_rejected(401);
/// waiting.answer(200);
/// ```
#[derive(Clone, Copy)]
pub struct Worker<'h> {
    pub(crate) host: &'h Host,
    pub(crate) number: usize,
}

impl Worker<'_> {
    /// Its number, counted from 0.
    pub fn number(self) -> usize {
        self.number
    }

    /// A GET request to this worker.
    #[track_caller]
    pub fn get(self, path: impl AsRef<[u8]>) -> Request {
        self.request("GET", path)
    }

    /// A POST request to this worker.
    #[track_caller]
    pub fn post(self, path: impl AsRef<[u8]>) -> Request {
        self.request("POST", path)
    }

    /// A gRPC request to this worker: see [`Host::grpc`].
    #[track_caller]
    pub fn grpc(self, method: impl AsRef<[u8]>) -> Request {
        self.request("POST", method)
            .http2()
            .header("content-type", "application/grpc")
            .header("te", "trailers")
    }

    /// A request to this worker.
    #[track_caller]
    pub fn request(self, method: &str, path: impl AsRef<[u8]>) -> Request {
        Request::new(self.host.envoy().clone(), self.number, method, path.as_ref())
    }

    /// What is in the linear memory of each of its VMs between two addresses, which exported globals of these names hold:
    /// counters that a linker has put side by side, for example. A VM without such globals is left out.
    ///
    /// ```
    /// let counts = r#"(module (memory (export "memory") 1) (data (i32.const 16) "\01\02\03")
    ///     (global (export "from") i32 (i32.const 17)) (global (export "to") i32 (i32.const 19))
    ///     (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#;
    /// let host = host::Host::new(wat::parse_str(counts).unwrap());
    /// assert_eq!(host.worker(0).memory_between("from", "to"), [[2, 3]]);
    /// ```
    ///
    /// # Panics
    /// When a plugin refuses its configuration.
    #[track_caller]
    pub fn memory_between(self, from: &str, to: &str) -> Vec<Vec<u8>> {
        self.host.start();
        self.host.envoy().memory_between(self.number, from, to)
    }

    /// How many pages of 64 KiB the linear memories of all its VMs have by now. They never shrink.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin);
    /// assert_eq!(host.worker(0).pages(), 1);
    /// ```
    ///
    /// # Panics
    /// When a plugin refuses its configuration.
    #[track_caller]
    pub fn pages(self) -> u64 {
        self.host.start();
        self.host.envoy().pages_of(self.number)
    }
}
