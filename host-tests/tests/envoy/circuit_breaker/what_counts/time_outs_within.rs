//! Time-outs within an answer. A client that reads slowly brings them about as well, so they say nothing of the
//! upstream, as far as a position can tell them from a reset.

use super::case::{Case, Step};
use super::time_outs::trusting;
use super::{check, claim};
use host_tests::scenario::Answer;
use serde_json::{Value, json};

fn begun(name: &'static str, route: Value) -> Case {
    Case::new(name)
        .route(json!({ "route": route }))
        .answered(Answer::new(200).chunked())
        .then(Step::Sends("half"))
}

#[test]
fn a_time_out_within_an_answer_says_nothing() {
    check(vec![
        claim(it_is_told_from_a_reset),
        claim(it_is_not_told_from_a_reset_in_a_cluster),
    ]);
}

fn it_is_told_from_a_reset() -> Vec<Case> {
    vec![
        begun("route", json!({ "timeout": "0.3s" })).is("200 response_timeout UT", "ignored", "ignored"),
        begun("idle", json!({ "idle_timeout": "0.3s" })).is(
            "200 stream_idle_timeout SI",
            "ignored",
            "ignored",
        ),
        begun(
            "duration",
            json!({ "max_stream_duration": { "max_stream_duration": "0.3s" } }),
        )
        .is("200 max_duration_timeout", "ignored", "ignored"),
        begun("caller", json!({ "timeout": "30s" }))
            .edge(trusting())
            .header("x-envoy-upstream-rq-timeout-ms", "300")
            .is("200 response_timeout UT", "ignored", "ignored"),
    ]
}

/// Of these, nothing in a cluster tells that it was not the upstream.
fn it_is_not_told_from_a_reset_in_a_cluster() -> Vec<Case> {
    vec![
        begun(
            "idle-try",
            json!({ "retry_policy": { "per_try_idle_timeout": "0.3s" } }),
        )
        .is("200 upstream_per_try_idle_timeout UT", "ignored", "failure"),
        begun("cluster", json!({}))
            .cluster(json!({ "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "common_http_protocol_options": { "max_stream_duration": "0.3s" },
                },
            } }))
            .is(
                "200 upstream_max_stream_duration_reached UMSDR",
                "ignored",
                "failure",
            ),
    ]
}
