//! The sample of all plugins, and traffic that makes every policy act: ids taken, made and refused, errors of Envoy's own
//! and of the upstream, retries made, held back and over budget, a breaker that opens, finds out and closes, a plugin that
//! passes something over, and an operator who looks at the live state.

use crate::samples::{eventually, load_built_modules};
use crate::stand::Stand;
use live::client::{self, Request};
use live::{Envoy, Sample, Upstream};
use serde_json::{Value, json};

/// The sample, where every policy acts soon.
pub(crate) fn stand() -> Stand {
    let upstream = Upstream::start().expect("an upstream can be started");
    let start = || {
        let mut sample = Sample::load("envoy.yaml")?
            .on_free_ports()
            .upstream(upstream.address())?
            .configuration(
                "circuit-breaker",
                &json!({ "default": {
                    "key": "route", "trip": { "consecutive_failures": 3 }, "open": { "for": "1s", "jitter": 0 },
                    "half_open": { "max_calls": 1, "successes": 1 }, "ramp": null,
                } }),
            )?
            .configuration(
                "retry",
                // The key is one that no version knows.
                &json!({ "unknown_keys": "warn", "unheard_of": true, "default": {
                    "statuses": [503],
                    "budget": { "percent": 0, "interval": "1m", "min_retry_rate": { "count": 3, "interval": "1m" } },
                } }),
            )?;
        // With the live state beside it, as the sample for that has it.
        let mut operators = Sample::load("admin.yaml")?.on_free_ports();
        let operators = operators.tree().pointer("/static_resources/listeners/1").cloned();
        let listeners = sample.tree().pointer_mut("/static_resources/listeners");
        let listeners = listeners.and_then(Value::as_array_mut).expect("it has listeners");
        listeners.push(operators.expect("the sample has a listener for operators"));
        load_built_modules(sample.tree());
        Envoy::with(&sample.to_yaml()).concurrency(2).start()
    };
    let envoy = start().unwrap_or_else(|error| panic!("{error}"));
    Stand { envoy, upstream }
}

/// Some requests, after which every policy has acted.
pub(crate) fn traffic(stand: &Stand) {
    let send = |request: Request| {
        let answer = stand.envoy.send(&request);
        answer
            .unwrap_or_else(|error| panic!("{request:?}: {error}"))
            .status
    };
    send(Request::get("/orders/").header("x-request-id", "accepted"));
    send(Request::get("/orders/").header("x-request-id", "re\"fused"));
    send(Request::get("/payments/status/404"));
    // Two retries of the first, one of the second, and then the budget is spent.
    for _ in 0..3 {
        send(Request::get("/background/status/503"));
    }
    // Held back by its method, and by what it is.
    send(Request::post("/payments/status/503", ""));
    send(Request::get("/orders/status/503").header("x-envoy-attempt-count", "2"));
    assert_eq!(send(Request::get("/background/")), 503, "the breaker is open");
    eventually("the breaker finding out that it works", || {
        (send(Request::get("/background/")) == 200).then_some(())
    });
    // And an operator looks.
    let operators = stand.envoy.listener("operators").expect("it is there");
    let shown = client::send(operators, &Request::get("/.policy"));
    assert_eq!(shown.unwrap_or_else(|error| panic!("{error}")).status, 200);
}
