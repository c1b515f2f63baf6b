//! Versions by path: each to its cluster, the old one with its end announced, and no other.

use super::{assert_error, assert_nothing_given_up, body, echoed, get, stand, stand_with, text};
use live::Upstream;
use live::client::Response;
use serde_json::json;

const FILE: &str = "versions.yaml";

/// What a response says of its version's end.
#[track_caller]
fn assert_deprecated(response: &Response) {
    assert_eq!(text(response, "deprecation"), "@1767225600");
    assert_eq!(text(response, "sunset"), "Fri, 31 Dec 2027 23:59:59 GMT");
    assert_eq!(
        text(response, "link"),
        r#"</v2/>; rel="successor-version", <https://docs.example/v1-to-v2>; rel="deprecation""#
    );
}

#[track_caller]
fn assert_not_deprecated(response: &Response) {
    for name in ["deprecation", "sunset", "link"] {
        assert_eq!(text(response, name), "", "{name}");
    }
}

#[test]
fn each_version_goes_to_its_cluster_the_new_one_with_its_path_as_it_is() {
    let old = Upstream::start().expect("an upstream can be started");
    let stand = stand_with(FILE, |sample| sample.cluster("upstream-v1", old.address()));
    let response = get(&stand, "/v2/orders");
    assert_eq!(echoed(&response), json!("/v2/orders"));
    assert_not_deprecated(&response);
    assert_eq!(stand.upstream.take_received().len(), 1);

    assert_eq!(echoed(&get(&stand, "/v1/orders")), json!("/orders"));
    assert_eq!(echoed(&get(&stand, "/v1/orders?page=2")), json!("/orders?page=2"));
    assert_eq!(get(&stand, "/v1").status, 200);
    let at_old: Vec<String> = old.received().into_iter().map(|received| received.path).collect();
    assert_eq!(at_old, ["/orders", "/orders?page=2", "/"]);
    assert!(stand.upstream.received().is_empty());
    assert_nothing_given_up(&stand);
}

#[test]
fn the_old_version_says_on_every_answer_until_when_it_is_there() {
    let stand = stand(FILE);
    assert_deprecated(&get(&stand, "/v1/orders"));
    let error = get(&stand, "/v1/status/404");
    assert_error(&error, 404, "NOT_FOUND");
    assert_deprecated(&error);
    let timed_out = get(&stand, "/v1/slow/30000");
    assert_error(&timed_out, 504, "UPSTREAM_TIMEOUT");
    assert_deprecated(&timed_out);
}

#[test]
fn what_the_service_says_of_its_own_end_stays() {
    let stand = stand(FILE);
    let own = get(
        &stand,
        "/v1/orders?header=deprecation:@1700000000&header=sunset:Sun%2C%2001%20Nov%202026",
    );
    assert_eq!(
        (text(&own, "deprecation"), text(&own, "sunset")),
        ("@1700000000".to_owned(), "Sun, 01 Nov 2026".to_owned())
    );
}

#[test]
fn an_unknown_version_is_an_error_that_names_those_that_there_are() {
    let stand = stand(FILE);
    for path in ["/v3/orders", "/v10/orders", "/orders", "/V1/orders", "/"] {
        let response = get(&stand, path);
        assert_error(&response, 404, "UNKNOWN_VERSION");
        let body = body(&response);
        assert_eq!(
            (&body["message"], &body["retryable"]),
            (
                &json!("There is no such version of this API. Use /v2/, or /v1/ until 2027-12-31."),
                &json!(false)
            ),
            "{path}"
        );
        assert_not_deprecated(&response);
    }
    assert!(stand.upstream.received().is_empty());
}

#[test]
fn who_still_uses_the_old_version_is_counted_and_named() {
    let stand = stand(FILE);
    for path in ["/v1/orders", "/v2/orders", "/v1/status/404"] {
        get(&stand, path);
    }
    let counted = stand
        .envoy
        .admin_get("/stats?filter=route.v1.upstream_rq_completed")
        .expect("Envoy tells its statistics");
    assert_eq!(counted.trim(), "vhost.demo.route.v1.upstream_rq_completed: 2");
    let entries = stand.envoy.access_log_of(3).expect("each exchange is logged");
    let versions: Vec<_> = entries.iter().map(|entry| entry["version"].clone()).collect();
    assert_eq!(versions, [json!("v1"), json!("v2"), json!("v1")]);
}
