//! What is read of samples and small files.

use super::{Proxy, Sources};
use crate::modules::names_alone;
use std::path::Path;

/// The plugins of each connection manager of a sample, in order, and those of the clusters.
fn chains(path: &str) -> (Vec<Vec<&'static str>>, Vec<&'static str>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let sources = Sources::read(path.to_str().expect("it is text")).expect("it is readable");
    let modules = names_alone();
    let proxy = Proxy::of(&sources, &modules);
    let chains = proxy.managers().map(|(_, manager)| {
        let plugins = manager.plugins();
        plugins.map(|(_, plugin)| plugin.name).collect()
    });
    let attempts = proxy.clusters.iter().flat_map(|cluster| &cluster.filters);
    let attempts = attempts.flat_map(|filter| filter.plugins.iter().map(|plugin| plugin.name));
    (chains.collect(), attempts.collect())
}

const ALL: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

#[test]
fn a_chain_has_its_plugins_in_order_wherever_they_are_configured() {
    assert_eq!(chains("envoy/envoy.yaml"), (vec![ALL.to_vec()], vec![]));
    assert_eq!(chains("envoy/ecds/envoy.yaml"), (vec![ALL.to_vec()], vec![]));
    assert_eq!(
        chains("envoy/policies.yaml"),
        (
            vec![ALL.to_vec(), vec!["error-envelope", "request-id", "retry"]],
            vec!["circuit-breaker"]
        )
    );
}

#[test]
fn manifests_say_the_order_by_phase_and_place_and_list() {
    for path in [
        "envoy/istio/policies.yaml",
        "envoy/istio/traffic-extension.yaml",
        "envoy/istio/envoyfilter.yaml",
        "envoy/envoy-gateway/policies.yaml",
        "envoy/envoy-gateway/one-module.yaml",
    ] {
        assert_eq!(chains(path).0, [ALL], "{path}");
    }
}
