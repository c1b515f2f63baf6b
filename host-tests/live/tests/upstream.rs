//! The upstream answers what it is asked for, and the client reads it as bytes.

use live::client::{self, Connection, Request};
use live::{Answer, Error, Upstream};
use std::time::{Duration, Instant};

fn upstream() -> Upstream {
    Upstream::start().expect("an upstream starts")
}

#[test]
fn a_path_asks_for_a_status() {
    let upstream = upstream();
    for status in [200, 204, 304, 404, 503, 999] {
        let request = Request::get(format!("/status/{status}"));
        assert_eq!(
            client::send(upstream.address(), &request)
                .expect("a response")
                .status,
            status
        );
    }
}

#[test]
fn what_cannot_be_answered_is_a_400_that_says_why() {
    let upstream = upstream();
    for (path, rule) in [
        ("/status/abc", "status abc: must be a number"),
        ("/status/100", "status 100: must be 200 to 999"),
        ("/slow/soon", "delay soon: must be milliseconds"),
        ("/x?header=nocolon", "header: must be name:value"),
        ("/headers/lonely", "headers: must be name/value pairs"),
        ("/headers/a%20b/c", "header a b: is no header name"),
        (
            "/headers/content-length/9",
            "header content-length: follows from the body",
        ),
        ("/x?chunks=many", "chunks: must be a number"),
    ] {
        let response = client::send(upstream.address(), &Request::get(path)).expect("a response");
        assert_eq!(response.status, 400, "{path}");
        assert!(response.text().contains(rule), "{path}: {}", response.text());
    }
}

#[test]
fn a_slow_answer_is_slow() {
    let upstream = upstream();
    let start = Instant::now();
    client::send(upstream.address(), &Request::get("/slow/150")).expect("a response");
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[test]
fn a_client_out_of_patience_says_so() {
    let upstream = upstream();
    let mut connection = Connection::open(upstream.address())
        .expect("a connection")
        .patience(Duration::from_millis(50));
    let late = connection.send(&Request::get("/slow/60000"));
    assert!(matches!(late, Err(Error::Late { .. })), "{late:?}");
}

#[test]
fn a_reset_comes_before_any_byte() {
    let upstream = upstream();
    let reset = client::send(upstream.address(), &Request::get("/reset"));
    let Err(Error::NoResponse(reason)) = reset else {
        panic!("{reset:?}")
    };
    assert!(reason.contains("reset"), "an RST, not a FIN: {reason}");
}

#[test]
fn a_response_cut_short_keeps_what_came() {
    let upstream = upstream();
    let cut = client::send(
        upstream.address(),
        &Request::get("/reset-after-headers?body=half&status=418"),
    );
    let Err(Error::CutShort(response)) = cut else {
        panic!("{cut:?}")
    };
    assert_eq!((response.status, response.body.as_slice()), (418, &b"half"[..]));
}

#[test]
fn every_byte_that_http_allows_passes_in_values_both_ways() {
    let upstream = upstream();
    for byte in (0x20..=0xff).filter(|byte| *byte != 0x7f) {
        let value = [b'a', byte, b'z'];
        let asked = format!("/x?header=x-byte:a%{byte:02x}z");
        let request = Request::get(asked).header("x-byte", value);
        let response = client::send(upstream.address(), &request).expect("a response");
        assert_eq!(
            response.values("x-byte"),
            [&value],
            "byte {byte:#04x} on the way back"
        );
        let received = upstream.take_received();
        assert_eq!(
            received[0].values("x-byte"),
            [&value],
            "byte {byte:#04x} on the way there"
        );
    }
}

#[test]
fn the_echo_shows_the_request_with_strange_bytes_escaped() {
    let upstream = upstream();
    let request = Request::post("/orders?a=b", "hello").header("x-strange", b"a\xff");
    let response = client::send(upstream.address(), &request).expect("a response");
    assert_eq!(response.values("content-type"), [b"application/json"]);
    let echo: serde_json::Value = serde_json::from_str(&response.text()).expect("JSON");
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["path"], "/orders?a=b");
    assert_eq!(echo["body"], "hello");
    assert!(
        echo["headers"]
            .as_array()
            .expect("a list")
            .contains(&"x-strange: a\\xff".into()),
        "{echo}"
    );
}

#[test]
fn headers_and_repeats_keep_their_order() {
    let upstream = upstream();
    let response =
        client::send(upstream.address(), &Request::get("/headers/x-a/1/x-b/2/x-a/3")).expect("a response");
    assert_eq!(response.values("x-a"), [b"1", b"3"]);
    assert_eq!(response.values("x-b"), [b"2"]);
}

#[test]
fn chunks_arrive_as_one_body_and_the_connection_goes_on() {
    let upstream = upstream();
    let mut connection = Connection::open(upstream.address()).expect("a connection");
    for (path, body) in [
        ("/a?body=0123456789&chunks=3", "0123456789"),
        ("/b?body=x", "x"),
        ("/c?body=&chunks=2", ""),
    ] {
        let response = connection.send(&Request::get(path)).expect("a response");
        assert_eq!(response.text(), body, "{path}");
    }
    let response = connection
        .send(&Request::new("HEAD", "/d?body=unseen"))
        .expect("a response");
    assert_eq!(
        (response.values("content-length"), response.body.len()),
        (vec![&b"6"[..]], 0)
    );
    assert_eq!(
        connection
            .send(&Request::get("/e?body=seen"))
            .expect("a response")
            .text(),
        "seen"
    );
}

#[test]
fn a_scripted_answer_wins_over_what_the_request_asks() {
    let upstream = upstream();
    upstream.answer(
        "/status/200",
        Answer::status(409).expect("a status").body("scripted"),
    );
    let response =
        client::send(upstream.address(), &Request::get("/status/200?status=500")).expect("a response");
    assert_eq!((response.status, response.text()), (409, "scripted".to_owned()));
}

#[test]
fn it_tells_what_it_received_in_order() {
    let upstream = upstream();
    client::send(upstream.address(), &Request::get("/one")).expect("a response");
    client::send(upstream.address(), &Request::post("/two?x", b"\x00\xff")).expect("a response");
    let paths: Vec<String> = upstream
        .received()
        .into_iter()
        .map(|received| received.path)
        .collect();
    assert_eq!(paths, ["/one", "/two?x"]);
    let received = upstream.take_received();
    assert_eq!(
        (received[1].method.as_str(), received[1].body.as_slice()),
        ("POST", &b"\x00\xff"[..])
    );
    assert_eq!(upstream.received(), []);
}

#[test]
fn the_root_explains_itself() {
    let upstream = upstream();
    let response = client::send(upstream.address(), &Request::get("/")).expect("a response");
    assert!(response.text().contains("/reset-after-headers"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = upstream();
    let port = first.address().port();
    let error = Upstream::start_on(port)
        .expect_err("the port is taken")
        .to_string();
    assert!(
        error.starts_with(&format!("listening on 127.0.0.1:{port}: ")),
        "{error}"
    );
}
