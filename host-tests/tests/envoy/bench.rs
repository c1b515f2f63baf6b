//! The benchmark measures what it says, in a shape that programs can rely on. How fast anything is, is asserted nowhere.

use bench::{Error, Options, measure, publish};
use serde_json::Value;

/// As little as gives every figure.
fn little() -> Options {
    Options {
        rounds: 1,
        requests: 32,
        timed_requests: 8,
        per_second: 1_000,
        memory_requests: 0,
        only: Vec::new(),
        seed: 1,
    }
}

/// What it has found out, as it writes it.
#[track_caller]
fn measured(options: &Options) -> Value {
    let figures = measure(options).unwrap_or_else(|error| panic!("{error}"));
    let text = publish::json(&figures).expect("figures are numbers");
    serde_json::from_str(&text).expect("it is JSON")
}

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name]
        .as_array()
        .unwrap_or_else(|| panic!("no {name} in {of:#}"))
}

#[track_caller]
fn assert_positive(of: &Value, pointer: &str) {
    let number = of.pointer(pointer).and_then(Value::as_f64);
    assert!(number.is_some_and(|number| number > 0.0), "{pointer} of {of:#}");
}

#[test]
fn every_variant_does_its_work_and_has_its_figures_under_every_workload() {
    let figures = measured(&little());
    let count = |workload: &str| {
        let costs = list(&figures, "costs").iter();
        costs.filter(|cost| cost["workload"] == workload).count()
    };
    let workloads = [
        "direct-response",
        "upstream",
        "open-breaker",
        "replaced-error",
        "calls",
    ];
    assert_eq!(workloads.map(count), [14, 14, 4, 6, 19]);
    for cost in list(&figures, "costs") {
        for figure in ["/cpu_us/minimum", "/cpu_us/median", "/per_second"] {
            assert_positive(cost, figure);
        }
        for figure in ["/p50_ms", "/p99_ms"] {
            match cost["workload"] == "calls" {
                true => assert_eq!(cost.pointer(figure), Some(&Value::Null), "{cost:#}"),
                false => assert_positive(cost, figure),
            }
        }
        assert!(cost["added_us"]["median"].is_number(), "{cost:#}");
    }
    for module in [
        "request-id",
        "error-envelope",
        "circuit-breaker",
        "retry",
        "policies",
        "no-op",
    ] {
        assert_positive(&figures, &format!("/module_bytes/{module}"));
    }
    for goal in list(&figures, "goals") {
        assert!(goal["met"].is_boolean() && goal["claim"].is_string(), "{goal:#}");
        assert_positive(goal, "/at_most");
    }
    assert_eq!(figures["method"]["seed"], 1);
    assert_eq!(figures["method"]["rounds"], 1);
    assert_positive(&figures, "/machine/cores");
    assert!(
        figures["envoy"]
            .as_str()
            .is_some_and(|version| version.starts_with("1.")),
        "{figures:#}"
    );
}

#[test]
fn memory_is_told_of_each_variant_at_ready_when_warm_and_after_its_requests() {
    let figures = measured(&Options {
        rounds: 0,
        memory_requests: 100,
        only: vec!["upstream".into(), "lua-nothing".into()],
        ..little()
    });
    assert_eq!(figures["costs"], Value::Array(Vec::new()));
    let variants: Vec<&Value> = list(&figures, "memory")
        .iter()
        .map(|memory| &memory["variant"])
        .collect();
    assert_eq!(variants, ["no-filter", "lua-nothing", "no-op"]);
    for memory in list(&figures, "memory") {
        assert_eq!(memory["requests"], 100);
        for figure in [
            "/ready/rss_kb",
            "/ready/anonymous_kb",
            "/warm/rss_kb",
            "/after/rss_kb",
            "/after/anonymous_kb",
        ] {
            assert_positive(memory, figure);
        }
    }
}

#[test]
fn metrics_do_not_grow_with_requests_that_all_differ() {
    let figures = measured(&Options {
        rounds: 0,
        memory_requests: 2_000,
        only: vec!["upstream".into(), "one-pass".into()],
        ..little()
    });
    let counts: Vec<_> = list(&figures, "memory")
        .iter()
        .map(|memory| {
            let count = |name: &str| memory[name].as_u64().expect("a number");
            let variant = memory["variant"].as_str().expect("a name");
            (variant, count("metric_names_at_half"), count("metric_names"))
        })
        .collect();
    let [("no-filter", 0, 0), ("no-op", 0, 0), ("one-pass", half, all)] = counts[..] else {
        panic!("{counts:?}");
    };
    assert!(half > 0 && half == all, "{half} after half, {all} after all");
}

#[test]
fn what_is_not_there_is_not_measured() {
    let asked = measure(&Options {
        only: vec!["retries".into()],
        ..little()
    });
    assert!(matches!(asked, Err(Error::Unknown { .. })), "{asked:?}");
}
