//! What manifests for a mesh or a gateway say of the Envoys that come of them: which filters, in which order. The rest of a
//! listener is the control plane's, and is not known here.

use super::read::Discovered;
use super::{Filter, Listener, Manager, Proxy, Routes};
use crate::document::Node;
use crate::installed::{self, Stands};
use crate::modules::Modules;

/// Adds what this manifest says.
pub(super) fn add<'d>(manifest: Node<'d>, modules: &Modules, proxy: &mut Proxy<'d>) {
    let items = manifest.all("items");
    if manifest.text("kind") == "List" {
        for item in items {
            add(item, modules, proxy);
        }
        return;
    }
    match manifest.text("kind") {
        "WasmPlugin" | "TrafficExtension" => in_phases(&manifest, modules, proxy),
        "EnvoyFilter" => patches(&manifest, modules, proxy),
        "EnvoyExtensionPolicy" => {
            let installed = installed::in_manifest(manifest.document(), manifest.pointer(), modules);
            let filters = manifest.all("spec.wasm").into_iter().zip(installed);
            let filters = filters
                .map(|(node, installed)| Filter::asked_for(node, installed))
                .collect();
            proxy.listeners.push(listener(manifest.clone(), filters));
        }
        _ => {}
    }
    proxy.manifests.push(manifest);
}

fn listener<'d>(node: Node<'d>, filters: Vec<Filter<'d>>) -> Listener<'d> {
    Listener {
        managers: vec![Manager {
            node: node.clone(),
            is_whole: false,
            filters,
            routes: Routes::Unseen,
        }],
        node,
    }
}

/// Istio's plugins for the same proxies stand in one chain: by phase, and in it the highest priority first.
fn in_phases<'d>(manifest: &Node<'d>, modules: &Modules, proxy: &mut Proxy<'d>) {
    let Some(spec) = manifest.get("spec") else {
        return;
    };
    let node = spec.get("wasm").unwrap_or_else(|| spec.clone());
    let installed = installed::in_manifest(manifest.document(), manifest.pointer(), modules);
    let added = installed
        .into_iter()
        .map(|installed| Filter::asked_for(node.clone(), installed));
    let added: Vec<Filter<'d>> = added.collect();
    let same = proxy
        .listeners
        .iter_mut()
        .find(|listener| is_kin(&listener.node) && is_for(&listener.node) == is_for(manifest));
    match same.and_then(|listener| listener.managers.first_mut()) {
        Some(manager) => {
            manager.filters.extend(added);
            manager.filters.sort_by_key(place);
        }
        None => proxy.listeners.push(listener(manifest.clone(), added)),
    }
}

fn is_kin(manifest: &Node<'_>) -> bool {
    matches!(manifest.text("kind"), "WasmPlugin" | "TrafficExtension")
}

/// Which proxies it is for.
fn is_for(manifest: &Node<'_>) -> String {
    let parts = [
        "metadata.namespace",
        "spec.selector",
        "spec.target_refs",
        "spec.match",
    ];
    let told = parts.map(|key| manifest.at(key).map(|node| node.value().to_string()));
    told.map(Option::unwrap_or_default).join(" ")
}

/// Where in the chain: smaller is earlier.
fn place(filter: &Filter<'_>) -> (u8, i64) {
    let document = filter.node.document();
    let pointer = filter.node.pointer().trim_end_matches("/wasm");
    let spec = document.at(pointer);
    let text = |key| {
        spec.and_then(|spec| spec.get(key))
            .and_then(|value| value.as_str())
    };
    let phase = match text("phase").unwrap_or_default() {
        "AUTHN" => 0,
        "AUTHZ" => 1,
        "STATS" => 2,
        _ => 3,
    };
    let priority = spec
        .and_then(|spec| spec.get("priority"))
        .and_then(|value| value.as_i64());
    (phase, -priority.unwrap_or(0))
}

/// Filters by name, and their places; and what is added to the bootstrap.
fn patches<'d>(manifest: &Node<'d>, modules: &Modules, proxy: &mut Proxy<'d>) {
    let all = manifest.all("spec.config_patches");
    let of = |kind: &str| {
        let all = all.iter().filter(|each| each.text("apply_to") == kind);
        all.filter_map(|each| each.get("patch")).collect::<Vec<_>>()
    };
    if let Some(added) = of("BOOTSTRAP")
        .iter()
        .filter_map(|patch| patch.get("value"))
        .find(|value| value.get("stats_config").is_some())
    {
        proxy.labels = Some(added);
    }
    let named = of("EXTENSION_CONFIG")
        .iter()
        .filter_map(|patch| patch.get("value"))
        .collect();
    let discovered = Discovered::of(named);
    let mut first = Vec::new();
    let mut last = Vec::new();
    for patch in of("HTTP_FILTER") {
        let Some(value) = patch.get("value") else {
            continue;
        };
        let stands = Stands::Listener(String::new());
        let filter = Filter::read(value, &stands, &discovered, modules, &mut proxy.unseen);
        match patch.text("operation") {
            "INSERT_FIRST" => first.insert(0, filter),
            _ => last.push(filter),
        }
    }
    first.append(&mut last);
    if !first.is_empty() {
        proxy.listeners.push(listener(manifest.clone(), first));
    }
}
