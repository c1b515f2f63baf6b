//! Bytes that a stranger sends, or another plugin leaves in shared data. Whatever they are, the worker serves on.

use super::{met, shown, succeed};
use host::{Exchange, Request};

/// It is answered, with valid JSON, and nothing that was logged is none.
#[track_caller]
fn answered(request: Request) -> Exchange {
    let exchange = request.run(200);
    assert!(
        [200, 400, 403, 404, 405, 409].contains(&exchange.status()),
        "{exchange}"
    );
    let body = exchange.body();
    let read = serde_json::from_slice::<serde_json::Value>(&body);
    assert!(read.is_ok() || exchange.reached_upstream(), "{exchange}");
    for line in exchange.logs() {
        let read = serde_json::from_str::<serde_json::Value>(&line.message);
        assert!(read.is_ok(), "{line}");
    }
    exchange
}

#[test]
fn every_byte_in_every_parameter_is_answered() {
    let host = met();
    for byte in 0..=255u8 {
        for form in [
            "/.policy/force?breaker=upstream&state=open&for=1s&reason=",
            "/.policy/force?breaker=upstream&state=open&reason=x&for=",
            "/.policy/force?breaker=upstream&for=1s&reason=x&state=",
            "/.policy/reset?reason=x&breaker=",
            "/.policy?breaker=",
            "/.policy?",
            "/.policy/",
        ] {
            let method = if form.contains("reason") { "POST" } else { "GET" };
            answered(host.request(method, format!("{form}%{byte:02x}a")));
            // Envoy itself refuses a fragment.
            if byte.is_ascii_graphic() && byte != b'#' {
                answered(host.request(method, format!("{form}{}", char::from(byte))));
            }
        }
    }
    let exchange = answered(host.post("/.policy/reset?breaker=upstream&reason=x"));
    exchange.expect_status(200);
    succeed(host.worker(0));
}

#[test]
fn every_byte_in_the_headers_that_it_reads_is_answered() {
    let host = met();
    for name in [
        "x-forwarded-for",
        "origin",
        "sec-fetch-site",
        "x-request-id",
        "traceparent",
        "via",
    ] {
        for value in (0x20..=0x7eu8).chain(0x80..=0xff) {
            let value = [b'a', value, b'b'];
            answered(host.get("/.policy").header(name, value));
            answered(
                host.post("/.policy/reset?breaker=upstream&reason=x")
                    .header(name, value),
            );
        }
    }
    shown(host.worker(0));
}

#[test]
fn a_path_of_64_kib_is_answered_briefly() {
    let host = met();
    for path in [
        "/.policy?breaker=".to_owned() + &"x".repeat(65_000),
        "/.policy?".to_owned() + &"x=%25&".repeat(10_000),
        "/.policy?".to_owned() + &"%".repeat(65_000),
        "/.policy/".to_owned() + &"x".repeat(65_000),
        "/.policy/force?reason=".to_owned() + &"%41".repeat(21_000),
    ] {
        let method = if path.contains("force") { "POST" } else { "GET" };
        let exchange = answered(host.request(method, &path));
        assert!(exchange.body().len() < 8_000, "{}: {exchange}", &path[..30]);
    }
}

#[test]
fn whatever_lies_where_its_records_should_it_shows_what_is_sound() {
    let host = met();
    let sound: Vec<(String, Vec<u8>)> = (0..64)
        .map(|bucket| format!("circuit_breaker/register/1/{bucket}"))
        .filter_map(|name| Some((name.clone(), host.shared_data(name)?)))
        .collect();
    let [(name, bytes)] = sound.as_slice() else {
        panic!("one bucket, and not {sound:?}");
    };
    for end in 0..bytes.len() {
        host.set_shared_data(name, &bytes[..end]);
        assert_eq!(
            shown(host.worker(0))["breakers"].as_array().map(Vec::len),
            Some(0)
        );
        let mut changed = bytes.clone();
        changed[end] ^= 0x55;
        host.set_shared_data(name, changed);
        assert_eq!(
            shown(host.worker(1))["breakers"].as_array().map(Vec::len),
            Some(0)
        );
    }
    host.set_shared_data(name, bytes);
    assert_eq!(
        shown(host.worker(0))["breakers"].as_array().map(Vec::len),
        Some(1)
    );
}
