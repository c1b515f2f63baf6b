//! Istio's TrafficExtension, transcribed from its API of 1.30 (extensions/v1alpha1/traffic_extension.proto): no package has
//! it yet. Lua is left out.

#![expect(dead_code, reason = "what counts is that it can be read")]

use kcr_extensions_istio_io::v1alpha1::wasmplugins::{
    WasmPluginFailStrategy, WasmPluginImagePullPolicy, WasmPluginMatch, WasmPluginPhase, WasmPluginSelector,
    WasmPluginTargetRefs, WasmPluginType, WasmPluginVmConfig,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What it shares with WasmPlugin has WasmPlugin's types.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    selector: Option<WasmPluginSelector>,
    target_refs: Option<Vec<WasmPluginTargetRefs>>,
    phase: Option<WasmPluginPhase>,
    priority: Option<i32>,
    r#match: Option<Vec<WasmPluginMatch>>,
    wasm: Wasm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wasm {
    url: String,
    sha256: Option<String>,
    image_pull_policy: Option<WasmPluginImagePullPolicy>,
    image_pull_secret: Option<String>,
    plugin_config: Option<Map<String, Value>>,
    plugin_name: Option<String>,
    fail_strategy: Option<WasmPluginFailStrategy>,
    vm_config: Option<WasmPluginVmConfig>,
    r#type: Option<WasmPluginType>,
}
