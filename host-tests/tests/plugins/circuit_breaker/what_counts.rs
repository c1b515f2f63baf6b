//! What came of a request, as the breaker judges it. Each line of a table is run against a closed breaker, which the first
//! failure opens, and as the only probe of a half-open one.

mod deadlines;
mod filters;
mod ignored;
mod own_replies;
mod slow;
mod streams;
mod upstream;

use super::policy;
use host::{Answer, Cluster, Host, Redirect, Route, secs};
use serde_json::{Value, json};

/// What a request is judged as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Came {
    Success,
    Failure,
    Slow,
    /// A success of the upstream, but not of a probe.
    TooMany,
    Ignored,
    /// The breaker has never heard of it.
    Unheard,
}

use Came::{Failure, Ignored, Success, TooMany};

/// One line of a table: what it is about, what it is judged as, and the exchange.
type Case = (&'static str, Came, fn(&Host));

/// A host whose one breaker opens at the first failure, for ten seconds, and closes at the first success.
fn world(more: &Value) -> Host {
    policy(strict(more)).routes(routes()).clusters([silent()])
}

fn strict(more: &Value) -> Value {
    let mut policy = json!({
        "key": { "name": "all" },
        "trip": { "consecutive_failures": 1, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    });
    for (name, value) in more.as_object().expect("it is an object") {
        match (&mut policy[name], value) {
            (Value::Object(under), Value::Object(over)) => under.extend(over.clone()),
            (under, over) => *under = over.clone(),
        }
    }
    policy
}

fn routes() -> [Route; 5] {
    [
        Route::new("orders").prefix("/orders").upgrade("websocket"),
        Route::new("never")
            .prefix("/never")
            .cluster("silent")
            .timeout_ms(5_000),
        Route::new("maintenance")
            .prefix("/maintenance")
            .direct_response(503, "back soon"),
        Route::new("moved")
            .prefix("/moved")
            .redirect(Redirect::new().path("/orders")),
        Route::new("patient").prefix("/patient").timeout_ms(0),
    ]
}

/// A cluster that takes requests and never answers.
fn silent() -> Cluster {
    Cluster::new("silent").answers([Answer::never()])
}

/// Runs a table with this laid over the policy.
#[track_caller]
fn judged(more: &Value, table: &[Case]) {
    for (name, came, run) in table {
        while_closed(&world(more), name, *came, run);
        let host = world(more);
        half_opened(&host);
        while_half_open(&host, name, *came, run);
    }
}

#[track_caller]
fn while_closed(host: &Host, name: &str, came: Came, run: &fn(&Host)) {
    host.start();
    run(host);
    host.advance(secs(1));
    assert_eq!(counted(host), came.counts(), "{name}, while closed");
    let opened = matches!(came, Failure | Came::Slow);
    assert_eq!(state(host), u64::from(opened), "{name}, while closed");
}

/// Opens the breaker of a host, and lets its open time pass.
#[track_caller]
fn half_opened(host: &Host) {
    host.get("/orders").answered_with(503);
    host.get("/orders").expect_rejected(503);
    host.advance(secs(10));
    assert_eq!(state(host), 2);
}

#[track_caller]
fn while_half_open(host: &Host, name: &str, came: Came, run: &fn(&Host)) {
    run(host);
    host.advance(secs(1));
    let expected = match came {
        Success => 0,
        Failure | Came::Slow => 1,
        TooMany | Ignored | Came::Unheard => 2,
    };
    assert_eq!(state(host), expected, "{name}, while half-open");
    if expected == 2 {
        // It has its place no longer.
        host.get("/orders").answered_with(200);
        host.advance(secs(1));
        assert_eq!(state(host), 0, "{name}, and then the next");
    }
}

impl Came {
    /// What is counted: by outcome.
    fn counts(self) -> Vec<(&'static str, u64)> {
        match self {
            Success | TooMany => vec![("success", 1)],
            Failure => vec![("failure", 1)],
            Came::Slow => vec![("slow", 1)],
            Ignored => vec![("ignored", 1)],
            Came::Unheard => vec![],
        }
    }
}

/// The calls of the one breaker by outcome, those that there were.
fn counted(host: &Host) -> Vec<(&'static str, u64)> {
    let count = |outcome| {
        let name = format!("circuit_breaker_calls_total.breaker=all;.outcome={outcome};.mode=enforce;");
        (outcome, host.metric(&name))
    };
    let outcomes = ["success", "failure", "slow", "ignored", "rejected"].into_iter();
    outcomes.map(count).filter(|(_, calls)| *calls > 0).collect()
}

/// 0: closed, 1: open, 2: half-open.
fn state(host: &Host) -> u64 {
    host.metric("circuit_breaker_state.breaker=all;")
}
