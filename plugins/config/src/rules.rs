//! Which rule a request meets: the first, in their order, whose conditions all hold.
//!
//! A proxy in front of many services has thousands of rules, and asks this for every request. Rules are therefore
//! found by what they name exactly (route, host, path), with one look-up for each combination of these that any rule
//! uses: at most seven, whatever the number of rules. What is left of a rule's conditions is compared only for the
//! rules found so, and for those that name nothing exactly; never for one that comes after a rule already met.
//!
//! Facts are asked for as they are needed, because some cost a call to the host.

mod conditions;
mod facts;
mod names;

use hashbrown::HashTable;

use conditions::Conditions;
pub use conditions::{Match, Way};
use facts::Asked;
pub use facts::{Direction, Facts};
use names::Names;

/// Rules, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    conditions: Vec<Conditions>,
    /// By what they name exactly.
    exact: HashTable<(Names<Box<[u8]>>, Group)>,
    /// The combinations of exact names in use.
    combinations: Vec<Names<()>>,
    /// Those that name nothing exactly.
    others: Group,
    needs_route: bool,
    needs_host: bool,
}

/// The rules that name the same route, host and path, in their order.
#[derive(Debug, Default)]
struct Group {
    rules: Vec<usize>,
    /// The first of them that has no further conditions.
    unconditional: Option<usize>,
}

impl Rules {
    /// Adds the next rule. Returns an earlier one that takes every request that this one could, as far as that can be
    /// told from two rules that name the same, or from one without any condition.
    pub(crate) fn add(&mut self, rule: Match) -> Option<usize> {
        let (names, conditions) = rule.split();
        let index = self.conditions.len();
        self.needs_route |= names.route.is_some();
        self.needs_host |= names.host.is_some() || conditions.compare_host();
        let takes_all = self.others.unconditional;
        let group = if names == Names::default() {
            &mut self.others
        } else {
            let combination = names.as_ref().map(|_| ());
            if !self.combinations.contains(&combination) {
                self.combinations.push(combination);
            }
            let hash = |names: &Names<Box<[u8]>>| names.as_ref().map(|name| &**name).hash();
            let entry = self.exact.entry(
                hash(&names),
                |(other, _)| *other == names,
                |(other, _)| hash(other),
            );
            &mut entry
                .or_insert_with(|| (names.clone(), Group::default()))
                .into_mut()
                .1
        };
        let takes_same = group.unconditional;
        group.rules.push(index);
        if conditions.is_empty() {
            group.unconditional = takes_same.or(Some(index));
        }
        self.conditions.push(conditions);
        takes_all.or(takes_same)
    }

    /// The first rule that the request meets. `compared` is told of each rule whose conditions are compared.
    pub(crate) fn find<F: Facts>(&self, facts: &F, mut compared: impl FnMut(usize)) -> Option<usize> {
        if self.conditions.is_empty() {
            return None;
        }
        let asked = Asked::new(facts, self.needs_route, self.needs_host);
        let mut met: Option<usize> = None;
        let mut try_all = |rules: &[usize], met: Option<usize>| {
            let sooner = |rule: &&usize| met.is_none_or(|met| **rule < met);
            let holds = |rule: &&usize| {
                compared(**rule);
                self.conditions
                    .get(**rule)
                    .is_some_and(|conditions| conditions.hold(&asked))
            };
            rules.iter().take_while(sooner).find(holds).copied().or(met)
        };
        for combination in &self.combinations {
            let names = Names {
                route: combination.route.map(|()| asked.route),
                host: combination.host.map(|()| &*asked.host),
                path: combination.path.map(|()| asked.path),
            };
            let named = self.exact.find(names.hash(), |(named, _)| {
                named.as_ref().map(|name| &**name) == names
            });
            if let Some((_, group)) = named {
                met = try_all(&group.rules, met);
            }
        }
        try_all(&self.others.rules, met)
    }
}

#[cfg(test)]
pub(crate) mod tests;
