//! What an Envoy's configuration installs: wherever a filter of the Wasm type stands in it.

use super::{Given, Installed, ModuleFrom, Stands, which};
use crate::document::{Document, escaped};
use crate::modules::Modules;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// The type of the filter.
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// What an Envoy's configuration, a dump of it, or a file of a discovery service begins with.
const TOPS: [&str; 7] = [
    "static_resources",
    "dynamic_resources",
    "configs",
    "resources",
    "bootstrap",
    "@type",
    "typed_config",
];

/// Whether it is an Envoy's configuration, or a part of one.
pub(super) fn is_one(tree: &Value) -> bool {
    TOPS.iter().any(|top| tree.get(top).is_some()) || tree.is_array()
}

/// Finds the plugins at this pointer and below.
pub(super) fn find(
    document: &Document,
    pointer: &str,
    stands: Stands,
    modules: &Modules,
    all: &mut Vec<Installed>,
) {
    let Some(node) = document.at(pointer) else {
        return;
    };
    let below = |key: &str| format!("{pointer}/{}", escaped(key));
    match node {
        Value::Array(items) => {
            for index in 0..items.len() {
                find(document, &below(&index.to_string()), stands.clone(), modules, all);
            }
        }
        Value::Object(members) => {
            if let Some(config) = wasm_config(node) {
                let config = format!("{pointer}/{config}");
                all.extend(installed(document, &config, pointer, &stands, modules));
                return;
            }
            let name = || text(node, "/name");
            let stands =
                if members.contains_key("filter_chains") || members.contains_key("default_filter_chain") {
                    Stands::Listener(name())
                } else if members.contains_key("typed_extension_protocol_options") {
                    Stands::Cluster(name())
                } else {
                    stands
                };
            for key in members.keys() {
                find(document, &below(key), stands.clone(), modules, all);
            }
        }
        _ => {}
    }
}

/// The plugin that a filter's typed configuration at this pointer installs; `None`: it is of another type.
pub(super) fn at(
    document: &Document,
    pointer: &str,
    stands: &Stands,
    modules: &Modules,
) -> Option<Installed> {
    let config = wasm_config(document.at(pointer)?)?;
    installed(document, &format!("{pointer}/{config}"), pointer, stands, modules)
}

/// Where below this node the plugin's `config` is, if the node is a filter's typed configuration of the Wasm type.
fn wasm_config(node: &Value) -> Option<&'static str> {
    let is_type = |key| {
        node.get(key)
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.ends_with(WASM))
    };
    if is_type("@type") {
        return Some("config");
    }
    // Control planes may wrap it in a TypedStruct.
    is_type("type_url").then_some("value/config")
}

fn installed(
    document: &Document,
    config: &str,
    filter: &str,
    stands: &Stands,
    modules: &Modules,
) -> Option<Installed> {
    let node = document.at(config)?;
    let module = module(node);
    let root_id = text(node, "/root_id");
    let (given, configuration) = configured(document, &format!("{config}/configuration"));
    let called = filter
        .rsplit_once('/')
        .map(|(around, _)| text(document.at(around).unwrap_or(&Value::Null), "/name"));
    let name = [text(node, "/name"), called.unwrap_or_default(), root_id.clone()];
    let policy = node
        .get("failure_policy")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let is_open = node.get("fail_open").and_then(Value::as_bool) == Some(true);
    let ours = which(&root_id, &module, modules);
    Some(Installed {
        plugin: ours.map(|(plugin, _)| plugin),
        shipped: ours.map(|(_, shipped)| shipped),
        name: name.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        vm_id: text(node, "/vm_config/vm_id"),
        failure_policy: policy.or_else(|| is_open.then(|| "FAIL_OPEN".to_owned())),
        root_id,
        module,
        given,
        stands: stands.clone(),
        document: document.clone(),
        pointer: config.to_owned(),
        configuration,
    })
}

fn module(node: &Value) -> ModuleFrom {
    let code = "/vm_config/code";
    match (
        text(node, &format!("{code}/local/filename")),
        text(node, &format!("{code}/remote/http_uri/uri")),
    ) {
        (file, _) if !file.is_empty() => ModuleFrom::File(file.into()),
        (_, url) if !url.is_empty() => ModuleFrom::Url(url),
        _ => ModuleFrom::Unsaid,
    }
}

/// The configuration in this `google.protobuf.Any`.
fn configured(document: &Document, any: &str) -> (Given, Option<Document>) {
    let value = format!("{any}/value");
    let kind = text(document.at(any).unwrap_or(&Value::Null), "/@type");
    match document.at(&value) {
        // In JSON and YAML, bytes are base64.
        Some(Value::String(text)) if kind.ends_with("google.protobuf.BytesValue") => {
            let bytes = BASE64_STANDARD.decode(text).ok();
            let said = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            (Given::Text(said.unwrap_or_else(|| text.clone())), None)
        }
        Some(Value::String(text)) => (Given::Text(text.clone()), document.embedded(&value)),
        Some(object @ Value::Object(_)) => (Given::Struct(object.clone()), document.part(&value)),
        _ => (Given::Nothing, None),
    }
}

pub(super) fn text(node: &Value, pointer: &str) -> String {
    let text = node.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
