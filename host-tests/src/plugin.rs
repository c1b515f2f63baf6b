//! The modules under test: those that `make wasm` has just left in `dist`.

use host::{Module, Secret};
use std::path::Path;
use std::sync::OnceLock;

/// A plugin as it ships.
pub struct Plugin {
    /// Its name, as its crate, configuration and metrics have it.
    pub name: &'static str,
    path: &'static str,
    module: OnceLock<Module>,
}

impl Plugin {
    const fn new(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            module: OnceLock::new(),
        }
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        Path::new(self.path)
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path).unwrap_or_else(|error| panic!("{}: {error}; run `make wasm`", self.path))
    }

    /// Whether people load it: others may tell whatever they like.
    fn ships(&self) -> bool {
        MODULES.iter().any(|module| module.name == self.name)
    }

    /// The module, compiled once for all tests of a binary. Its traffic has [`secrets`].
    pub fn module(&self) -> &Module {
        let secrets = || if self.ships() { secrets() } else { Vec::new() };
        self.module
            .get_or_init(|| Module::new(&self.bytes()).secrets(secrets()))
    }
}

/// What every request and every answer of an upstream has in the tests, unless a test gives it another value of that name:
/// no plugin may tell any of it, nor a part, to a log, a metric, a body, a record or anybody.
pub fn secrets() -> Vec<Secret> {
    let requests = [
        (
            "authorization",
            &b"Bearer eyJzdWIiOiJwbGFudGVkIn0.q7XvKp2mWz9LrT4c"[..],
        ),
        ("proxy-authorization", b"Basic cGxhbnRlZDp3RzVueUI4aA=="),
        ("cookie", b"session=Zx81QwPlmN73vB; theme=dK29sHvRt5"),
        ("idempotency-key", b"8Hq2-planted-Vx5Rt0Ju"),
        ("x-api-key", b"\"pk_live_Jd83hGq0Zs\\n"),
        ("x-auth-token", b"\xff\xfetok_M4nT9yBc2K\x80"),
    ];
    let answers = [("set-cookie", &b"session=Rf5TgB6yHn7Uj; HttpOnly; Secure"[..])];
    let requests = requests.map(|(name, value)| Secret::of_requests(name, value));
    let answers = answers.map(|(name, value)| Secret::of_answers(name, value));
    requests.into_iter().chain(answers).collect()
}

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
