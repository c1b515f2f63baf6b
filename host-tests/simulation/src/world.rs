//! What a story is about: Envoys with their plugins, and upstreams with their moods.

pub(crate) mod settings;
pub(crate) mod upstream;

use crate::dice::Dice;
use settings::Settings;
use std::rc::Rc;

/// A route, and the cluster that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) route: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) cluster: &'static str,
}

/// All routes.
pub(crate) const WAYS: [Way; 2] = [
    Way {
        route: "first",
        prefix: "/first",
        cluster: "alpha",
    },
    Way {
        route: "second",
        prefix: "/second",
        cluster: "beta",
    },
];

/// One Envoy at the beginning.
#[derive(Debug)]
pub(crate) struct EnvoyDrawn {
    pub(crate) workers: usize,
    /// All four plugins in one pass, or a chain of four modules.
    pub(crate) one_pass: bool,
    /// Whether retry also stands in the clusters, where it sees each attempt.
    pub(crate) in_clusters: bool,
    pub(crate) settings: Rc<Settings>,
    pub(crate) seed: u64,
}

/// What there is at the beginning of a story, and how long it is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) envoys: Vec<EnvoyDrawn>,
    /// Each Envoy sends to the next one, and only the last to the upstreams; else all of them do.
    pub(crate) chained: bool,
    /// How many requests come, until all is to be well.
    pub(crate) requests: u64,
    /// Whether two ways are used, or one.
    pub(crate) ways: usize,
    /// Whether workers may die.
    pub(crate) deadly: bool,
}

impl World {
    pub(crate) fn drawn(dice: &mut Dice) -> World {
        let count = dice.one_of([1, 1, 1, 2, 2, 3]);
        let one_pass = dice.in_100(75);
        let chained = dice.in_100(60);
        let in_clusters = dice.in_100(20);
        let envoys = (0..count).map(|number| EnvoyDrawn {
            workers: dice.one_of([1, 1, 2, 3, 4]),
            one_pass,
            in_clusters,
            settings: Rc::new(Settings::drawn(dice, number, chained && number > 0)),
            seed: dice.seed(),
        });
        World {
            envoys: envoys.collect(),
            chained,
            requests: dice.between(40, 160),
            ways: dice.one_of([1, 1, 2]),
            // Nobody knows when a VM can be started anew that only some requests come to.
            deadly: dice.in_100(50) && !in_clusters,
        }
    }
}
