//! One module in a VM by itself, for those who make a monster by hand: headers of a megabyte, ten thousand of them, and
//! whatever else no client library sends.

use crate::bound::Work;
use crate::module::vm::{Code, Map, State, Vm};

/// Names and values of a header map.
pub type Headers = Map;

/// A module, compiled.
pub struct Alone(Code);

/// A worker that has it.
pub struct Worker {
    vm: Vm,
    accepted: bool,
}

impl Alone {
    /// Compiles it.
    ///
    /// # Panics
    /// When it is no module.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Code::new(bytes))
    }

    /// A worker with this configuration. The cluster of all requests is `upstream`, and so are all answers.
    ///
    /// # Panics
    /// When the module traps. The same holds for all that follows.
    pub fn worker(&self, configuration: &[u8]) -> Worker {
        let mut state = State::default();
        state.configuration = configuration.to_vec();
        state.now = 1_800_000_000_000_000_000;
        let facts: [(&[u8], &[u8]); 4] = [
            (b"xds\0cluster_name", b"upstream"),
            (b"source\0address", b"127.0.0.1:50000"),
            (b"response\0code_details", b"via_upstream"),
            (b"upstream\0request_attempt_count", &[1, 0, 0, 0, 0, 0, 0, 0]),
        ];
        state
            .properties
            .extend(facts.map(|(name, value)| (name.to_vec(), value.to_vec())));
        let mut vm = Vm::new(&self.0, state);
        vm.call("_initialize", &[]);
        vm.call("proxy_on_context_create", &[1, 0]);
        let answer = vm.call("proxy_on_configure", &[1, configuration.len() as u32]);
        vm.ledger.configuration = configuration.len() as u64;
        Worker {
            vm,
            accepted: answer == Some(1),
        }
    }
}

impl Worker {
    /// Whether the configuration was accepted.
    pub fn is_configured(&self) -> bool {
        self.accepted
    }

    /// The work since this was last asked.
    pub fn work(&mut self) -> Vec<Work> {
        std::mem::take(&mut self.vm.ledger.works)
    }

    /// An exchange: a request without a body, and an answer, whose body comes in these pieces. None: it has none.
    pub fn exchange(&mut self, request: Headers, answer: Headers, pieces: &[Vec<u8>]) {
        self.vm.ledger.bytes = 0;
        self.vm.state().maps = [(0, request), (2, answer)].into();
        self.vm.call("proxy_on_context_create", &[2, 1]);
        self.vm.call("proxy_on_request_headers", &[2, 0, 1]);
        self.vm
            .call("proxy_on_response_headers", &[2, 0, u32::from(pieces.is_empty())]);
        for (number, piece) in pieces.iter().enumerate() {
            self.vm.state().body.clone_from(piece);
            let is_last = number + 1 == pieces.len();
            self.vm.call(
                "proxy_on_response_body",
                &[2, piece.len() as u32, u32::from(is_last)],
            );
        }
        self.vm.call("proxy_on_log", &[2]);
        self.vm.call("proxy_on_done", &[2]);
        self.vm.call("proxy_on_delete", &[2]);
    }

    /// A second passes.
    pub fn tick(&mut self) {
        self.vm.ledger.bytes = 0;
        self.vm.state().now += 1_000_000_000;
        self.vm.call("proxy_on_tick", &[1]);
    }

    /// Changes each record of shared data, by its name.
    pub fn change_shared(&mut self, change: impl Fn(&[u8], &mut Vec<u8>)) {
        for (name, (value, _)) in &mut self.vm.state().shared {
            change(name, value);
        }
    }

    /// From now on every write of shared data finds that another worker was faster.
    pub fn is_always_overtaken(&mut self) {
        self.vm.state().always_overtaken = true;
    }
}
