//! Bodies as an upstream sends them, to the byte: in chunks, without any, cut off, with trailers.

use super::configured;
use crate::stand::Stand;
use host_tests::plugin::ERROR_ENVELOPE;
use live::wire::{Acceptor, Attempt, Kind, Message, Peer};
use serde_json::{Value, json};
use std::time::Duration;

/// An Envoy between a client and an upstream that are both the test's.
struct Wire {
    stand: Stand,
    upstream: Acceptor,
}

/// Waits, with a bound, for what another process does.
#[track_caller]
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    live::wait::until(Duration::from_secs(10), what, || Ok(look())).unwrap_or_else(|error| panic!("{error}"))
}

impl Wire {
    fn new(policy: &Value, allow_stop: bool, trailers: bool) -> Self {
        let upstream = Acceptor::start().expect("an upstream can listen");
        let address = upstream.address();
        let configuration = json!({ "default": policy, "log": { "errors": "all", "max_per_second": 1000 } });
        let edge = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
        let http1 = json!({ "enable_trailers": trailers });
        let stand = Stand::of(&ERROR_ENVELOPE, |sample| {
            super::with(sample, &configuration, allow_stop)
                .cluster("upstream", address)
                .and_then(|sample| sample.set(&format!("{edge}/http_protocol_options"), http1.clone()))
                .and_then(|sample| {
                    sample.set(
                        &format!("{edge}/upgrade_configs"),
                        json!([{ "upgrade_type": "websocket" }]),
                    )
                })
                .and_then(|sample| {
                    sample.set(
                        "/static_resources/clusters/0/typed_extension_protocol_options",
                        json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                            "explicit_http_config": { "http_protocol_options": http1 },
                        } }),
                    )
                })
                .expect("the sample has the cluster")
        });
        Self { stand, upstream }
    }

    /// A request of a client, at the upstream.
    fn request(&self) -> (Peer, Peer) {
        self.request_with("")
    }

    /// The same with these lines of headers.
    fn request_with(&self, headers: &str) -> (Peer, Peer) {
        self.upstream.forget();
        let client =
            Peer::connect(self.stand.envoy.address().expect("it has a listener")).expect("Envoy listens");
        client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nx-request-id: r-1\r\n{headers}\r\n").as_bytes());
        let upstream = eventually("the request", || {
            let attempt = self.upstream.attempts().pop()?;
            attempt.request().filter(|message| message.complete)?;
            match attempt {
                Attempt::Http1(peer) => Some(peer),
                Attempt::Http2(_) => panic!("the cluster speaks HTTP/1.1"),
            }
        });
        (client, upstream)
    }

    /// What the client gets of an upstream that sends these pieces, each by itself.
    #[track_caller]
    fn exchange(&self, pieces: &[&[u8]]) -> Message {
        let (client, upstream) = self.request();
        for piece in pieces {
            upstream.send(piece);
        }
        let message = eventually("the answer", || {
            client
                .received(Kind::Response { head: false })
                .filter(|message| message.complete)
        });
        client.close();
        message
    }
}

fn values(message: &Message, name: &str) -> Vec<String> {
    let named = live::values(&message.headers, name).into_iter();
    named
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

#[track_caller]
fn body(message: &Message, status: u16) -> Value {
    assert_eq!(message.status(), status, "{message:?}");
    assert_eq!(
        values(message, "content-type"),
        ["application/json"],
        "{message:?}"
    );
    let body = message.body();
    if let [length] = values(message, "content-length").as_slice() {
        assert_eq!(*length, body.len().to_string(), "{message:?}");
    }
    let value: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {message:?}"));
    assert_eq!(
        (&value["status_code"], &value["request_id"]),
        (&json!(status), &json!("r-1"))
    );
    value
}

const FAULT: &str = r#"{"message":"none left","padding":"0123456789"}"#;

fn never() -> Value {
    json!({ "passthrough": "never" })
}

#[test]
fn chunks_are_understood_however_they_are_cut() {
    for allow_stop in [false, true] {
        let wire = Wire::new(&never(), allow_stop, false);
        let head: &[u8] =
            b"HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        for size in [1, 7, 46] {
            let chunks: Vec<String> = FAULT
                .as_bytes()
                .chunks(size)
                .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
                .collect();
            let mut pieces = vec![head];
            pieces.extend(chunks.iter().map(|chunk| chunk.as_bytes()));
            pieces.push(b"0\r\n\r\n");
            let message = wire.exchange(&pieces);
            assert_eq!(body(&message, 409)["message"], "none left", "pieces of {size}");
            assert!(message.is_chunked(), "{message:?}");
        }
        wire.stand.envoy.metric_reaches("errors_total{error_code=\"CONFLICT\",class=\"client_error\",origin=\"upstream\",mode=\"enforce\"}", 3).expect("each is counted");
    }
}

#[test]
fn a_body_with_its_length_and_one_that_ends_with_the_connection_are_read() {
    let wire = Wire::new(&never(), false, false);
    let head = "HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\n";
    let whole = format!(
        "{head}content-length: {}\r\netag: \"e\"\r\n\r\n{FAULT}",
        FAULT.len()
    );
    let message = wire.exchange(&[whole.as_bytes()]);
    assert_eq!(body(&message, 409)["message"], "none left");
    assert!(values(&message, "etag").is_empty());
    let (client, upstream) = wire.request();
    upstream.send(format!("{head}connection: close\r\n\r\n{FAULT}").as_bytes());
    upstream.close();
    let message = eventually("the answer", || {
        client
            .received(Kind::Response { head: false })
            .filter(|message| message.complete)
    });
    assert_eq!(body(&message, 409)["message"], "none left");
}

#[test]
fn an_error_without_a_body_gets_one_and_keeps_its_headers() {
    for allow_stop in [false, true] {
        let wire = Wire::new(&json!({}), allow_stop, false);
        let head = b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
            x-binary: \xff\x80\r\netag: \"e\"\r\ndate: Thu, 01 Jan 1998 00:00:00 GMT\r\nserver: mine\r\ncontent-type: text/html\r\n";
        for end in [
            &b"content-length: 0\r\n\r\n"[..],
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            let message = wire.exchange(&[&[&head[..], end].concat()]);
            assert_eq!(body(&message, 401)["error_code"], "UNAUTHORIZED");
            assert_eq!(values(&message, "set-cookie"), ["a=1", "b=2"]);
            assert_eq!(values(&message, "www-authenticate"), ["Bearer"]);
            assert_eq!(live::values(&message.headers, "x-binary"), [b"\xff\x80"]);
            assert!(values(&message, "etag").is_empty(), "{message:?}");
            for once in ["date", "server", "x-request-id", "x-error-code", "vary"] {
                assert_eq!(values(&message, once).len(), 1, "{once}: {message:?}");
            }
        }
        let log = wire.stand.envoy.access_log_of(2).expect("both are logged");
        assert!(
            log.iter().all(|entry| entry["details"] == "via_upstream"),
            "{log:?}"
        );
    }
}

#[test]
fn trailers_end_a_body_as_designed() {
    for allow_stop in [false, true] {
        let wire = Wire::new(&never(), allow_stop, true);
        let head = |status: &str, announced: &str| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n{announced}transfer-encoding: chunked\r\n\r\n"
            )
        };
        let rest: &[u8] = b"4\r\nnone\r\n0\r\nx-sum: 7\r\n\r\n";
        let announced = head("409 Conflict", "trailer: x-sum\r\n");
        let message = wire.exchange(&[announced.as_bytes(), rest]);
        assert_eq!(
            body(&message, 409)["message"],
            "The request does not fit the present state."
        );
        let unwanted = head("503 Busy", "");
        body(&wire.exchange(&[unwanted.as_bytes(), rest]), 503);
        let surprise = head("409 Conflict", "");
        let message = wire.exchange(&[surprise.as_bytes(), rest]);
        assert_eq!(
            (message.status(), message.body()),
            (409, Vec::new()),
            "{message:?}"
        );
        assert_eq!(values(&message, "x-error-code"), ["CONFLICT"]);
        let degraded = "policy_degradations_total{plugin=\"error-envelope\",what=\"error_body\"}";
        wire.stand
            .envoy
            .metric_reaches(degraded, 1)
            .expect("what was lost is counted");
    }
}

#[test]
fn an_upstream_that_breaks_off_in_the_middle_leaves_a_broken_answer_and_envoy_serves_on() {
    for allow_stop in [false, true] {
        let wire = Wire::new(&never(), allow_stop, false);
        for (head, part) in [
            (
                "HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n",
                "{\"mess",
            ),
            (
                "HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\r\n",
                "3\r\n<p>\r\n",
            ),
        ] {
            let (client, upstream) = wire.request();
            upstream.send(head.as_bytes());
            upstream.send(part.as_bytes());
            eventually("the head", || client.received(Kind::Response { head: false }));
            upstream.reset();
            eventually("the end", || client.ending());
            let message = client
                .received(Kind::Response { head: false })
                .expect("it had a head");
            assert!(!message.complete, "{message:?}");
        }
        let whole = format!(
            "HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{FAULT}",
            FAULT.len()
        );
        assert_eq!(
            body(&wire.exchange(&[whole.as_bytes()]), 409)["message"],
            "none left"
        );
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_is_counted_and_envoy_serves_on() {
    let wire = Wire::new(&never(), false, false);
    for part in ["", "3\r\n<p>\r\n"] {
        let (client, upstream) = wire.request();
        upstream
            .send(b"HTTP/1.1 409 Conflict\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
        upstream.send(part.as_bytes());
        eventually("the head", || client.received(Kind::Response { head: false }));
        client.reset();
        eventually("Envoy's end", || upstream.ending());
    }
    let series =
        "errors_total{error_code=\"CONFLICT\",class=\"client_error\",origin=\"upstream\",mode=\"enforce\"}";
    wire.stand
        .envoy
        .metric_reaches(series, 2)
        .expect("each is counted");
    let message = wire
        .exchange(&[b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno"]);
    assert_eq!(body(&message, 404)["message"], "no");
}

#[test]
fn a_large_body_is_replaced_and_what_is_left_alone_is_not_touched() {
    let stand = configured(&json!({ "default": { "max_body_bytes": 1000 } }), false);
    let large = "x".repeat(5_000_000);
    let text = live::Answer::status(404).and_then(|answer| answer.header("content-type", "text/plain"));
    stand.upstream.answer(
        "/large",
        text.expect("it is an answer").body(large.clone()).chunks(50),
    );
    let response = stand.get("/large").response;
    super::standard(&response, 404, "NOT_FOUND");
    let structured =
        live::Answer::status(404).and_then(|answer| answer.header("content-type", "application/xml"));
    stand
        .upstream
        .answer("/xml", structured.expect("it is an answer").body(large.clone()));
    let response = stand.get("/xml").response;
    assert!(response.body == large.as_bytes(), "{} bytes", response.body.len());
    assert_eq!(response.values("content-length"), [b"5000000"]);
    stand.assert_sound();
}

#[test]
fn a_connection_that_changes_its_protocol_is_left_alone_and_one_that_is_refused_gets_the_body() {
    let wire = Wire::new(&never(), false, false);
    let asking = "connection: Upgrade\r\nupgrade: websocket\r\n";
    let (client, upstream) = wire.request_with(asking);
    upstream.send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    let changed = eventually("the change", || client.received(Kind::Response { head: false }));
    assert_eq!(changed.status(), 101);
    assert!(values(&changed, "x-error-code").is_empty(), "{changed:?}");
    client.close();
    let (client, upstream) = wire.request_with(asking);
    upstream
        .send(b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nno socket");
    let refused = eventually("the refusal", || {
        client
            .received(Kind::Response { head: false })
            .filter(|message| message.complete)
    });
    assert_eq!(body(&refused, 404)["message"], "no socket");
}
