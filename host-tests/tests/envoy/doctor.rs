//! What `policyctl doctor` says of an Envoy, against that Envoy: the same of what runs as of its file, harm where it says so
//! and none where it is cured, and sets that serve.
//!
//! The harm of most findings is shown by other tests: `fails-closed` by circuit_breaker/lost_worker.rs, `route-retries` by
//! retry_samples, `retry-budget-missing`, `budgets-apart` and `burst-unbounded` by retry/budget.rs and
//! retry/charged_in_advance.rs, `hedged-away` by retry/hedging.rs, `peer-not-known` by trust.rs, `tracing-by-id` and
//! `trace-overwritten` by tracing.rs, `fallback-from-clients` by samples/circuit_breaker_fallback.rs, `cache-passes-by` by
//! samples/caching.rs, `labels-missing` by observability/labels.rs, `configuration-refused` by ecds/refused.rs.

mod emitted;
mod harm;
mod same;

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What `policyctl` prints with these arguments.
#[track_caller]
fn policyctl(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_policyctl"))
        .args(arguments)
        .current_dir(live::repository())
        .output()
        .expect("it starts");
    let code = output.status.code();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {code:?} {told}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Each finding of this file or address: its id, and the listener or cluster that it is in.
#[track_caller]
fn found(given: &str) -> Vec<(String, String)> {
    let printed = policyctl(&["doctor", "--json", given]);
    let json: Value = serde_json::from_str(&printed).expect("it is JSON");
    let findings = json["findings"].as_array().expect("there is a list");
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("it is a text").to_owned();
    let mut all: Vec<_> = findings
        .iter()
        .map(|finding| (text(finding, "id"), text(finding, "within")))
        .collect();
    all.sort();
    all
}

/// The ids of what is found in this configuration.
#[track_caller]
fn ids(yaml: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = write(folder.path(), "envoy.yaml", yaml);
    found(&file).into_iter().map(|(id, _)| id).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("a file can be written");
    file.display().to_string()
}
