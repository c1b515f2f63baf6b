//! `policyctl replay`.

mod bad_logs;
mod logs;
mod traffic;

use crate::called::{Called, policyctl};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use traffic::{Line, get, log, shop};

/// A folder with these files.
#[track_caller]
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("it takes a file");
    }
    folder
}

/// Replays the lines under a new configuration and, if it is given, an old one.
#[track_caller]
fn replay(lines: impl IntoIterator<Item = Line>, new: &Value, old: Option<&Value>, more: &[&str]) -> Called {
    let (new, old) = (new.to_string(), old.map(Value::to_string));
    let log = log(lines);
    let mut files = vec![("access.log", log.as_bytes()), ("new.json", new.as_bytes())];
    files.extend(old.as_ref().map(|old| ("old.json", old.as_bytes())));
    let folder = folder(&files);
    let old = old.iter().flat_map(|_| ["--old", "old.json"]);
    let arguments = ["replay", "--new", "new.json"].into_iter().chain(old);
    let arguments = arguments.chain(more.iter().copied()).chain(["access.log"]);
    policyctl(arguments).within(folder.path()).run()
}

/// The same, as JSON.
#[track_caller]
fn report(lines: impl IntoIterator<Item = Line>, new: &Value, old: Option<&Value>) -> Value {
    let called = replay(lines, new, old, &["--json"]);
    assert_eq!(called.code, 0, "{}{}", called.out, called.err);
    called.json()
}

/// A breaker that opens at so many failures in a row, for ten seconds, without any chance in it.
fn breaker(failures: u64) -> Value {
    json!({ "circuit-breaker": { "default": {
        "trip": { "consecutive_failures": failures, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 }, "ramp": null,
    } } })
}

/// Ten requests a second for two minutes; from the 60th second to the 80th the upstream fails.
fn outage() -> impl Iterator<Item = Line> {
    let at = (0..1200).map(|number| number * 100);
    at.map(|at| match at {
        60_000..80_000 => get(at).code(503),
        _ => get(at),
    })
}

#[test]
fn in_an_outage_the_breaker_opens_with_the_answer_that_is_one_too_many() {
    let report = report(outage(), &breaker(5), None);
    // The fifth failure began at 60.400 and was answered after 20 ms. At 70.420 and at 80.420 it is half-open; the first
    // request after that, at 70.500, still fails.
    let opening = json!({
        "at": "2026-01-01T00:01:00.420Z", "reason": "consecutive_failures", "opened_again": 1,
        "closed": report["new"]["breakers"]["orders"]["openings"][0]["closed"],
    });
    assert_eq!(report["new"]["breakers"]["orders"]["openings"], json!([opening]));
    let closed = opening["closed"].as_str().expect("it closed");
    assert!(
        ("2026-01-01T00:01:30"..="2026-01-01T00:01:31").contains(&closed),
        "{closed}"
    );
    let rejected = report["new"]["requests"]["refused"]["circuit_breaker_open"]["count"].as_u64();
    assert!(rejected.is_some_and(|rejected| rejected > 250), "{report:#}");
}

#[test]
fn under_the_same_configuration_nothing_changes() {
    let mut configuration = breaker(5);
    for plugin in ["request-id", "error-envelope", "retry"] {
        configuration[plugin] = json!({});
    }
    let report = report(shop(3000), &configuration, Some(&configuration));
    assert_eq!(
        (&report["requests"], &report["changed"]),
        (&json!(3000), &json!(0))
    );
    assert_eq!(report["old"]["breakers"], report["new"]["breakers"]);
    assert_eq!(report["old"]["requests"], report["new"]["requests"]);
    let opened = report["new"]["breakers"]["pay"]["opened"].as_u64();
    assert!(
        opened.is_some_and(|opened| opened > 0),
        "there is something to compare: {report:#}"
    );
}

#[test]
fn twenty_thousand_requests_give_the_same_report_each_time_in_whatever_order_they_are_written() {
    let (new, old) = (breaker(5), breaker(50));
    let reports = [1, 2].map(|_| report(shop(20_000), &new, Some(&old)));
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0]["log"]["replayed"], 20_000);
    assert_eq!(reports[0]["new"]["breakers"]["pay"]["opened"], 1);
    assert_eq!(reports[0]["old"]["breakers"], json!({}));
    let changed = reports[0]["changed"].as_u64().unwrap_or(0);
    assert!(changed > 50, "{:#}", reports[0]);

    let mut lines = shop(20_000);
    // Workers write what they hold back now and then: blocks of a log change places.
    lines.chunks_mut(500).for_each(<[Line]>::reverse);
    let text: String = lines.iter().map(|line| line.text() + "\n").collect();
    let (new, old) = (new.to_string(), old.to_string());
    let folder = folder(&[
        ("access.log", text.as_bytes()),
        ("new.json", new.as_bytes()),
        ("old.json", old.as_bytes()),
    ]);
    let arguments = [
        "replay",
        "--json",
        "--old",
        "old.json",
        "--new",
        "new.json",
        "access.log",
    ];
    let shuffled = policyctl(arguments).within(folder.path()).ends_with(0).json();
    for member in ["new", "old", "changed"] {
        let without_lines = |report: &Value| {
            report[member]
                .to_string()
                .replace(|one: char| one.is_ascii_digit(), "")
        };
        assert_eq!(without_lines(&shuffled), without_lines(&reports[0]), "{member}");
    }
    assert_eq!(shuffled["changed"], reports[0]["changed"]);
}

#[test]
fn a_stricter_breaker_rejects_what_the_old_one_let_through() {
    let failing = (0..100).map(|number| get(number * 100).code(if number % 10 < 4 { 503 } else { 200 }));
    let report = report(failing, &breaker(3), Some(&breaker(5)));
    assert_eq!(report["old"]["breakers"], json!({}), "four in a row are not five");
    assert_eq!(report["new"]["breakers"]["orders"]["opened"], 1);
    let changes = report["changes"].as_array().expect("there are changes");
    let rejected = json!({ "status": 503, "error_code": "CIRCUIT_OPEN" });
    let was_fine = json!({ "status": 200, "error_code": null });
    assert_eq!((&changes[0]["old"], &changes[0]["new"]), (&was_fine, &rejected));
    assert_eq!(
        changes[0]["examples"][0]["request_id"], "id-400",
        "the first one after the third failure"
    );
}

#[test]
fn in_shadow_nothing_changes_and_what_would_be_rejected_is_counted() {
    let mut shadow = breaker(5);
    shadow["circuit-breaker"]["mode"] = "shadow".into();
    let report = report(
        outage(),
        &shadow,
        Some(&json!({ "circuit-breaker": { "mode": "disabled" } })),
    );
    assert_eq!(report["changed"], 0);
    let breaker = &report["new"]["breakers"]["orders"];
    assert_eq!((&breaker["opened"], &breaker["rejected"]), (&json!(1), &json!(0)));
    assert!(
        breaker["rejected_in_shadow"]
            .as_u64()
            .is_some_and(|rejected| rejected > 250),
        "{breaker}"
    );
}

#[test]
fn what_would_be_tried_again_is_told_by_what_the_first_attempt_came_to() {
    let lines = [
        get(0).code(503),
        get(1000).code(503).with("method", "POST"),
        get(2000)
            .details("upstream_reset_before_response_started{connection_termination}")
            .code(503),
        get(3000),
    ];
    let retry = |attempts: u64| json!({ "retry": { "default": { "attempts": attempts } } });
    let report = report(lines, &retry(3), Some(&retry(1)));
    let requests = &report["new"]["requests"];
    assert_eq!(
        (&requests["tried_again"], &requests["more_attempts"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(
        requests["tried_again_after"]["503"]["examples"][0]["request_id"],
        "id-0"
    );
    assert_eq!(
        requests["tried_again_after"]["connection closed"]["examples"][0]["request_id"],
        "id-2000"
    );
    assert_eq!(
        requests["not_tried_again"]["method"]["examples"][0]["request_id"],
        "id-1000"
    );
    assert_eq!(report["old"]["requests"]["tried_again"], 0);
    assert_eq!(
        report["changed"], 0,
        "a retry gets the answer of the first attempt"
    );
}

#[test]
fn errors_that_get_another_code_are_told_code_by_code() {
    let catalog = json!([{ "when": { "status": 503 }, "error_code": "ON_HOLIDAY", "message": "Back soon." }]);
    let new = json!({ "error-envelope": { "default": { "catalog": catalog } } });
    let old = json!({ "error-envelope": {} });
    let lines = [get(0), get(100).code(503), get(200).code(404)];
    let report = report(lines, &new, Some(&old));
    assert_eq!(
        report["changes"],
        json!([{
            "old": { "status": 503, "error_code": "SERVICE_UNAVAILABLE" },
            "new": { "status": 503, "error_code": "ON_HOLIDAY" },
            "count": 1, "assumed": 0, "examples": [{ "request_id": "id-100", "line": "access.log:2" }],
        }])
    );
}

#[test]
fn other_ids_change_nothing_that_a_client_sees_of_an_error() {
    let ids = |kind: &str| json!({ "request-id": { "default": { "generate": kind } } });
    assert_eq!(
        report(shop(200), &ids("uuid4"), Some(&ids("uuid7")))["changed"],
        0
    );
}

#[test]
fn a_time_out_of_the_new_configuration_ends_what_took_longer() {
    let new = json!({ "retry": { "default": { "timeout": "1s" } } });
    let lines = [get(0).took(900), get(5000).took(1100)];
    let report = report(lines, &new, Some(&json!({ "retry": {} })));
    let changes = &report["changes"];
    assert_eq!(changes[0]["old"]["status"], 200);
    assert_eq!(
        (&changes[0]["new"]["status"], &changes[0]["count"]),
        (&json!(504), &json!(1))
    );
    assert_eq!(changes[0]["examples"][0]["request_id"], "id-5000");
}

#[test]
fn a_request_that_a_breaker_rejected_then_meets_what_the_last_one_of_its_cluster_met() {
    let rejected = |at| {
        get(at)
            .took(0)
            .code(503)
            .details("circuit_breaker_open")
            .with("attempts", 0)
    };
    let lines = || {
        [
            get(0).code(502),
            rejected(100),
            rejected(200),
            get(300),
            rejected(400),
        ]
    };
    let open = json!({ "circuit-breaker": { "mode": "disabled" } });
    let report = report(lines(), &open, None);
    let told = |from: &str, to: u64| {
        let changes = report["changes"].as_array().expect("there are changes");
        let found = changes.iter().find(|change| change["new"]["status"] == to);
        let found = found.unwrap_or_else(|| panic!("{from} to {to}: {report:#}"));
        (found["count"].clone(), found["assumed"].clone())
    };
    assert_eq!(told("rejected", 502), (json!(2), json!(2)));
    assert_eq!(told("rejected", 200), (json!(1), json!(1)));
    assert_eq!(report["log"]["refused_and_assumed"], 3);
    assert_eq!(
        report["old"]["requests"]["refused"]["circuit_breaker_open"]["count"],
        3
    );

    let called = replay(lines(), &open, None, &["--json", "--refused", "leave-out"]);
    let report = called.json();
    assert_eq!(
        (&report["requests"], &report["log"]["refused_and_left_out"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(report["changed"], 0);
}

#[test]
fn what_the_pipeline_is_not_to_let_pass_ends_with_1() {
    let ends = |new: &Value, fail_on: &[&str]| replay(outage(), new, None, fail_on).code;
    assert_eq!(ends(&breaker(5), &[]), 0);
    assert_eq!(ends(&breaker(5), &["--fail-on", "opened"]), 1);
    assert_eq!(ends(&breaker(5), &["--fail-on", "retried,rejected"]), 1);
    assert_eq!(ends(&breaker(5), &["--fail-on", "retried"]), 0);
    assert_eq!(
        ends(&breaker(1000), &["--fail-on", "opened,rejected,retried,changed"]),
        0
    );
}

#[test]
fn people_read_what_changed_at_a_glance() {
    let called = replay(outage(), &breaker(5), Some(&breaker(1000)), &["--limit", "2"]);
    expect_test::expect_file!["replay/outage.txt"].assert_eq(&called.out);
    assert_eq!(called.err, "", "no bar where nobody looks on");
}

#[test]
fn an_envoys_own_configuration_is_taken_as_it_is() {
    let log = log(outage().map(|line| line.with("cluster", Value::Null)));
    let folder = folder(&[("access.log", log.as_bytes())]);
    let log = path(&folder.path().join("access.log"));
    let arguments = [
        "replay",
        "--json",
        "--cluster",
        "upstream",
        "--new",
        "envoy/envoy.yaml",
        &log,
    ];
    let report = policyctl(arguments).ends_with(0).json();
    assert_eq!(report["new"]["breakers"]["upstream"]["opened"], 1, "{report:#}");
}

#[test]
fn a_configuration_that_the_module_refuses_is_refused_in_its_words() {
    let called = replay(
        [get(0)],
        &json!({ "circuit-breaker": { "defualt": {} } }),
        None,
        &[],
    );
    assert_eq!(called.code, 2);
    assert!(
        called
            .err
            .contains("new.json: policies refuses its configuration"),
        "{}",
        called.err
    );
    assert!(called.err.contains("defualt"), "{}", called.err);
}

fn path(path: &Path) -> String {
    path.to_str().expect("a path of ASCII").to_owned()
}
