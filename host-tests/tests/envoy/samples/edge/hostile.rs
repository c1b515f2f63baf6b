//! What an edge has to expect from outside, and what it must survive.

use super::{
    FILE, assert_refused_unseen, behind_a_load_balancer, echoed, eventually, get, send, send_bytes, stand,
    text,
};
use crate::samples::stand_with as stand_of;
use live::client::{Connection, Request};
use serde_json::json;

#[test]
fn what_is_no_sound_request_is_refused_in_json() {
    let stand = stand();
    let underscore = send(&stand, &Request::get("/orders").header("not_allowed", "1"));
    assert_refused_unseen(&stand, &underscore, 400, "REFUSED");
    let nowhere = send_bytes(&stand, b"GET / HTTP/1.1\r\n\r\n");
    assert_refused_unseen(&stand, &nowhere, 400, "REFUSED");
    let large = send(&stand, &Request::get("/").header("x-large", "x".repeat(70_000)));
    assert_refused_unseen(&stand, &large, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE");
}

#[test]
fn a_path_has_one_form() {
    let stand = stand();
    let redirected = get(&stand, "/a%2fb");
    assert_eq!(
        (redirected.status, text(&redirected, "location")),
        (307, "/a/b".to_owned())
    );
    assert_eq!(echoed(&get(&stand, "/a/../b//c")), "/b/c");
}

#[test]
fn the_ids_of_outsiders_are_replaced() {
    let stand = behind_a_load_balancer();
    let from = |client: &str| {
        let request = Request::get("/orders").header("x-request-id", "my-own-id");
        text(
            &send(&stand, &request.header("x-forwarded-for", client)),
            "x-request-id",
        )
    };
    assert_eq!(from("10.1.2.3"), "my-own-id");
    assert_ne!(from("203.0.113.7"), "my-own-id");
}

#[test]
fn without_memory_nothing_is_taken_any_more() {
    let stand = stand_of(FILE, |sample| {
        sample.set(
            "/overload_manager/resource_monitors/1/typed_config/max_heap_size_bytes",
            json!(1),
        )
    });
    eventually("Envoy looking at its heap", || {
        (get(&stand, "/orders").status == 503).then_some(())
    });
    for path in ["/orders", "/health/live"] {
        let refused = get(&stand, path);
        assert_eq!(refused.status, 503);
        let body = super::body(&refused);
        assert_eq!(
            (&body["error_code"], &body["status_code"]),
            (&json!("OVERLOADED"), &json!(503))
        );
    }
    assert_refused_unseen(&stand, &get(&stand, "/orders"), 503, "OVERLOADED");
}

#[test]
fn a_connection_too_many_is_closed_at_once() {
    let stand = stand_of(FILE, |sample| {
        sample.set(
            "/overload_manager/resource_monitors/0/typed_config/max_active_downstream_connections",
            json!(1),
        )
    });
    let address = stand.envoy.address().expect("it has a listener");
    let mut first = Connection::open(address).expect("it listens");
    assert_eq!(
        first.send(&Request::get("/orders")).expect("it is taken").status,
        200
    );
    let second = Connection::open(address).and_then(|mut second| second.send(&Request::get("/orders")));
    assert!(second.is_err(), "{second:?}");
    assert_eq!(
        first.send(&Request::get("/orders")).expect("it is kept").status,
        200
    );
}
