//! Headers of a megabyte, and thousands of headers.

use super::{answer, bounded, everything, get};

/// What some plugin reads, in requests or in answers.
const READ: [&str; 26] = [
    ":path",
    ":authority",
    "x-request-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-amzn-trace-id",
    "accept",
    "content-type",
    "content-encoding",
    "content-length",
    "vary",
    "trailer",
    "retry-after",
    "idempotency-key",
    "x-request-deadline-ms",
    "grpc-timeout",
    "grpc-status",
    "x-envoy-attempt-count",
    "x-tenant",
    "x-user",
    "x-error-code",
    "upgrade",
    "x-envoy-upstream-rq-timeout-ms",
    "x-unknown",
];

/// What is worst for one reader or another: nothing but separators, nothing but members, what must be escaped.
const PATTERNS: [&str; 16] = [
    "a",
    "0",
    ",",
    "a,",
    "a=1,",
    ";",
    " ",
    " ,",
    "-",
    "\"",
    "\\",
    "*/*,",
    "a/b;q=0.5,",
    "\u{e9}",
    "\u{1}",
    "&a=b",
];

#[test]
fn no_header_of_a_megabyte_is_endless_work() {
    for name in READ {
        for pattern in PATTERNS {
            let value = pattern.repeat((1 << 20) / pattern.len()).into_bytes();
            let [mut request, mut answer] = [get(), answer("404")];
            for map in [&mut request, &mut answer] {
                map.retain(|(other, _)| other != name.as_bytes());
                map.push((name.as_bytes().to_vec(), value.clone()));
            }
            let mut worker = everything();
            worker.exchange(request, answer, &[b"{}".to_vec()]);
            bounded(&worker.work());
        }
    }
}

/// The most that a callback burns with so many headers of this name, in the request and in the answer.
fn repeated(name: &str, count: usize) -> u64 {
    let many = (0..count).map(|number| (name.as_bytes().to_vec(), format!("k{number}=1").into_bytes()));
    let many: Vec<_> = many.collect();
    let mut worker = everything();
    worker.exchange(
        [get(), many.clone()].concat(),
        [answer("404"), many].concat(),
        &[],
    );
    bounded(&worker.work())
}

#[test]
fn ten_times_as_many_headers_are_ten_times_the_work_and_no_more() {
    for name in READ {
        let (few, many) = (repeated(name, 1_000), repeated(name, 10_000));
        assert!(many < 12 * few, "{name}: {few}, then {many}");
    }
}

#[test]
fn ten_thousand_headers_of_different_names_are_bounded() {
    let different = |count: usize| -> u64 {
        let many = (0..count).map(|number| (format!("x-{number}").into_bytes(), b"1".to_vec()));
        let many: Vec<_> = many.collect();
        let mut worker = everything();
        worker.exchange(
            [get(), many.clone()].concat(),
            [answer("404"), many].concat(),
            &[],
        );
        bounded(&worker.work())
    };
    let (few, many) = (different(1_000), different(10_000));
    assert!(many < 12 * few, "{few}, then {many}");
}
