//! The whole edge: each line of the sample's table, and what else its comments say.

mod health;
mod hostile;
mod limits;
mod time_outs;
mod told;
mod upstream;

use super::{
    assert_error, assert_metric, assert_nothing_given_up, body, echoed, eventually, get, send, text,
};
use crate::stand::Stand;
use live::client::{self, Request, Response};
use live::{Sample, repository};
use serde_json::{Value, json};

const FILE: &str = "edge.yaml";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// The sample, changed, once it is ready.
#[track_caller]
fn stand_with(change: impl FnOnce(Sample) -> live::Result<Sample>) -> Stand {
    let stand = super::stand_with(FILE, change);
    eventually("the service being seen healthy", || {
        (get(&stand, "/health/ready").status == 200).then_some(())
    });
    stand
}

#[track_caller]
fn stand() -> Stand {
    stand_with(Ok)
}

/// The sample with one setting of the connection manager changed.
#[track_caller]
fn managed(setting: &str, value: Value) -> Stand {
    stand_with(|sample| sample.set(&format!("{MANAGER}/{setting}"), value))
}

/// A stand behind a load balancer, which says in `x-forwarded-for` who the client is.
#[track_caller]
fn behind_a_load_balancer() -> Stand {
    managed("xff_num_trusted_hops", json!(1))
}

/// So many requests for this path have reached the service.
fn reached(stand: &Stand, path: &str) -> usize {
    let received = stand.upstream.received();
    received.iter().filter(|request| request.path == path).count()
}

/// What no plugin has seen, because Envoy refused it before: the members of the one body, and the connection's number,
/// by which the access log tells of it.
#[track_caller]
fn assert_refused_unseen(stand: &Stand, response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(text(response, "content-type"), "application/json");
    let body = body(response);
    assert_eq!(
        (&body["error_code"], &body["status_code"], &body["service_name"]),
        (&json!(code), &json!(status), &json!("demo")),
        "{body:#}"
    );
    let id = body["request_id"].as_str().unwrap_or_default();
    assert_eq!(body["trace_id"], id);
    let number = id
        .strip_prefix("connection-")
        .and_then(|number| number.parse::<u64>().ok());
    let number = number.unwrap_or_else(|| panic!("{body:#}"));
    eventually(&format!("the access log telling of connection {number}"), || {
        let log = stand.envoy.access_log().expect("it can be read");
        log.iter()
            .any(|entry| entry["connection"].as_u64() == Some(number))
            .then_some(())
    });
}

/// The codes of the sample's table, in its order. Each has a test here or in the modules below.
const CODES: [&str; 15] = [
    "UPSTREAM_OVERLOADED",
    "UPSTREAM_CONNECT_FAILURE",
    "UPSTREAM_TIMEOUT",
    "CIRCUIT_OPEN",
    "RATE_LIMITED",
    "TOO_MANY_LOGINS",
    "REQUEST_INCOMPLETE",
    "STREAM_TIMEOUT",
    "NOT_READY",
    "FAULT_INJECTED",
    "REQUEST_HEADER_FIELDS_TOO_LARGE",
    "REFUSED",
    "OVERLOADED",
    "NOT_FOUND",
    "SERVICE_UNAVAILABLE",
];

#[test]
fn the_table_has_no_code_that_is_not_proven() {
    let text = std::fs::read_to_string(repository().join("envoy").join(FILE)).expect("there is the sample");
    let table = text
        .lines()
        .skip_while(|line| !line.ends_with(" error_code"))
        .skip(1)
        .take_while(|line| line.starts_with("#   "));
    let words = table.flat_map(|line| line.split([' ', ',']));
    let codes: Vec<&str> = words
        .filter(|word| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    assert_eq!(codes, CODES);
}

#[test]
fn a_drill_is_for_callers_inside() {
    let stand = stand();
    let drill = Request::get("/orders").header("x-envoy-fault-abort-request", "503");
    assert_error(&send(&stand, &drill), 503, "FAULT_INJECTED");
    let outside = drill
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-envoy-internal", "true");
    assert_eq!(
        echoed(&send(&stand, &outside)),
        "/orders",
        "whatever it claims to be"
    );
    let delayed = Request::get("/delayed").header("x-envoy-fault-delay-request", "500");
    assert_eq!(send(&stand, &delayed).status, 200);
    let entry = &stand.envoy.access_log_of(3).expect("each exchange is logged")[2];
    // Envoy's timers count from the beginning of a round of its loop, so that they end a little early.
    assert!(
        entry["duration_ms"].as_u64().is_some_and(|took| took >= 450),
        "{entry:#}"
    );
    assert_metric(&stand, &calls("upstream", "success"), 2);
    assert_eq!(
        stand
            .envoy
            .metric(&calls("upstream", "failure"))
            .expect("a number"),
        None
    );
    assert_nothing_given_up(&stand);
}

/// The calls of this cluster that came to this.
fn calls(cluster: &str, outcome: &str) -> String {
    format!("circuit_breaker_calls_total{{breaker=\"{cluster}\",outcome=\"{outcome}\",mode=\"enforce\"}}")
}

/// Sends these bytes, which no client would.
#[track_caller]
fn send_bytes(stand: &Stand, bytes: &[u8]) -> Response {
    let address = stand.envoy.address().expect("it has a listener");
    client::send_bytes(address, bytes).expect("Envoy answers")
}
