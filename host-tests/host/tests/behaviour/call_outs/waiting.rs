//! Exchanges that wait for a call-out: until when, and what an expectation on one says.

use host::{Answer, Cluster, Host, millis};

use super::{Call, GO_ON, authz, waits_for};

#[test]
fn an_answer_that_takes_time_comes_when_the_clock_says_so() {
    let host = Host::new(waits_for(Call::to("authz"), GO_ON, ""))
        .clusters(authz(Answer::new(200).after(millis(20))));
    let exchange = host.get("/").send();
    host.advance(millis(19));
    assert!(exchange.call_outs()[0].is_waiting());
    host.advance(millis(1));
    assert!(exchange.is_at_upstream());
    let answered = exchange.answer(200);
    assert_eq!(
        answered.call_outs()[0].to_string().lines().next(),
        Some("plugin to cluster authz: 200 after 20 ms")
    );
}

#[test]
#[should_panic(
    expected = "the request did not reach the upstream: plugin guard waits for a call-out to authz"
)]
fn an_expectation_on_an_exchange_that_waits_says_what_for() {
    Host::new(waits_for(Call::to("authz"), GO_ON, ""))
        .plugin_name("guard")
        .clusters(authz(Answer::new(200).after(millis(20))))
        .get("/")
        .expect_forwarded();
}

#[test]
#[should_panic(expected = "plugin guard waits for a call-out to authz")]
fn so_does_an_exchange_that_must_end() {
    Host::new(waits_for(Call::to("authz"), GO_ON, ""))
        .plugin_name("guard")
        .clusters([Cluster::new("authz")])
        .get("/")
        .run(200);
}

#[test]
#[should_panic(expected = "the status is 0, not 403: plugin guard waits for a call-out to authz")]
fn so_does_a_status_that_is_not_there_yet() {
    Host::new(waits_for(Call::to("authz"), GO_ON, ""))
        .plugin_name("guard")
        .clusters(authz(Answer::new(200).after(millis(20))))
        .get("/")
        .expect_rejected(403);
}

#[test]
#[should_panic(
    expected = "no request is waiting at the upstream: plugin guard waits for a call-out to authz"
)]
fn so_does_an_answer_that_comes_too_early() {
    let host = Host::new(waits_for(Call::to("authz"), GO_ON, "")).plugin_name("guard");
    let host = host.clusters(authz(Answer::new(200).after(millis(20))));
    host.get("/").send().answer(200);
}

#[test]
#[should_panic(expected = "plugin guard holds the request and never lets it go")]
fn one_that_was_told_and_does_nothing_is_told_from_one_that_waits() {
    Host::new(waits_for(Call::to("authz"), "", ""))
        .plugin_name("guard")
        .clusters(authz(200))
        .get("/")
        .run(200);
}
