//! Which policy a request meets: by its route's metadata, by a rule, or by default.

use super::{Metadata, Mode, Origin};
use crate::rules::{Facts, Rules};
use crate::value::Text;

/// Policies are named by their place in the plugin's list, so that rules can share them.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// Of requests that no rule picks. `None`: they are left alone.
    pub(super) default: Option<usize>,
    /// Sorted by name.
    pub(super) profiles: Vec<(Text, usize)>,
    pub(super) rules: Rules,
    /// What each rule decides.
    pub(super) outcomes: Vec<Outcome>,
}

/// What a rule decides.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) policy: usize,
    pub(super) profile: Option<Text>,
    pub(super) mode: Option<Mode>,
}

/// What a request meets.
pub(super) struct Chosen<'a> {
    pub(super) policy: Option<usize>,
    pub(super) mode: Option<Mode>,
    pub(super) origin: Origin<'a>,
}

impl Choice {
    /// What the route's metadata says; nothing where it names no profile of ours.
    pub(super) fn by_metadata(&self, metadata: Metadata<'_>) -> Option<Chosen<'_>> {
        let name = match metadata {
            Metadata::Flag(false) | Metadata::Name(b"disabled") => {
                let origin = Origin::Metadata { profile: None };
                return Some(Chosen {
                    policy: None,
                    mode: Some(Mode::Disabled),
                    origin,
                });
            }
            Metadata::Flag(true) => return None,
            Metadata::Name(name) => name,
        };
        let place = self
            .profiles
            .binary_search_by(|(other, _)| other.as_bytes().cmp(name))
            .ok()?;
        let (name, policy) = self.profiles.get(place)?;
        Some(Chosen {
            policy: Some(*policy),
            mode: None,
            origin: Origin::Metadata { profile: Some(name) },
        })
    }

    /// What the rules say.
    pub(super) fn by_rules<F: Facts>(&self, facts: &F) -> Chosen<'_> {
        let rule = self.rules.find(facts, |_| {});
        match rule.and_then(|index| Some((index, self.outcomes.get(index)?))) {
            None => Chosen {
                policy: self.default,
                mode: None,
                origin: Origin::Default,
            },
            Some((index, outcome)) => Chosen {
                policy: Some(outcome.policy),
                mode: outcome.mode,
                origin: Origin::Rule {
                    index,
                    profile: outcome.profile.as_deref(),
                },
            },
        }
    }
}
