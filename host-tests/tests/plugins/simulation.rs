//! A few stories of the simulation: `make simulate` plays thousands. A seed tells one story, each time and however many are
//! told beside it.

use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, REQUEST_ID, RETRY};
use simulation::{Campaign, Modules, play};

fn modules() -> Modules {
    let all = [&CIRCUIT_BREAKER, &ERROR_ENVELOPE, &POLICIES, &REQUEST_ID, &RETRY];
    let modules = Modules::try_new(|name| {
        let plugin = all.iter().find(|plugin| plugin.name == name);
        plugin
            .map(|plugin| plugin.module().clone())
            .ok_or_else(|| name.to_owned())
    });
    modules.expect("all of them are there")
}

#[test]
fn a_seed_tells_the_same_story_each_time_byte_for_byte() {
    let modules = modules();
    for seed in [3, 4] {
        let [once, again] = [(); 2].map(|()| play(seed, &modules));
        assert!(once.lines.len() > 50, "{:?}", once.broken);
        assert_eq!(once.lines.join("\n"), again.lines.join("\n"));
        assert_eq!((once.counts, once.broken), (again.counts, again.broken));
    }
}

#[test]
fn what_is_played_does_not_depend_on_the_number_of_threads_and_every_promise_is_kept() {
    let modules = modules();
    let [one, two] = [1, 2].map(|threads| {
        let campaign = Campaign {
            from: 1,
            seeds: 8,
            until: None,
            threads,
        };
        let summary = campaign.run(&modules, |_| ());
        let found = summary.found.map(|found| (found.told.seed, found.broken));
        (summary.stories, summary.counts, found)
    });
    assert_eq!(one, two);
    assert_eq!((one.0, one.2), (8, None));
}
