//! A configuration from `envoy/`, changed where a test has to.
//!
//! The samples are what users copy, so they are what is tested: not a text template of them, but the very files, with
//! single values replaced in the tree that the YAML means.

mod tree;

use crate::{Error, Result, repository};
use serde_json::{Value, json};
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tree::{find, is_wasm, is_wasm_filter, pointer_parent, visit};

const WASM_CONFIG: &str = "/typed_config/config";

/// A configuration of Envoy. Each change returns the changed sample, or says what it did not find.
#[derive(Clone, Debug)]
pub struct Sample {
    name: String,
    tree: Value,
}

/// A port that a configuration opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The listener's name; `None`: the administration interface.
    pub listener: Option<String>,
    /// The address to listen on.
    pub address: String,
    /// The port; 0: a free one.
    pub port: u16,
}

impl Sample {
    /// The sample `name` of this repository, such as `request-id.yaml`.
    ///
    /// # Errors
    /// Those of [`Sample::open`].
    pub fn load(name: &str) -> Result<Self> {
        Self::open(&repository().join("envoy").join(name))
    }

    /// The configuration in this file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Sample`] if it is no YAML.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(Error::io(format!("reading {name}")))?;
        Self::parse(&name, &text)
    }

    /// The configuration in this text, called `name` in errors.
    ///
    /// # Errors
    /// [`Error::Sample`] if it is no YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let tree = yaml_serde::from_str(text).map_err(|error| Error::Sample {
            sample: name.to_owned(),
            rule: error.to_string(),
        })?;
        Ok(Sample {
            name: name.to_owned(),
            tree,
        })
    }

    /// The whole tree, to read or to change by hand.
    pub fn tree(&mut self) -> &mut Value {
        &mut self.tree
    }

    /// The configuration as YAML (in fact as JSON, which is YAML without its surprises).
    pub fn to_yaml(&self) -> String {
        format!("{:#}", self.tree)
    }

    /// Every port that it opens: the listeners' in order, and the administration interface's.
    pub fn ports(&self) -> Vec<Port> {
        let mut ports = Vec::new();
        let listeners = self
            .tree
            .pointer("/static_resources/listeners")
            .and_then(Value::as_array);
        for listener in listeners.into_iter().flatten() {
            let name = listener.get("name").and_then(Value::as_str).unwrap_or_default();
            ports.extend(port_of(listener, Some(name.to_owned())));
        }
        ports.extend(self.tree.get("admin").and_then(|admin| port_of(admin, None)));
        ports
    }

    /// The files of the modules that it loads, as they stand there.
    pub fn modules(&self) -> Vec<PathBuf> {
        let mut modules = Vec::new();
        visit(&self.tree, &mut |node| {
            // In a chain, or as the default of one that is discovered.
            if is_wasm(node) {
                let file = node.pointer("/config/vm_config/code/local/filename");
                modules.extend(file.and_then(Value::as_str).map(PathBuf::from));
            }
        });
        modules
    }

    /// Every listener and the administration interface on a port that the system chooses.
    pub fn on_free_ports(mut self) -> Self {
        let listeners = self
            .tree
            .pointer_mut("/static_resources/listeners")
            .and_then(Value::as_array_mut);
        for listener in listeners.into_iter().flatten() {
            set_port(listener, 0);
        }
        if let Some(admin) = self.tree.get_mut("admin") {
            set_port(admin, 0);
        }
        self
    }

    /// The listener called `name` on `port`.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is none of that name.
    pub fn listener_port(self, name: &str, port: u16) -> Result<Self> {
        self.change(&format!("a listener called {name}"), |tree| {
            let listener = named(tree.pointer_mut("/static_resources/listeners"), name)?;
            set_port(listener, port).then_some(())
        })
    }

    /// The administration interface on `port`.
    ///
    /// # Errors
    /// [`Error::Sample`] if it has none.
    pub fn admin_port(self, port: u16) -> Result<Self> {
        self.change("an administration interface with an address", |tree| {
            set_port(tree.get_mut("admin")?, port).then_some(())
        })
    }

    /// The one endpoint of the cluster called `name` at `address`.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no cluster of that name with one endpoint.
    pub fn cluster(self, name: &str, address: SocketAddr) -> Result<Self> {
        self.change(&format!("a cluster called {name} with an endpoint"), |tree| {
            let cluster = named(tree.pointer_mut("/static_resources/clusters"), name)?;
            let endpoint = cluster
                .pointer_mut("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address")?;
            *endpoint = json!({ "address": address.ip().to_string(), "port_value": address.port() });
            Some(())
        })
    }

    /// The cluster called `upstream` at `address`, and with it every other that has the same endpoint: one server stands
    /// for all of them.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no cluster of that name with one endpoint.
    pub fn upstream(mut self, address: SocketAddr) -> Result<Self> {
        let before = self.endpoint("upstream");
        let clusters = self
            .tree
            .pointer("/static_resources/clusters")
            .and_then(Value::as_array);
        let names = clusters.into_iter().flatten();
        let names: Vec<String> = names
            .filter_map(|cluster| Some(cluster.get("name")?.as_str()?.to_owned()))
            .filter(|name| name != "upstream" && self.endpoint(name) == before)
            .collect();
        self = self.cluster("upstream", address)?;
        names
            .iter()
            .try_fold(self, |sample, name| sample.cluster(name, address))
    }

    /// The endpoint of the cluster called `name`, as `address:port`.
    pub fn endpoint(&self, name: &str) -> Option<SocketAddr> {
        let clusters = self.tree.pointer("/static_resources/clusters")?.as_array()?;
        let cluster = clusters
            .iter()
            .find(|cluster| cluster.get("name").and_then(Value::as_str) == Some(name))?;
        let address =
            cluster.pointer("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address")?;
        let ip = address.get("address")?.as_str()?.parse().ok()?;
        Some(SocketAddr::new(
            ip,
            u16::try_from(address.get("port_value")?.as_u64()?).ok()?,
        ))
    }

    /// The module of the wasm filter called `filter`.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no wasm filter of that name.
    pub fn module(self, filter: &str, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().display().to_string();
        self.wasm(filter, |config| {
            let vm = config.entry("vm_config").or_insert_with(|| json!({}));
            vm["code"] = json!({ "local": { "filename": path } });
        })
    }

    /// The configuration of the wasm filter called `filter`, as JSON text in a StringValue.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no wasm filter of that name.
    pub fn configuration(self, filter: &str, configuration: &Value) -> Result<Self> {
        self.configuration_text(filter, configuration)
    }

    /// The configuration of the wasm filter called `filter`, as this text in a StringValue, be it JSON or not.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no wasm filter of that name.
    pub fn configuration_text(self, filter: &str, text: impl Display) -> Result<Self> {
        let value =
            json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text.to_string() });
        self.wasm(filter, |config| {
            drop(config.insert("configuration".into(), value))
        })
    }

    /// The configuration of the wasm filter called `filter`, as a Struct.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no wasm filter of that name.
    pub fn configuration_struct(self, filter: &str, configuration: &Value) -> Result<Self> {
        let value = json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": configuration });
        self.wasm(filter, |config| {
            drop(config.insert("configuration".into(), value))
        })
    }

    /// No configuration at all for the wasm filter called `filter`.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is no wasm filter of that name.
    pub fn without_configuration(self, filter: &str) -> Result<Self> {
        self.wasm(filter, |config| drop(config.remove("configuration")))
    }

    /// Without the filter called `filter`, of whatever kind.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is none of that name.
    pub fn without_filter(self, filter: &str) -> Result<Self> {
        self.change(&format!("a filter called {filter}"), |tree| {
            let chain = find(tree, &|node| {
                let filters = node.get("http_filters").and_then(Value::as_array);
                filters.is_some_and(|filters| filters.iter().any(|each| each["name"] == filter))
            })?;
            chain
                .get_mut("http_filters")?
                .as_array_mut()?
                .retain(|each| each["name"] != filter);
            Some(())
        })
    }

    /// Every access log that has lines in this file, in the format it has.
    ///
    /// # Errors
    /// [`Error::Sample`] if it writes no access log.
    pub fn access_log(self, path: &Path) -> Result<Self> {
        let path = path.display().to_string();
        self.change("an access log", |tree| {
            let log = find(tree, &|node| node.get("access_log").is_some_and(Value::is_array))?;
            for log in log.get_mut("access_log")?.as_array_mut()? {
                let Some(format) = log.pointer("/typed_config/log_format").cloned() else {
                    continue;
                };
                *log = json!({
                    "name": "envoy.access_loggers.file",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                        "path": path,
                        "log_format": format,
                    },
                });
            }
            Some(())
        })
    }

    /// Puts `value` at a JSON pointer such as `/static_resources/clusters/0/connect_timeout`, whose parent must exist.
    ///
    /// # Errors
    /// [`Error::Sample`] if it does not.
    pub fn set(self, pointer: &str, value: Value) -> Result<Self> {
        self.change(&format!("the parent of {pointer}"), |tree| {
            let (parent, key) = pointer_parent(pointer)?;
            match tree.pointer_mut(parent)? {
                Value::Object(members) => drop(members.insert(key, value)),
                Value::Array(items) => *items.get_mut(key.parse::<usize>().ok()?)? = value,
                _ => return None,
            }
            Some(())
        })
    }

    fn wasm(self, filter: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Result<Self> {
        self.change(&format!("a wasm filter called {filter}"), |tree| {
            let found = find(tree, &|node| is_wasm_filter(node) && node["name"] == filter)?;
            change(found.pointer_mut(WASM_CONFIG)?.as_object_mut()?);
            Some(())
        })
    }

    fn change(mut self, what: &str, change: impl FnOnce(&mut Value) -> Option<()>) -> Result<Self> {
        match change(&mut self.tree) {
            Some(()) => Ok(self),
            None => Err(Error::Sample {
                sample: self.name,
                rule: format!("has not {what}"),
            }),
        }
    }
}

fn named<'t>(list: Option<&'t mut Value>, name: &str) -> Option<&'t mut Value> {
    list?
        .as_array_mut()?
        .iter_mut()
        .find(|each| each.get("name").and_then(Value::as_str) == Some(name))
}

fn port_of(holder: &Value, listener: Option<String>) -> Option<Port> {
    let socket = holder.pointer("/address/socket_address")?;
    Some(Port {
        listener,
        address: socket.get("address")?.as_str()?.to_owned(),
        port: u16::try_from(socket.get("port_value")?.as_u64()?).ok()?,
    })
}

fn set_port(holder: &mut Value, port: u16) -> bool {
    let socket = holder
        .pointer_mut("/address/socket_address")
        .and_then(Value::as_object_mut);
    socket
        .map(|socket| socket.insert("port_value".into(), port.into()))
        .is_some()
}
