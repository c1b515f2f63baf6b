//! Reading a whole configuration: its layers, one over the other, and its rules.

use super::choice::{Choice, Outcome};
use super::{Common, Plugin, Policy, RuleHead};
use crate::fault::{Faults, shown_text};
use crate::node::Node;
use crate::setting::{Entry, Merged, Place, Reading, extra_members, lay_part, member_of, nearest};
use crate::value::{Form, Text, are_too_many};
use std::rc::Rc;

/// The name that a route's metadata uses for "no policy", and so no profile's.
const RESERVED: &str = "disabled";

/// Profiles that one which does not exist is compared with, to tell which was probably meant: thousands of rules may name
/// one.
const MOST_COMPARED: usize = 100;

/// How many keys and values all policies may have together, each with all that it takes over from `default` and its
/// profile: a copy of each is kept, and a worker has 1 GB of memory.
const MOST_VALUES: usize = 1_000_000;

/// What stands beside the settings of [`Common`]. `$schema` is for editors, and means nothing here.
const SECTIONS: [&str; 4] = ["$schema", "default", "profiles", "routes"];

/// Reads the configuration that a host hands over: JSON text, the bytes of a protobuf Struct, or nothing at all, which
/// means the defaults.
///
/// # Errors
/// Every fault that was found; the configuration is then not to be used at all.
pub fn load<P: Policy>(bytes: &[u8]) -> Result<Plugin<P>, Faults> {
    load_node(&Node::read(bytes)?)
}

/// As [`load`], of a configuration that has been read.
///
/// # Errors
/// Those of [`load`] that come after the reading.
pub fn load_node<P: Policy>(node: &Node) -> Result<Plugin<P>, Faults> {
    let mut policies = Vec::<P>::new();
    let Loaded {
        common,
        choice,
        warnings,
    } = Loaded::read(node, &mut policies)?;
    Ok(Plugin {
        common,
        warnings,
        policies: policies.into_iter().map(Rc::new).collect(),
        choice,
    })
}

/// The policies read so far, whatever their type: all else of the reading is compiled once, not once a plugin.
trait Policies {
    /// Reads a layer over the policy at `base`, or over the declared values, and returns its own place.
    fn read(
        &mut self,
        node: &Node,
        base: Option<usize>,
        at: &Place<'_>,
        reading: &mut Reading,
    ) -> Option<usize>;

    /// Reports what cannot stand together.
    fn check(&self, place: usize, merged: &mut Merged<'_>);

    /// Adds the declared values.
    fn add_built_in(&mut self) -> usize;
}

impl<P: Policy> Policies for Vec<P> {
    fn read(
        &mut self,
        node: &Node,
        base: Option<usize>,
        at: &Place<'_>,
        reading: &mut Reading,
    ) -> Option<usize> {
        let base = base.and_then(|base| self.get(base));
        let mut policy = base.cloned().unwrap_or_default();
        lay_part(node, &mut policy, at, reading).then(|| {
            self.push(policy);
            self.len() - 1
        })
    }

    fn check(&self, place: usize, merged: &mut Merged<'_>) {
        if let Some(policy) = self.get(place) {
            policy.check(merged);
        }
    }

    fn add_built_in(&mut self) -> usize {
        self.push(P::default());
        self.len() - 1
    }
}

struct Loaded {
    common: Common,
    choice: Choice,
    warnings: Faults,
}

impl Loaded {
    // Not part of its generic caller, which is compiled again for every plugin.
    #[inline(never)]
    fn read(node: &Node, policies: &mut dyn Policies) -> Result<Self, Faults> {
        let mut reading = Reading::of(node);
        let top = Place::top();
        let mut common = Common::default();
        let sections = extra_members(node, &mut common, &top, &mut reading, &SECTIONS).unwrap_or_default();
        let default = section(&sections, "default");
        let mut loading = Loading {
            policies,
            reading,
            choice: Choice::default(),
            default: default.filter(|node| **node != Node::Null),
            profiles: Vec::new(),
            built_in: None,
            sound: Vec::new(),
            size: 0,
        };
        loading.choice.default = match default {
            None => Some(loading.built_in()),
            Some(Node::Null) => None,
            Some(node) => loading.read_policy(node, &top.key("default"), None, None),
        };
        if let Some(node) = section(&sections, "profiles") {
            loading.read_profiles(node, &top.key("profiles"));
        }
        if let Some(node) = section(&sections, "routes") {
            loading.read_rules(node, &top.key("routes"));
        }
        let Loading {
            choice,
            reading: Reading { faults, warnings, .. },
            ..
        } = loading;
        if faults.is_empty() {
            Ok(Self {
                common,
                choice,
                warnings,
            })
        } else {
            Err(faults)
        }
    }
}

fn section<'n>(sections: &[Entry<'n>], key: &str) -> Option<&'n Node> {
    sections
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, node)| *node)
}

struct Loading<'n, 'p> {
    policies: &'p mut dyn Policies,
    reading: Reading,
    choice: Choice,
    default: Option<&'n Node>,
    /// What the profiles say, in the order of `choice.profiles`.
    profiles: Vec<&'n Node>,
    /// Where the declared values are among the policies, once something builds on them.
    built_in: Option<usize>,
    /// The places in `routes` of the rules that were added.
    sound: Vec<usize>,
    /// How large all policies are so far.
    size: usize,
}

impl<'n> Loading<'n, '_> {
    fn read_profiles(&mut self, node: &'n Node, at: &Place<'_>) {
        let Node::Object(entries) = node else {
            self.reading.refuse_type::<()>(at, "an object", node);
            return;
        };
        if are_too_many(entries.len(), at, &mut self.reading) {
            return;
        }
        for (key, node) in entries {
            self.read_profile(key, node, &at.key(key));
        }
    }

    fn read_profile(&mut self, key: &str, node: &'n Node, at: &Place<'_>) {
        let wanted = match key {
            RESERVED => Some("another one than \"disabled\", by which a route's metadata means no policy"),
            _ => Text::broken(key),
        };
        if let Some(wanted) = wanted {
            self.reading.refuse_key(at, wanted);
            return;
        }
        let Err(place) = self.find_profile(key) else {
            self.reading.refuse_twice(at);
            return;
        };
        // One that could not be read has its fault, and is still there for the rules that name it.
        let policy = self.read_policy(node, at, self.choice.default, None);
        let policy = policy.or(self.choice.default).unwrap_or_else(|| self.built_in());
        self.choice.profiles.insert(place, (Text::of(key), policy));
        self.profiles.insert(place, node);
    }

    fn find_profile(&self, name: &str) -> Result<usize, usize> {
        self.choice
            .profiles
            .binary_search_by(|(other, _)| (**other).cmp(name))
    }

    fn read_rules(&mut self, node: &Node, at: &Place<'_>) {
        let Node::List(rules) = node else {
            self.reading.refuse_type::<()>(at, "a list", node);
            return;
        };
        for (index, node) in rules.iter().enumerate() {
            self.read_rule(index, node, &at.index(index));
        }
    }

    fn read_rule(&mut self, index: usize, node: &Node, at: &Place<'_>) {
        let faults = self.reading.faults.len();
        let mut head = RuleHead::default();
        let Some(rest) = extra_members(node, &mut head, at, &mut self.reading, &["policy"]) else {
            return;
        };
        match member_of(node, "match") {
            Some(_) => head.pick.check(&at.key("match"), &mut self.reading),
            None => {
                self.reading
                    .refuse::<()>(at, &["must have the member match; {} matches every request"]);
            }
        }
        let base = match &head.profile.0 {
            Some(name) => self.profile(name, &at.key("profile")),
            None => self.choice.default,
        };
        let policy = match section(&rest, "policy") {
            Some(node) => self.read_policy(node, &at.key("policy"), base, head.profile.as_ref()),
            None => base,
        };
        if self.reading.faults.len() > faults {
            // Without the conditions that could not be read it would seem to match what it does not.
            return;
        }
        let policy = policy.unwrap_or_else(|| self.built_in());
        if let Some(earlier) = self.choice.rules.add(head.pick) {
            let earlier = self.sound.get(earlier).copied().unwrap_or(earlier);
            let earlier = Place::top().key("routes").index(earlier).path();
            self.reading.refuse_hidden(&at.key("match"), &earlier);
        }
        self.sound.push(index);
        self.choice.outcomes.push(Outcome {
            policy,
            profile: head.profile.0,
            mode: head.mode.0,
        });
    }

    /// The policy of a profile that a rule names.
    fn profile(&mut self, name: &Text, at: &Place<'_>) -> Option<usize> {
        if let Ok(place) = self.find_profile(name) {
            return self.choice.profiles.get(place).map(|(_, policy)| *policy);
        }
        let names = self.choice.profiles.iter().map(|(name, _)| &**name);
        let names: Vec<&str> = names.take(MOST_COMPARED).collect();
        let near = nearest(name, &names);
        let (lead, shown) = match near {
            Some(near) => (", did you mean ", shown_text(near)),
            None => (", got ", shown_text(name)),
        };
        self.reading
            .refuse(at, &["must be one of the profiles", lead, &shown])
    }

    /// Reads a layer over the policy that it builds on, and checks the result with all the layers below.
    fn read_policy(
        &mut self,
        node: &Node,
        at: &Place<'_>,
        base: Option<usize>,
        profile: Option<&Text>,
    ) -> Option<usize> {
        let top = Place::top();
        let (default_at, profiles_at) = (top.key("default"), top.key("profiles"));
        let mut layers = Vec::new();
        // The default is its own innermost layer when it is read itself.
        layers.extend(
            self.default
                .filter(|layer| !std::ptr::eq(*layer, node))
                .map(|node| (default_at, node)),
        );
        if let Some(name) = profile {
            let layer = self
                .find_profile(name)
                .ok()
                .and_then(|place| self.profiles.get(place));
            layers.extend(layer.map(|node| (profiles_at.key(name), *node)));
        }
        layers.push((*at, node));
        if self.size < MOST_VALUES {
            self.size += layers.iter().map(|(_, layer)| values(layer)).sum::<usize>();
        }
        if self.size >= MOST_VALUES {
            return self.reading.refuse(at, &["is too much with what it takes over"]);
        }
        let policy = self.policies.read(node, base, at, &mut self.reading)?;
        self.policies.check(
            policy,
            &mut Merged {
                layers: &layers,
                faults: &mut self.reading.faults,
            },
        );
        Some(policy)
    }

    fn built_in(&mut self) -> usize {
        *self.built_in.get_or_insert_with(|| self.policies.add_built_in())
    }
}

/// How large a policy is that says this. See [`MOST_VALUES`].
fn values(node: &Node) -> usize {
    match node {
        Node::List(items) => items.iter().map(values).sum(),
        Node::Object(entries) => entries.iter().map(|(_, node)| 1 + values(node)).sum(),
        _ => 1,
    }
}
