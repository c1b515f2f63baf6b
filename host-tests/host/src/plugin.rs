//! What is loaded into a host: a compiled module, and the plugin that Envoy's configuration would make of it.

mod failure_policy;

use std::time::Duration;

use crate::module::Module;
use crate::protobuf;

pub use failure_policy::FailurePolicy;

/// One entry of `http_filters`: a module with the names and configuration it gets.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, Plugin};
/// let host = Host::chain([
///     Plugin::new(&plugin).name("outer").config(serde_json::json!({ "mode": "enforce" })),
///     Plugin::new(&plugin).name("inner").root_id("inner").vm_id("keys").env("REGION", "eu"),
/// ]);
/// host.get("/").expect_rejected(401);
/// ```
#[derive(Clone)]
pub struct Plugin {
    pub(crate) module: Module,
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) configuration: Configuration,
    pub(crate) vm_configuration: Configuration,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) allow_on_headers_stop_iteration: bool,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) reload_interval: Duration,
}

impl Plugin {
    /// A plugin of this module, without configuration, root_id and vm_id, named `plugin`.
    pub fn new(module: impl Into<Module>) -> Plugin {
        Plugin {
            module: module.into(),
            name: "plugin".to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            configuration: Configuration::default(),
            vm_configuration: Configuration::default(),
            environment: Vec::new(),
            allow_on_headers_stop_iteration: false,
            failure_policy: FailurePolicy::Closed,
            reload_interval: failure_policy::DEFAULT_RELOAD_INTERVAL,
        }
    }

    /// The plugin's name: property `plugin_name`, and the name in rendered exchanges.
    pub fn name(mut self, name: &str) -> Plugin {
        self.name = name.to_owned();
        self
    }

    /// Its name.
    pub fn called(&self) -> &str {
        &self.name
    }

    /// The root_id by which a module tells its plugins apart.
    pub fn root_id(mut self, root_id: &str) -> Plugin {
        self.root_id = root_id.to_owned();
        self
    }

    /// The vm_id: plugins of the same one share data, and with the same module also one VM in each worker.
    pub fn vm_id(mut self, vm_id: &str) -> Plugin {
        self.vm_id = vm_id.to_owned();
        self
    }

    /// What `on_configure` gets.
    pub fn config(mut self, configuration: impl Into<Configuration>) -> Plugin {
        self.configuration = configuration.into();
        self
    }

    /// What `on_vm_start` gets.
    pub fn vm_config(mut self, configuration: impl Into<Configuration>) -> Plugin {
        self.vm_configuration = configuration.into();
        self
    }

    /// An environment variable of the VM.
    pub fn env(mut self, name: &str, value: &str) -> Plugin {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Envoy's setting `allow_on_headers_stop_iteration` (default: false). Without it a headers callback that stops
    /// stops everything: neither body nor trailers reach the plugin until it goes on. With it, they do.
    pub fn allow_on_headers_stop_iteration(mut self, yes: bool) -> Plugin {
        self.allow_on_headers_stop_iteration = yes;
        self
    }

    /// Plugins that agree in this run in one VM, as in Envoy.
    pub(crate) fn shares_vm_with(&self, other: &Plugin) -> bool {
        self.module.is(&other.module)
            && self.vm_id == other.vm_id
            && self.vm_configuration == other.vm_configuration
            && self.environment == other.environment
    }

    /// Plugins that agree in everything share even their root context, as in Envoy.
    pub(crate) fn is_same_as(&self, other: &Plugin) -> bool {
        self.shares_vm_with(other)
            && self.name == other.name
            && self.root_id == other.root_id
            && self.configuration == other.configuration
            && self.allow_on_headers_stop_iteration == other.allow_on_headers_stop_iteration
            && self.failure_policy == other.failure_policy
            && self.reload_interval == other.reload_interval
    }
}

impl<M: Into<Module>> From<M> for Plugin {
    fn from(module: M) -> Plugin {
        Plugin::new(module)
    }
}

/// The bytes of a configuration as they reach the plugin.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Configuration, Host};
/// use serde_json::json;
/// Host::new(&plugin).config("text").start();
/// Host::new(&plugin).config(json!({ "mode": "enforce" })).start();
/// Host::new(&plugin).config(Configuration::as_struct(json!({ "mode": "enforce" }))).start();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration(pub(crate) Vec<u8>);

impl Configuration {
    /// The value as Envoy hands over a `google.protobuf.Struct`: its protobuf bytes.
    ///
    /// # Panics
    /// When the value is not a JSON object: nothing else is a Struct.
    #[track_caller]
    pub fn as_struct(value: serde_json::Value) -> Configuration {
        let serde_json::Value::Object(members) = value else {
            panic!("a google.protobuf.Struct is made of a JSON object, not of {value}");
        };
        Configuration(protobuf::encode_struct(&members))
    }
}

impl From<serde_json::Value> for Configuration {
    /// The text of the value, as a `StringValue` arrives.
    fn from(value: serde_json::Value) -> Configuration {
        Configuration(value.to_string().into_bytes())
    }
}

impl From<&str> for Configuration {
    fn from(text: &str) -> Configuration {
        Configuration(text.as_bytes().to_vec())
    }
}

impl From<String> for Configuration {
    fn from(text: String) -> Configuration {
        Configuration(text.into_bytes())
    }
}

impl From<Vec<u8>> for Configuration {
    fn from(bytes: Vec<u8>) -> Configuration {
        Configuration(bytes)
    }
}

impl From<&[u8]> for Configuration {
    fn from(bytes: &[u8]) -> Configuration {
        Configuration(bytes.to_vec())
    }
}
