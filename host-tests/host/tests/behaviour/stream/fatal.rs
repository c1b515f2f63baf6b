//! What Envoy 1.40.0 does not survive: each was tried on a real one, with its body and trailers both ways.

use super::{At, STOP, Tracer, chunked, post};

const CLOSE: &str = "(drop (call $close (i32.const 1)))";
const GO_ON: &str = "(drop (call $continue (i32.const 1)))";

/// The exchange of this guest, as text, with what VMs died of.
fn exchange(guest: &Tracer) -> String {
    let host = host::Host::new(guest.plugin()).allow_vm_death();
    let exchange = post(&host).trailer("x-a", "1").send();
    let exchange = if exchange.is_at_upstream() {
        exchange.begin_answer(chunked().trailer("x-a", "2"))
    } else {
        exchange
    };
    exchange.to_string()
}

#[track_caller]
fn check(at: At, code: &str, reason: &str) {
    let text = exchange(&Tracer::new().at(at, code, ""));
    assert!(text.contains(reason), "{text}");
}

#[test]
fn what_crashes_envoy_in_the_responses_trailers_is_told() {
    check(
        At::ResponseTrailers,
        CLOSE,
        "proxy_close_stream in proxy_on_response_trailers: Envoy crashes",
    );
    check(
        At::ResponseTrailers,
        GO_ON,
        "proxy_continue_stream in proxy_on_response_trailers",
    );
}

#[test]
fn a_callback_that_stops_there_survives() {
    for code in [CLOSE, GO_ON] {
        let text = exchange(&Tracer::new().at(At::ResponseTrailers, code, STOP));
        assert!(!text.contains("died"), "{text}");
    }
}

#[test]
fn headers_that_go_on_twice_are_told() {
    check(
        At::ResponseHeaders,
        GO_ON,
        "which goes on by itself: Envoy sends the headers twice",
    );
}
