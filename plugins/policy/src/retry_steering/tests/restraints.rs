//! What keeps a request from being tried again, and from taking too long.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[track_caller]
fn suppressed(request: Request<'_>, reason: &str) {
    for plan in [plan(), plan().route_policy(true)] {
        let steering = plan.steer(&request);
        assert_eq!(steering.reason().map(Reason::as_str), Some(reason), "{request:?}");
        assert_eq!(steering.max_retries(), 0);
        let (name, says) = &steering.headers()[4];
        assert_eq!((*name, says.as_deref()), ("x-envoy-max-retries", Some("0")));
    }
}

#[test]
fn what_may_be_tried_again_is_tried_once_where_that_would_harm() {
    suppressed(
        Request {
            is_half_open: true,
            ..GET
        },
        "half_open",
    );
    suppressed(Request { attempt: 2, ..GET }, "inbound_retry");
    suppressed(
        Request {
            budget_left: Some(0),
            ..GET
        },
        "budget",
    );
    suppressed(
        Request {
            left_millis: Some(0),
            ..GET
        },
        "deadline",
    );
    for request in [POST, GRPC] {
        let steering = plan();
        let steering = steering.steer(&Request {
            is_half_open: true,
            ..request
        });
        assert_eq!(
            (steering.max_retries(), steering.reason()),
            (0, Some(Reason::HalfOpen))
        );
    }
}

#[test]
fn of_several_reasons_one_is_told() {
    let all = Request {
        is_half_open: true,
        attempt: 2,
        budget_left: Some(0),
        left_millis: Some(0),
        ..GET
    };
    suppressed(all, "deadline");
    suppressed(
        Request {
            left_millis: None,
            ..all
        },
        "inbound_retry",
    );
    suppressed(
        Request {
            left_millis: None,
            attempt: 1,
            ..all
        },
        "half_open",
    );
    suppressed(
        Request {
            left_millis: None,
            attempt: 1,
            is_half_open: false,
            ..all
        },
        "budget",
    );
}

#[test]
fn retries_of_retries_can_be_allowed() {
    is(&plan().inbound_retries(true), Request { attempt: 9, ..GET }, FULL);
    is(&plan(), Request { attempt: 0, ..GET }, FULL);
}

#[test]
fn a_request_is_tried_again_no_oftener_than_the_budget_has_left() {
    for (left, retries, reason) in [
        (0, 0, Some(Reason::Budget)),
        (1, 1, Some(Reason::Budget)),
        (2, 2, None),
        (u32::MAX, 2, None),
    ] {
        let plan = plan();
        let steering = plan.steer(&Request {
            budget_left: Some(left),
            ..GET
        });
        assert_eq!(
            (steering.max_retries(), steering.reason()),
            (retries, reason),
            "{left}"
        );
    }
}

#[test]
fn a_request_takes_no_longer_than_its_caller_waits() {
    let timed = |whole, each| {
        plan().time_outs(TimeOuts {
            whole_millis: whole,
            try_millis: each,
        })
    };
    for (whole, each, left, told) in [
        (None, None, None, &[][..]),
        (None, None, Some(700), &[("upstream-rq-timeout-ms", "700")]),
        (Some(3_000), None, None, &[("upstream-rq-timeout-ms", "3000")]),
        (Some(3_000), None, Some(700), &[("upstream-rq-timeout-ms", "700")]),
        (
            Some(3_000),
            None,
            Some(5_000),
            &[("upstream-rq-timeout-ms", "3000")],
        ),
        (
            None,
            Some(250),
            None,
            &[("upstream-rq-per-try-timeout-ms", "250")],
        ),
        (
            Some(3_000),
            Some(250),
            Some(700),
            &[
                ("upstream-rq-timeout-ms", "700"),
                ("upstream-rq-per-try-timeout-ms", "250"),
            ],
        ),
        // The proxy takes 0 for no time-out at all.
        (Some(3_000), None, Some(0), &[("upstream-rq-timeout-ms", "1")]),
    ] {
        let plan = timed(whole, each);
        let headers = plan
            .steer(&Request {
                left_millis: left,
                ..POST
            })
            .headers();
        let says: Vec<(&str, &str)> = headers
            .iter()
            .filter_map(|(name, says)| Some((name.strip_prefix("x-envoy-")?, says.as_deref()?)))
            .filter(|(name, _)| name.ends_with("-ms"))
            .collect();
        assert_eq!(says, told, "{whole:?} {each:?} {left:?}");
    }
}
