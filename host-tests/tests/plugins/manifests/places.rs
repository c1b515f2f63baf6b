//! Where the plugins come to stand in the chain: everywhere in the one order in which they know of each other.

use super::{Document, of_kind};
use serde_json::Value;
use std::cmp::Reverse;

const ORDER: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// The plugins of these resources in the order in which Istio puts their filters: those before authentication come first,
/// and of one phase those with the higher priority.
fn by_phase_and_priority(mut documents: Vec<Document>) -> Vec<String> {
    documents.sort_by_key(|document| {
        let spec = &document.tree["spec"];
        let is_early = spec["phase"] == "AUTHN";
        (!is_early, Reverse(spec["priority"].as_i64().unwrap_or_default()))
    });
    documents.iter().flat_map(plugins).collect()
}

/// The plugins that a WasmPlugin or TrafficExtension loads, in their order.
fn plugins(document: &Document) -> Vec<String> {
    let spec = &document.tree["spec"];
    let module = spec.get("wasm").unwrap_or(spec);
    let name = module["pluginName"].as_str().expect("it has a name");
    if !is_one_module(document) {
        return vec![name.to_owned()];
    }
    let sections = module["pluginConfig"].as_object().expect("it has sections");
    let in_order = ORDER.into_iter().filter(|name| sections.contains_key(*name));
    in_order.map(str::to_owned).collect()
}

fn is_one_module(document: &Document) -> bool {
    let name = document.tree.pointer("/spec/pluginName");
    let name = name.or_else(|| document.tree.pointer("/spec/wasm/0/rootID"));
    name.is_some_and(|name| name == "policies")
}

#[test]
fn phases_and_priorities_make_the_order() {
    let extensions = of_kind("TrafficExtension");
    let (one_module, single): (Vec<_>, Vec<_>) = of_kind("WasmPlugin").into_iter().partition(is_one_module);
    for documents in [extensions, single, one_module] {
        assert_eq!(by_phase_and_priority(documents), ORDER);
    }
}

#[test]
fn the_list_of_an_extension_policy_is_in_that_order() {
    let (one_module, lists): (Vec<_>, Vec<_>) = of_kind("EnvoyExtensionPolicy")
        .into_iter()
        .partition(is_one_module);
    // One filter, which has its own order.
    assert_eq!(one_module.len(), 1);
    assert!(!lists.is_empty());
    for document in lists {
        let wasm = document.tree["spec"]["wasm"].as_array().expect("it has plugins");
        let names: Vec<_> = wasm.iter().filter_map(|each| each["rootID"].as_str()).collect();
        assert_eq!(names, ORDER, "{}", document.place);
    }
}

#[test]
fn the_routes_that_rules_of_istio_go_by_have_these_names() {
    let service = of_kind("VirtualService").remove(0);
    let routes = service.tree["spec"]["http"].as_array().expect("it has routes");
    let names: Vec<_> = routes.iter().filter_map(|route| route["name"].as_str()).collect();
    assert!(names.contains(&"payments"), "{names:?}");
    // A match with a name of its own would be part of the route's.
    let matches = routes
        .iter()
        .filter_map(|route| route["match"].as_array())
        .flatten();
    assert!(matches.clone().count() > 0);
    for each in matches {
        assert_eq!(each["name"], Value::Null);
    }
    for kind in ["WasmPlugin", "TrafficExtension"] {
        for name in ["circuit-breaker", "retry"] {
            let plugins = of_kind(kind);
            let plugin = plugins.iter().find(|each| each.tree["metadata"]["name"] == name);
            let spec = &plugin.expect("it is there").tree["spec"];
            let configuration = spec.pointer("/wasm").unwrap_or(spec);
            assert_eq!(
                configuration["pluginConfig"]["routes"][0]["match"]["route"], "payments",
                "{kind} {name}"
            );
        }
    }
}

#[test]
fn the_budgets_of_retry_and_of_istio_have_the_same_share() {
    let rule = of_kind("DestinationRule").remove(0);
    assert_eq!(rule.tree["spec"]["trafficPolicy"]["retryBudget"]["percent"], 20);
    let plugins = of_kind("WasmPlugin");
    let retry = plugins
        .iter()
        .find(|each| each.tree["metadata"]["name"] == "retry");
    let policy = &retry.expect("it is there").tree["spec"]["pluginConfig"]["default"];
    assert_eq!(policy["budget"]["percent"], 20);
}
