//! `make demo` comes to its end, shows what it says, and does not say what was not so.

use crate::commands::make::make;
use crate::samples::stand_with;
use live::{Answer, Upstream};
use std::process::Output;
use std::thread;

/// The demo in front of this upstream.
fn demo(upstream: &Upstream) -> Output {
    run(&format!("UPSTREAM_PORT={}", upstream.address().port()))
}

fn run(variable: &str) -> Output {
    let output = make(&["demo", variable]).output();
    output.expect("make can be started")
}

fn upstream() -> Upstream {
    Upstream::start().expect("an upstream can be started")
}

/// What it printed, and what it said of a failure.
fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    (text(&output.stdout), text(&output.stderr))
}

/// What it printed, on one line each paragraph: where a line ends is no matter.
#[track_caller]
fn shown(output: &Output) -> String {
    let (printed, said) = texts(output);
    assert!(output.status.success(), "{said}\n{printed}");
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each claim, with what it is drawn from.
const CLAIMS: [&str; 18] = [
    "✓ the upstream got the client's id, and the answer has it too: checkout-",
    "✓ a client without an id got one, and the upstream the same one: ",
    "← 500 INTERNAL_SERVER_ERROR, after",
    "\"message\": \"Something went wrong.\"",
    "✓ what was meant for developers did not leave the house",
    "← 504 UPSTREAM_TIMEOUT, after",
    "✓ both bodies are of one form",
    "✓ the POST was sent once: no order is placed twice",
    "✓ the GET was tried three times before the client heard of the failure",
    "✓ the third failure in a row: the upstream's own 503, three times",
    "circuit_breaker_state{breaker=\"upstream\"} is 1, which is open",
    "← 503 CIRCUIT_OPEN, after",
    "✓ it says when to come back: Retry-After: 1",
    "as the breaker has said with Retry-After → GET /slow/2000 (the probe)",
    "✓ while the probe is under way, another request is rejected ← 200, the answer to the probe",
    "✓ the probe was answered well: the upstream works again",
    "✓ requests pass again",
    "circuit_breaker_state{breaker=\"upstream\"} is 0, which is closed",
];

/// What the metrics have seen of it.
const NUMBERS: [&str; 10] = [
    "+1 source=\"accepted\"",
    "+2 error_code=\"CIRCUIT_OPEN\",class=\"server_error\",origin=\"local\",mode=\"enforce\"",
    "+1 error_code=\"INTERNAL_SERVER_ERROR\",class=\"server_error\",origin=\"upstream\",mode=\"enforce\"",
    "+1 error_code=\"UPSTREAM_TIMEOUT\",class=\"server_error\",origin=\"local\",mode=\"enforce\"",
    "+4 route=\"orders\",attempt=\"3\"",
    "+1 route=\"orders\",reason=\"idempotency_key\",mode=\"enforce\"",
    "+2 breaker=\"upstream\",outcome=\"rejected\",mode=\"enforce\"",
    "+1 breaker=\"upstream\",from=\"closed\",to=\"open\",reason=\"consecutive_failures\"",
    "+1 breaker=\"upstream\",from=\"open\",to=\"half_open\",reason=\"open_elapsed\"",
    "+1 breaker=\"upstream\",from=\"half_open\",to=\"closed\",reason=\"probes_succeeded\"",
];

/// Lines are short, and have no colour where nobody sees it.
#[track_caller]
fn assert_fits(printed: &str) {
    for line in printed.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert!(!line.contains('\x1b') && !line.contains('\r'), "{line:?}");
    }
}

#[test]
fn it_tells_an_outage_to_its_end_and_the_upstream_has_seen_the_same() {
    let upstream = upstream();
    let output = demo(&upstream);
    let shown = shown(&output);
    for claim in CLAIMS.iter().chain(&NUMBERS) {
        assert!(shown.contains(claim), "no `{claim}` in\n{}", texts(&output).0);
    }
    assert_fits(&texts(&output).0);
    let took = shown.split("All of it was as it should be, in ").nth(1);
    let took = took.and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(took.is_some_and(|seconds| seconds < 60), "{took:?}");

    let received = upstream.received();
    let of = |method: &str, path: &str| {
        let same = received
            .iter()
            .filter(|request| request.method == method && request.path == path);
        same.count()
    };
    assert_eq!(of("POST", "/status/503"), 1);
    assert_eq!(of("GET", "/status/503"), 12, "four requests, three times each");
    assert_eq!(of("GET", "/slow/2000"), 1, "the probe");
    assert_eq!(
        of("GET", "/orders"),
        6,
        "and those two that were rejected are none of them"
    );
    let ids = received.iter().flat_map(|request| request.values("x-request-id"));
    assert_eq!(ids.filter(|id| id.starts_with(b"checkout-")).count(), 1);
}

/// The upstream answers this path otherwise than the demo upstream does.
#[track_caller]
fn check(path: &str, answer: Answer, failure: &str) {
    let upstream = upstream();
    upstream.answer(path, answer);
    let output = demo(&upstream);
    let (printed, said) = texts(&output);
    assert!(!output.status.success(), "{printed}");
    assert!(said.contains(failure), "no `{failure}` in\n{said}");
    assert!(!printed.contains("All of it was as it should be"), "{printed}");
}

#[test]
fn it_fails_and_says_where_and_why_if_something_is_not_so() {
    let status = |status| Answer::status(status).expect("it is a status");
    let cases = [
        (
            "/orders",
            status(404),
            "the demo cannot begin: GET /orders was answered 404, and not 200",
        ),
        (
            "/orders",
            Answer::ok().body("{}"),
            "part 1 of the demo, \"One id for each request\", did not show what it says: the upstream should have got one id",
        ),
        (
            "/slow/3000",
            Answer::ok(),
            "part 2 of the demo, \"Every error looks alike\", did not show what it says: it should be that the client gets 504",
        ),
        (
            "/status/503",
            status(200),
            "part 3 of the demo, \"What may be tried again, and what not\", did not show what it says: it should be that the \
             POST was sent once: no order is placed twice, but the answer was 200",
        ),
        (
            "/slow/2000",
            Answer::ok(),
            "part 6 of the demo, \"One request finds out\", did not show what it says: it should be that while the probe is \
             under way, another request is rejected, but the answer was 200",
        ),
    ];
    thread::scope(|scope| {
        for (path, answer, failure) in cases {
            scope.spawn(move || check(path, answer, failure));
        }
    });
}

#[test]
fn on_an_envoy_that_runs_it_shows_the_same_and_leaves_it_running() {
    let mut stand = stand_with("envoy.yaml", Ok);
    let output = run(&format!("ADMIN_PORT={}", stand.envoy.admin().port()));
    let shown = shown(&output);
    let listener = stand.envoy.address().expect("it has a listener");
    assert!(shown.contains(&format!("This is the Envoy that listens on http://{listener}")));
    for claim in CLAIMS {
        assert!(shown.contains(claim), "no `{claim}` in\n{}", texts(&output).0);
    }
    assert!(stand.envoy.is_running().expect("the system says"));
}

#[test]
fn where_no_envoy_runs_it_says_so() {
    let output = run("ADMIN_PORT=1");
    let (_, said) = texts(&output);
    assert!(!output.status.success());
    assert!(said.contains("error: connecting to 127.0.0.1:1: "), "{said}");
}
