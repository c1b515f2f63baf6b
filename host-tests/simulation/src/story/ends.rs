//! How requests end: what came of them for the breaker and the budget, and what the client got.

use super::flight::{Flight, Passed, Stage};
use super::{Event, Story};
use crate::checks::come_back::{self, Told};
use crate::checks::envelope::{self, Answered, Sent};
use crate::checks::{Broken, ids, secrets};
use crate::model::breaker::{Outcome, Permit};
use crate::model::retries::AttemptEnd;
use std::rc::Rc;

/// How much earlier than it should the proxy's timer may seem to end, in milliseconds.
const TIMER: u64 = 50;

impl Story {
    /// The headers of an answer have come to the client, by all plugins.
    pub(super) fn headers(&mut self, flight: &mut Flight) -> Result<(), Broken> {
        let now = self.now;
        let (status, details) = (flight.exchange.status(), flight.exchange.details());
        self.tell(format!("#{} is answered {status}, {details}", flight.number));
        // Its headers and its end came at once.
        let began_well = details.starts_with("upstream_reset_after_response_started");
        let details = if began_well {
            "via_upstream".to_owned()
        } else {
            details
        };
        if self.is_doomed(flight) {
            return Ok(());
        }
        if now > flight.times_out {
            let words = format!(
                "#{} is answered after its time is over, at {} ms",
                flight.number, flight.times_out
            );
            return Err(Broken::new("no request takes longer than it may", words));
        }
        let origin = if details == "via_upstream" {
            "upstream"
        } else {
            "local"
        };
        flight.error = match status {
            400..=499 => Some(("client_error", origin)),
            500.. => Some(("server_error", origin)),
            _ => None,
        };
        self.charge(flight);
        self.count_withheld(flight, &details);
        let Stage::Waiting(permit) = flight.stage else {
            return Ok(());
        };
        let waited = now - flight.began;
        let envoy = &mut self.envoys[flight.envoy];
        let settings = Rc::clone(&flight.settings);
        let breaker = &settings.breaker;
        let is_slow = breaker.slow_rate.is_some() && waited > breaker.slower_than;
        let retry_after = flight.got.as_ref().and_then(|got| got.retry_after);
        let callers = flight.deadline.is_some_and(|deadline| deadline <= waited + TIMER)
            && waited < breaker.no_answer_after;
        let of_time = if callers {
            Outcome::Ignored
        } else {
            Outcome::Failure
        };
        let has_body = flight.got.as_ref().is_some_and(|got| got.has_body);
        let good = if is_slow { Outcome::Slow } else { Outcome::Success };
        let outcome = match (details.as_str(), status) {
            ("via_upstream", 501) if has_body => None,
            ("via_upstream", 501) => Some(good),
            ("via_upstream", 500..) => Some(Outcome::Failure),
            ("via_upstream", 429) if breaker.too_many_requests => Some(Outcome::Failure),
            ("via_upstream", 429) => Some(Outcome::TooMany),
            ("via_upstream", _) if has_body => None,
            ("via_upstream", _) => Some(good),
            ("no_healthy_upstream" | "retry_budget_spent", _) => Some(Outcome::Failure),
            ("response_timeout" | "upstream_per_try_timeout", _) => Some(of_time),
            (reset, _) if reset.starts_with("upstream_reset_before_response_started{overflow") => {
                Some(Outcome::Ignored)
            }
            (reset, _) if reset.starts_with("upstream_reset_before_response_started") => {
                Some(Outcome::Failure)
            }
            _ => Some(Outcome::Ignored),
        };
        match outcome {
            Some(outcome) => {
                let is_failure = outcome == Outcome::Failure && details == "via_upstream";
                let said = retry_after.filter(|_| is_failure);
                self.settle(flight, permit, outcome, said);
            }
            None => {
                envoy.model.answered(flight.seat, flight.breaker, permit, now);
                flight.stage = Stage::Answered(permit, is_slow);
            }
        }
        Ok(())
    }

    fn settle(&mut self, flight: &mut Flight, permit: Permit, outcome: Outcome, retry_after: Option<u64>) {
        self.tell(format!(
            "#{} is to {} of {} {outcome:?}",
            flight.number, flight.breaker.0, flight.breaker.1
        ));
        flight.stage = Stage::Over;
        let envoy = &mut self.envoys[flight.envoy];
        envoy.model.settle(
            flight.seat,
            flight.breaker,
            permit,
            outcome,
            retry_after,
            self.now,
        );
        envoy
            .probes
            .entry(flight.breaker)
            .or_default()
            .over(flight.number);
    }

    /// The attempts of a request are known: they are counted, and taken from the budget.
    fn charge(&mut self, flight: &mut Flight) {
        if flight.steering.is_none() || std::mem::replace(&mut flight.is_charged, true) {
            return;
        }
        let attempts = flight.attempts_made() as u64;
        let envoy = &mut self.envoys[flight.envoy];
        let cluster = flight.asked.way.cluster;
        envoy.traffic.entry(cluster).or_default().asked(self.now);
        envoy.model.charge(flight.seat, cluster, attempts, self.now);
        if flight.has_headers {
            for attempt in 2..=attempts {
                let name = format!(
                    "retry_attempts_total.route={};.attempt={attempt};",
                    flight.asked.way.route
                );
                envoy.model.count(name, 1);
            }
        }
    }

    /// A retry that would have been made, were it not for something.
    fn count_withheld(&mut self, flight: &Flight, details: &str) {
        let end = match (details, &flight.got) {
            ("response_timeout", _) => AttemptEnd::TimedOut,
            ("upstream_per_try_timeout", _) => AttemptEnd::Broken,
            (_, Some(got)) => got.end,
            (_, None) => AttemptEnd::Final,
        };
        let attempts = flight.attempts_made() as u64;
        let steering = flight.steering.as_ref().filter(|_| flight.error.is_some());
        if let Some(reason) = steering.and_then(|steering| steering.withheld(end, attempts)) {
            let route = flight.asked.way.route;
            let name = format!("retry_suppressed_total.route={route};.reason={reason};.mode=enforce;");
            self.envoys[flight.envoy].model.count(name, 1);
        }
    }

    /// A request is over.
    pub(super) fn over(&mut self, mut flight: Flight) -> Result<(), Broken> {
        let broke_off = flight.exchange.broke_off();
        if !self.is_doomed(&flight) {
            self.ends(&mut flight, broke_off);
            self.count_error(&flight);
            self.envoys[flight.envoy]
                .model
                .leaves(flight.seat, flight.breaker, self.now);
            if !flight.client_left {
                self.answered(&flight, broke_off)?;
            }
        }
        if flight.client_left {
            if let Some(inner) = flight.inner.take() {
                self.plan(0, Event::GiveUp(inner));
            }
            return Ok(());
        }
        self.tell_caller(&flight, broke_off);
        Ok(())
    }

    /// An error is counted once, when it is over.
    fn count_error(&mut self, flight: &Flight) {
        if let Some((class, origin)) = flight.error {
            let name = format!("errors_total.class={class};.origin={origin};.mode=enforce;");
            self.envoys[flight.envoy].model.count(name, 1);
        }
    }

    /// What the end says to the breaker and to the budget.
    fn ends(&mut self, flight: &mut Flight, broke_off: bool) {
        let waited = self.now - flight.began;
        let patience = flight.settings.breaker.no_answer_after;
        match flight.stage {
            Stage::Waiting(permit) => {
                let gave_up = if waited >= patience {
                    Outcome::Failure
                } else {
                    Outcome::Ignored
                };
                self.settle(flight, permit, gave_up, None);
            }
            Stage::Answered(permit, is_slow) => {
                // A time-out within the answer says nothing of the upstream: the client may have been slow to read.
                let was_upstream = flight
                    .exchange
                    .details()
                    .starts_with("upstream_reset_after_response_started");
                let outcome = match (flight.client_left, broke_off) {
                    (true, _) => Outcome::Ignored,
                    (false, true) if was_upstream => Outcome::Failure,
                    (false, true) => Outcome::Ignored,
                    (false, false) if is_slow => Outcome::Slow,
                    (false, false) => Outcome::Success,
                };
                self.settle(flight, permit, outcome, None);
            }
            Stage::Rejected | Stage::Over => {}
        }
        self.charge(flight);
    }

    /// What the client got is what it must get.
    fn answered(&mut self, flight: &Flight, broke_off: bool) -> Result<(), Broken> {
        let exchange = &flight.exchange;
        ids::seen(
            "the response",
            &exchange.response_header("x-request-id").all(),
            &flight.id,
        )?;
        let body = exchange.body();
        secrets::of_text(&body)?;
        for (_, value) in exchange.response_headers() {
            secrets::of_text(&value)?;
        }
        if broke_off {
            return Ok(());
        }
        if self.must_pass && exchange.status() != 200 {
            let words = format!("#{} is answered {}", flight.number, exchange.status());
            return Err(Broken::new(
                "when the upstream works again, every request passes",
                words,
            ));
        }
        let is_upstream = exchange.details() == "via_upstream";
        if flight.steering.is_some() {
            let sent = flight.got.as_ref().filter(|_| is_upstream);
            let said = flight.header("retry-after");
            come_back::check(&Told {
                status: exchange.status(),
                retry_after: said.as_deref(),
                of_upstream: sent.and_then(|got| got.come_back.as_deref()),
                attempt: flight.asked.attempt,
            })?;
        }
        let upstream = flight.got.as_ref().filter(|_| is_upstream).map(|got| Sent {
            content_type: got.content_type.as_deref(),
            body: &got.body,
            has_code: got.has_code,
        });
        let answered = Answered {
            status: exchange.status(),
            content_type: flight.header("content-type"),
            error_code: flight.header("x-error-code"),
            length: flight.header("content-length"),
            body: &body,
            accept: flight.asked.accept,
            id: &flight.id,
            upstream,
        };
        envelope::check(&answered, &flight.settings.errors)
    }

    /// Whoever asked is told: the Envoy before, or a client, which may come again.
    fn tell_caller(&mut self, flight: &Flight, broke_off: bool) {
        let exchange = &flight.exchange;
        if let Some((outer, attempt)) = flight.outer {
            let passed = Passed {
                status: exchange.status(),
                headers: exchange.response_headers(),
                body: exchange.body(),
                broke_off,
            };
            return self.plan(0, Event::Pass(outer, attempt, Box::new(passed)));
        }
        let failed = exchange.status() >= 500 || exchange.status() == 429;
        if self.recovering || !failed || flight.asked.attempt > 3 || !self.dice.in_100(40) {
            return;
        }
        let said = flight
            .header("retry-after")
            .and_then(|text| text.parse::<u64>().ok());
        let wait = match said {
            Some(seconds) if self.dice.in_100(70) && seconds < 60 => seconds * 1_000,
            _ => self.dice.between(10, 500),
        };
        let mut asked = flight.asked.clone();
        asked.attempt += 1;
        self.plan(wait, Event::Again(asked));
    }
}
