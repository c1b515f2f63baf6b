//! Trace context in other formats than the W3C's: it passes through, or goes where its sender is not trusted.

use super::{PARENT, policy};
use crate::valid::is_traceparent;
use host::Exchange;
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 9] = [
    ("traceparent", PARENT),
    ("tracestate", "a=1"),
    ("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"),
    ("x-b3-traceid", "0af7651916cd43dd8448eb211c80319c"),
    ("x-b3-spanid", "b7ad6b7169203331"),
    ("x-b3-parentspanid", "05e3ac9a4f6e3b90"),
    ("x-b3-sampled", "1"),
    ("x-b3-flags", "1"),
    (
        "x-amzn-trace-id",
        "Root=1-67891233-abcdef012345678912345678;Sampled=1",
    ),
];

fn send(configured: Value) -> Exchange {
    let host = policy(configured);
    HEADERS
        .iter()
        .fold(host.get("/"), |request, (name, value)| {
            request.header(name, value)
        })
        .answered_with(200)
}

#[test]
fn all_of_a_trusted_caller_passes_through() {
    for trust in [json!("always"), json!({ "ids": "never", "trace": "always" })] {
        for trace_context in ["propagate", "create"] {
            let exchange = send(json!({ "trust": trust, "trace_context": trace_context, "sampled": true }));
            for (name, value) in HEADERS {
                exchange.upstream_header(name).is(value);
            }
        }
    }
}

#[test]
fn none_of_an_untrusted_caller_passes_through() {
    for trust in [
        json!("never"),
        json!({ "ids": "always", "trace": "never" }),
        json!({ "cidrs": ["192.0.2.1/32"] }),
    ] {
        let exchange = send(json!({ "trust": trust }));
        for (name, _) in HEADERS {
            exchange.upstream_header(name).is_absent();
        }
        exchange.filter_state("policy.trace_id").is_absent();
    }
}

#[test]
fn the_trace_of_an_untrusted_caller_starts_anew() {
    let exchange = send(json!({ "trust": "never", "trace_context": "create", "sampled": true }));
    let parent = exchange.upstream_header("traceparent").value();
    assert!(is_traceparent(&parent), "{exchange}");
    assert_ne!(parent, PARENT.as_bytes());
    assert!(parent.ends_with(b"-03"), "{exchange}");
    for (name, _) in &HEADERS[1..] {
        exchange.upstream_header(name).is_absent();
    }
}

#[test]
fn disabled_leaves_all_of_it_alone_whoever_sent_it() {
    for trust in ["always", "never"] {
        let exchange = send(json!({ "trust": trust, "trace_context": "disabled" }));
        for (name, value) in HEADERS {
            exchange.upstream_header(name).is(value);
        }
        exchange.filter_state("policy.trace_id").is_absent();
    }
}
