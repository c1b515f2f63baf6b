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
        "stream_idle_timeout",
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
fn a_client_that_waited_long_enough_tells_of_a_failure() {
    assert_eq!(judge_without_answer(9_999, 10_000), Outcome::Ignored);
    assert_eq!(judge_without_answer(10_000, 10_000), Outcome::Failure);
}

#[test]
fn a_time_out_is_the_callers_doing_up_to_the_deadline_that_it_asked_for() {
    assert!(was_callers_deadline(Some(100), 100, 10_000));
    assert!(was_callers_deadline(Some(100), 3_000, 10_000), "several tries");
    assert!(
        was_callers_deadline(Some(100), 50, 10_000),
        "a timer that was early"
    );
    assert!(!was_callers_deadline(Some(100), 49, 10_000));
    assert!(!was_callers_deadline(None, 100, 10_000));
}

#[test]
fn a_time_out_after_a_patient_wait_is_a_failure_whatever_the_caller_asked_for() {
    assert!(was_callers_deadline(Some(9_000), 9_999, 10_000));
    assert!(!was_callers_deadline(Some(9_000), 10_000, 10_000));
}

#[test]
fn an_attempt_without_an_answer_failed_unless_the_client_gave_up() {
    assert_eq!(judge_attempt_without_answer(0, 5, 10_000), Outcome::Failure);
    assert_eq!(judge_attempt_without_answer(0x40, 5, 10_000), Outcome::Failure);
    assert_eq!(judge_attempt_without_answer(0x4000, 5, 10_000), Outcome::Ignored);
    assert_eq!(
        judge_attempt_without_answer(0x4000, 10_000, 10_000),
        Outcome::Failure
    );
}

#[test]
fn an_end_is_told_by_flags_before_the_router_and_by_the_status_behind_it() {
    for (flags, ended, end) in [
        (0, true, End::Complete(None)),
        (0x8000, true, End::Complete(None)),
        (0x10, false, End::Reset),
        (0x40, true, End::Reset),
        (0x80_0000, false, End::Reset),
        (0x4000, false, End::ClientGone),
        (0x1000_0000, false, End::ClientGone),
        (0, false, End::Broken),
    ] {
        assert_eq!(End::downstream(flags, ended, None), end, "{flags:x}");
    }
    for (flags, ended, status, end) in [
        (0, true, 200, End::Complete(None)),
        (0, false, 200, End::Reset),
        (0, false, 404, End::Complete(None)),
        (0x4000, false, 200, End::ClientGone),
    ] {
        assert_eq!(
            End::upstream(flags, ended, status, None),
            end,
            "{flags:x} {status}"
        );
    }
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
