//! Replies that no upstream made: they say nothing of it, whatever their status and headers. Where the plugin has not
//! seen the request, there is not even a call.

pub mod filters;

use super::case::{Case, Step};
use super::{check, claim};
use filters::{authority, body_limit, fault, jwt, lua, nobody_may, rate_limit};
use host_tests::scenario::{Answer, Request};
use serde_json::{Value, json};

#[test]
fn what_no_upstream_answered_counts_nowhere() {
    check(vec![
        claim(what_the_routes_say_is_no_upstreams_answer),
        claim(the_replies_of_filters_behind_say_nothing),
        claim(a_filter_in_front_that_replies_leaves_no_call),
        claim(the_reply_of_a_filter_in_the_cluster_is_no_upstreams),
        claim(what_a_breaker_rejects_is_a_call_of_no_other_outcome),
        claim(a_redirect_that_the_proxy_follows_is_one_answer),
    ]);
}

fn what_the_routes_say_is_no_upstreams_answer() -> Vec<Case> {
    let instead = |name: &'static str, member: &str, value: Value| {
        Case::new(name).route(json!({ "route": null, member: value }))
    };
    vec![
        instead("direct-response", "direct_response", json!({ "status": 503 })).is(
            "503 direct_response",
            "ignored",
            "",
        ),
        instead(
            "direct-response-to-grpc",
            "direct_response",
            json!({ "status": 503 }),
        )
        .grpc()
        .is("200 direct_response", "ignored", ""),
        instead("redirect", "redirect", json!({ "host_redirect": "else.test" })).is(
            "301 direct_response",
            "ignored",
            "",
        ),
        Case::new("no-route")
            .route(json!({ "match": { "path_separated_prefix": "/elsewhere" } }))
            .is("404 route_not_found NR", "ignored", ""),
        Case::new("no-such-cluster")
            .route(json!({ "route": { "cluster": null, "cluster_header": "x-cluster" } }))
            .header("x-cluster", "absent")
            .is("503 cluster_not_found NC", "ignored", ""),
    ]
}

fn the_replies_of_filters_behind_say_nothing() -> Vec<Case> {
    vec![
        Case::new("fault")
            .behind(fault())
            .is("503 fault_filter_abort FI", "ignored", ""),
        Case::new("fault-to-grpc")
            .grpc()
            .behind(fault())
            .is("200 fault_filter_abort FI", "ignored", ""),
        // Its service's answer goes through, with the time that this took as of an upstream's.
        Case::new("unauthenticated").behind(authority("/status/403")).is(
            "403 ext_authz_denied UAEX",
            "ignored",
            "",
        ),
        Case::new("its-service-fails")
            .behind(authority("/status/500"))
            .is("403 ext_authz_error UAEX", "ignored", ""),
        Case::new("no-token")
            .behind(jwt())
            .is("401 jwt_authn_access_denied", "ignored", ""),
        Case::new("forbidden")
            .behind(nobody_may())
            .is("403 rbac_access_denied", "ignored", ""),
        Case::new("rate-limited")
            .behind(rate_limit())
            .after_answers(1)
            .is("429 local_rate_limited RL", "ignored success", "success"),
        Case::new("too-large")
            .request(|path| Request::new("POST", path).body("too large"))
            .behind(body_limit())
            .is("413 request_payload_too_large", "ignored", ""),
        Case::new("anothers-answer")
            .behind(lua("/status/500"))
            .is("500 lua_response", "ignored", ""),
    ]
}

fn a_filter_in_front_that_replies_leaves_no_call() -> Vec<Case> {
    vec![
        Case::new("fault")
            .in_front(fault())
            .is("503 fault_filter_abort FI", "", ""),
        Case::new("unauthenticated")
            .in_front(authority("/status/403"))
            .is("403 ext_authz_denied UAEX", "", ""),
        Case::new("no-token")
            .in_front(jwt())
            .is("401 jwt_authn_access_denied", "", ""),
        Case::new("rate-limited")
            .in_front(rate_limit())
            .after_answers(1)
            .is("429 local_rate_limited RL", "success", "success"),
    ]
}

fn the_reply_of_a_filter_in_the_cluster_is_no_upstreams() -> Vec<Case> {
    vec![
        Case::new("later-in-the-cluster")
            .behind_in_cluster(lua("/status/500"))
            .is("500 lua_response", "ignored", "ignored"),
    ]
}

fn what_a_breaker_rejects_is_a_call_of_no_other_outcome() -> Vec<Case> {
    let open = json!({ "force": "open" });
    vec![
        Case::new("at-the-edge")
            .policy(open.clone())
            .is("503 circuit_breaker_open", "rejected", ""),
        // It goes to another route, of which there is none here.
        Case::new("rerouted")
            .policy(
                json!({ "force": "open", "reject": { "reroute": { "header": "x-fallback", "value": "1" } } }),
            )
            .route(json!({ "match": { "headers": [{ "name": "x-fallback", "present_match": false }] } }))
            .is("404 route_not_found NR", "rejected", ""),
        Case::new("in-the-cluster").policy_of_attempts(open).is(
            "503 circuit_breaker_open",
            "ignored",
            "rejected",
        ),
    ]
}

/// The first pass of such a request ends without a response, which is no client that gave up.
fn a_redirect_that_the_proxy_follows_is_one_answer() -> Vec<Case> {
    let redirect = Answer::new(302)
        .header("location", "http://host.test/followed/again")
        .body("moved");
    vec![Case {
        passes: 2,
        ..Case::new("followed")
            .policy(json!({ "failure": { "no_answer_after": "1ms" } }))
            .route(json!({ "route": { "internal_redirect_policy": {} } }))
            .answered(redirect)
            .then(Step::Answers(Answer::new(200).body("body")))
            .is("200 via_upstream", "ignored success", "success success")
    }]
}
