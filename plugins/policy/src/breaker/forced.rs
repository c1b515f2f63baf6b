//! A breaker that an operator forces while everything runs.
//!
//! The force is a part of the record and has an end there: whoever reads the record has all that it takes, and when the
//! end has come nobody needs to be told. What is forced is the state that the record has, so the two cannot differ.

use super::counts::Counts;
use super::record::{Phase, Record};
use super::settings::Force;
use super::{Numbers, Reason, Transition};

/// The longest that a breaker is forced, in milliseconds: a day. A record that says more is nonsense.
pub const LONGEST_FORCE_MILLIS: u64 = 86_400_000;
/// The longest reason for it, in bytes.
pub const LONGEST_REASON: usize = 200;

/// That a breaker is forced to be in the state that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forced {
    pub(super) since_millis: u64,
    pub(super) lasts_millis: u64,
    /// Why, in the operator's words.
    pub(super) reason: String,
}

impl Forced {
    pub(super) fn ends_millis(&self) -> u64 {
        self.since_millis.saturating_add(self.lasts_millis)
    }
}

/// Whether this may stand in a record as an operator's reason: visible text, and not too much of it.
pub fn is_reason(text: &str) -> bool {
    (1..=LONGEST_REASON).contains(&text.len())
        && !text.chars().any(char::is_control)
        && !text.chars().all(char::is_whitespace)
}

impl Record {
    /// Forces it open or closed, for so long: 1 millisecond to [`LONGEST_FORCE_MILLIS`]. What was forced before is
    /// forgotten, and what is under way under an older permit changes nothing. A reason that [`is_reason`] refuses is left out.
    pub fn force(
        &mut self,
        force: Force,
        lasts_millis: u64,
        reason: &str,
        now_millis: u64,
    ) -> Option<Transition> {
        self.bring_back(now_millis);
        let lasts_millis = lasts_millis.clamp(1, LONGEST_FORCE_MILLIS);
        let phase = match force {
            Force::Open => Phase::Open {
                since_millis: now_millis,
                lasts_millis,
            },
            Force::Closed => Phase::Closed {
                since_millis: Some(now_millis),
                counts: Counts::default(),
            },
        };
        self.used_millis = now_millis;
        self.forced = Some(Box::new(Forced {
            since_millis: now_millis,
            lasts_millis,
            reason: match is_reason(reason) {
                true => reason.to_owned(),
                false => "-".to_owned(),
            },
        }));
        let open_millis = match force {
            Force::Open => lasts_millis,
            Force::Closed => 0,
        };
        self.moved_to(phase, open_millis)
    }

    /// Makes it a closed breaker that has seen nothing and is not forced.
    pub fn reset(&mut self) -> Option<Transition> {
        self.forced = None;
        self.reopenings = 0;
        self.moved_to(Phase::default(), 0)
    }

    /// Lets a force whose end has come be over. One that held it open leaves an open time that is over at the same moment;
    /// one that held it closed has said nothing of the upstream, and neither has what was counted meanwhile.
    pub(super) fn end_force(&mut self, now_millis: u64) {
        let is_over = |forced: &mut Box<Forced>| now_millis >= forced.ends_millis();
        if self.forced.take_if(is_over).is_some()
            && let Phase::Closed { .. } = self.phase
        {
            // Not told: it was closed, and is.
            self.reset();
        }
    }

    /// Whether it is forced at this moment.
    pub(super) fn is_forced(&self, now_millis: u64) -> bool {
        self.forced
            .as_ref()
            .is_some_and(|forced| now_millis < forced.ends_millis())
    }

    fn moved_to(&mut self, phase: Phase, open_millis: u64) -> Option<Transition> {
        let numbers = Numbers {
            open_millis,
            ..Numbers::default()
        };
        let transition = self.enter(phase, Reason::Forced, numbers);
        (transition.from != transition.to).then_some(transition)
    }
}
