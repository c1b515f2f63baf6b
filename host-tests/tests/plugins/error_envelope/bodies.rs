//! Bodies as they arrive: whole, in pieces, byte by byte, encoded, too long, and never to their end.

use super::{assert_enveloped, policy, with_either_setting};
use host::{Answer, Exchange, Host};
use serde_json::json;

const FAULT: &str = r#"{"message":"none left","padding":"0123456789"}"#;

/// Both settings of `allow_on_headers_stop_iteration`, with every error replaced.
fn hosts() -> [Host; 2] {
    with_either_setting(&json!({ "passthrough": "never" }))
}

fn chunked(status: u16) -> Answer {
    Answer::new(status).header("content-type", "application/json")
}

/// Nothing of the old body is left, and no length is announced that was that of the old one.
#[track_caller]
fn assert_message(exchange: &Exchange, message: &str) {
    let body = assert_enveloped(exchange, 409, "CONFLICT");
    assert_eq!(body["message"], message, "{exchange}");
}

#[test]
fn a_body_is_understood_however_it_is_cut() {
    for host in hosts() {
        assert_message(
            &host.get("/").answered_with(chunked(409).body(FAULT)),
            "none left",
        );
        for size in [1, 2, 7, 20, 45, 46] {
            let pieces: Vec<&[u8]> = FAULT.as_bytes().chunks(size).collect();
            let exchange = host.get("/").answered_with(chunked(409).pieces(pieces));
            assert_message(&exchange, "none left");
            exchange.no_header("content-length");
        }
    }
}

#[test]
fn over_http_2_it_is_the_same() {
    for host in hosts() {
        let bytes: Vec<&[u8]> = FAULT.as_bytes().chunks(1).collect();
        for answer in [chunked(409).body(FAULT), chunked(409).pieces(bytes)] {
            assert_message(&host.get("/").http2().answered_with(answer), "none left");
        }
    }
}

#[test]
fn a_body_that_turns_out_to_be_empty_says_nothing() {
    for host in hosts() {
        let none: [&str; 0] = [];
        for content_type in ["application/json", "text/plain", "text/html", ""] {
            let answer = Answer::new(409).header("content-type", content_type).pieces(none);
            assert_message(
                &host.get("/").answered_with(answer),
                "The request does not fit the present state.",
            );
        }
    }
}

#[test]
fn the_new_body_takes_the_place_of_the_first_piece_where_nothing_is_wanted_of_the_old_one() {
    for host in hosts() {
        let exchange = host.get("/").expect_forwarded();
        let exchange = exchange.begin_answer(
            Answer::new(503)
                .header("content-type", "text/plain")
                .pieces(["secret"])
                .unfinished(),
        );
        let first = exchange.body();
        assert!(
            first.starts_with(b"{\"trace_id\"") && first.ends_with(b"}"),
            "it went out at once\n{exchange}"
        );
        let exchange = exchange
            .upstream_sends("more")
            .upstream_sends("and more")
            .upstream_ends();
        assert_eq!(exchange.body(), first);
        assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
        let read = exchange.cost().to_string().contains("proxy_get_buffer_bytes");
        assert!(!read, "not one byte is copied\n{exchange}");
    }
}

#[test]
fn nothing_goes_out_of_a_body_that_is_read_before_it_is_known_whole() {
    for host in hosts() {
        let exchange = host.get("/").expect_forwarded();
        let exchange = exchange.begin_answer(chunked(409).pieces([r#"{"message":"#]).unfinished());
        let exchange = exchange.upstream_sends(r#""none"#).upstream_sends(" left\"");
        assert_eq!(exchange.body(), b"", "{exchange}");
        assert_message(&exchange.upstream_sends("}").upstream_ends(), "none left");
    }
}

#[test]
fn encoded_bodies_are_replaced_and_not_decoded() {
    for host in hosts() {
        for encoding in ["gzip", "br", "zstd", "deflate", "gzip, br", "x-own"] {
            let answer = chunked(409).header("content-encoding", encoding).body(FAULT);
            let exchange = host
                .get("/")
                .header("accept-encoding", "gzip")
                .answered_with(answer);
            assert_message(&exchange, "The request does not fit the present state.");
            exchange.no_header("content-encoding");
        }
        let plain = chunked(409).header("content-encoding", "Identity").body(FAULT);
        assert_message(&host.get("/").answered_with(plain), "none left");
    }
}

#[test]
fn with_enveloped_an_encoded_body_is_no_known_form() {
    let host = policy(json!({ "passthrough": "enveloped" }));
    let answer = chunked(409).header("content-encoding", "gzip").body("\x1f\u{8b}");
    assert_message(
        &host.get("/").answered_with(answer),
        "The request does not fit the present state.",
    );
}

#[test]
fn a_body_of_as_many_bytes_as_are_read_is_read_and_a_longer_one_is_replaced_never_cut() {
    let fits = FAULT.len();
    for (most, message) in [
        (fits, "none left"),
        (fits - 1, "The request does not fit the present state."),
        (0, "The request does not fit the present state."),
    ] {
        for host in with_either_setting(&json!({ "passthrough": "never", "max_body_bytes": most })) {
            // Announced, and not announced.
            assert_message(&host.get("/").answered_with(chunked(409).body(FAULT)), message);
            assert_message(
                &host.get("/").answered_with(chunked(409).pieces([FAULT])),
                message,
            );
            let bytes: Vec<&[u8]> = FAULT.as_bytes().chunks(1).collect();
            assert_message(&host.get("/").answered_with(chunked(409).pieces(bytes)), message);
        }
    }
}

#[test]
fn past_the_limit_the_new_body_goes_out_and_the_rest_is_emptied() {
    for host in with_either_setting(&json!({ "passthrough": "never", "max_body_bytes": 1000 })) {
        let exchange = host
            .get("/")
            .expect_forwarded()
            .begin_answer(chunked(409).pieces(["x".repeat(600)]).unfinished());
        assert_eq!(exchange.body(), b"");
        let exchange = exchange.upstream_sends("x".repeat(600));
        let first = exchange.body();
        assert!(!first.is_empty(), "{exchange}");
        let exchange = (0..100).fold(exchange, |exchange, _| exchange.upstream_sends("x".repeat(600)));
        let exchange = exchange.upstream_ends();
        assert_eq!(exchange.body(), first);
        assert_message(&exchange, "The request does not fit the present state.");
    }
}

#[test]
fn a_megabyte_is_replaced_by_default_and_leaves_no_memory_behind() {
    for host in with_either_setting(&json!({ "passthrough": "never" })) {
        for _ in 0..20 {
            let exchange = host
                .get("/")
                .answered_with(chunked(409).pieces(vec!["x".repeat(50_000); 20]));
            assert_message(&exchange, "The request does not fit the present state.");
        }
    }
}

#[test]
fn an_upstream_that_breaks_off_in_the_middle_leaves_a_broken_answer_and_a_worker_that_serves() {
    for host in hosts() {
        for answer in [
            chunked(409).pieces([r#"{"mess"#]).cut_off(),
            Answer::new(503)
                .header("content-type", "text/html")
                .pieces(["<p>"])
                .cut_off(),
        ] {
            let exchange = host.get("/").answered_with(answer);
            assert!(exchange.broke_off(), "{exchange}");
            let counted: u64 = host
                .metrics()
                .iter()
                .filter(|(name, _)| name.starts_with("errors_total"))
                .map(|(_, n)| n)
                .sum();
            assert!(counted >= 1, "it is counted all the same");
        }
        assert_message(
            &host.get("/").answered_with(chunked(409).body(FAULT)),
            "none left",
        );
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_harms_nothing() {
    for host in hosts() {
        for answer in [
            chunked(409).pieces([r#"{"mess"#]).unfinished(),
            Answer::new(503)
                .header("content-type", "text/html")
                .pieces(["<p>"])
                .unfinished(),
            Answer::new(409).header("content-type", "text/plain").unfinished(),
        ] {
            let exchange = host
                .get("/")
                .expect_forwarded()
                .begin_answer(answer)
                .client_aborts();
            assert_eq!(
                exchange.filter_state("policy.error_origin").text(),
                "upstream",
                "{exchange}"
            );
        }
        host.get("/").expect_forwarded().client_aborts();
        assert_message(
            &host.get("/").answered_with(chunked(409).body(FAULT)),
            "none left",
        );
        assert_eq!(
            host.metric(
                "errors_total.error_code=CONFLICT;.class=client_error;.origin=upstream;.mode=enforce;"
            ),
            3
        );
    }
}
