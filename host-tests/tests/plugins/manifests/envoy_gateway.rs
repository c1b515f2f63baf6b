//! Envoy Gateway's resources, transcribed from its API of 1.7 (api/v1alpha1), as far as plugins have to do with them: no
//! package of Rust types has them. A key that is in the API and not here is a fault, and to be added then.

#![expect(dead_code, reason = "what counts is that it can be read")]

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionPolicy {
    target_refs: Vec<Target>,
    wasm: Vec<Wasm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    group: Group,
    kind: TargetKind,
    name: String,
    section_name: Option<String>,
}

#[derive(Deserialize)]
enum Group {
    #[serde(rename = "gateway.networking.k8s.io")]
    GatewayApi,
}

#[derive(Deserialize)]
enum TargetKind {
    Gateway,
    HTTPRoute,
    GRPCRoute,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wasm {
    name: Option<String>,
    #[serde(rename = "rootID")]
    root_id: Option<String>,
    code: Code,
    config: Option<Value>,
    fail_open: Option<bool>,
    env: Option<Env>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Env {
    host_keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Code {
    #[serde(rename = "HTTP")]
    Http {
        http: Source,
        #[serde(rename = "pullPolicy")]
        pull_policy: Option<PullPolicy>,
    },
    Image {
        image: Source,
        #[serde(rename = "pullPolicy")]
        pull_policy: Option<PullPolicy>,
    },
}

#[derive(Deserialize)]
enum PullPolicy {
    IfNotPresent,
    Always,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Source {
    url: String,
    sha256: Option<String>,
    pull_secret_ref: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientTrafficPolicy {
    target_refs: Vec<Target>,
    headers: Option<Headers>,
}

#[derive(Deserialize)]
struct Headers {
    #[serde(rename = "requestID")]
    request_id: Option<RequestId>,
}

#[derive(Deserialize)]
enum RequestId {
    PreserveOrGenerate,
    Preserve,
    Generate,
    Disable,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTrafficPolicy {
    target_refs: Vec<Target>,
    timeout: Option<Timeout>,
    circuit_breaker: Option<CircuitBreaker>,
}

#[derive(Deserialize)]
struct Timeout {
    tcp: Option<Tcp>,
    http: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tcp {
    connect_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    connection_idle_timeout: Option<String>,
    max_connection_duration: Option<String>,
    max_stream_duration: Option<String>,
    request_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CircuitBreaker {
    max_connections: Option<u32>,
    max_pending_requests: Option<u32>,
    max_parallel_requests: Option<u32>,
    max_parallel_retries: Option<u32>,
    max_requests_per_connection: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    bootstrap: Option<Bootstrap>,
    filter_order: Option<Vec<Position>>,
}

#[derive(Deserialize)]
struct Bootstrap {
    r#type: Option<BootstrapType>,
    value: Option<String>,
}

#[derive(Deserialize)]
enum BootstrapType {
    Merge,
    Replace,
    #[serde(rename = "JSONPatch")]
    JsonPatch,
}

#[derive(Deserialize)]
struct Position {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchPolicy {
    target_ref: Target,
    priority: Option<i32>,
    r#type: PatchType,
    json_patches: Vec<Patch>,
}

#[derive(Deserialize)]
enum PatchType {
    #[serde(rename = "JSONPatch")]
    JsonPatch,
}

#[derive(Deserialize)]
struct Patch {
    r#type: ResourceType,
    name: String,
    operation: Operation,
}

#[derive(Deserialize)]
enum ResourceType {
    #[serde(rename = "type.googleapis.com/envoy.config.listener.v3.Listener")]
    Listener,
    #[serde(rename = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration")]
    Routes,
    #[serde(rename = "type.googleapis.com/envoy.config.cluster.v3.Cluster")]
    Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    op: Op,
    path: Option<String>,
    json_path: Option<String>,
    from: Option<String>,
    value: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}
