use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const GOOD: Answer<'static> = Answer {
    exchange: Exchange::Ordinary,
    details: b"via_upstream",
    callers_deadline: false,
    status: 200,
    status_fails: false,
    grpc: None,
    is_whole: false,
    is_slow: false,
};
const GRPC: Answer<'static> = Answer {
    exchange: Exchange::Grpc,
    ..GOOD
};

fn grpc(number: u32, fails: bool) -> Option<Grpc> {
    Some(Grpc { number, fails })
}

#[track_caller]
fn is(answer: Answer<'_>, outcome: Outcome) {
    assert_eq!(answer.judge(), Judged::Now(outcome), "{answer:?}");
}

#[test]
fn what_the_router_says_of_the_upstream_is_a_failure() {
    for details in [
        "no_healthy_upstream",
        "retry_budget_spent",
        "upstream_reset_before_response_started{connection_termination}",
        "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
        "upstream_reset_before_response_started{connection_timeout}",
        "upstream_reset_before_response_started{protocol_error}",
        "response_timeout",
        "upstream_per_try_timeout",
    ] {
        is(
            Answer {
                details: details.as_bytes(),
                status: 503,
                ..GOOD
            },
            Outcome::Failure,
        );
    }
}

#[test]
fn every_other_reply_that_no_upstream_made_is_ignored_though_its_status_is_that_of_a_failure() {
    for details in [
        "",
        "route_not_found",
        "direct_response",
        "upstream_reset_before_response_started{overflow}",
        "fault_filter_abort",
        "ext_authz_denied",
        "ext_authz_error",
        "jwt_authn_access_denied{Jwt_is_missing}",
        "local_rate_limited",
        "request_rate_limited",
        "cluster_not_found",
        "maintenance_mode",
        "circuit_breaker_open",
        "unconditional_drop_overload",
        "request_overall_timeout",
        "lua_response",
        "wasm_fail_stream",
    ] {
        let answer = Answer {
            details: details.as_bytes(),
            status: 503,
            status_fails: true,
            ..GOOD
        };
        is(answer, Outcome::Ignored);
    }
}

#[test]
fn a_caller_that_shortens_its_deadline_opens_nothing() {
    for details in ["response_timeout", "upstream_per_try_timeout"] {
        let answer = Answer {
            details: details.as_bytes(),
            status: 504,
            ..GOOD
        };
        is(answer, Outcome::Failure);
        is(
            Answer {
                callers_deadline: true,
                ..answer
            },
            Outcome::Ignored,
        );
    }
    let refused = Answer {
        details: b"upstream_reset_before_response_started{connection_timeout}",
        callers_deadline: true,
        ..GOOD
    };
    is(refused, Outcome::Failure);
}

#[test]
fn an_upstreams_status_is_a_failure_at_once_where_the_configuration_says_so() {
    for exchange in [Exchange::Ordinary, Exchange::Grpc, Exchange::Stream] {
        let answer = Answer {
            exchange,
            status: 503,
            status_fails: true,
            ..GOOD
        };
        is(answer, Outcome::Failure);
    }
}

#[test]
fn a_business_error_is_a_success_of_the_upstream_and_its_429_is_too_many() {
    for status in [400, 401, 404, 409, 422, 501] {
        let answer = Answer {
            status,
            is_whole: true,
            ..GOOD
        };
        is(answer, Outcome::Success);
    }
    is(Answer { status: 429, ..GOOD }, Outcome::TooMany);
    let failing = Answer {
        status: 429,
        status_fails: true,
        ..GOOD
    };
    is(failing, Outcome::Failure);
}

#[test]
fn an_ordinary_response_is_judged_when_it_is_over() {
    assert_eq!(GOOD.judge(), Judged::Later);
    assert_eq!(GOOD.judge_end(End::Complete(None)), Outcome::Success);
    assert_eq!(GOOD.judge_end(End::Reset), Outcome::Failure);
    assert_eq!(GOOD.judge_end(End::ClientGone), Outcome::Ignored);
    assert_eq!(GOOD.judge_end(End::Broken), Outcome::Ignored);
}

#[test]
fn failure_is_told_before_slowness() {
    let slow = Answer {
        is_slow: true,
        ..GOOD
    };
    assert_eq!(slow.judge_end(End::Complete(None)), Outcome::Slow);
    assert_eq!(slow.judge_end(End::Reset), Outcome::Failure);
    is(
        Answer {
            status_fails: true,
            ..slow
        },
        Outcome::Failure,
    );
    is(
        Answer {
            exchange: Exchange::Stream,
            ..slow
        },
        Outcome::Slow,
    );
}

#[test]
fn a_stream_is_judged_when_it_begins_and_its_end_is_no_failure() {
    let kinds = [
        (&b"GET"[..], 101, &b""[..]),
        (b"CONNECT", 200, b""),
        (b"GET", 200, b"text/event-stream; charset=utf-8"),
    ];
    for (method, status, content_type) in kinds {
        let answer = Answer {
            exchange: Exchange::of(method, status, content_type),
            status,
            ..GOOD
        };
        is(answer, Outcome::Success);
        assert_eq!(answer.judge_end(End::Reset), Outcome::Success);
    }
    for (method, status) in [(&b"CONNECT"[..], 404), (b"GET", 200)] {
        assert_eq!(Exchange::of(method, status, b"text/plain"), Exchange::Ordinary);
    }
    for (content_type, exchange) in [
        ("application/grpc", Exchange::Grpc),
        ("application/grpc+proto", Exchange::Grpc),
        ("application/grpc-web+proto", Exchange::Ordinary),
        ("application/grpc-web-text", Exchange::Ordinary),
    ] {
        assert_eq!(
            Exchange::of(b"POST", 200, content_type.as_bytes()),
            exchange,
            "{content_type}"
        );
    }
}

#[test]
fn a_grpc_status_is_a_number_and_anything_else_means_that_nobody_knows() {
    for (value, number) in [
        (&b"0"[..], 0),
        (b"14", 14),
        (b"19", 19),
        (b"x", 2),
        (b"-1", 2),
        (b"140", 2),
        (b"\xff", 2),
    ] {
        let read = Grpc::read(value, |number| number == 14);
        assert_eq!(
            read,
            Some(Grpc {
                number,
                fails: number == 14
            }),
            "{}",
            value.escape_ascii()
        );
    }
    assert_eq!(Grpc::read(b"", |_| true), None);
}

#[test]
fn grpc_is_judged_by_its_status_wherever_it_comes() {
    for (status, outcome) in [
        (grpc(0, false), Outcome::Success),
        (grpc(5, false), Outcome::Success),
        (grpc(14, true), Outcome::Failure),
        (grpc(8, false), Outcome::TooMany),
        (grpc(8, true), Outcome::Failure),
        (None, Outcome::Failure),
    ] {
        is(
            Answer {
                grpc: status,
                is_whole: true,
                ..GRPC
            },
            outcome,
        );
        assert_eq!(GRPC.judge(), Judged::Later);
        assert_eq!(GRPC.judge_end(End::Complete(status)), outcome, "{status:?}");
    }
    assert_eq!(GRPC.judge_end(End::Reset), Outcome::Failure);
    assert_eq!(GRPC.judge_end(End::ClientGone), Outcome::Ignored);
}

#[test]
fn a_time_out_of_a_silent_upstream_is_a_failure_and_of_a_silent_client_says_nothing() {
    for (details, status, number, outcome) in [
        ("stream_idle_timeout", 504, None, Outcome::Failure),
        ("stream_idle_timeout", 408, None, Outcome::Ignored),
        ("stream_idle_timeout", 200, Some(14), Outcome::Failure),
        ("stream_idle_timeout", 200, Some(2), Outcome::Ignored),
        ("max_duration_timeout", 504, None, Outcome::Failure),
        ("max_duration_timeout", 408, None, Outcome::Ignored),
        ("max_duration_timeout", 200, Some(4), Outcome::Failure),
    ] {
        let answer = Answer {
            details: details.as_bytes(),
            status,
            status_fails: true,
            grpc: number.and_then(|number| grpc(number, true)),
            ..GOOD
        };
        is(answer, outcome);
    }
}

#[test]
fn an_attempt_that_the_router_discards_is_judged_by_its_headers() {
    let refused = Answer { status: 404, ..GOOD };
    assert_eq!(refused.judge_end(End::Discarded), Outcome::Success);
    assert_eq!(
        Answer {
            is_slow: true,
            ..GOOD
        }
        .judge_end(End::Discarded),
        Outcome::Slow
    );
    assert_eq!(GRPC.judge_end(End::Discarded), Outcome::Ignored);
}

proptest! {
    #[test]
    fn a_longer_deadline_never_makes_a_time_out_the_callers_doing(one: u64, more: u64, waited: u64, no_answer_after: u64) {
        let longer = one.saturating_add(more);
        prop_assert!(
            was_callers_deadline(Some(one), waited, no_answer_after)
                || !was_callers_deadline(Some(longer), waited, no_answer_after)
        );
    }

    #[test]
    fn any_details_are_harmless_and_only_an_upstream_can_succeed(details: Vec<u8>, status: u16, status_fails: bool) {
        let answer = Answer { details: &details, status, status_fails, ..GOOD };
        prop_assert!(matches!(answer.judge(), Judged::Now(Outcome::Ignored | Outcome::Failure)));
    }
}
