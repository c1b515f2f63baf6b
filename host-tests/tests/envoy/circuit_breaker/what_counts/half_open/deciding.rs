//! What decides.

use super::{CLOSED, OPEN, Probed, policy};
use crate::circuit_breaker::what_counts::case::{Case, Step};
use host_tests::scenario::Answer;
use serde_json::json;

pub fn errors_of_the_clients_making_close_it() -> (Case, fn(&Probed<'_>)) {
    (Case::new("of-404").policy(policy(2, 1)), |probed| {
        probed.answered(404);
        probed.are_undecided_after("success", 1);
        probed.answered(422);
        probed.is(CLOSED);
    })
}

pub fn too_many_requests_open_it_again_where_they_are_failures() -> (Case, fn(&Probed<'_>)) {
    let mut policy = policy(1, 1);
    policy["failure"] = json!({ "too_many_requests": true });
    (Case::new("of-429").policy(policy), |probed| {
        probed.answered(429);
        probed.is(OPEN);
    })
}

pub fn a_slow_probe_opens_it_again() -> (Case, fn(&Probed<'_>)) {
    let mut policy = policy(1, 1);
    policy["trip"]["slow_rate"] =
        json!({ "percent": 80, "slower_than": "300ms", "window": "60s", "min_calls": 1000 });
    (Case::new("slow").policy(policy), |probed| {
        let late = [Step::Silence(400), Step::Answers(Answer::new(200).body("body"))];
        probed.replied(&probed.request(), &late, 200);
        probed.is(OPEN);
    })
}

pub fn a_client_that_has_waited_long_enough_opens_it_again() -> (Case, fn(&Probed<'_>)) {
    let mut policy = policy(1, 1);
    policy["failure"] = json!({ "no_answer_after": "300ms" });
    (Case::new("black-hole").policy(policy), |probed| {
        let steps = [Step::Silence(400), Step::ClientLeaves];
        probed.begin(&probed.request(), &steps).end();
        probed.is(OPEN);
    })
}

pub fn a_web_socket_closes_it_when_it_begins() -> (Case, fn(&Probed<'_>)) {
    let case = Case::new("web-socket")
        .policy(policy(1, 1))
        .edge(json!({ "upgrade_configs": [{ "upgrade_type": "websocket" }] }));
    (case, |probed| {
        let answer = Answer::new(101)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket");
        let steps = [Step::Answers(answer), Step::Sends("hello")];
        let open = probed.begin(&probed.request().upgrade("websocket"), &steps);
        probed.is(CLOSED);
        open.play(&[Step::Resets]).end();
        // Its end was no failure: the next request is admitted.
        probed.answered(200);
    })
}

pub fn a_stream_of_events_closes_it_when_it_begins() -> (Case, fn(&Probed<'_>)) {
    (Case::new("events").policy(policy(1, 1)), |probed| {
        let answer = Answer::new(200)
            .header("content-type", "text/event-stream")
            .chunked();
        let steps = [Step::Answers(answer), Step::Sends("data: 1\n\n")];
        let open = probed.begin(&probed.request(), &steps);
        probed.is(CLOSED);
        open.play(&[Step::Closes]).end();
        probed.answered(200);
    })
}

pub fn a_stream_of_grpc_closes_it_when_its_lease_ends_and_fails_no_more() -> (Case, fn(&Probed<'_>)) {
    let mut policy = policy(1, 1);
    policy["half_open"]["lease"] = json!("300ms");
    (Case::new("grpc-stream").grpc().policy(policy), |probed| {
        let open = probed.begin(&probed.request(), &message());
        probed.is(CLOSED);
        open.play(&[unavailable()]).end();
        probed.answered(200);
    })
}

pub fn a_stream_of_grpc_that_fails_within_its_lease_opens_it_again() -> (Case, fn(&Probed<'_>)) {
    (Case::new("grpc-failure").grpc().policy(policy(1, 1)), |probed| {
        probed
            .begin(&probed.request(), &message())
            .play(&[unavailable()])
            .end();
        probed.is(OPEN);
    })
}

fn message() -> [Step; 2] {
    let answer = Answer::new(200)
        .header("content-type", "application/grpc")
        .chunked();
    [Step::Answers(answer), Step::Sends("\0\0\0\0\0")]
}

fn unavailable() -> Step {
    Step::Ends(vec![("grpc-status".to_owned(), b"14".to_vec())])
}
