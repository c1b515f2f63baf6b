//! What no filter sees, because Envoy refuses it before: the sample's `local_reply_config` gives it the same members.

use super::{assert_is_time, stand};
use live::client;
use serde_json::{Value, json};

#[track_caller]
fn assert_refused(response: &client::Response, status: u16) {
    assert_eq!(response.status, status, "{}", response.text());
    let body: Value =
        serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()));
    assert_eq!(response.values("content-type"), [b"application/json"]);
    assert_eq!(
        (&body["error_code"], &body["status_code"]),
        (&json!("REFUSED"), &json!(status)),
        "{body}"
    );
    assert_eq!(
        (&body["message"], &body["service_name"]),
        (&json!("The request was refused."), &json!("demo"))
    );
    assert_is_time(&body["timestamp"]);
    let id = body["request_id"].as_str().unwrap_or_default();
    assert!(id.starts_with("connection-") && body["trace_id"] == id, "{body}");
}

#[test]
fn a_request_without_a_host_and_one_with_too_many_headers_get_the_standard_members() {
    let stand = stand();
    let address = stand.envoy.address().expect("it has a listener");
    let send = |bytes: &[u8]| client::send_bytes(address, bytes).expect("Envoy answers");
    assert_refused(&send(b"GET / HTTP/1.1\r\n\r\n"), 400);
    let large = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    assert_refused(&send(large.as_bytes()), 431);
    let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_refused(
        &send(format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes()),
        431,
    );
    stand.assert_sound();
}

#[test]
fn no_error_that_a_plugin_saw_is_wrapped_once_more() {
    let stand = stand();
    for path in ["/nobody", "/no-such-route", "/maintenance", "/gone", "/forbidden"] {
        let body: Value = serde_json::from_slice(&stand.get(path).response.body).expect("it is JSON");
        assert_ne!(body["error_code"], "REFUSED", "{path}");
        assert!(
            !body["message"].as_str().unwrap_or_default().contains('{'),
            "{body}"
        );
    }
}
