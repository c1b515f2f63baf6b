//! What a record says, for people to look at.
//!
//! It needs no settings: those are the plugin's that has the breaker, and whoever looks may be another.

use super::State;
use super::record::{Phase, Record};
use super::settings::{Force, Span};
use super::window::Window;

/// What a record says at one moment. All times are those of the clock that all workers share, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What it is in.
    pub state: State,
    /// Since when. `None`: it was never in another state, or it is half-open and waits for its first probe.
    pub since_millis: Option<u64>,
    /// How many states it has been in before.
    pub generation: u64,
    /// How often it opened in a row before this open time, or the last one.
    pub reopenings: u32,
    /// Until when it is open, if it is. What is over ends with the next request or tick.
    pub open_until_millis: Option<u64>,
    /// What it has counted, if it is closed and has counted anything.
    pub counted: Option<Counted>,
    /// Its probes, if it is half-open.
    pub probes: Option<Probes>,
    /// What an operator forces it to be, if one does.
    pub forced: Option<ForcedView>,
}

/// What a closed breaker has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Failures one after the other.
    pub consecutive_failures: u32,
    /// The window of failures. `None`: not in use, or nothing was counted yet.
    pub failures: Option<WindowView>,
    /// That of slow calls.
    pub slow: Option<WindowView>,
}

/// A window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowView {
    /// Of which calls.
    pub span: Span,
    /// How many of them there were.
    pub calls: u64,
    /// Those that failed, or were slow.
    pub hits: u64,
}

/// The probes of a half-open breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probes {
    /// In flight, with a lease that has not ended.
    pub in_flight: u32,
    /// So many succeeded.
    pub succeeded: u32,
}

/// What an operator forces a breaker to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForcedView {
    /// The state.
    pub force: Force,
    /// Until when.
    pub until_millis: u64,
    /// Why, in the operator's words.
    pub reason: String,
}

impl Record {
    /// What it says at this moment.
    pub fn view(&self, now_millis: u64) -> View {
        let mut now = self.clone();
        now.bring_back(now_millis);
        now.end_force(now_millis);
        let mut view = View {
            state: now.state(),
            since_millis: None,
            generation: now.generation,
            reopenings: now.reopenings,
            open_until_millis: None,
            counted: None,
            probes: None,
            forced: None,
        };
        match &mut now.phase {
            Phase::Closed { since_millis, counts } => {
                view.since_millis = *since_millis;
                let window = |window: &Option<Window>| window.as_ref().map(|window| window.view(now_millis));
                let counted = Counted {
                    consecutive_failures: counts.consecutive,
                    failures: window(&counts.failures),
                    slow: window(&counts.slow),
                };
                let is_any = counts.consecutive > 0 || counted.failures.is_some() || counted.slow.is_some();
                view.counted = is_any.then_some(counted);
            }
            Phase::Open {
                since_millis,
                lasts_millis,
            } => {
                view.since_millis = Some(*since_millis);
                view.open_until_millis = Some(since_millis.saturating_add(*lasts_millis));
            }
            Phase::HalfOpen {
                since_millis,
                successes,
                leases,
            } => {
                view.since_millis = *since_millis;
                let answered = leases.expire(now_millis);
                view.probes = Some(Probes {
                    in_flight: u32::try_from(leases.held.len()).unwrap_or(u32::MAX),
                    succeeded: successes.saturating_add(answered),
                });
            }
        }
        view.forced = now.forced.map(|forced| ForcedView {
            force: match view.state {
                State::Open => Force::Open,
                State::Closed | State::HalfOpen => Force::Closed,
            },
            until_millis: forced.ends_millis(),
            reason: forced.reason,
        });
        view
    }
}

impl Window {
    fn view(&self, now_millis: u64) -> WindowView {
        let share = self.share(now_millis);
        WindowView {
            span: match self {
                Self::Time(window) => Span::Millis(window.millis),
                Self::Calls(window) => Span::Calls(window.size),
            },
            calls: share.calls,
            hits: share.hits,
        }
    }
}
