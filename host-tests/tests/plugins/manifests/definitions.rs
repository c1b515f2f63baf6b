//! The definitions of the resources, as types. Whoever wrote them is not whoever wrote the manifests: those of Istio are
//! generated from its own definitions. Where no package has them, they are transcribed from the project's own.
//!
//! A key that a type does not know is a fault, as it is in a cluster that checks strictly: elsewhere it would be dropped
//! without a word.

use super::{envoy_gateway, traffic_extension};
use kcr_extensions_istio_io::v1alpha1::wasmplugins::WasmPluginSpec;
use kcr_networking_istio_io::v1::destinationrules::DestinationRuleSpec;
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceSpec;
use kcr_networking_istio_io::v1alpha3::envoyfilters::EnvoyFilterSpec;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What every resource has, as far as these manifests go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what counts is that it can be read")]
struct Resource<Spec> {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is that it can be read")]
struct Metadata {
    name: String,
    namespace: String,
}

/// What is wrong with this resource; nothing where nothing is.
pub fn faults(resource: &Value) -> Vec<String> {
    let text = |key: &str| resource[key].as_str().unwrap_or_default();
    match (text("apiVersion"), text("kind")) {
        ("extensions.istio.io/v1alpha1", "WasmPlugin") => read::<WasmPluginSpec>(resource),
        ("extensions.istio.io/v1alpha1", "TrafficExtension") => read::<traffic_extension::Spec>(resource),
        ("networking.istio.io/v1alpha3", "EnvoyFilter") => read::<EnvoyFilterSpec>(resource),
        ("networking.istio.io/v1", "VirtualService") => read::<VirtualServiceSpec>(resource),
        ("networking.istio.io/v1", "DestinationRule") => read::<DestinationRuleSpec>(resource),
        ("gateway.envoyproxy.io/v1alpha1", kind) => match kind {
            "EnvoyExtensionPolicy" => read::<envoy_gateway::ExtensionPolicy>(resource),
            "ClientTrafficPolicy" => read::<envoy_gateway::ClientTrafficPolicy>(resource),
            "BackendTrafficPolicy" => read::<envoy_gateway::BackendTrafficPolicy>(resource),
            "EnvoyProxy" => read::<envoy_gateway::Proxy>(resource),
            "EnvoyPatchPolicy" => read::<envoy_gateway::PatchPolicy>(resource),
            _ => vec![format!("no definition of {kind}")],
        },
        (version, kind) => vec![format!("no definition of {kind} of {version}")],
    }
}

fn read<Spec: DeserializeOwned>(resource: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let read = serde_ignored::deserialize::<_, _, Resource<Spec>>(resource, |path| {
        faults.push(format!("{path}: there is no such key"));
    });
    faults.extend(read.err().map(|error| error.to_string()));
    faults
}
