//! The plugins of a scenario, and what changes about them on the way.

use super::units::{At, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One filter: a plugin with its configuration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// The plugin: circuit-breaker, error-envelope, request-id, retry, or policies.
    pub(crate) plugin: String,
    /// Its configuration (default: none, which means the defaults).
    #[serde(default)]
    pub(crate) config: Option<Value>,
    /// The file with that, JSON or YAML, relative to this one.
    #[serde(default)]
    pub(crate) config_file: Option<At<String>>,
    /// The module, a .wasm file relative to this one (default: the one that this program brings along).
    #[serde(default)]
    pub(crate) module: Option<At<String>>,
    /// By what a change names it (default: the plugin's name, in a cluster with the cluster's behind it: `retry.upstream`).
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Which plugin of a module of several it is (default: as `plugin`).
    #[serde(default)]
    pub(crate) root_id: Option<String>,
    /// Filters of one vm_id share their breakers and budgets (default: policies).
    #[serde(default)]
    pub(crate) vm_id: Option<String>,
    /// What becomes of requests once its VM has died (default: reload).
    #[serde(default)]
    pub(crate) failure_policy: FailurePolicy,
}

/// What becomes of requests once a VM has died.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailurePolicy {
    /// They are answered 503.
    Closed,
    /// They go on without the filter.
    Open,
    /// There is a new VM.
    #[default]
    Reload,
}

/// What changes at a moment: one of `policies`, `filter` with its `config`, or `kill_worker`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// When.
    pub(crate) at: Time,
    /// The new configuration of all plugins as one module, whole.
    #[serde(default)]
    pub(crate) policies: Option<Value>,
    /// The filter with this name gets another configuration.
    #[serde(default)]
    pub(crate) filter: Option<String>,
    /// Its new configuration, whole.
    #[serde(default)]
    pub(crate) config: Option<Value>,
    /// The VMs of this worker die, as of a crash; workers count from 0.
    #[serde(default)]
    pub(crate) kill_worker: Option<usize>,
    /// What to call it in the timeline.
    #[serde(default)]
    pub(crate) note: Option<String>,
}
