//! Bodies and trailers, which come by circuit-breaker and then by error-envelope.

use super::{all_but, body, counted, host, two_strikes};
use host::{Answer, Host, secs};
use serde_json::{Value, json};

fn all() -> Value {
    let mut all = all_but("circuit-breaker", two_strikes());
    all["error-envelope"] = json!({ "default": { "passthrough": "never" } });
    all
}

/// What the breaker has counted.
fn outcomes(host: &Host) -> Vec<(String, u64)> {
    host.advance(secs(1));
    let name = "circuit_breaker_calls_total.breaker=upstream;.outcome=";
    let told = counted(host, name).into_iter();
    told.map(|(counted, times)| {
        let outcome = counted[name.len()..].split(';').next().unwrap_or_default();
        (outcome.to_owned(), times)
    })
    .collect()
}

fn one(outcome: &str) -> Vec<(String, u64)> {
    vec![(outcome.to_owned(), 1)]
}

fn plain(status: u16) -> Answer {
    Answer::new(status).header("content-type", "text/plain")
}

#[test]
fn an_error_in_pieces_is_replaced_and_the_breaker_sees_its_end() {
    for http2 in [false, true] {
        let host = host(all());
        let request = if http2 {
            host.get("/").http2()
        } else {
            host.get("/")
        };
        let exchange = request
            .expect_forwarded()
            .begin_answer(plain(404).pieces(["no "]).unfinished());
        assert_eq!(outcomes(&host), []);
        let exchange = exchange
            .upstream_sends("such ")
            .upstream_sends("order")
            .upstream_ends();
        exchange.expect_status(404).header("x-error-code", "NOT_FOUND");
        assert_eq!(body(&exchange)["message"], "no such order");
        assert_eq!(outcomes(&host), one("success"));
    }
}

#[test]
fn an_answer_that_passes_passes_in_its_pieces_and_the_breaker_sees_its_end() {
    let host = host(all());
    let exchange = host
        .get("/")
        .expect_forwarded()
        .begin_answer(plain(200).pieces(["a", "b"]).unfinished());
    assert_eq!(outcomes(&host), []);
    let exchange = exchange.upstream_sends("c").upstream_ends();
    let pieces: Vec<Vec<u8>> = exchange
        .pieces()
        .into_iter()
        .filter(|piece| !piece.is_empty())
        .collect();
    assert_eq!(pieces, [b"a", b"b", b"c"]);
    assert_eq!(outcomes(&host), one("success"));
}

#[test]
fn an_answer_that_breaks_off_is_a_failure_whether_or_not_it_was_replaced() {
    for status in [200, 404] {
        let host = host(all());
        let exchange = host
            .get("/")
            .expect_forwarded()
            .begin_answer(plain(status).pieces(["a"]).unfinished());
        exchange.upstream_resets();
        assert_eq!(outcomes(&host), one("failure"), "{status}");
    }
}

#[test]
fn a_probe_is_over_when_the_body_is_that_error_envelope_replaces() {
    let host = host(all());
    super::fail(&host, 2);
    host.advance(secs(10));
    let probe = host
        .get("/")
        .expect_forwarded()
        .begin_answer(plain(404).pieces(["a"]).unfinished());
    host.get("/").expect_rejected(503);
    probe.upstream_ends();
    host.get("/").answered_with(200).expect_status(200);
}

#[test]
fn trailers_that_end_a_body_are_the_end_for_both() {
    let host = host(all());
    let exchange = host
        .get("/")
        .answered_with(plain(409).pieces(["none ", "left"]).trailer("x-sum", "7"));
    exchange
        .expect_status(409)
        .expect_body("")
        .response_trailer("x-sum")
        .is("7");
    assert_eq!(
        counted(&host, "policy_degradations_total"),
        [(
            "policy_degradations_total.plugin=error-envelope;.what=error_body;".to_owned(),
            1
        )]
    );
    assert_eq!(outcomes(&host), one("success"));
}

#[test]
fn the_status_of_grpc_in_the_trailers_is_the_breakers_to_judge() {
    for (status, outcome) in [(0, "success"), (5, "success"), (14, "failure")] {
        let host = host(all());
        let call = host.grpc("/shop.Orders/Get").body("q");
        let exchange = call.answered_with(Answer::grpc(status).pieces(["r"]));
        exchange
            .expect_body("r")
            .response_trailer("grpc-status")
            .is(status.to_string());
        assert_eq!(outcomes(&host), one(outcome), "{status}");
    }
}

#[test]
fn a_request_in_pieces_with_trailers_goes_by_as_it_is() {
    let host = host(all());
    let exchange = host
        .post("/")
        .pieces(["he", "llo"])
        .trailer("x-sum", "1")
        .answered_with(200);
    assert_eq!(exchange.upstream_body(), b"hello");
    exchange.upstream_trailer("x-sum").is("1");
}
