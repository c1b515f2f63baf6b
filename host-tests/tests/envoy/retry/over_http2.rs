//! Before an upstream that speaks HTTP/2: it can refuse a stream, and say in trailers what a call came to.

use super::stage::{CLUSTER, bootstrap, eventually, start};
use live::Envoy;
use live::client::Request;
use live::wire::{Acceptor, Attempt, Exchange, Head, Kind, Message, Peer};
use serde_json::json;

struct Stage {
    envoy: Envoy,
    upstream: Acceptor,
}

impl Stage {
    fn new() -> Self {
        let upstream = Acceptor::start().expect("an upstream can listen");
        let mut tree = bootstrap(&json!({}), upstream.address());
        tree.pointer_mut(CLUSTER).expect("there is one")["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http2_protocol_options": {} },
            },
        });
        let envoy = start(&tree, |envoy| envoy);
        Self { envoy, upstream }
    }

    /// Sends a request.
    fn send(&self, request: &Request) -> Peer {
        let address = self.envoy.address().expect("there is a listener");
        let client = Peer::connect(address).expect("Envoy listens");
        client.send(&request.to_bytes());
        client
    }

    /// The attempt that had so many before it, once it is whole.
    #[track_caller]
    fn attempt(&self, number: usize) -> Exchange {
        eventually("an attempt", || {
            match self.upstream.attempts().into_iter().nth(number)? {
                Attempt::Http2(exchange) => exchange.received()?.complete.then_some(exchange),
                Attempt::Http1(_) => None,
            }
        })
    }
}

#[track_caller]
fn answer_to(client: &Peer) -> Message {
    eventually("an answer", || {
        let answer = client.received(Kind::Response { head: false });
        answer.filter(|answer| answer.complete)
    })
}

fn head(headers: &[(&str, &str)]) -> Head {
    let fields = headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    Head {
        status: 200,
        headers: fields.collect(),
        ..Head::default()
    }
}

#[test]
fn a_post_whose_stream_was_refused_is_tried_again_and_reset_otherwise_it_is_not() {
    let stage = Stage::new();
    let refused = stage.send(&Request::post("/orders", "one"));
    stage.attempt(0).refuse();
    stage
        .attempt(1)
        .respond(&head(&[]), true)
        .expect("it is an answer");
    assert_eq!(answer_to(&refused).status(), 200);
    let again = stage.attempt(1).received().expect("it is there");
    assert_eq!(again.body(), b"one", "its body is sent again");

    let reset = stage.send(&Request::post("/orders", "one"));
    stage.attempt(2).reset();
    assert_eq!(answer_to(&reset).status(), 503);
    assert_eq!(stage.upstream.attempts().len(), 3);
}

#[test]
fn a_grpc_status_is_heeded_in_headers_and_comes_too_late_in_trailers() {
    let stage = Stage::new();
    let call = Request::post("/service/method", "\0\0\0\0\0").header("content-type", "application/grpc");
    let unavailable = [("content-type", "application/grpc"), ("grpc-status", "14")];

    let client = stage.send(&call);
    stage
        .attempt(0)
        .respond(&head(&unavailable), true)
        .expect("it is an answer");
    let attempt = stage.attempt(1);
    attempt
        .respond(&head(&unavailable[..1]), false)
        .expect("it is an answer");
    attempt
        .trailers(&vec![(b"grpc-status".to_vec(), b"14".to_vec())])
        .expect("these are trailers");
    assert_eq!(answer_to(&client).status(), 200);
    assert_eq!(stage.upstream.attempts().len(), 2);
}

#[test]
fn a_call_of_grpc_whose_stream_was_refused_is_tried_again_and_reset_otherwise_it_is_not() {
    let stage = Stage::new();
    let call = Request::post("/service/method", "\0\0\0\0\0").header("content-type", "application/grpc");
    let client = stage.send(&call);
    stage.attempt(0).refuse();
    stage.attempt(1).reset();
    let answer = answer_to(&client);
    assert_eq!(
        live::values(&answer.headers, "grpc-status"),
        [b"14"],
        "{answer:?}"
    );
    assert_eq!(stage.upstream.attempts().len(), 2);
}
