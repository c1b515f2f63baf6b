//! The parts of a scenario, each in both forms: as the host takes it, and as Envoy does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::plugin::PUPPET;

/// A plugin of the chain.
pub struct Plugin {
    /// Its name, which is also its root_id: the log tells plugins apart by it.
    pub name: String,
    /// Its script.
    pub script: Value,
    vm_script: Value,
    vm_id: Option<String>,
    bytes: Option<Vec<u8>>,
    host: Vec<Box<dyn Fn(host::Plugin) -> host::Plugin + Send + Sync>>,
    envoy: Value,
}

impl Plugin {
    /// A puppet of this name, without a script.
    pub fn puppet(name: &str) -> Plugin {
        Plugin {
            name: name.to_owned(),
            script: json!({}),
            vm_script: Value::Null,
            vm_id: None,
            bytes: None,
            host: Vec::new(),
            envoy: json!({}),
        }
    }

    /// A module of its own, from WebAssembly text or bytes; `script` is its configuration.
    pub fn module(name: &str, bytes: Vec<u8>) -> Plugin {
        Plugin {
            bytes: Some(bytes),
            ..Plugin::puppet(name)
        }
    }

    /// What the puppet does in its callbacks.
    pub fn script(mut self, script: Value) -> Plugin {
        self.script = script;
        self
    }

    /// What the puppet does in `root_create` and `vm_start`.
    pub fn vm_script(mut self, script: Value) -> Plugin {
        self.vm_script = script;
        self
    }

    /// The vm_id, within the scenario (default: one of its own).
    pub fn vm_id(mut self, vm_id: &str) -> Plugin {
        self.vm_id = Some(vm_id.to_owned());
        self
    }

    /// Lets a headers callback stop alone.
    pub fn allow_on_headers_stop_iteration(self) -> Plugin {
        self.setting(
            |plugin| plugin.allow_on_headers_stop_iteration(true),
            |config| config["allow_on_headers_stop_iteration"] = json!(true),
        )
    }

    /// A setting: what it is in the host, and in Envoy's `PluginConfig`.
    pub fn setting(
        mut self,
        host: impl Fn(host::Plugin) -> host::Plugin + Send + Sync + 'static,
        envoy: impl FnOnce(&mut Value),
    ) -> Plugin {
        self.host.push(Box::new(host));
        envoy(&mut self.envoy);
        self
    }

    /// The module's bytes, where it is no puppet.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    fn vm(&self, scenario: usize) -> String {
        format!("s{scenario}.{}", self.vm_id.as_ref().unwrap_or(&self.name))
    }

    /// As the host takes it, in the scenario of this number.
    pub(super) fn in_host(&self, scenario: usize) -> host::Plugin {
        let module = self
            .bytes
            .as_ref()
            .map_or_else(|| PUPPET.module().clone(), |bytes| host::Module::new(bytes));
        let mut plugin = host::Plugin::new(module)
            .name(&self.name)
            .root_id(&self.name)
            .vm_id(&self.vm(scenario))
            .config(self.script.clone());
        if self.vm_script != Value::Null {
            plugin = plugin.vm_config(self.vm_script.clone());
        }
        self.host.iter().fold(plugin, |plugin, setting| setting(plugin))
    }

    /// As Envoy takes it: a `PluginConfig`, with the module at `path`.
    pub fn on_envoy(&self, scenario: usize, path: &str) -> Value {
        let text = |value: &Value| json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": value.to_string() });
        let mut config = json!({
            "name": self.name,
            "root_id": self.name,
            "configuration": text(&self.script),
            "vm_config": {
                "vm_id": self.vm(scenario),
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": path } },
            },
        });
        if self.vm_script != Value::Null {
            config["vm_config"]["configuration"] = text(&self.vm_script);
        }
        merge(&mut config, &self.envoy);
        config
    }
}

/// A route of the table.
pub struct Route {
    pub(super) host: host::Route,
    /// As Envoy takes it.
    pub envoy: Value,
}

impl Route {
    /// A route of this name that takes everything to the cluster `upstream`.
    pub fn new(name: &str) -> Route {
        Route {
            host: host::Route::new(name),
            envoy: json!({ "name": name, "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }),
        }
    }

    /// Matches paths that begin so.
    pub fn prefix(self, prefix: &str) -> Route {
        self.set(
            |host| host.prefix(prefix),
            |envoy| envoy["match"]["prefix"] = json!(prefix),
        )
    }

    /// Matches only requests that carry this header with this value.
    pub fn when_header(self, name: &str, value: &str) -> Route {
        self.set(
            |host| host.when_header(name, value),
            |envoy| envoy["match"]["headers"] = json!([{ "name": name, "string_match": { "exact": value } }]),
        )
    }

    /// The cluster: `upstream`, `other`, `nobody` (without a host), or `refused` (whose host refuses connections).
    pub fn cluster(self, cluster: &str) -> Route {
        self.set(
            |host| host.cluster(cluster),
            |envoy| envoy["route"]["cluster"] = json!(cluster),
        )
    }

    /// The route's time-out in milliseconds.
    pub fn timeout_ms(self, timeout: u64) -> Route {
        self.set(
            |host| host.timeout_ms(timeout),
            |envoy| envoy["route"]["timeout"] = json!(format!("{}.{:03}s", timeout / 1000, timeout % 1000)),
        )
    }

    /// When a request is tried again, and how often. Each attempt has 10 s, so that the upstream is told a number that
    /// does not hang on the time.
    pub fn retry(self, conditions: &str, retries: u32) -> Route {
        let policy = host::RetryPolicy::on(conditions)
            .num_retries(retries)
            .per_try_timeout(Duration::from_secs(10));
        self.set(
            |host| host.retry(policy),
            |envoy| {
                envoy["route"]["retry_policy"] =
                    json!({ "retry_on": conditions, "num_retries": retries, "per_try_timeout": "10s" });
            },
        )
    }

    /// The route's `filter_metadata`.
    pub fn metadata(self, metadata: &Value) -> Route {
        self.set(
            |host| host.metadata(metadata.clone()),
            |envoy| envoy["metadata"] = json!({ "filter_metadata": metadata }),
        )
    }

    /// Envoy answers itself.
    pub fn direct_response(self, status: u16, body: &str) -> Route {
        self.set(
            |host| host.direct_response(status, body),
            |envoy| {
                envoy
                    .as_object_mut()
                    .expect("a route is an object")
                    .remove("route");
                envoy["direct_response"] = json!({ "status": status, "body": { "inline_string": body } });
            },
        )
    }

    /// Anything else of a route, in both forms.
    pub fn set(self, host: impl FnOnce(host::Route) -> host::Route, envoy: impl FnOnce(&mut Value)) -> Route {
        let mut route = Route {
            host: host(self.host),
            envoy: self.envoy,
        };
        envoy(&mut route.envoy);
        route
    }
}

/// A request of the client.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The header fields but `host`, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; none where it comes in later steps.
    pub body: Vec<u8>,
    /// The body comes in chunks, in later steps.
    pub chunked: bool,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
        }
    }

    /// A GET.
    pub fn get(path: &str) -> Request {
        Request::new("GET", path)
    }

    /// A POST whose body comes in later steps.
    pub fn post(path: &str) -> Request {
        Request {
            chunked: true,
            ..Request::new("POST", path)
        }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Asks to change to another protocol.
    pub fn upgrade(self, protocol: &str) -> Request {
        self.header("connection", "Upgrade").header("upgrade", protocol)
    }

    pub(super) fn upgrades(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "upgrade")
    }

    /// A body of known length, sent with the headers.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = body.as_ref().to_vec();
        self.chunked = false;
        self
    }

    /// What stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nhost: host.test\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        framed(bytes, &self.body, self.chunked, false)
    }

    pub(super) fn in_host(&self, host: &host::Host) -> host::Request {
        let request = self.headers.iter().fold(
            host.request(&self.method, &self.path),
            |request, (name, value)| request.header(name, value),
        );
        match self.chunked {
            true => request.pieces::<&[u8]>([]).unfinished(),
            false => request.body(&self.body),
        }
    }
}

/// An answer of an upstream.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    chunked: bool,
}

impl Answer {
    /// An answer of this status, without a body.
    pub fn new(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
        }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Answer {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// A body of known length, sent with the headers.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Answer {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The body comes in chunks, in later steps.
    pub fn chunked(mut self) -> Answer {
        self.chunked = true;
        self
    }

    /// What stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} -\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let length_is_given = self.headers.iter().any(|(name, _)| name == "content-length");
        framed(
            bytes,
            &self.body,
            self.chunked,
            !matches!(self.status, 101 | 204 | 304) && !length_is_given,
        )
    }

    pub(super) fn in_host(&self) -> host::Answer {
        let answer = self
            .headers
            .iter()
            .fold(host::Answer::new(self.status), |answer, (name, value)| {
                answer.header(name, value)
            });
        match self.chunked {
            true => answer.pieces::<&[u8]>([]).unfinished(),
            false if self.body.is_empty() => answer,
            false => answer.body(&self.body),
        }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Answer {
        Answer::new(status)
    }
}

/// The head's end with the framing of its body, and the body. `announces`: also a body of no length.
fn framed(mut head: Vec<u8>, body: &[u8], chunked: bool, announces: bool) -> Vec<u8> {
    if chunked {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    } else if announces || !body.is_empty() {
        head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(body);
    head
}

pub(super) fn owned(pairs: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// Lays `over` over `under`, member by member.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
