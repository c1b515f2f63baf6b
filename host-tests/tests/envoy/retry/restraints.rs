//! What is tried once although its kind is tried again, gRPC, and what is told of all that.

use super::stage::{FILTERS, Stage, eventually, plugin};
use host_tests::plugin::CIRCUIT_BREAKER;
use live::client::Request;
use serde_json::{Value, json};

fn suppressed(reason: &str, mode: &str) -> String {
    format!("retry_suppressed_total{{route=\"all\",reason=\"{reason}\",mode=\"{mode}\"}}")
}

fn call(path: &str) -> Request {
    Request::post(path, "\0\0\0\0\0").header("content-type", "application/grpc")
}

#[test]
fn a_call_of_grpc_is_tried_again_by_its_grpc_status_alone() {
    let stage = Stage::new(&json!({ "methods": ["POST"], "statuses": ["5xx"] }));
    for (path, tries) in [
        ("/headers/grpc-status/14", 3),
        ("/headers/grpc-status/13", 1),
        ("/headers/grpc-status/0", 1),
        ("/status/503", 1),
        ("/reset", 1),
    ] {
        assert_eq!(stage.tries(&call(path)), tries, "{path}");
    }
    // Here it is the proxy that says `UNAVAILABLE`.
    let outcome = stage.send(&call("/nowhere/service/method"));
    assert_eq!(outcome.response.values("grpc-status"), [b"14"]);
    assert_eq!(stage.logged(6)["attempts"], 3);

    let other = Stage::new(&json!({ "retry_on_grpc": ["internal"] }));
    for (path, tries) in [("/headers/grpc-status/13", 3), ("/headers/grpc-status/14", 1)] {
        assert_eq!(other.tries(&call(path)), tries, "{path}");
    }
    other.send(&call("/nowhere/service/method"));
    assert_eq!(other.logged(3)["attempts"], 1);
}

#[test]
fn what_is_a_retry_of_the_layer_above_is_tried_once_unless_allowed() {
    let retry = |count: &str| Request::get("/status/503").header("x-envoy-attempt-count", count);
    let stage = Stage::new(&json!({}));
    for (count, tries) in [("1", 3), ("2", 1), ("17", 1), ("0", 3), ("soon", 3)] {
        assert_eq!(stage.tries(&retry(count)), tries, "{count}");
    }
    assert_eq!(
        stage.tries(
            &retry("2")
                .header("x-envoy-max-retries", "5")
                .header("x-envoy-retry-on", "5xx")
        ),
        1
    );
    stage.metric(&suppressed("inbound_retry", "enforce"), 3);
    assert_eq!(stage.logged(6)["retry"], "suppressed:inbound_retry");
    let allowed = Stage::new(&json!({ "inbound_retries": "allow" }));
    assert_eq!(allowed.tries(&retry("2")), 3);
}

#[test]
fn a_probe_of_a_half_open_breaker_is_tried_once() {
    let breaker = json!({ "default": {
        "trip": { "consecutive_failures": 2, "failure_rate": null },
        "open": { "for": "2s", "multiplier": 1, "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    } });
    let stage = Stage::of(&json!({}), |tree| {
        let filters = tree.pointer_mut(FILTERS).and_then(Value::as_array_mut);
        let breaker = plugin(CIRCUIT_BREAKER.name, CIRCUIT_BREAKER.path(), &breaker);
        filters.expect("there are filters").insert(0, breaker);
    });
    let half_open = || {
        eventually("the breaker being half-open", || {
            let statistics = stage.envoy.stats().expect("Envoy tells its statistics");
            let state = statistics.get("wasmcustom.circuit_breaker_state.breaker=upstream;");
            (state == Some(&2)).then_some(())
        });
    };
    let failing = Request::get("/status/503");
    assert_eq!([stage.tries(&failing), stage.tries(&failing)], [3, 3], "closed");
    assert_eq!(stage.tries(&failing), 0, "open");
    half_open();
    assert_eq!(stage.tries(&failing), 1, "half-open");
    stage.metric(&suppressed("half_open", "enforce"), 1);
    assert_eq!(stage.logged(4)["retry"], "suppressed:half_open");
    half_open();
    assert_eq!(stage.send(&Request::get("/orders")).response.status, 200);
    assert_eq!(stage.tries(&failing), 3, "closed again");
}

#[test]
fn retries_that_were_made_and_those_that_were_not_are_counted_and_told() {
    let stage = Stage::new(&json!({ "idempotency_key": { "unlocks": ["PATCH"] } }));
    stage.send(&Request::get("/status/204"));
    stage.send(&Request::get("/status/503"));
    stage.send(&Request::post("/status/503", "one"));
    stage.send(&Request::new("PATCH", "/status/503"));
    stage.send(&Request::post("/status/404", "one"));
    for (series, value) in [
        ("retry_attempts_total{route=\"all\",attempt=\"2\"}", 1),
        ("retry_attempts_total{route=\"all\",attempt=\"3\"}", 1),
        (&*suppressed("method", "enforce"), 1),
        (&*suppressed("idempotency_key", "enforce"), 1),
        // The default's minimum rate for ten seconds and 20 % of five, but for the two that were made.
        ("retry_budget_remaining{cluster=\"upstream\"}", 99),
    ] {
        stage.metric(series, value);
    }
    assert_eq!(
        stage
            .envoy
            .metric("retry_attempts_total{route=\"all\",attempt=\"4\"}")
            .expect("there are metrics"),
        None
    );
    let log = stage.envoy.access_log_of(5).expect("each request is logged");
    let told: Vec<_> = log
        .iter()
        .map(|entry| entry["retry"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(
        told,
        [
            "-",
            "retried:2",
            "suppressed:method",
            "suppressed:idempotency_key",
            "-"
        ]
    );
    let log = stage
        .envoy
        .log_with("\"event\":\"retry_suppressed\"")
        .expect("it is logged");
    let line = log
        .lines()
        .find(|line| line.contains("retry_suppressed"))
        .expect("there is one");
    assert!(line.contains("[warning][wasm]"), "{line}");
    for member in [
        "\"reason\":\"method\"",
        "\"method\":\"POST\"",
        "\"status\":503",
        "\"attempts\":1",
        "\"mode\":\"enforce\"",
    ] {
        assert!(line.contains(member), "{member} in {line}");
    }
}

#[test]
fn a_shadow_changes_nothing_and_counts_what_it_would_have_done() {
    let policy = json!({ "attempts": 3, "idempotency_key": { "required_for": ["PATCH"] } });
    let stage = Stage::of(&json!({ "mode": "shadow", "default": policy }), |_| {});
    assert_eq!(
        stage.tries(&Request::get("/status/503")),
        1,
        "the route retries nothing"
    );
    assert_eq!(stage.send(&Request::new("PATCH", "/orders")).response.status, 200);
    let outcome = stage.send(
        &Request::post("/status/503", "one")
            .header("x-envoy-retry-on", "5xx")
            .header("x-envoy-max-retries", "3"),
    );
    assert_eq!(outcome.received.len(), 4, "what its caller asked for");
    assert_eq!(outcome.response.values("retry-after").len(), 0);
    stage.metric(&suppressed("method", "shadow"), 1);
    assert_eq!(stage.logged(3)["retry"], Value::Null);
}
