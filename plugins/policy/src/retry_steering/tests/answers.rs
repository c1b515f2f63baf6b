//! Which answers would have been retried. Each line of what the router does was seen on a real one.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const UPSTREAM: Answer<'static> = Answer {
    details: b"via_upstream",
    status: 200,
    grpc_status: None,
    is_ratelimited: false,
    attempts: 1,
};

const CONNECT: &str = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}";
const TERMINATED: &str = "upstream_reset_before_response_started{connection_termination}";
const REFUSED: &str = "upstream_reset_before_response_started{remote_refused_stream_reset}";
const OVERFLOW: &str = "upstream_reset_before_response_started{overflow}";
const TRY: &str = "upstream_per_try_timeout";

fn local(details: &str) -> Answer<'_> {
    Answer {
        details: details.as_bytes(),
        status: 503,
        ..UPSTREAM
    }
}

fn status(status: u16) -> Answer<'static> {
    Answer { status, ..UPSTREAM }
}

/// On which of the answers a request is tried again under this condition alone.
#[track_caller]
fn retried(word: &str, answers: &[Answer<'static>], expected: &[bool]) {
    let plan = Plan::new(
        3,
        Conditions::of([word]),
        vec![(404, 404)],
        Conditions::default(),
        Conditions::default(),
    );
    let conditions = Conditions::of([word]);
    let found: Vec<bool> = answers
        .iter()
        .map(|answer| answer.is_one_of(conditions, &plan.statuses))
        .collect();
    assert_eq!(found, expected, "{word}");
}

#[test]
fn the_router_tries_again_on_these_resets() {
    let answers = [
        CONNECT,
        TERMINATED,
        REFUSED,
        TRY,
        OVERFLOW,
        "no_healthy_upstream",
        "response_timeout",
        "circuit_breaker_open",
    ]
    .map(local);
    for (word, expected) in [
        (
            "connect-failure",
            [true, false, false, false, false, false, false, false],
        ),
        (
            "reset-before-request",
            [true, false, false, false, false, false, false, false],
        ),
        (
            "refused-stream",
            [false, false, true, false, false, false, false, false],
        ),
        ("reset", [true, true, true, true, false, false, false, false]),
        (
            "gateway-error",
            [true, true, true, true, false, false, false, false],
        ),
        ("5xx", [true, true, true, true, false, false, false, false]),
        ("retriable-4xx", [false; 8]),
        ("retriable-status-codes", [false; 8]),
        ("envoy-ratelimited", [false; 8]),
        ("unavailable", [false; 8]),
    ] {
        retried(word, &answers, &expected);
    }
}

#[test]
fn the_router_tries_again_on_these_statuses() {
    let answers = [200, 404, 409, 500, 501, 502, 503, 504, 599].map(status);
    for (word, expected) in [
        ("5xx", [false, false, false, true, true, true, true, true, true]),
        (
            "gateway-error",
            [false, false, false, false, false, true, true, true, false],
        ),
        (
            "retriable-4xx",
            [false, false, true, false, false, false, false, false, false],
        ),
        (
            "retriable-status-codes",
            [false, true, false, false, false, false, false, false, false],
        ),
        ("reset", [false; 9]),
        ("connect-failure", [false; 9]),
        ("unavailable", [false; 9]),
    ] {
        retried(word, &answers, &expected);
    }
}

#[test]
fn the_router_tries_again_on_these_statuses_of_grpc() {
    let answers = [0, 1, 2, 4, 8, 13, 14].map(|number| Answer {
        grpc_status: Some(number),
        ..UPSTREAM
    });
    for (word, at) in [
        ("cancelled", 1),
        ("deadline-exceeded", 3),
        ("resource-exhausted", 4),
        ("internal", 5),
        ("unavailable", 6),
    ] {
        let expected: Vec<bool> = (0..7).map(|place| place == at).collect();
        retried(word, &answers, &expected);
    }
    retried("5xx", &answers, &[false; 7]);
}

#[test]
fn what_is_rate_limited_is_tried_again_for_that_alone() {
    let limited = Answer {
        is_ratelimited: true,
        ..status(503)
    };
    retried("5xx", &[limited], &[false]);
    retried("gateway-error", &[limited], &[false]);
    retried("envoy-ratelimited", &[limited, status(503)], &[true, false]);
}

#[track_caller]
fn withheld(plan: &Plan, request: Request<'_>, answer: Answer<'_>, reason: Option<&str>) {
    let found = plan.steer(&request).withheld(&answer).map(Reason::as_str);
    assert_eq!(found, reason, "{request:?} {answer:?}");
}

#[test]
fn a_retry_that_harms_is_withheld_from_an_answer_on_which_others_are_tried_again() {
    let plan = plan().methods(["GET"], ["PATCH"]);
    for (request, reason) in [
        (POST, "method"),
        (
            Request {
                method: b"PATCH",
                ..GET
            },
            "idempotency_key",
        ),
        (
            Request {
                method: b"PATCH",
                key: IdempotencyKey::Malformed,
                ..GET
            },
            "idempotency_key",
        ),
        (
            Request {
                is_half_open: true,
                ..GET
            },
            "half_open",
        ),
        (Request { attempt: 2, ..GET }, "inbound_retry"),
        (
            Request {
                budget_left: Some(0),
                ..GET
            },
            "budget",
        ),
        (
            Request {
                left_millis: Some(0),
                ..GET
            },
            "deadline",
        ),
        // It would not have been tried again in any case.
        (
            Request {
                is_half_open: true,
                ..POST
            },
            "method",
        ),
    ] {
        withheld(&plan, request, status(503), Some(reason));
        withheld(&plan, request, local(TERMINATED), Some(reason));
        for answer in [
            status(200),
            status(404),
            status(500),
            local("no_healthy_upstream"),
            local(OVERFLOW),
        ] {
            withheld(&plan, request, answer, None);
        }
    }
}

#[test]
fn nothing_is_withheld_from_what_was_tried_again() {
    let plan = plan();
    for attempts in [0, 1, 3] {
        withheld(
            &plan,
            GET,
            Answer {
                attempts,
                ..status(503)
            },
            None,
        );
        withheld(
            &plan,
            POST,
            Answer {
                attempts,
                ..local(CONNECT)
            },
            None,
        );
    }
}

#[test]
fn where_the_upstream_has_seen_nothing_the_method_is_not_the_reason() {
    let half_open = Request {
        is_half_open: true,
        ..POST
    };
    withheld(&plan(), half_open, local(CONNECT), Some("half_open"));
    withheld(&plan(), half_open, local(TERMINATED), Some("method"));
    withheld(&plan().route_policy(true), POST, local(CONNECT), Some("method"));
}

#[test]
fn grpc_is_judged_by_its_own_conditions() {
    let unavailable = Answer {
        grpc_status: Some(14),
        ..UPSTREAM
    };
    let half_open = Request {
        is_half_open: true,
        ..GRPC
    };
    withheld(&plan(), half_open, unavailable, Some("half_open"));
    withheld(&plan(), half_open, local(CONNECT), Some("half_open"));
    withheld(&plan(), half_open, status(503), None);
    withheld(&plan(), half_open, local(TERMINATED), None);
    withheld(&plan(), GRPC, unavailable, None);
    withheld(&plan().route_policy(true), GRPC, unavailable, Some("method"));
}

#[test]
fn a_budget_that_has_something_left_withholds_only_what_is_beyond_it() {
    let one = Request {
        budget_left: Some(1),
        ..GET
    };
    withheld(
        &plan(),
        one,
        Answer {
            attempts: 1,
            ..status(503)
        },
        None,
    );
    withheld(
        &plan(),
        one,
        Answer {
            attempts: 2,
            ..status(503)
        },
        Some("budget"),
    );
}

#[test]
fn a_deadline_withholds_the_retries_for_which_there_was_no_time() {
    let whole = |millis| {
        plan().time_outs(TimeOuts {
            whole_millis: millis,
            try_millis: None,
        })
    };
    let late = local("response_timeout");
    let waits = |millis| Request {
        left_millis: Some(millis),
        ..GET
    };
    withheld(&whole(None), waits(500), late, Some("deadline"));
    withheld(&whole(Some(501)), waits(500), late, Some("deadline"));
    // It is then the operator's own time-out.
    withheld(&whole(Some(500)), waits(500), late, None);
    withheld(&whole(None), GET, late, None);
    withheld(&whole(None), waits(500), Answer { attempts: 3, ..late }, None);
    // A POST would not have been tried again after the upstream had seen it.
    withheld(
        &whole(None),
        Request {
            left_millis: Some(500),
            ..POST
        },
        late,
        None,
    );
}
