//! A plugin: what the host loads, and what Envoy's `PluginConfig` says.

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
    pub(in crate::scenario) fn in_host(&self, scenario: usize) -> host::Plugin {
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
