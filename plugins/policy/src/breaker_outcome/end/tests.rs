#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
fn a_client_that_waited_long_enough_tells_of_a_failure() {
    for gone in [0x4000, 0x1000_0000] {
        assert_eq!(judge_without_answer(gone, 9_999, 10_000), Outcome::Ignored);
        assert_eq!(judge_without_answer(gone, 10_000, 10_000), Outcome::Failure);
    }
}

#[test]
fn a_request_that_no_client_gave_up_and_nobody_answered_says_nothing() {
    // Envoy follows a redirect: the request begins anew, and this one never gets its answer.
    assert_eq!(judge_without_answer(0, 60_000, 10_000), Outcome::Ignored);
}

/// An attempt whose headers have gone on to the client, and of whose end the proxy says nothing.
const CUT: Attempt<'static> = Attempt {
    flags: 0,
    details: b"via_upstream",
    was_passed_on: true,
    is_due: false,
};

#[test]
fn an_attempt_without_an_answer_failed_unless_somebody_else_ended_it() {
    for (flags, details, waited_millis, outcome) in [
        (0, "", 5, Outcome::Failure),
        (0x8000, "via_upstream", 5, Outcome::Failure),
        (0x4000, "downstream_remote_disconnect", 9_999, Outcome::Ignored),
        (0x4000, "downstream_remote_disconnect", 10_000, Outcome::Failure),
        (0x1000_0000, "http2.remote_reset", 9_999, Outcome::Ignored),
        (0x1_0000, "stream_idle_timeout", 9_999, Outcome::Ignored),
        (0x1_0000, "stream_idle_timeout", 10_000, Outcome::Failure),
        (0, "max_duration_timeout", 9_999, Outcome::Ignored),
        (0, "max_duration_timeout", 10_000, Outcome::Failure),
        (0, "request_overall_timeout", 10_000, Outcome::Ignored),
        (0, "local_rate_limited", 10_000, Outcome::Ignored),
    ] {
        let attempt = Attempt {
            flags,
            details: details.as_bytes(),
            was_passed_on: false,
            ..CUT
        };
        let judged = judge_attempt_without_answer(attempt, waited_millis, 10_000);
        assert_eq!(judged, outcome, "{attempt:?} {waited_millis}");
    }
}

#[test]
fn the_flags_tell_a_filter_before_the_router_who_broke_an_answer_off() {
    for (flags, end) in [
        (0x10, End::Reset),
        (0x40, End::Reset),
        (0x80_0000, End::Reset),
        (0x4000, End::ClientGone),
        (0x1000_0000, End::ClientGone),
        (0x4, End::Broken),
        (0x1_0000, End::Broken),
        (0x8_0000, End::Broken),
        (0, End::Broken),
    ] {
        assert_eq!(End::downstream(flags), end, "{flags:x}");
    }
}

#[test]
fn in_a_cluster_a_reset_is_what_nothing_else_explains() {
    for (attempt, end) in [
        (CUT, End::Reset),
        (Attempt { flags: 0x8000, ..CUT }, End::Reset),
        (
            Attempt {
                was_passed_on: false,
                ..CUT
            },
            End::Discarded,
        ),
        (Attempt { is_due: true, ..CUT }, End::Broken),
        (
            Attempt {
                details: b"max_duration_timeout",
                ..CUT
            },
            End::Broken,
        ),
        (
            Attempt {
                details: b"stream_idle_timeout",
                ..CUT
            },
            End::Broken,
        ),
        (
            Attempt {
                details: b"internal_redirect",
                ..CUT
            },
            End::Discarded,
        ),
        (
            Attempt {
                flags: 0x4000,
                details: b"downstream_remote_disconnect",
                ..CUT
            },
            End::ClientGone,
        ),
    ] {
        assert_eq!(End::upstream(attempt), end, "{attempt:?}");
    }
}

#[test]
fn an_attempt_is_due_when_it_took_as_long_as_the_router_gives_it() {
    assert!(is_due(Some(300), 300));
    assert!(is_due(Some(300), 250), "a timer that was early");
    assert!(!is_due(Some(300), 249));
    assert!(!is_due(Some(0), 300), "for ever");
    assert!(!is_due(None, 300));
}
