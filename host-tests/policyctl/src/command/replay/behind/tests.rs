use super::{Answered, Behind, Ended, Failure};

fn of_details(code: u16, details: &str) -> Behind {
    let ended = Ended {
        code,
        details: Some(details),
        ..Ended::default()
    };
    ended.behind()
}

fn of_flags(code: u16, flags: &str) -> Behind {
    let ended = Ended {
        code,
        flags: Some(flags),
        ..Ended::default()
    };
    ended.behind()
}

fn answered(code: u16, broke_off: bool) -> Behind {
    Behind::Answered(Answered {
        code,
        grpc_status: None,
        broke_off,
    })
}

#[test]
fn envoys_words_tell_what_became_of_a_request() {
    use Failure::*;
    let before = |reason: &str| format!("upstream_reset_before_response_started{{{reason}}}");
    assert_eq!(of_details(503, "via_upstream"), answered(503, false));
    assert_eq!(of_details(404, "route_not_found"), Behind::Nowhere);
    for (code, details, failure) in [
        (503, "no_healthy_upstream".to_owned(), NoHealthyUpstream),
        (504, "response_timeout".to_owned(), Timeout),
        (504, "upstream_per_try_timeout".to_owned(), Timeout),
        (503, before("connection_termination"), Closed),
        (503, before("overflow"), Overflow),
        (503, before("remote_reset"), Reset),
        (503, before("remote_refused_stream_reset"), Refused),
        (502, before("protocol_error"), NoHttp),
        (
            503,
            before("remote_connection_failure|delayed_connect_error:_Connection_refused"),
            Unconnected,
        ),
        (503, before("connection_timeout"), Unconnected),
    ] {
        assert_eq!(of_details(code, &details), Behind::Failed(failure), "{details}");
    }
    let after = "upstream_reset_after_response_started{connection_termination}";
    assert_eq!(of_details(200, after), answered(200, true));
}

#[test]
fn what_a_plugin_refused_had_no_upstream() {
    for details in [
        "circuit_breaker_open",
        "deadline_passed",
        "idempotency_key_missing",
    ] {
        assert_eq!(of_details(503, details), Behind::Refused(details));
    }
}

#[test]
fn the_answer_of_another_filter_stays_its_answer() {
    let limited = Behind::Itself {
        code: 429,
        details: "local_rate_limited".into(),
    };
    assert_eq!(of_details(429, "local_rate_limited"), limited);
}

#[test]
fn a_client_that_went_away_before_its_answer_left() {
    assert_eq!(of_details(0, "downstream_remote_disconnect"), Behind::ClientLeft);
    assert_eq!(of_details(0, "http2.remote_reset"), Behind::ClientLeft);
    assert_eq!(
        of_details(200, "downstream_remote_disconnect"),
        answered(200, true)
    );
    assert_eq!(of_flags(0, "DC"), Behind::ClientLeft);
}

#[test]
fn without_details_the_flags_tell() {
    assert_eq!(of_flags(503, "UH"), Behind::Failed(Failure::NoHealthyUpstream));
    assert_eq!(of_flags(503, "URX,UF"), Behind::Failed(Failure::Unconnected));
    assert_eq!(of_flags(503, "URX"), answered(503, false));
    assert_eq!(of_flags(200, "UC"), answered(200, true));
    assert_eq!(of_flags(503, "UC"), Behind::Failed(Failure::Closed));
    assert_eq!(of_flags(404, "NR"), Behind::Nowhere);
}

#[test]
fn without_either_the_upstream_is_taken_to_have_answered_unless_the_breaker_was_open() {
    let ended = Ended {
        code: 503,
        ..Ended::default()
    };
    assert_eq!(ended.behind(), answered(503, false));
    let looks_rejected = true;
    let ended = Ended {
        looks_rejected,
        ..ended
    };
    assert_eq!(ended.behind(), Behind::Refused("circuit_breaker_open"));
}
