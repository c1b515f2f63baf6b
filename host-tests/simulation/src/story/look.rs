//! What is seen of requests: each as soon as it happens, told to the model and compared with what it must be.

use super::client::Asked;
use super::flight::{Flight, Got, Stage};
use super::{Event, Story};
use crate::checks::admission::{self, Expected, Seen};
use crate::checks::probes::Probe;
use crate::checks::{Broken, ids};
use crate::model::breaker::{State, Verdict};
use crate::model::retries::{AttemptEnd, Facts, Steering};
use crate::model::{Seat, breaker_of};
use crate::world::settings::ROUTE_TIMEOUT;
use std::rc::Rc;

const RETRIES: &str = "a request is tried again exactly when the policy and the budget say so";
const IN_TIME: &str = "no request takes longer than it may";

impl Story {
    /// A request reaches an Envoy. Gives its number, unless it is over already.
    pub(super) fn send(
        &mut self,
        at: usize,
        worker: usize,
        asked: Asked,
        outer: Option<(u64, usize)>,
    ) -> Result<Option<u64>, Broken> {
        self.counts.requests += 1;
        let (now, number) = (self.now, self.counts.requests);
        let envoy = &mut self.envoys[at];
        envoy.until(now);
        if std::mem::take(&mut envoy.dead[worker]) {
            let settings = Rc::clone(&envoy.settings);
            envoy.model.workers.begin(worker, &settings, now);
            envoy.loaded[worker] = now;
        }
        let mut request = envoy
            .host
            .worker(worker)
            .request(asked.method, asked.path())
            .body(asked.body());
        for (name, value) in asked.headers() {
            request = request.header(name, value);
        }
        let exchange = request.send();
        let settings = Rc::clone(&envoy.settings);
        let breaker = breaker_of(&settings, asked.way.cluster, asked.way.route);
        let Some(root) = envoy.model.workers.newest(worker) else {
            return Err(Broken::new(
                "a worker serves",
                format!("worker {worker} has no configuration"),
            ));
        };
        root.in_flight += 1;
        let seat = Seat {
            worker,
            root: root.id,
        };
        let mut flight = Flight {
            number,
            envoy: at,
            seat,
            settings: Rc::clone(&settings),
            exchange,
            outer,
            inner: None,
            began: now,
            breaker,
            stage: Stage::Rejected,
            steering: None,
            times_out: u64::MAX,
            deadline: asked.deadline.filter(|_| settings.retry.reads_deadlines),
            attempts: 0,
            is_waiting: false,
            got: None,
            has_headers: false,
            error: None,
            is_charged: false,
            client_left: false,
            id: String::new(),
            asked,
        };
        self.tell(format!(
            "#{number} Envoy {at} worker {worker} gets {} {} {}",
            flight.asked.method,
            flight.asked.path(),
            flight.asked.in_words()
        ));
        self.identify(&mut flight)?;
        self.admit(&mut flight)?;
        let envoy = flight.envoy;
        self.flights.insert(number, flight);
        self.look(number)?;
        self.compare(envoy)?;
        Ok(self.flights.contains_key(&number).then_some(number))
    }

    /// The id of a request: the client's, or a new one.
    fn identify(&mut self, flight: &mut Flight) -> Result<(), Broken> {
        let envoy = &mut self.envoys[flight.envoy];
        let settings = Rc::clone(&envoy.settings);
        let (accepted, refused) = ids::expected(&flight.asked, &settings.ids);
        envoy.model.count_id(flight.seat, accepted.is_some(), refused);
        let told = flight.state("policy.request_id").unwrap_or_default();
        match accepted {
            Some(id) => ids::seen("the access log", &[told.into_bytes()], &id).map(|()| flight.id = id)?,
            None => {
                ids::generated(&told, &settings.ids, &envoy.ids)?;
                flight.id = told;
            }
        }
        envoy.ids.insert(flight.id.clone());
        Ok(())
    }

    /// What the breaker and the budget decide on a request.
    fn admit(&mut self, flight: &mut Flight) -> Result<(), Broken> {
        let now = self.now;
        let envoy = &mut self.envoys[flight.envoy];
        let settings = Rc::clone(&envoy.settings);
        let (seat, name) = (flight.seat, flight.breaker);
        let Some(verdict) = envoy.model.admit(seat, name, now) else {
            return Err(Broken::new("a worker serves", "its configuration is gone"));
        };
        let details = flight.exchange.details();
        let seen = Seen {
            is_rejected: details.starts_with("circuit_breaker_"),
            status: flight.exchange.status(),
            details,
            retry_after: flight.header("retry-after"),
            error_code: flight.header("x-error-code"),
            pushes_back: flight.header("x-envoy-ratelimited").is_some(),
            circuit: flight.state("policy.circuit"),
        };
        let state = envoy
            .model
            .breakers
            .get(&name)
            .map_or(State::Closed, |breaker| breaker.state);
        let (shadow, push_back) = (settings.breaker.shadow, settings.breaker.push_back);
        let expected = Expected {
            verdict,
            state,
            breaker: name.1,
            push_back,
            shadow,
        };
        admission::check(&expected, &seen)?;
        let permit = match verdict {
            Verdict::Admitted(permit) => Some(permit),
            Verdict::Ramping(permit, share) => {
                self.ramp.met(share, !seen.is_rejected);
                Some(permit).filter(|_| !seen.is_rejected)
            }
            Verdict::Rejected(..) => None,
        };
        envoy.model.met(seat, name, permit);
        envoy.compare_transitions()?;
        if let Some(permit) = permit {
            flight.stage = Stage::Waiting(permit);
            if seen
                .circuit
                .as_deref()
                .is_some_and(|circuit| circuit.ends_with(":half_open"))
            {
                let probe = Probe {
                    admitted: now,
                    lease: settings.breaker.lease,
                };
                let probes = envoy.probes.entry(name).or_default();
                probes.admitted(flight.number, probe, settings.breaker.max_calls, now)?;
            }
        }
        if !seen.is_rejected && flight.deadline != Some(0) {
            let cluster = flight.asked.way.cluster;
            envoy.model.meets_budget(seat, cluster);
            flight.steering = Some(Steering::of(
                &settings.retry,
                Facts {
                    method: flight.asked.method,
                    has_key: flight.asked.key,
                    attempt: flight.asked.attempt,
                    is_half_open: state == State::HalfOpen && !shadow,
                    left: envoy.model.left(&settings, cluster, now),
                    deadline: flight.deadline,
                },
            ));
            let whole = [settings.retry.timeout, flight.deadline]
                .into_iter()
                .flatten()
                .min();
            flight.times_out = now + whole.unwrap_or(ROUTE_TIMEOUT);
        }
        Ok(())
    }

    /// An attempt gets an answer, or the reason why there is none.
    pub(super) fn gets(
        &mut self,
        number: u64,
        attempt: usize,
        got: Got,
        answer: host::Answer,
        words: &str,
    ) -> Result<(), Broken> {
        let waits = |flight: &Flight| flight.is_waiting && flight.attempts == attempt;
        if !self.flights.get(&number).is_some_and(waits) {
            return Ok(());
        }
        let Some(mut flight) = self.flights.remove(&number) else {
            return Ok(());
        };
        self.envoys[flight.envoy].until(self.now);
        self.tell(format!("#{number} attempt {attempt} gets {words}"));
        flight.exchange = flight.exchange.begin_answer(answer);
        flight.is_waiting = false;
        flight.inner = None;
        let end = got.end;
        flight.got = Some(got);
        self.tries_again(&flight, end)?;
        let envoy = flight.envoy;
        self.flights.insert(number, flight);
        self.look(number)?;
        self.compare(envoy)
    }

    /// Whether an attempt that ended so is followed by another, as it must be or must not.
    fn tries_again(&mut self, flight: &Flight, end: AttemptEnd) -> Result<(), Broken> {
        let again = flight.goes_on();
        if again {
            self.tell(format!("#{} is to be tried again", flight.number));
        }
        // Where the plugin stands in the cluster, too, it may have taken what this request saw.
        let is_known = !self.envoys[flight.envoy].in_clusters || flight.settings.retry.budget().is_none();
        let Some(steering) = flight.steering.as_ref().filter(|_| is_known) else {
            return Ok(());
        };
        let must = steering.tries_again(end, flight.attempts as u64);
        Broken::unless(again == must, RETRIES, || {
            let is = if again { "is" } else { "is not" };
            format!(
                "#{} {is} tried again after attempt {} of {end:?}, told {steering:?}",
                flight.number, flight.attempts
            )
        })
    }

    /// Something became due on a worker: any of its requests may have changed.
    pub(super) fn look_at_worker(&mut self, envoy: usize, worker: usize) -> Result<(), Broken> {
        let of_worker = |flight: &&Flight| flight.envoy == envoy && flight.seat.worker == worker;
        let mut numbers: Vec<(u64, u64)> = self
            .flights
            .values()
            .filter(of_worker)
            .map(|flight| (flight.began, flight.number))
            .collect();
        numbers.sort_unstable();
        for (_, number) in numbers {
            self.look(number)?;
        }
        self.compare(envoy)
    }

    /// Looks what has changed about a request.
    pub(super) fn look(&mut self, number: u64) -> Result<(), Broken> {
        let Some(mut flight) = self.flights.remove(&number) else {
            return Ok(());
        };
        let lost = !flight.exchange.awaits_answer() || flight.attempts_made() > flight.attempts;
        if flight.is_waiting && lost && !flight.client_left {
            self.timed_out(&mut flight)?;
        }
        if !flight.has_headers && flight.exchange.status() != 0 {
            flight.has_headers = true;
            self.headers(&mut flight)?;
        }
        if flight.exchange.is_finished() {
            return self.over(flight);
        }
        let made = flight.attempts_made();
        if made > flight.attempts && flight.exchange.is_at_upstream() {
            flight.attempts = made;
            flight.is_waiting = true;
            let got = flight.exchange.upstream_header("x-request-id").all();
            ids::seen("the upstream", &got, &flight.id)
                .or_else(|broken| self.unless_doomed(&flight, broken))?;
            self.attempted(&flight)?;
            self.reaches_upstream(number, flight.envoy, made, flight.asked.way.cluster);
        }
        self.flights.insert(number, flight);
        Ok(())
    }

    /// An attempt is made: it is within the budget, and the upstream is told for how long its caller still waits.
    fn attempted(&mut self, flight: &Flight) -> Result<(), Broken> {
        let (now, asked) = (self.now, &flight.asked);
        let envoy = &mut self.envoys[flight.envoy];
        if let Some(budget) = flight.settings.retry.budget().filter(|_| envoy.in_clusters)
            && flight.attempts > 1
        {
            envoy
                .traffic
                .entry(asked.way.cluster)
                .or_default()
                .retried(budget, now)?;
        }
        let rewritten = envoy.in_clusters && flight.deadline.is_some();
        let passed = if rewritten { now - flight.began } else { 0 };
        let must = asked
            .deadline
            .map(|deadline| deadline.saturating_sub(passed).to_string());
        let told = flight
            .exchange
            .upstream_header("x-deadline-ms")
            .all()
            .into_iter()
            .next();
        let told = told.map(|value| String::from_utf8_lossy(&value).into_owned());
        Broken::unless(
            told == must,
            "the upstream learns how long the caller still waits",
            || {
                format!(
                    "#{} attempt {}: it is told {told:?}, and must be {must:?}",
                    flight.number, flight.attempts
                )
            },
        )
        .or_else(|broken| self.unless_doomed(flight, broken))
    }

    /// The router has given up on an attempt, or on the request.
    fn timed_out(&mut self, flight: &mut Flight) -> Result<(), Broken> {
        flight.is_waiting = false;
        if let Some(inner) = flight.inner.take() {
            self.plan(0, Event::GiveUp(inner));
        }
        let came_to = flight
            .exchange
            .attempts()
            .get(flight.attempts - 1)
            .map(host::Attempt::came_to);
        let came_to = came_to.unwrap_or_default();
        self.tell(format!(
            "#{} attempt {} is given up: {came_to}",
            flight.number, flight.attempts
        ));
        if self.is_doomed(flight) {
            // Whatever the router says, the dead VM has the last word.
            return Ok(());
        }
        if flight.exchange.details() == "response_timeout" {
            let late = self.now == flight.times_out;
            return Broken::unless(late, IN_TIME, || {
                format!(
                    "#{} is timed out now, and must be at {} ms",
                    flight.number, flight.times_out
                )
            });
        }
        self.tries_again(flight, AttemptEnd::Broken)
    }

    /// A request of a worker that died since is not what it would have been.
    pub(super) fn unless_doomed(&mut self, flight: &Flight, broken: Broken) -> Result<(), Broken> {
        match self.is_doomed(flight) {
            true => Ok(()),
            false => Err(broken),
        }
    }

    /// Whether the VM is dead in which it began.
    pub(super) fn is_doomed(&mut self, flight: &Flight) -> bool {
        self.envoys[flight.envoy]
            .model
            .workers
            .root(flight.seat.worker, flight.seat.root)
            .is_none()
    }
}
