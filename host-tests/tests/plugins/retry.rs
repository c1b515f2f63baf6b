//! The retry plugin: what is tried again, how often, and what callers are told.

mod steering;

use host::Host;
use host_tests::plugin::RETRY;
use serde_json::{Value, json};

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    Host::new(RETRY.module()).config(json!({ "default": policy }))
}
