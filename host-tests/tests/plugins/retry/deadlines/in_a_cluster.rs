//! What is left of a deadline, as a filter of the cluster tells it to each attempt.

use super::*;

fn configuration(deadline_headers: &[&str]) -> Value {
    json!({ "default": { "deadline_headers": deadline_headers } })
}

/// The plugin before the router and in the cluster.
fn in_both(configuration: &Value) -> Host {
    let filter = retry(configuration.clone()).name("in-the-cluster");
    Host::chain([retry(configuration.clone())])
        .routes([Route::new("orders").retry(RetryPolicy::on("").back_off(millis(100), millis(100)))])
        .clusters([Cluster::new("upstream").filters([filter])])
}

/// What is left, at the upstream of each attempt, when each failed 50 ms after it was sent.
#[track_caller]
fn left(host: &Host, header: &str, value: &str) -> Vec<(u64, String)> {
    let mut exchange = host.get("/orders").header(header, value).expect_forwarded();
    for _ in 0..2 {
        host.advance(millis(50));
        exchange = exchange.begin_answer(503);
        if !exchange.is_at_upstream() {
            exchange = exchange.expect_retried();
        }
    }
    let exchange = exchange.answer(200);
    let attempts = exchange.attempts();
    let told = |attempt: &host::Attempt<'_>| {
        let after = u64::try_from(attempt.after().as_millis()).expect("it is short");
        (after, attempt.header(header).text())
    };
    attempts.iter().map(told).collect()
}

#[test]
fn each_attempt_is_told_what_is_left() {
    let host = in_both(&configuration(&HEADERS));
    let told = left(&host, "x-request-deadline-ms", "1000");
    assert_eq!(told.len(), 3);
    assert!(told[1].0 >= 50 && told[2].0 >= 100, "{told:?}");
    for (after, value) in told {
        assert_eq!(value, (1_000 - after).to_string());
    }
}

#[test]
fn what_was_said_as_grpc_does_is_told_so() {
    for (header, value) in [("grpc-timeout", "1S"), ("x-request-deadline-ms", "1S")] {
        let host = in_both(&configuration(&HEADERS));
        for (after, value) in left(&host, header, value) {
            assert_eq!(value, format!("{}m", 1_000 - after));
        }
    }
}

#[test]
fn every_header_that_said_one_says_what_is_left_of_the_shortest() {
    let host = in_both(&configuration(&HEADERS));
    let request = host
        .get("/orders")
        .header("x-request-deadline-ms", "400")
        .header("grpc-timeout", "1S");
    let exchange = request.answered_with(200);
    exchange.upstream_header("x-request-deadline-ms").is("400");
    exchange.upstream_header("grpc-timeout").is("400m");
}

#[test]
fn a_request_that_says_none_is_told_none() {
    let exchange = in_both(&configuration(&["x-request-deadline-ms"]))
        .get("/orders")
        .answered_with(200);
    exchange.upstream_header("x-request-deadline-ms").is_absent();
}

#[test]
fn it_changes_and_counts_nothing_else_there() {
    let host = in_both(&configuration(&["x-request-deadline-ms"]));
    for (answer, times) in [(200, 1), (503, 3)] {
        let exchange = super::super::tried(host.get("/orders").header("x-own", "1"), answer);
        assert_eq!(exchange.attempts().len(), times);
        for attempt in exchange.attempts() {
            attempt.header("x-own").is("1");
            for (name, _) in attempt.headers() {
                assert!(
                    !name.contains("retr") && !name.contains("hedge"),
                    "{name}\n{exchange}"
                );
            }
        }
    }
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 1);
    host.advance(secs(1));
    // A hundred, and a fifth of two, but for two.
    assert_eq!(host.metric("retry_budget_remaining.cluster=upstream;"), 98);
}

#[test]
fn without_deadline_headers_it_does_nothing_there() {
    let host = in_both(&configuration(&[]));
    for attempt in super::super::tried(host.get("/orders"), 503).attempts() {
        for (name, _) in attempt.headers() {
            assert!(!name.contains("retr"), "{name}");
        }
    }
    host.advance(secs(1));
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 1);
    assert_eq!(host.metric("retry_budget_remaining.cluster=upstream;"), 98);
}

#[test]
fn shadow_tells_no_attempt_anything() {
    let shadow = json!({ "mode": "shadow", "default": { "deadline_headers": HEADERS } });
    let host = in_both(&shadow);
    let exchange = host
        .get("/orders")
        .header("x-request-deadline-ms", "1000")
        .expect_forwarded();
    exchange
        .answer(200)
        .upstream_header("x-request-deadline-ms")
        .is("1000");
}
