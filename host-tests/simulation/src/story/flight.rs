//! A request that an Envoy has: what it met, how far it has come, and what became of it.

use super::client::Asked;
use crate::model::Seat;
use crate::model::breaker::Permit;
use crate::model::retries::{AttemptEnd, Steering};
use crate::model::roots::BreakerName;
use crate::world::settings::Settings;
use crate::world::upstream::{Answer, COME_BACK, Rest};
use host::Exchange;
use std::rc::Rc;

/// How far the breaker has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was rejected, or would have been.
    Rejected,
    Waiting(Permit),
    /// The answer's headers were good; whether they were slow.
    Answered(Permit, bool),
    Over,
}

/// A request that an Envoy has.
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) envoy: usize,
    pub(super) seat: Seat,
    pub(super) settings: Rc<Settings>,
    pub(super) asked: Asked,
    pub(super) exchange: Exchange,
    /// The request of the Envoy before this one, and which attempt of that.
    pub(super) outer: Option<(u64, usize)>,
    /// The request of the next Envoy for the attempt that is under way.
    pub(super) inner: Option<u64>,
    pub(super) began: u64,
    pub(super) breaker: BreakerName,
    pub(super) stage: Stage,
    /// What the router was told; none: the request never came to that.
    pub(super) steering: Option<Steering>,
    /// When the time of the whole request is over.
    pub(super) times_out: u64,
    /// How long its caller waits, where it says so and is believed.
    pub(super) deadline: Option<u64>,
    pub(super) attempts: usize,
    /// Whether an attempt waits for its answer.
    pub(super) is_waiting: bool,
    /// What the last attempt got.
    pub(super) got: Option<Got>,
    pub(super) has_headers: bool,
    /// Whose fault its answer is, and who made it, where that is an error.
    pub(super) error: Option<(&'static str, &'static str)>,
    pub(super) is_charged: bool,
    pub(super) client_left: bool,
    pub(super) id: String,
}

/// What an attempt got, from the upstream or from the next Envoy.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) end: AttemptEnd,
    /// What it said of when to come back, in seconds.
    pub(super) retry_after: Option<u64>,
    /// The same, as it stands there.
    pub(super) come_back: Option<String>,
    pub(super) has_body: bool,
    pub(super) body: Vec<u8>,
    pub(super) content_type: Option<String>,
    /// Whether it has the code of an error in its headers, as ours do.
    pub(super) has_code: bool,
}

/// What the next Envoy answered.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) broke_off: bool,
}

impl Got {
    pub(super) fn of_upstream(answer: &Answer, number: u64) -> Got {
        let Answer::Status {
            retry_after,
            body,
            rest,
            ..
        } = answer
        else {
            return Got {
                end: answer.ends_attempt(),
                retry_after: None,
                come_back: None,
                has_body: false,
                body: Vec::new(),
                content_type: None,
                has_code: false,
            };
        };
        let has_body = *rest != Rest::Nothing;
        let seconds = retry_after.and_then(|text| COME_BACK.iter().find(|(known, _)| *known == text));
        Got {
            end: answer.ends_attempt(),
            retry_after: seconds.and_then(|(_, seconds)| *seconds),
            come_back: retry_after.map(str::to_owned),
            has_body,
            body: if has_body { body.bytes(number) } else { Vec::new() },
            content_type: has_body.then(|| body.content_type().to_owned()),
            has_code: false,
        }
    }

    pub(super) fn of_envoy(passed: &Passed) -> Got {
        let header = |wanted: &str| {
            let mut headers = passed.headers.iter();
            let found = headers.find(|(name, _)| name == wanted);
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        let end = match header("x-envoy-ratelimited") {
            Some(_) => AttemptEnd::PushedBack,
            None => AttemptEnd::Status(passed.status),
        };
        Got {
            end,
            retry_after: header("retry-after").and_then(|text| text.parse().ok()),
            come_back: header("retry-after"),
            has_body: !passed.body.is_empty() || passed.broke_off,
            body: passed.body.clone(),
            content_type: header("content-type"),
            has_code: header("x-error-code").is_some(),
        }
    }
}

impl Flight {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let value = self.exchange.response_header(name).all().into_iter().next()?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    pub(super) fn state(&self, name: &str) -> Option<String> {
        let value = self.exchange.filter_state(name).all().into_iter().next()?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// Whether an attempt that came to nothing is followed by another: after a while, or at once.
    pub(super) fn goes_on(&self) -> bool {
        let exchange = &self.exchange;
        let waits = !exchange.is_finished() && exchange.status() == 0 && !exchange.awaits_answer();
        waits || self.attempts_made() > self.attempts
    }

    /// How many attempts the router has made.
    pub(super) fn attempts_made(&self) -> usize {
        self.exchange.attempts().len()
    }
}
