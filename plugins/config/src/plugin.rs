//! A plugin's configuration, read and merged: which policy a request meets.
//!
//! Layers are laid over each other when the configuration is read, not when a request comes: a decision is a look-up.
//! Rules that add nothing of their own share the policy of their profile or of `default`.

mod choice;
mod common;
mod load;

pub use common::{Common, Explain, Log, LogErrors, Mode, RuleHead, UnknownKeys};
pub use load::{load, load_node};

use std::rc::Rc;

use crate::fault::Faults;
use crate::node::Node;
use crate::rollout::enforced;
use crate::rules::Facts;
use crate::setting::{Merged, Part};
use choice::Choice;

/// What a plugin decides by: declared with `settings!`, and laid over itself in layers.
pub trait Policy: Part {
    /// The plugin's name, as its files and root id have it.
    const NAME: &'static str;

    /// Reports values that cannot stand together, once all layers are merged.
    fn check(&self, merged: &mut Merged<'_>) {
        let _ = merged;
    }
}

/// What a plugin is configured with, as a whole.
pub trait Configuration: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Every fault that was found; the configuration is then not to be used at all.
    fn load(node: &Node) -> Result<Self, Faults>;

    /// What all plugins have.
    fn common(&self) -> &Common;

    /// Unknown keys that were passed over, to be logged and counted.
    fn warnings(&self) -> &Faults;
}

/// The configuration of a plugin whose policies are found by rules.
#[derive(Debug)]
pub struct Plugin<P> {
    /// What stands beside the policies.
    pub common: Common,
    /// Unknown keys that were passed over, to be logged and counted.
    pub warnings: Faults,
    policies: Vec<Rc<P>>,
    choice: Choice,
}

/// What a route's own metadata says, under `filter_metadata.policy.<plugin>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata<'a> {
    /// A text: a profile's name, or `disabled`.
    Name(&'a [u8]),
    /// A boolean: `false` is `disabled`, which is what YAML loaders make of `off`. `true` names no profile.
    Flag(bool),
}

/// What a request meets.
#[derive(Debug, PartialEq)]
pub struct Decision<'a, P> {
    /// The policy; `None` where the request is to be left alone, for there is none or the mode is `disabled`.
    pub policy: Option<&'a Rc<P>>,
    /// Whether the policy is enforced, or only shadowed.
    pub mode: Mode,
    /// Where the policy comes from, to be explained.
    pub origin: Origin<'a>,
    /// Whether the route's metadata named a profile that does not exist, to be counted. The rules then applied.
    pub unknown_profile: bool,
}

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// No rule picked the request.
    Default,
    /// A rule did.
    Rule {
        /// Its place in `routes`, from 0.
        index: usize,
        /// The profile that it builds on.
        profile: Option<&'a str>,
    },
    /// The route's metadata did.
    Metadata {
        /// The profile that it named; `None`: it said `disabled`.
        profile: Option<&'a str>,
    },
}

impl<P: Policy> Configuration for Plugin<P> {
    fn load(node: &Node) -> Result<Self, Faults> {
        load_node(node)
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn warnings(&self) -> &Faults {
        &self.warnings
    }
}

impl<P> Plugin<P> {
    /// What a request meets. Metadata is only looked at where the configuration says so (`route_metadata`), so that
    /// nobody need ask the host for it otherwise.
    pub fn decide<F: Facts>(&self, facts: &F, metadata: Option<Metadata<'_>>) -> Decision<'_, P> {
        let metadata = metadata.filter(|_| self.common.route_metadata);
        let by_metadata = metadata.and_then(|metadata| self.choice.by_metadata(metadata));
        let unknown_profile = metadata.is_some() && by_metadata.is_none();
        let chosen = by_metadata.unwrap_or_else(|| self.choice.by_rules(facts));
        let mode = chosen.mode.unwrap_or(self.common.mode);
        let place = chosen.policy.filter(|_| mode != Mode::Disabled);
        let policy = place.and_then(|place| self.policies.get(place));
        Decision {
            policy,
            mode,
            origin: chosen.origin,
            unknown_profile,
        }
    }

    /// Every policy that a request may meet.
    pub fn policies(&self) -> impl Iterator<Item = &Rc<P>> {
        self.policies.iter()
    }

    /// Whether there can be a request that meets a policy.
    pub fn can_apply(&self) -> bool {
        let by_default = self.choice.default.is_some() && self.common.mode != Mode::Disabled;
        by_default || self.common.route_metadata || !self.choice.outcomes.is_empty()
    }

    /// Whether the request with this id is among those that are enforced (`enforce_percent`). See [`enforced`].
    pub fn enforced(&self, id: &[u8]) -> bool {
        enforced(id, self.common.enforce_percent)
    }
}

#[cfg(test)]
mod tests;
