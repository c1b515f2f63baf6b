//! Time-outs before an answer: failures where they are the operator's, and nothing where a caller shortened them.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::Request;
use serde_json::{Value, json};

/// A time-out of the operator's that is too long to strike here.
const LONG: &str = "30s";

fn route(name: &'static str, members: Value) -> Case {
    Case::new(name).route(json!({ "route": members }))
}

/// The same for a caller whose deadlines the proxy heeds.
fn trusted(name: &'static str, members: Value) -> Case {
    route(name, members).edge(trusting())
}

/// What makes a connection manager heed the deadlines of its callers here.
pub fn trusting() -> Value {
    let here = json!({ "address_prefix": "127.0.0.0", "prefix_len": 8 });
    json!({ "use_remote_address": true, "internal_address_config": { "cidr_ranges": [here] } })
}

fn patient(case: Case) -> Case {
    case.policy(json!({ "failure": { "no_answer_after": "300ms" } }))
}

#[test]
fn a_time_out_is_a_failure_unless_the_caller_asked_for_it() {
    check(vec![
        claim(a_time_out_of_the_routers_is_a_failure),
        claim(a_time_out_of_the_whole_exchange_is_a_failure),
        claim(a_caller_that_shortens_its_deadline_does_so_in_vain),
        claim(a_deadline_that_is_not_what_struck_excuses_nothing),
        claim(a_reset_is_a_failure_although_the_caller_shortened_its_deadline),
    ]);
}

fn a_time_out_of_the_routers_is_a_failure() -> Vec<Case> {
    vec![
        route("route", json!({ "timeout": "0.2s" })).is("504 response_timeout UT", "failure", "failure"),
        route("route-to-grpc", json!({ "timeout": "0.2s" })).grpc().is(
            "200 response_timeout UT",
            "failure",
            "failure",
        ),
        route("try", json!({ "retry_policy": { "per_try_timeout": "0.2s" } })).is(
            "504 upstream_per_try_timeout UT",
            "failure",
            "failure",
        ),
        route(
            "idle-try",
            json!({ "retry_policy": { "per_try_idle_timeout": "0.2s" } }),
        )
        .is("504 upstream_per_try_idle_timeout UT", "failure", "failure"),
        Case::new("cluster")
            .cluster(json!({ "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "common_http_protocol_options": { "max_stream_duration": "0.2s" },
                },
            } }))
            .is(
                "504 upstream_max_stream_duration_reached UMSDR",
                "failure",
                "failure",
            ),
    ]
}

/// These end the request as a whole: in a cluster they are like a client that gives up.
fn a_time_out_of_the_whole_exchange_is_a_failure() -> Vec<Case> {
    let duration = json!({ "max_stream_duration": { "max_stream_duration": "0.4s" } });
    vec![
        patient(route("idle", json!({ "idle_timeout": "0.4s" }))).is(
            "504 stream_idle_timeout SI",
            "failure",
            "failure",
        ),
        patient(route("duration", duration)).is("504 max_duration_timeout", "failure", "failure"),
        Case::new("edge-idle")
            .edge(json!({ "stream_idle_timeout": "0.2s" }))
            .is("504 stream_idle_timeout SI", "failure", "ignored"),
        Case::new("edge-duration")
            .edge(json!({ "common_http_protocol_options": { "max_stream_duration": "0.2s" } }))
            .is("504 max_duration_timeout", "failure", "ignored"),
        route("idle-to-grpc", json!({ "idle_timeout": "0.2s" }))
            .grpc()
            .is("200 stream_idle_timeout SI", "failure", "ignored"),
    ]
}

fn a_caller_that_shortens_its_deadline_does_so_in_vain() -> Vec<Case> {
    let by_grpc = json!({ "timeout": null, "max_stream_duration": { "grpc_timeout_header_max": LONG } });
    vec![
        // In a cluster, these look like the operator's.
        trusted("whole", json!({ "timeout": LONG }))
            .header("x-envoy-upstream-rq-timeout-ms", "100")
            .is("504 response_timeout UT", "ignored", "failure"),
        trusted("whole-with-a-sign", json!({ "timeout": LONG }))
            .header("x-envoy-upstream-rq-timeout-ms", "+100")
            .is("504 response_timeout UT", "ignored", "failure"),
        trusted("try", json!({ "timeout": LONG }))
            .header("x-envoy-upstream-rq-per-try-timeout-ms", "100")
            .is("504 upstream_per_try_timeout UT", "ignored", "failure"),
        trusted("duration", json!({ "timeout": LONG }))
            .header("x-envoy-upstream-stream-duration-ms", "100")
            .is(
                "504 upstream_max_stream_duration_reached UMSDR",
                "ignored",
                "failure",
            ),
        trusted("grpc", by_grpc)
            .request(|path| {
                Request::grpc(path)
                    .header("grpc-timeout", "100m")
                    .body("\0\0\0\0\0")
            })
            .is("200 max_duration_timeout", "ignored", "ignored"),
    ]
}

fn a_deadline_that_is_not_what_struck_excuses_nothing() -> Vec<Case> {
    vec![
        trusted(
            "longer-than-the-try",
            json!({ "retry_policy": { "per_try_timeout": "0.2s" } }),
        )
        .header("x-envoy-upstream-rq-timeout-ms", "30000")
        .is("504 upstream_per_try_timeout UT", "failure", "failure"),
        trusted("no-number", json!({ "timeout": "0.2s" }))
            .header("x-envoy-upstream-rq-timeout-ms", "soon")
            .is("504 response_timeout UT", "failure", "failure"),
        trusted("of-the-proxy-in-front", json!({ "timeout": "0.2s" }))
            .header("x-envoy-expected-rq-timeout-ms", "100")
            .is("504 response_timeout UT", "failure", "failure"),
        // The route does not say that it is heeded.
        trusted("grpc-unheeded", json!({ "timeout": "0.2s" }))
            .request(|path| {
                Request::grpc(path)
                    .header("grpc-timeout", "30S")
                    .body("\0\0\0\0\0")
            })
            .is("200 response_timeout UT", "failure", "failure"),
        // Who waited so long has seen a failure, whatever it had asked for.
        patient(trusted("as-long-as-patience", json!({ "timeout": LONG })))
            .header("x-envoy-upstream-rq-timeout-ms", "400")
            .is("504 response_timeout UT", "failure", "failure"),
    ]
}

fn a_reset_is_a_failure_although_the_caller_shortened_its_deadline() -> Vec<Case> {
    vec![
        trusted("reset", json!({ "timeout": LONG }))
            .header("x-envoy-upstream-rq-timeout-ms", "20000")
            .then(Step::Resets)
            .is(
                "503 upstream_reset_before_response_started{connection_termination} UC",
                "failure",
                "failure",
            ),
    ]
}
