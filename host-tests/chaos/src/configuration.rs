//! The Envoy that is troubled: the listener of `envoy/envoy.yaml`, once without plugins, once as it is, and once with all
//! plugins in one pass; each with a cluster of its own.
//!
//! The listeners come from a file, so that they can be replaced while Envoy runs.

use crate::upstream::{BROKEN, HANGING};
use crate::variant::Variant;
use crate::{Error, Result};
use live::Sample;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const MANAGER: &str = "/filter_chains/0/filters/0/typed_config";
pub(crate) const PLUGINS: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];
/// What the listeners load.
pub(crate) const MODULES: [&str; 5] = [
    "circuit-breaker",
    "error-envelope",
    "policies",
    "request-id",
    "retry",
];
/// So many probes may be under way at the same time.
pub(crate) const PROBES: u64 = 2;
/// More connections than this a listener does not take, where it is to be crowded.
pub(crate) const CONNECTIONS: u32 = 16;

/// How the Envoy differs from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Listeners take [`CONNECTIONS`], and wait a second for a request's headers.
    pub(crate) listener: bool,
    /// Clusters have two connections, and one request waits for them.
    pub(crate) cluster: bool,
    /// Modules die by a header.
    pub(crate) mortal: bool,
}

/// What a file of listeners says.
#[derive(Clone, Debug)]
pub(crate) struct Listeners {
    /// The name that errors have.
    pub(crate) service_name: String,
    /// Something that Envoy or a plugin has to refuse.
    pub(crate) fault: Option<Fault>,
    pub(crate) limits: Limits,
    /// Where the modules are.
    pub(crate) modules: Modules,
}

/// The file of each module.
pub(crate) type Modules = BTreeMap<&'static str, PathBuf>;

/// What is wrong with a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A setting of a plugin that it does not know.
    Setting,
    /// A module that is no WebAssembly.
    Module,
    /// A listener that Envoy does not take.
    Listener,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Fault; 3] = [Fault::Setting, Fault::Module, Fault::Listener];
}

/// The file of a module that ships.
///
/// # Errors
/// [`Error::NoModule`] where it was not built.
pub(crate) fn shipped(plugin: &str) -> Result<PathBuf> {
    let file = live::repository()
        .join("dist")
        .join(plugin.replace('-', "_"))
        .with_extension("wasm");
    if file.is_file() {
        Ok(file)
    } else {
        Err(Error::NoModule(file))
    }
}

/// The files of the modules that ship.
///
/// # Errors
/// [`Error::NoModule`] where one was not built.
pub(crate) fn all_shipped() -> Result<Modules> {
    let file = |plugin| Ok((plugin, shipped(plugin)?));
    MODULES.into_iter().map(file).collect()
}

/// Where requests that are to be rejected all the time have their breaker.
pub(crate) fn broken_breaker(variant: Variant) -> String {
    format!("broken-{}", variant.name())
}

/// The bootstrap of an Envoy whose listeners are in this file.
///
/// # Errors
/// Where the sample has not what is changed in it.
pub(crate) fn bootstrap(
    listeners: &Path,
    upstreams: &[(Variant, SocketAddr)],
    limits: Limits,
) -> Result<String> {
    let mut sample = Sample::load("envoy.yaml")?;
    let tree = sample.tree();
    let cluster = tree["static_resources"]["clusters"][0].clone();
    let clusters = upstreams.iter().map(|(variant, address)| {
        let mut cluster = cluster.clone();
        cluster["name"] = json!(variant.name());
        cluster["load_assignment"] = json!({ "cluster_name": variant.name(), "endpoints": [{ "lb_endpoints": [{
            "endpoint": { "address": { "socket_address": {
                "address": address.ip().to_string(), "port_value": address.port() } } } }] }] });
        if limits.cluster {
            cluster["circuit_breakers"]["thresholds"][0]["max_connections"] = json!(2);
            cluster["circuit_breakers"]["thresholds"][0]["max_pending_requests"] = json!(1);
        }
        cluster
    });
    let clusters: Vec<Value> = clusters.collect();
    tree["static_resources"] = json!({ "clusters": clusters });
    tree["node"] = json!({ "id": "chaos", "cluster": "chaos" });
    tree["dynamic_resources"] = json!({ "lds_config": {
        "path_config_source": { "path": listeners }, "resource_api_version": "V3" } });
    if limits.listener {
        let limit = |variant: &Variant| {
            let key = format!(
                "envoy.resource_limits.listener.{}.connection_limit",
                variant.name()
            );
            (key, json!(CONNECTIONS))
        };
        let limits: serde_json::Map<String, Value> = Variant::ALL.iter().map(limit).collect();
        tree["layered_runtime"] = json!({ "layers": [{ "name": "limits", "static_layer": limits }] });
    }
    Ok(sample.to_yaml())
}

impl Listeners {
    /// The text of the file.
    ///
    /// # Errors
    /// Where the sample has not what is changed in it, or a module was not built.
    pub(crate) fn text(&self) -> Result<String> {
        let mut sample = Sample::load("envoy.yaml")?.on_free_ports();
        let listener = sample.tree()["static_resources"]["listeners"][0].take();
        let listeners: Result<Vec<Value>> = Variant::ALL
            .iter()
            .map(|variant| self.listener(listener.clone(), *variant))
            .collect();
        Ok(json!({ "resources": listeners? }).to_string())
    }

    fn listener(&self, mut listener: Value, variant: Variant) -> Result<Value> {
        listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
        listener["name"] = json!(variant.name());
        if self.fault == Some(Fault::Listener) {
            // There is no such socket option.
            listener["socket_options"] =
                json!([{ "level": 1, "name": 99_999, "int_value": 1, "state": "STATE_PREBIND" }]);
        }
        let manager = listener
            .pointer_mut(MANAGER)
            .ok_or(Error::Sample("a connection manager"))?;
        manager["stat_prefix"] = json!(variant.name());
        // A long run would fill the disk with it.
        manager["access_log"] = json!([]);
        if self.limits.listener {
            manager["request_headers_timeout"] = json!("1s");
        }
        manager["route_config"] = json!({ "name": "chaos", "virtual_hosts": [{
            "name": "chaos", "domains": ["*"], "include_request_attempt_count": true,
            "routes": [{ "name": "everything", "match": { "prefix": "/" }, "route": {
                "cluster": variant.name(), "timeout": "1s",
                "retry_policy": { "retry_back_off": { "base_interval": "0.01s", "max_interval": "0.1s" } } } }] }] });
        if variant == Variant::Plain {
            // So that an update changes it, too.
            manager["server_name"] = json!(self.service_name);
            manager["local_reply_config"] = Value::Null;
        }
        let filters = manager["http_filters"]
            .as_array_mut()
            .ok_or(Error::Sample("filters"))?;
        let router = filters.pop().ok_or(Error::Sample("a router"))?;
        let wasm = filters.first().cloned().ok_or(Error::Sample("a plugin"))?;
        filters.clear();
        match variant {
            Variant::Plain => {}
            Variant::Chain => {
                for plugin in PLUGINS {
                    filters.push(self.filter(
                        &wasm,
                        variant,
                        plugin,
                        &self.configuration(variant, plugin),
                    )?);
                }
            }
            Variant::OnePass => {
                let sections = PLUGINS.map(|plugin| (plugin.to_owned(), self.configuration(variant, plugin)));
                let sections = Value::Object(sections.into_iter().collect());
                filters.push(self.filter(&wasm, variant, "policies", &sections)?);
            }
        }
        filters.push(router);
        Ok(listener)
    }

    fn filter(&self, like: &Value, variant: Variant, plugin: &str, configuration: &Value) -> Result<Value> {
        let mut filter = like.clone();
        filter["name"] = json!(plugin);
        let config = filter
            .pointer_mut("/typed_config/config")
            .ok_or(Error::Sample("a plugin"))?;
        config["name"] = json!(plugin);
        config["root_id"] = json!(plugin);
        // Breakers are known by vm_id: those of the two listeners are to have nothing to do with each other.
        config["vm_config"]["vm_id"] = json!(variant.name());
        config["vm_config"]["code"] = match self.fault {
            Some(Fault::Module) => json!({ "local": { "inline_string": "this is no module" } }),
            _ => json!({ "local": { "filename": self.modules.get(plugin) } }),
        };
        config["configuration"]["value"] = json!(configuration.to_string());
        Ok(filter)
    }

    fn configuration(&self, variant: Variant, plugin: &str) -> Value {
        let mut configuration = match plugin {
            "circuit-breaker" => json!({
                "default": {
                    "trip": { "consecutive_failures": 5, "failure_rate": null },
                    "open": { "for": "500ms", "max": "1s", "jitter": 0 },
                    "half_open": { "max_calls": PROBES, "successes": 2, "lease": "5s" },
                    "ramp": null,
                },
                "routes": [
                    {
                        "match": { "path": BROKEN },
                        "policy": { "key": { "name": broken_breaker(variant) }, "open": { "for": "1000s", "max": "1000s" } },
                    },
                    {
                        "match": { "path": HANGING },
                        "policy": {
                            "key": { "name": format!("hanging-{}", variant.name()) },
                            "trip": { "consecutive_failures": 1 },
                            "half_open": { "max_calls": PROBES },
                        },
                    },
                ],
            }),
            "retry" => json!({ "default": { "attempts": 2, "timeout": "1s", "per_try_timeout": "400ms" } }),
            _ => json!({}),
        };
        configuration["service_name"] = json!(self.service_name);
        if self.fault == Some(Fault::Setting) {
            configuration["no_such_setting"] = json!(true);
        }
        configuration
    }
}
