//! The Envoy whose plugins die.

use super::{BACK_OFF, Policy, listener};
use crate::{Error, Result};
use live::Sample;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

/// All plugins in one pass, each with its defaults.
const ALL_PLUGINS: &str = r#"{ "error-envelope": {}, "request-id": {}, "circuit-breaker": {}, "retry": {} }"#;

/// A listener for each of these modules and each policy, before this upstream.
///
/// # Errors
/// Where the sample has not what is changed in it.
pub(super) fn configuration(modules: &[(&str, PathBuf)], upstream: SocketAddr) -> Result<String> {
    let mut sample = Sample::load("envoy.yaml")?
        .on_free_ports()
        .cluster("upstream", upstream)?;
    let like = sample.tree()["static_resources"]["listeners"][0].take();
    let mut listeners = Vec::new();
    for (plugin, path) in modules {
        for policy in Policy::ALL {
            let name = listener(plugin, policy);
            let mut listener = like.clone();
            listener["name"] = json!(name);
            listener["stat_prefix"] = json!(name);
            let manager = listener
                .pointer_mut("/filter_chains/0/filters/0/typed_config")
                .ok_or(Error::Sample("a connection manager"))?;
            manager["stat_prefix"] = json!(name);
            manager["local_reply_config"] = Value::Null;
            manager["access_log"] = json!([]);
            manager["route_config"] = json!({ "name": "mortal", "virtual_hosts": [{ "name": "mortal", "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "upstream", "timeout": "5s" } }] }] });
            let filters = manager["http_filters"]
                .as_array_mut()
                .ok_or(Error::Sample("filters"))?;
            let router = filters.pop().ok_or(Error::Sample("a router"))?;
            filters.truncate(1);
            let config = filters
                .first_mut()
                .and_then(|filter| filter.pointer_mut("/typed_config/config"))
                .ok_or(Error::Sample("a plugin"))?;
            config["name"] = json!(name);
            config["root_id"] = json!(plugin);
            config["failure_policy"] = json!(policy.name());
            // So that the next request finds the VM old enough: by default it is a second, and then some.
            config["reload_config"] = json!({ "backoff": { "base_interval": BACK_OFF } });
            config["vm_config"]["vm_id"] = json!(name);
            config["vm_config"]["code"] = json!({ "local": { "filename": path } });
            config["configuration"]["value"] = json!(if *plugin == "policies" { ALL_PLUGINS } else { "{}" });
            filters.push(router);
            listeners.push(listener);
        }
    }
    sample.tree()["static_resources"]["listeners"] = Value::Array(listeners);
    Ok(sample.to_yaml())
}
