//! A module in VMs of its own, and what an exchange that nothing else happens to looks like there.

use super::vm::{BODY, Code, Vm};
use host_tests::plugin::{ADMIN, ALL, CIRCUIT_BREAKER, POLICIES, Plugin, RETRY};
use serde_json::{Value, json};

/// A module, and what its VMs are configured with.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) code: Code,
    /// With this it changes something of each exchange.
    pub(super) on: String,
    /// With this it changes nothing.
    pub(super) off: String,
    pub(super) callbacks: Vec<(String, usize)>,
    /// What it changes of an exchange that nothing else happens to, and logs of it: until the request has gone on, and then.
    pub(super) alone: (Vec<String>, Vec<String>),
}

/// A configuration with which a plugin says something of each exchange, both of the request and when it is over, and with
/// which no breaker opens.
fn talkative(plugin: &Plugin) -> Value {
    let mut configuration =
        json!({ "explain": "all", "log": { "requests": true, "max_per_second": 10_000 } });
    if plugin.name == CIRCUIT_BREAKER.name {
        let trip = json!({ "consecutive_failures": null, "failure_rate": { "min_calls": 1_000_000 } });
        configuration["default"] = json!({ "trip": trip });
    }
    configuration
}

impl Case {
    pub(super) fn new(plugin: &Plugin) -> Self {
        let (on, off) = match plugin.name {
            name if name == ADMIN.name => (json!({}), json!({ "path": "/elsewhere" })),
            name if name == POLICIES.name => {
                let sections = ALL.iter().map(|each| (each.name.to_owned(), talkative(each)));
                (sections.collect(), json!({}))
            }
            _ => (talkative(plugin), json!({ "mode": "disabled" })),
        };
        let code = Code::new(&plugin.bytes());
        let mut case = Self {
            name: plugin.name,
            on: on.to_string(),
            off: off.to_string(),
            callbacks: code.callbacks(),
            code,
            alone: Default::default(),
        };
        let mut vm = case.vm();
        case.alone = (case.begin(&mut vm, 2, 1), case.end(&mut vm, 2));
        assert_ne!(case.alone, Default::default(), "{}", case.name);
        // Of these, all that there is to see is of the request.
        let is_of_request = [ADMIN.name, RETRY.name].contains(&plugin.name);
        assert_eq!(case.alone.1.is_empty(), is_of_request, "{}", case.name);
        case
    }

    /// A VM in which context 1 is a root, and is configured.
    pub(super) fn vm(&self) -> Vm {
        let mut vm = Vm::new(&self.code);
        vm.cluster("upstream");
        vm.call("proxy_on_context_create", &[1, 0]);
        self.configure(&mut vm, 1, &self.on);
        vm
    }

    #[track_caller]
    pub(super) fn configure(&self, vm: &mut Vm, root: u32, configuration: &str) {
        vm.configuration(configuration);
        let size = configuration.len() as u32;
        assert_eq!(
            vm.call("proxy_on_configure", &[root, size]),
            Some(1),
            "{}",
            self.name
        );
    }

    /// Begins an exchange, and says what the module changed of it.
    pub(super) fn begin(&self, vm: &mut Vm, number: u32, root: u32) -> Vec<String> {
        vm.call("proxy_on_context_create", &[number, root]);
        self.request(vm, number)
    }

    /// Has the request come to an exchange, and says what the module changed of it.
    pub(super) fn request(&self, vm: &mut Vm, number: u32) -> Vec<String> {
        vm.effects();
        vm.call("proxy_on_request_headers", &[number, 4, 1]);
        vm.effects()
    }

    /// Has a response come, ends the exchange, and says what the module changed of it.
    pub(super) fn end(&self, vm: &mut Vm, number: u32) -> Vec<String> {
        vm.effects();
        vm.call("proxy_on_response_headers", &[number, 3, 0]);
        if self.has("proxy_on_response_body") {
            vm.call("proxy_on_response_body", &[number, BODY.len() as u32, 1]);
        }
        vm.call("proxy_on_log", &[number]);
        if self.has("proxy_on_done") {
            vm.call("proxy_on_done", &[number]);
        }
        vm.call("proxy_on_delete", &[number]);
        vm.effects()
    }

    #[track_caller]
    pub(super) fn assert_is_as_alone(&self, begun: Vec<String>, ended: Vec<String>) {
        assert_eq!((begun, ended), self.alone, "{}", self.name);
    }

    /// A whole exchange goes as if there had never been anything else.
    #[track_caller]
    pub(super) fn assert_serves(&self, vm: &mut Vm, number: u32, root: u32) {
        let (begun, ended) = (self.begin(vm, number, root), self.end(vm, number));
        self.assert_is_as_alone(begun, ended);
    }

    /// A whole exchange passes untouched.
    #[track_caller]
    pub(super) fn assert_leaves_alone(&self, vm: &mut Vm, number: u32, root: u32) {
        let (begun, ended) = (self.begin(vm, number, root), self.end(vm, number));
        assert_eq!((begun, ended), Default::default(), "{}", self.name);
    }

    /// Callbacks, but for the deletion, are answered as if all were well, and the host is asked for nothing.
    #[track_caller]
    pub(super) fn assert_are_for_nobody(&self, vm: &mut Vm, callbacks: &[&str], number: u32) {
        let before = vm.calls();
        for (callback, parameters) in &self.callbacks {
            if callbacks.contains(&callback.as_str()) {
                let arguments = &[number, 4, 1][..*parameters];
                let answer = vm.call(callback, arguments);
                assert_eq!(
                    answer,
                    all_is_well(callback),
                    "{}: {callback} {arguments:?}",
                    self.name
                );
            }
        }
        assert_eq!(vm.calls(), before, "{}: {number} of {callbacks:?}", self.name);
    }

    pub(super) fn has(&self, callback: &str) -> bool {
        self.callbacks.iter().any(|(name, _)| name == callback)
    }
}

/// What a callback returns where there is nothing to do: an action is 0 (go on), a word is true.
pub(super) fn all_is_well(callback: &str) -> Option<u32> {
    match callback {
        "proxy_on_tick" | "proxy_on_log" | "proxy_on_delete" => None,
        "proxy_on_configure" | "proxy_on_done" => Some(1),
        _ => Some(0),
    }
}
