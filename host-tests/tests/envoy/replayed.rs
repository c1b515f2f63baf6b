//! `policyctl replay` on an access log that a real Envoy has just written: what the tool says would happen is what happened.

use crate::samples::stand_with;
use crate::stand::Stand;
use live::client::Request;
use live::wait;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const BOUND: Duration = Duration::from_secs(20);

/// Good and bad answers, a retried one among them; failures until the breaker is open, and rejections.
const PATHS: &[&str] = &[
    "/orders/1",
    "/orders/2?status=404",
    "/orders/3?status=400&body=no",
    "/orders/4?status=500",
    "/orders/5",
    "/orders/6?status=503",
    "/orders/7?status=503",
    "/orders/8?status=503",
    "/orders/9",
    "/orders/10?status=404",
];

#[track_caller]
fn logged(stand: &Stand) -> Vec<Value> {
    let log = wait::until(BOUND, "an entry of each request", || {
        let log = stand.envoy.access_log()?;
        Ok((log.len() == PATHS.len()).then_some(log))
    });
    log.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_log_under_the_configuration_that_it_was_written_with_tells_of_no_change() {
    let stand = stand_with("envoy.yaml", Ok);
    let statuses: Vec<u16> = PATHS
        .iter()
        .map(|path| {
            let response = stand.envoy.send(&Request::get(path));
            response.unwrap_or_else(|error| panic!("{path}: {error}")).status
        })
        .collect();
    assert_eq!(statuses, [200, 404, 400, 500, 200, 503, 503, 503, 503, 503]);
    let log = logged(&stand);
    let text: String = log.iter().map(|entry| format!("{entry}\n")).collect();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("access.log");
    std::fs::write(&file, text).expect("it takes a file");

    let mut tool = Command::new(env!("CARGO_BIN_EXE_policyctl"));
    tool.args([
        "replay",
        "--json",
        "--cluster",
        "upstream",
        "--new",
        "envoy/envoy.yaml",
    ]);
    let told = tool.arg(&file).current_dir(live::repository()).output();
    let told = told.expect("the tool runs");
    let report: Value = serde_json::from_slice(&told.stdout).expect("it prints JSON");

    assert_eq!(report["log"]["left_out"], json!([]), "{report:#}");
    assert_eq!(report["changes"], json!([]), "{log:#?}\n{report:#}");
    assert_eq!(report["requests"], PATHS.len());
    let old = &report["old"]["requests"];
    let new = &report["new"]["requests"];
    for member in ["tried_again", "more_attempts", "refused"] {
        assert_eq!(old[member], new[member], "{member}: {log:#?}");
    }
    assert_eq!(new["refused"]["circuit_breaker_open"]["count"], 2, "{report:#}");
    let breaker = &report["new"]["breakers"]["upstream"];
    assert_eq!(breaker["opened"], 1, "{report:#}");
    assert_eq!(breaker["openings"][0]["reason"], "consecutive_failures");
}
