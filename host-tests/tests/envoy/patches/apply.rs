//! A small Envoy, patched as a manifest says.

use host_tests::plugin::ALL;
use live::Sample;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// The connection manager of the one listener.
pub const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const ROUTER: &str = "envoy.filters.http.router";

/// A configuration of Envoy.
pub struct Patched {
    tree: Value,
    /// The filters that are handed out by name.
    extensions: BTreeMap<String, Value>,
}

/// The resources in a file of manifests.
pub fn documents(file: &str) -> Vec<Value> {
    let path = live::repository().join("envoy").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parts = text.split("\n---\n");
    parts
        .map(|part| Sample::parse(file, part).expect("it is YAML").tree().clone())
        .collect()
}

/// The small Envoy with all patches for Istio.
pub fn istio(upstream: SocketAddr) -> Patched {
    let mut patched = Patched::new(upstream);
    for document in documents("istio/envoyfilter.yaml") {
        for patch in document["spec"]["configPatches"]
            .as_array()
            .expect("it has patches")
        {
            patched.apply(patch);
        }
    }
    patched
}

impl Patched {
    /// One listener, one route, one cluster, and no filter but the router.
    pub fn new(upstream: SocketAddr) -> Self {
        let tree = json!({
            "node": { "id": "gateway-1", "cluster": "gateway" },
            "static_resources": {
                "listeners": [{
                    "name": "edge",
                    "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
                    "filter_chains": [{ "filters": [{
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                            "stat_prefix": "edge",
                            "use_remote_address": true,
                            "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
                                { "name": "all", "match": { "prefix": "/" }, "route": { "cluster": "upstream" } },
                            ] }] },
                            "http_filters": [{ "name": ROUTER, "typed_config": {
                                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                            } }],
                        },
                    }] }],
                }],
                "clusters": [{
                    "name": "upstream",
                    "load_assignment": { "cluster_name": "upstream", "endpoints": [{ "lb_endpoints": [
                        { "endpoint": { "address": { "socket_address": {
                            "address": upstream.ip().to_string(), "port_value": upstream.port(),
                        } } } },
                    ] }] },
                }],
            },
        });
        Self {
            tree,
            extensions: BTreeMap::new(),
        }
    }

    fn apply(&mut self, patch: &Value) {
        let value = &patch["patch"]["value"];
        let name = || value["name"].as_str().expect("a filter has a name").to_owned();
        let kind = patch["applyTo"].as_str().expect("it says to what it applies");
        match (
            kind,
            patch["patch"]["operation"].as_str().expect("it has an operation"),
        ) {
            ("EXTENSION_CONFIG", "ADD") => {
                let before = self.extensions.insert(name(), value["typed_config"].clone());
                assert!(before.is_none(), "two are called {}", name());
            }
            ("HTTP_FILTER", "INSERT_FIRST") => self.filters().insert(0, value.clone()),
            ("HTTP_FILTER", "INSERT_BEFORE") => {
                let filter = &patch["match"]["listener"]["filterChain"]["filter"];
                assert_eq!(filter["subFilter"]["name"], ROUTER);
                let place = self.filters().iter().position(|filter| filter["name"] == ROUTER);
                self.filters()
                    .insert(place.expect("there is a router"), value.clone());
            }
            ("NETWORK_FILTER", "MERGE") => self.merge(MANAGER, &value["typed_config"]),
            ("CLUSTER", "MERGE") => self.merge("/static_resources/clusters/0", value),
            ("BOOTSTRAP", "MERGE") => self.merge("", value),
            other => panic!("how does {other:?} apply?"),
        }
    }

    /// The filters of the listener, the router last.
    pub fn filters(&mut self) -> &mut Vec<Value> {
        let filters = self.tree.pointer_mut(&format!("{MANAGER}/http_filters"));
        filters.and_then(Value::as_array_mut).expect("it has filters")
    }

    /// Merges this into what stands at `pointer`.
    pub fn merge(&mut self, pointer: &str, addition: &Value) {
        merge(self.tree.pointer_mut(pointer).expect("it is there"), addition);
    }

    /// The names of the filters, in their order.
    pub fn chain(&self) -> Vec<&str> {
        let filters = self
            .tree
            .pointer(&format!("{MANAGER}/http_filters"))
            .and_then(Value::as_array);
        let names = filters
            .into_iter()
            .flatten()
            .filter_map(|filter| filter["name"].as_str());
        names.collect()
    }

    /// Each filter that is handed out by name in its place, with the module that was just built.
    pub fn with_extensions(mut self) -> Self {
        let extensions = std::mem::take(&mut self.extensions);
        let mut unused: Vec<&String> = extensions.keys().collect();
        each(&mut self.tree, &mut |node| {
            if node.remove("config_discovery").is_some() {
                let name = node["name"].as_str().expect("a filter has a name").to_owned();
                let extension = extensions
                    .get(&name)
                    .unwrap_or_else(|| panic!("nobody hands {name} out"));
                node.insert("typed_config".into(), with_module(extension.clone()));
                unused.retain(|other| **other != name);
            }
        });
        assert!(unused.is_empty(), "nobody asks for {unused:?}");
        self
    }

    /// The filters handed out by name, from files in this folder in place of a control plane.
    pub fn by_name(mut self, folder: &Path) -> Self {
        for (name, extension) in std::mem::take(&mut self.extensions) {
            let resource = json!({
                "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
                "name": name,
                "typed_config": with_module(extension),
            });
            let file = json!({ "resources": [resource] }).to_string();
            std::fs::write(folder.join(format!("{name}.json")), file).expect("a file can be written");
        }
        each(&mut self.tree, &mut |node| {
            let name = node.get("name").cloned().unwrap_or_default();
            let source = node
                .get_mut("config_discovery")
                .map(|discovery| &mut discovery["config_source"]);
            let Some(source) = source.and_then(Value::as_object_mut) else {
                return;
            };
            assert_eq!(source.remove("ads"), Some(json!({})));
            let path = folder.join(format!("{}.json", name.as_str().expect("a filter has a name")));
            source.insert("path_config_source".into(), json!({ "path": path }));
        });
        self
    }

    /// The whole configuration.
    pub fn tree(&mut self) -> &mut Value {
        &mut self.tree
    }

    /// The same as text.
    pub fn to_yaml(&self) -> String {
        self.tree.to_string()
    }
}

/// The WasmPlugin as Istio puts it into a chain: with a name and an environment of its own, and without a vm_id.
pub fn wasm_plugin(resource: &Value, module: &Path) -> Value {
    let spec = &resource["spec"];
    let name = resource["metadata"]["name"].as_str().expect("it has a name");
    json!({
        "name": format!("extensions.istio.io/wasmplugin/istio-system.{name}"),
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": format!("istio-system.{name}"),
                "root_id": spec["pluginName"],
                "failure_policy": spec["failStrategy"],
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": spec["pluginConfig"].to_string(),
                },
                "vm_config": {
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": module } },
                    "environment_variables": {
                        "key_values": { "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": name },
                    },
                },
            },
        },
    })
}

/// The filter with the module of its root_id from a file, where the agent puts it.
fn with_module(mut filter: Value) -> Value {
    let root_id = filter["config"]["root_id"].clone();
    let plugin = ALL.iter().find(|plugin| root_id == plugin.name);
    let path = plugin
        .unwrap_or_else(|| panic!("no plugin is called {root_id}"))
        .path();
    filter["config"]["vm_config"]["code"] = json!({ "local": { "filename": path } });
    filter
}

/// As messages of protobuf merge: members one by one, repeated fields appended.
fn merge(into: &mut Value, addition: &Value) {
    match (into, addition) {
        (Value::Object(into), Value::Object(addition)) => {
            for (key, value) in addition {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(addition)) => into.extend(addition.iter().cloned()),
        (into, addition) => *into = addition.clone(),
    }
}

fn each(node: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match node {
        Value::Object(members) => {
            change(members);
            members.values_mut().for_each(|member| each(member, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        _ => {}
    }
}
