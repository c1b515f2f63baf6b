//! What counts while a breaker is half-open: the same, and what does not count frees its place and decides nothing.
//!
//! One failure opens the breakers of each trial, the one in the listener and the one in the cluster. All trials go on at
//! once in one Envoy.

mod deciding;
mod undecided;

use super::case::{Case, Step};
use super::named;
use super::play::Play;
use super::stage::Stage;
use host_tests::scenario::{Answer, Request};
use serde_json::{Value, json};
use std::thread;

const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
const CLOSED: u64 = 0;

#[test]
fn a_half_open_breaker_is_decided_by_what_counts() {
    run([
        trial(deciding::errors_of_the_clients_making_close_it),
        trial(deciding::too_many_requests_open_it_again_where_they_are_failures),
        trial(deciding::a_slow_probe_opens_it_again),
        trial(deciding::a_client_that_has_waited_long_enough_opens_it_again),
        trial(deciding::a_web_socket_closes_it_when_it_begins),
        trial(deciding::a_stream_of_events_closes_it_when_it_begins),
        trial(deciding::a_stream_of_grpc_closes_it_when_its_lease_ends_and_fails_no_more),
        trial(deciding::a_stream_of_grpc_that_fails_within_its_lease_opens_it_again),
    ]);
}

#[test]
fn a_half_open_breaker_is_not_decided_by_what_does_not_count() {
    run([
        trial(undecided::two_unauthenticated_requests_close_nothing),
        trial(undecided::unauthenticated_requests_that_are_denied_in_front_are_no_probes),
        trial(undecided::a_client_that_leaves_its_probe_gives_the_place_back),
        trial(undecided::too_many_requests_are_no_success_of_a_probe),
        trial(undecided::a_callers_deadline_neither_opens_nor_closes),
    ]);
}

/// A case, and what is done with it once its breakers are half-open.
struct Trial {
    claim: &'static str,
    case: Case,
    proceed: fn(&Probed<'_>),
}

/// The trial of a function whose name is the claim.
fn trial<F: Fn() -> (Case, fn(&Probed<'_>))>(trial: F) -> Trial {
    let (case, proceed) = trial();
    let claim = named::<F>();
    Trial { claim, case, proceed }
}

fn run<const N: usize>(trials: [Trial; N]) {
    let mut cases = Vec::new();
    let mut proceed = Vec::new();
    for trial in trials {
        cases.push(trial.case.numbered(cases.len()));
        proceed.push((trial.claim, trial.proceed));
    }
    let stage = Stage::start(&cases);
    thread::scope(|scope| {
        for (case, (claim, proceed)) in cases.iter().zip(proceed) {
            let stage = &stage;
            thread::Builder::new()
                .name(claim.to_owned())
                .spawn_scoped(scope, move || proceed(&Probed::new(stage, case)))
                .expect("a thread can be started");
        }
    });
}

/// How often a probe must succeed, and how many there are at once.
fn policy(successes: u32, max_calls: u32) -> Value {
    json!({
        "trip": { "consecutive_failures": 1 },
        // Opened again, it stays so.
        "open": { "for": "50ms", "multiplier": 100, "max": "1h", "jitter": 0 },
        "half_open": { "successes": successes, "max_calls": max_calls },
    })
}

/// A case whose breakers are half-open.
struct Probed<'s> {
    stage: &'s Stage,
    case: &'s Case,
}

impl Probed<'_> {
    #[track_caller]
    fn new<'s>(stage: &'s Stage, case: &'s Case) -> Probed<'s> {
        let probed = Probed { stage, case };
        probed.answered(500);
        probed.is(HALF_OPEN);
        probed
    }

    fn request(&self) -> Request {
        self.case.request.clone()
    }

    /// A request that the upstream answers so.
    #[track_caller]
    fn answered(&self, status: u16) {
        let answer = Answer::new(status).body("body");
        self.replied(&Request::get(&self.case.path), &[Step::Answers(answer)], status);
    }

    /// A request that is answered with this status.
    #[track_caller]
    fn replied(&self, request: &Request, steps: &[Step], status: u16) {
        let replied = self.begin(request, steps).end();
        assert_eq!(replied.map(|reply| reply.status()), Some(status));
    }

    /// A request that is not over with these steps.
    fn begin(&self, request: &Request, steps: &[Step]) -> Play<'_> {
        self.stage.begin(&self.case.name, request).play(steps)
    }

    /// Both breakers come to this state.
    #[track_caller]
    fn is(&self, state: u64) {
        for breaker in self.breakers() {
            let name = format!("circuit_breaker_state.{breaker}");
            self.stage.reaches(&name, state);
        }
    }

    /// Both have counted so many calls of an outcome, and have been half-open ever since they first were.
    #[track_caller]
    fn are_undecided_after(&self, outcome: &str, calls: u64) {
        for breaker in self.breakers() {
            let name = format!("circuit_breaker_calls_total.{breaker}.outcome={outcome};.mode=enforce;");
            self.stage.reaches(&name, calls);
        }
        self.are_undecided();
    }

    #[track_caller]
    fn are_undecided(&self) {
        for breaker in self.breakers() {
            let from = format!("circuit_breaker_transitions_total.{breaker}.from=half_open;");
            let closed = format!("{from}.to=closed;.reason=probes_succeeded;");
            let opened = format!("{from}.to=open;.reason=probe_failed;");
            let times = [closed, opened].map(|name| self.stage.metric(&name));
            assert_eq!(times, [0, 0], "{breaker} has closed and opened so often");
        }
    }

    /// Those that open at all.
    fn breakers(&self) -> Vec<String> {
        match self.case.policy_of_attempts {
            None => vec![self.case.in_listener(), self.case.in_cluster()],
            Some(_) => vec![self.case.in_listener()],
        }
    }
}
