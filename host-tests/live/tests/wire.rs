//! Both peers of an exchange, a step at a time, here without an Envoy between them.

use live::wire::{Acceptor, Attempt, Ending, Exchange, Head, Kind, Message, Peer};
use std::time::{Duration, Instant};

/// What there is to see, once there is something.
#[track_caller]
fn soon<T>(look: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "nothing came in ten seconds");
        std::thread::yield_now();
    }
}

fn complete(message: Option<Message>) -> Option<Message> {
    message.filter(|message| message.complete)
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.body()).into_owned()
}

#[test]
fn http1_is_sent_and_seen_byte_for_byte() {
    let acceptor = Acceptor::start().unwrap();
    let client = Peer::connect(acceptor.address()).unwrap();
    client.send(b"POST /a HTTP/1.1\r\nHost: h\r\nX:  y\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n");
    let attempt = soon(|| acceptor.attempts().pop());
    let begun = soon(|| attempt.request().filter(|request| !request.pieces.is_empty()));
    assert_eq!((begun.line.as_str(), begun.complete), ("POST /a HTTP/1.1", false));
    assert_eq!(begun.headers[1], (b"X".to_vec(), b" y".to_vec()));
    client.send(b"0\r\nsum: 1\r\n\r\n");
    assert_eq!(soon(|| complete(attempt.request())).trailers.len(), 1);

    let Attempt::Http1(upstream) = &attempt else {
        panic!("{attempt:?}")
    };
    upstream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab");
    upstream.reset();
    assert_eq!(soon(|| client.ending()), Ending::Reset);
    let response = client.received(Kind::Response { head: false });
    let response = response.expect("its headers came");
    assert_eq!(
        (response.status(), text(&response).as_str(), response.complete),
        (200, "ab", false)
    );
}

#[test]
fn http2_goes_both_ways_with_pieces_and_trailers() {
    let acceptor = Acceptor::start().unwrap();
    let head = Head {
        method: "POST".into(),
        path: "/a?b=1".into(),
        authority: "h".into(),
        headers: vec![(b"x".to_vec(), b"\xff".to_vec())],
        ..Head::default()
    };
    let client = Exchange::open(acceptor.address(), &head, false).unwrap();
    client.send(b"he", false);
    client.send(b"llo", true);
    let attempt = soon(|| acceptor.attempts().pop());
    let request = soon(|| complete(attempt.request()));
    assert_eq!(
        (request.line.as_str(), text(&request).as_str()),
        ("POST /a?b=1", "hello")
    );
    assert_eq!(
        request.headers,
        [
            (b"host".to_vec(), b"h".to_vec()),
            (b"x".to_vec(), b"\xff".to_vec())
        ]
    );

    let Attempt::Http2(upstream) = &attempt else {
        panic!("{attempt:?}")
    };
    let head = Head {
        status: 201,
        ..Head::default()
    };
    upstream.respond(&head, false).unwrap();
    upstream.send(b"ab", false);
    upstream
        .trailers(&vec![(b"sum".to_vec(), b"2".to_vec())])
        .unwrap();
    let response = soon(|| complete(client.received()));
    assert_eq!((response.status(), text(&response).as_str()), (201, "ab"));
    assert_eq!(response.trailers, [(b"sum".to_vec(), b"2".to_vec())]);
}

#[test]
fn either_side_of_http2_can_give_up() {
    let acceptor = Acceptor::start().unwrap();
    let head = Head {
        method: "GET".into(),
        path: "/".into(),
        authority: "h".into(),
        ..Head::default()
    };
    let client = Exchange::open(acceptor.address(), &head, true).unwrap();
    let upstream = soon(|| acceptor.attempts().pop());
    upstream.reset();
    soon(|| client.is_over().then_some(()));
    assert_eq!(client.received(), None);

    let client = Exchange::open(
        acceptor.address(),
        &Head {
            method: "POST".into(),
            ..head
        },
        false,
    )
    .unwrap();
    let upstream = soon(|| acceptor.attempts().get(1).cloned());
    soon(|| upstream.request());
    client.cancel();
    let Attempt::Http2(upstream) = upstream else {
        panic!("{upstream:?}")
    };
    soon(|| upstream.is_over().then_some(()));
    assert!(upstream.received().is_some_and(|request| !request.complete));
}
