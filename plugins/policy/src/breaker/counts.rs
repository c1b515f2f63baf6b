//! What a closed breaker counts, and when that is too much.

use super::settings::{Span, Trip};
use super::window::{Share, Window};
use super::{Numbers, Outcome, Reason};

/// What a closed breaker counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) consecutive: u32,
    pub(super) failures: Option<Window>,
    pub(super) slow: Option<Window>,
}

impl Counts {
    /// Takes up the windows of these settings: those whose shape is another one start anew.
    pub(super) fn fit(&mut self, trip: &Trip) {
        fit(
            &mut self.failures,
            trip.failure_rate.as_ref().map(|rate| rate.span),
        );
        fit(&mut self.slow, trip.slow_rate.as_ref().map(|slow| slow.rate.span));
    }

    /// Counts one call.
    pub(super) fn add(&mut self, outcome: Outcome, now_millis: u64) {
        let (failed, slow) = match outcome {
            Outcome::Ignored => return,
            Outcome::Failure => (true, false),
            Outcome::Slow => (false, true),
            Outcome::Success | Outcome::TooMany => (false, false),
        };
        self.consecutive = match failed {
            true => self.consecutive.saturating_add(1),
            false => 0,
        };
        if let Some(window) = &mut self.failures {
            window.add(1, failed, now_millis);
        }
        if let Some(window) = &mut self.slow {
            window.add(1, slow, now_millis);
        }
    }

    /// Counts successes that a worker had gathered. They came before the failures that are counted already, and so end
    /// no row of them.
    pub(super) fn add_gathered(&mut self, successes: u32, now_millis: u64) {
        for window in [&mut self.failures, &mut self.slow].into_iter().flatten() {
            window.add(successes, false, now_millis);
        }
    }

    /// Why it is too much, if it is.
    pub(super) fn tripped(&self, trip: &Trip, now_millis: u64) -> Option<(Reason, Numbers)> {
        let most = trip.consecutive_failures.unwrap_or(u32::MAX).max(1);
        if self.consecutive >= most {
            let numbers = Numbers {
                consecutive: self.consecutive,
                ..Numbers::default()
            };
            return Some((Reason::ConsecutiveFailures, numbers));
        }
        let rates = [
            (Reason::FailureRate, &self.failures, trip.failure_rate),
            (Reason::SlowRate, &self.slow, trip.slow_rate.map(|slow| slow.rate)),
        ];
        rates.into_iter().find_map(|(reason, window, rate)| {
            let share = share(window, now_millis);
            rate.is_some_and(|rate| share.reaches(&rate)).then(|| {
                let Share { calls, hits } = share;
                let numbers = Numbers {
                    calls,
                    hits,
                    ..Numbers::default()
                };
                (reason, numbers)
            })
        })
    }

    /// Whether there is no failure and nothing slow in it.
    pub(super) fn is_clean(&self, now_millis: u64) -> bool {
        let hits = [&self.failures, &self.slow].map(|window| share(window, now_millis).hits);
        self.consecutive == 0 && hits == [0, 0]
    }
}

fn share(window: &Option<Window>, now_millis: u64) -> Share {
    window
        .as_ref()
        .map(|window| window.share(now_millis))
        .unwrap_or_default()
}

fn fit(window: &mut Option<Window>, span: Option<Span>) {
    match span {
        None => *window = None,
        Some(span) if window.as_ref().is_none_or(|window| !window.is_of(span)) => {
            *window = Some(Window::new(span));
        }
        Some(_) => {}
    }
}
