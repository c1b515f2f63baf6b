//! Who is believed, by the address that the listener trusts.

use crate::stand::{Stand, is_uuid};
use live::client::Request;
use serde_json::json;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn request() -> Request {
    Request::get("/")
        .header("x-request-id", "mine")
        .header("x-correlation-id", "mine")
        .header("traceparent", PARENT)
}

#[test]
fn a_network_is_trusted_by_the_peers_address() {
    let trusted = Stand::configured(json!({ "default": { "trust": { "cidrs": ["127.0.0.0/8"] } } }));
    assert_eq!(trusted.send(&request()).id(), "mine");
    assert_eq!(
        trusted
            .send(&request().header("x-forwarded-for", "203.0.113.9"))
            .id(),
        "mine",
        "use_remote_address: what the peer claims does not count"
    );

    let distrusted =
        Stand::configured(json!({ "default": { "trust": { "cidrs": ["10.0.0.0/8", "::1/128"] } } }));
    let outcome = distrusted.send(&request());
    assert!(is_uuid(&outcome.id(), '7'));
    for header in ["x-correlation-id", "traceparent"] {
        assert_eq!(
            outcome.received().values(header),
            Vec::<&[u8]>::new(),
            "{header} of a stranger goes no further"
        );
    }
    distrusted.assert_sound();
}

#[test]
fn ids_and_trace_are_trusted_apart() {
    let stand = Stand::configured(json!({ "default": { "trust": { "ids": "never", "trace": "always" } } }));
    let outcome = stand.send(&request());
    assert!(is_uuid(&outcome.id(), '7'));
    assert_eq!(outcome.received().values("traceparent"), [PARENT.as_bytes()]);

    let stand = Stand::configured(json!({
        "default": { "trust": { "ids": "always", "trace": "never" }, "trace_context": "create", "sampled": false },
    }));
    let outcome = stand.send(&request());
    assert_eq!(outcome.id(), "mine");
    let parents = outcome.received().values("traceparent");
    assert_ne!(parents, [PARENT.as_bytes()], "the trace starts anew");
    assert!(parents[0].ends_with(b"-02"), "random, and not sampled");
}
