//! What is tried again, and what is not, whoever asks for it.

use super::stage::Stage;
use live::client::Request;
use serde_json::{Value, json};

/// Everything that a caller can ask for.
fn greedy(request: Request) -> Request {
    let asked = [
        (
            "retry-on",
            "5xx,reset,gateway-error,connect-failure,retriable-status-codes",
        ),
        ("retry-grpc-on", "unavailable,internal,cancelled"),
        ("retriable-status-codes", "503,500"),
        ("retriable-header-names", "content-type"),
        ("max-retries", "7"),
        ("hedge-on-per-try-timeout", "true"),
    ];
    asked.iter().fold(request, |request, (name, value)| {
        request.header(format!("x-envoy-{name}"), value)
    })
}

fn unlocked_by_a_key() -> Value {
    json!({ "idempotency_key": { "unlocks": ["POST"] } })
}

#[test]
fn what_does_no_harm_twice_is_tried_as_often_as_configured() {
    let stage = Stage::new(&json!({}));
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let outcome = stage.send(&Request::new(method, "/status/503"));
        assert_eq!(outcome.response.status, 503, "{method}");
        let methods: Vec<_> = outcome
            .received
            .iter()
            .map(|received| &*received.method)
            .collect();
        assert_eq!(methods, [method; 3], "two retries");
    }
    for (path, tries) in [
        ("/status/200", 1),
        ("/status/500", 1),
        ("/status/404", 1),
        ("/reset", 3),
    ] {
        let outcome = stage.envoy.send(&Request::get(path)).expect("there is an answer");
        assert_eq!(
            stage.upstream.take_received().len(),
            tries,
            "{path}: {}",
            outcome.status
        );
    }
}

#[test]
fn so_many_attempts_are_made_as_the_policy_of_the_request_says() {
    let rule = |prefix: &str, attempts: u32| json!({ "match": { "path_prefix": prefix }, "policy": { "attempts": attempts } });
    let configuration = json!({
        "default": { "statuses": ["500"] },
        "routes": [rule("/status/503", 1), rule("/status/502", 2), rule("/status/504", 5)],
    });
    let stage = Stage::of(&configuration, |_| {});
    for (path, tries) in [
        ("/status/503", 1),
        ("/status/502", 2),
        ("/status/504", 5),
        ("/status/500", 3),
    ] {
        assert_eq!(stage.tries(&Request::get(path)), tries, "{path}");
    }
}

#[test]
fn a_post_that_the_upstream_has_seen_is_tried_once_even_where_its_caller_asks_for_more() {
    let stage = Stage::new(&json!({}));
    for path in ["/status/503", "/status/500", "/reset"] {
        for request in [Request::post(path, "one"), Request::new("PATCH", path)] {
            assert_eq!(stage.tries(&request), 1, "{request:?}");
            assert_eq!(stage.tries(&greedy(request)), 1, "{path}, though asked for");
        }
    }
}

#[test]
fn a_post_is_tried_again_where_there_was_no_connection() {
    let stage = Stage::new(&json!({}));
    let none = Stage::new(&json!({ "any_method_on": [] }));
    for (stage, attempts) in [(&stage, 3), (&none, 1)] {
        let outcome = stage.send(&Request::post("/nowhere/orders", "one"));
        assert_eq!((outcome.response.status, outcome.received.len()), (503, 0));
        let entry = stage.logged(1);
        assert_eq!(entry["attempts"], attempts, "{entry}");
    }
}

#[test]
fn a_well_formed_key_unlocks_a_post_and_nothing_else_does() {
    let stage = Stage::new(&unlocked_by_a_key());
    let post = |key: &str| Request::post("/status/503", "one").header("idempotency-key", key);
    for key in [
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        "\"quoted\"",
        &*"k".repeat(255),
    ] {
        let outcome = stage.send(&post(key));
        assert_eq!(outcome.received.len(), 3, "{key}");
        let keys: Vec<_> = outcome
            .received
            .iter()
            .flat_map(|received| received.values("idempotency-key"))
            .collect();
        assert_eq!(keys, [key.as_bytes(); 3], "each attempt has the key");
    }
    for key in ["", "two words", "\"open", &*"k".repeat(256)] {
        assert_eq!(stage.tries(&post(key)), 1, "{key}");
        assert_eq!(stage.tries(&greedy(post(key))), 1, "{key}, though asked for");
    }
    assert_eq!(
        stage.tries(&post("one").header("idempotency-key", "two")),
        1,
        "two keys"
    );
    assert_eq!(
        stage.tries(&Request::new("PATCH", "/status/503").header("idempotency-key", "one")),
        1
    );
}

#[test]
fn what_must_have_a_key_is_refused_without_one_and_reaches_no_upstream() {
    let stage = Stage::new(&json!({ "idempotency_key": { "required_for": ["POST"], "unlocks": ["POST"] } }));
    for (request, code) in [
        (Request::post("/orders", "one"), "IDEMPOTENCY_KEY_MISSING"),
        (
            Request::post("/orders", "one").header("idempotency-key", "two words"),
            "IDEMPOTENCY_KEY_MALFORMED",
        ),
    ] {
        let outcome = stage.send(&request);
        assert_eq!((outcome.response.status, outcome.received.len()), (400, 0));
        assert_eq!(outcome.response.values("x-error-code"), [code.as_bytes()]);
        let body: Value = serde_json::from_slice(&outcome.response.body).expect("the body is JSON");
        assert_eq!(
            (&body["error_code"], &body["status_code"]),
            (&json!(code), &json!(400)),
            "{body}"
        );
    }
    assert_eq!(stage.logged(2)["error_code"], "IDEMPOTENCY_KEY_MALFORMED");
    assert_eq!(
        stage.tries(&Request::post("/status/503", "one").header("idempotency-key", "k")),
        3
    );
    assert_eq!(stage.tries(&Request::get("/status/204")), 1);
}

#[test]
fn a_routes_own_policy_retries_a_post_only_where_nobody_told_the_plugin_of_it() {
    let told = json!({ "match": { "route": "own" }, "policy": { "route_policy": true } });
    let stage = Stage::of(&json!({ "routes": [told] }), |_| {});
    for path in ["/own/status/503", "/own/status/500", "/own/reset"] {
        assert_eq!(stage.tries(&Request::post(path, "one")), 1, "{path}");
        assert_eq!(stage.tries(&greedy(Request::post(path, "one"))), 1, "{path}");
    }
    assert_eq!(
        stage.tries(&Request::get("/own/status/503")),
        3,
        "the plugin says how often"
    );

    // What headers cannot do, and what the setting is for.
    let untold = Stage::new(&json!({}));
    assert_eq!(untold.tries(&Request::post("/own/status/503", "one")), 3);
}

#[test]
fn nothing_that_a_caller_says_of_retries_or_time_outs_reaches_the_router_or_the_upstream() {
    let stage = Stage::new(&json!({ "attempts": 2 }));
    let request = [
        ("upstream-rq-timeout-ms", "1"),
        ("upstream-rq-per-try-timeout-ms", "1"),
        ("upstream-rq-timeout-alt-response", "1"),
        ("upstream-stream-duration-ms", "1"),
        ("expected-rq-timeout-ms", "1"),
    ]
    .iter()
    .fold(
        greedy(Request::get("/slow/100?status=503")),
        |request, (name, value)| request.header(format!("x-envoy-{name}"), value),
    );
    for request in [
        request.clone(),
        request
            .header("x-envoy-max-retries", "8")
            .header("x-envoy-retry-on", "4xx"),
    ] {
        let outcome = stage.send(&request);
        assert_eq!(
            (outcome.response.status, outcome.received.len()),
            (503, 2),
            "{}",
            outcome.response.text()
        );
        for received in outcome.received {
            let mut names: Vec<_> = received
                .headers
                .iter()
                .map(|(name, _)| String::from_utf8_lossy(name))
                .collect();
            names.retain(|name| name.starts_with("x-envoy-"));
            names.sort();
            assert_eq!(
                names,
                [
                    "x-envoy-attempt-count",
                    "x-envoy-expected-rq-timeout-ms",
                    "x-envoy-internal"
                ],
                "what Envoy itself tells the upstream"
            );
            assert_ne!(received.values("x-envoy-expected-rq-timeout-ms"), [b"1"]);
        }
    }
}
