//! What a manifest for a mesh or a gateway installs.

use super::envoy::{self, text};
use super::{Given, Installed, ModuleFrom, Stands, which};
use crate::document::Document;
use crate::modules::Modules;
use serde_json::Value;

/// Whether it is a manifest.
pub(super) fn is_one(tree: &Value) -> bool {
    tree.get("kind").is_some_and(Value::is_string) && tree.get("apiVersion").is_some_and(Value::is_string)
}

/// Finds the plugins of the manifest at this pointer.
pub(super) fn find(document: &Document, pointer: &str, modules: &Modules, all: &mut Vec<Installed>) {
    let node = document.at(pointer).unwrap_or(&Value::Null);
    let at = |path: &str| format!("{pointer}{path}");
    let count = |path: &str| node.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
    match node.get("kind").and_then(Value::as_str).unwrap_or_default() {
        "List" => (0..count("/items"))
            .for_each(|index| find(document, &at(&format!("/items/{index}")), modules, all)),
        "WasmPlugin" => all.push(of_istio(document, &at("/spec"), node, modules)),
        "TrafficExtension" if node.pointer("/spec/wasm").is_some() => {
            all.push(of_istio(document, &at("/spec/wasm"), node, modules));
        }
        "EnvoyFilter" => envoy::find(document, &at("/spec"), Stands::Unsaid, modules, all),
        "EnvoyExtensionPolicy" => {
            for index in 0..count("/spec/wasm") {
                all.push(of_gateway(document, &at(&format!("/spec/wasm/{index}")), modules));
            }
        }
        _ => {}
    }
}

/// Istio starts every plugin with its name as root id, and without a vm_id.
fn of_istio(document: &Document, pointer: &str, resource: &Value, modules: &Modules) -> Installed {
    let node = document.at(pointer).unwrap_or(&Value::Null);
    let module = ModuleFrom::Url(text(node, "/url"));
    let root_id = text(node, "/pluginName");
    let policy = match text(node, "/failStrategy").as_str() {
        "" => None,
        "FAIL_CLOSE" => Some("FAIL_CLOSED".to_owned()),
        other => Some(other.to_owned()),
    };
    let (given, configuration) = json_of(document, &format!("{pointer}/pluginConfig"));
    let called = [text(resource, "/metadata/name"), root_id.clone()];
    let ours = which(&root_id, &module, modules);
    Installed {
        plugin: ours.map(|(plugin, _)| plugin),
        shipped: ours.map(|(_, shipped)| shipped),
        name: called
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default(),
        root_id,
        vm_id: String::new(),
        module,
        failure_policy: policy,
        given,
        stands: Stands::Listener(String::new()),
        document: document.clone(),
        pointer: pointer.to_owned(),
        configuration,
    }
}

/// Envoy Gateway gives each plugin a VM of its own.
fn of_gateway(document: &Document, pointer: &str, modules: &Modules) -> Installed {
    let node = document.at(pointer).unwrap_or(&Value::Null);
    let urls = [text(node, "/code/image/url"), text(node, "/code/http/url")];
    let url = urls.into_iter().find(|url| !url.is_empty());
    let module = url.map_or(ModuleFrom::Unsaid, ModuleFrom::Url);
    let root_id = text(node, "/rootID");
    let name = text(node, "/name");
    let is_open = node.get("failOpen").and_then(Value::as_bool) == Some(true);
    let (given, configuration) = json_of(document, &format!("{pointer}/config"));
    let ours = which(&root_id, &module, modules);
    Installed {
        plugin: ours.map(|(plugin, _)| plugin),
        shipped: ours.map(|(_, shipped)| shipped),
        vm_id: name.clone(),
        name,
        root_id,
        module,
        failure_policy: is_open.then(|| "FAIL_OPEN".to_owned()),
        given,
        stands: Stands::Listener(String::new()),
        document: document.clone(),
        pointer: pointer.to_owned(),
        configuration,
    }
}

/// Both hand the tree over as the text of its JSON.
fn json_of(document: &Document, pointer: &str) -> (Given, Option<Document>) {
    match document.at(pointer) {
        None | Some(Value::Null) => (Given::Nothing, None),
        Some(tree) => (Given::Text(tree.to_string()), document.part(pointer)),
    }
}
