//! The clients: when they send, what, and whether they try again.

use crate::scenario::{Arrivals, Client, Retries, TriesOn};
use std::collections::VecDeque;
use std::time::Duration;

use super::seen::{Got, Try};

/// A kind of client while the scenario is played.
pub(crate) struct Caller<'a> {
    pub(crate) set: &'a Client,
    pub(crate) random: fastrand::Rng,
    /// How many requests it has made,
    pub(crate) requests: u64,
    /// how many tries of them beside the first,
    retried: u64,
    /// how many are under way,
    pub(crate) under_way: usize,
    /// and which tries wait for one of those to end.
    pub(crate) waiting: VecDeque<Next>,
}

/// A try that is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    pub(crate) request: u64,
    pub(crate) number: u32,
}

/// What the network does to a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    Nothing,
    Answer,
    Connection,
    Body,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(set: &'a Client, seed: u64) -> Caller<'a> {
        Caller {
            set,
            random: fastrand::Rng::with_seed(seed),
            requests: 0,
            retried: 0,
            under_way: 0,
            waiting: VecDeque::new(),
        }
    }

    /// A further request of its own.
    pub(crate) fn next_request(&mut self) -> Next {
        self.requests += 1;
        Next {
            request: self.requests,
            number: 1,
        }
    }

    /// When it makes its next request by its rate, after this time; never again where that is `None`.
    pub(crate) fn next_arrival(&mut self, mut now: Duration) -> Option<Duration> {
        loop {
            let rate = self.rate_at(now);
            let changes = self
                .set
                .rates
                .iter()
                .map(|rate| rate.from.get())
                .find(|from| *from > now);
            if rate > 0.0 {
                let gaps = match self.set.arrivals {
                    Arrivals::Even => 1.0,
                    Arrivals::Random => -(1.0 - self.random.f64()).ln(),
                };
                // Whole microseconds: times are told in milliseconds.
                let micros = (gaps / rate * 1_000_000.0).round().clamp(1.0, 1e15) as u64;
                let next = now + Duration::from_micros(micros);
                if changes.is_none_or(|change| next < change) {
                    return Some(next);
                }
            }
            // Up to where the rate changes there is none.
            now = changes?;
            if self.rate_at(now) > 0.0 {
                return Some(now);
            }
        }
    }

    pub(crate) fn rate_at(&self, now: Duration) -> f64 {
        let later = self.set.rates.iter().rev().find(|rate| rate.from.get() <= now);
        later.map_or(self.set.rate, |rate| rate.rate)
    }

    /// Draws what the network does to the next try.
    pub(crate) fn draw_loss(&mut self) -> Loss {
        let loses = self.set.loses;
        if loses.bodies.takes(&mut self.random) {
            Loss::Body
        } else if loses.connections.takes(&mut self.random) {
            Loss::Connection
        } else if loses.answers.takes(&mut self.random) {
            Loss::Answer
        } else {
            Loss::Nothing
        }
    }

    /// After how long it tries again, if it does. `asked`: what the answer's `Retry-After` says.
    pub(crate) fn tries_again(&mut self, made: &Try, asked: Option<Duration>) -> Option<Duration> {
        let retries = self.set.retries.as_ref()?;
        let wanted = retries.on.iter().any(|on| match on {
            TriesOn::ServerErrors => made.client_status() >= 500,
            TriesOn::Status(status) => made.client_status() == *status,
            TriesOn::NoAnswer => made.client_status() == 0,
        });
        let budget = retries.budget_percent.get();
        let has_room = budget >= 100.0 || (self.retried + 1) as f64 <= self.requests as f64 * budget / 100.0;
        if !wanted || made.number > retries.at_most || !has_room {
            return None;
        }
        self.retried += 1;
        let wait = match asked.filter(|_| retries.honor_retry_after) {
            Some(asked) => asked,
            None => wait_before(retries, made.number),
        };
        let part = retries.jitter * self.random.f64();
        Some(wait + wait.mul_f64(part))
    }
}

/// How long a client waits after so many tries, without jitter.
fn wait_before(retries: &Retries, tries: u32) -> Duration {
    let exponent = i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX);
    let times = retries.multiplier.powi(exponent).min(1e9);
    let longest = retries.longest.get();
    let wait = retries.wait.get().as_secs_f64() * times;
    Duration::from_secs_f64(wait.min(longest.as_secs_f64()))
}

/// What the client makes of an exchange that is over.
pub(crate) fn got(loss: Loss, broke_off: bool, status: u16) -> Got {
    match (loss, status) {
        (_, 0) => Got::Broken,
        (Loss::Answer, _) => Got::Lost,
        _ if broke_off => Got::Half,
        (_, status) => Got::Answer(status),
    }
}
