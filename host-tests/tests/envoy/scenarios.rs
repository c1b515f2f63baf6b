//! Every scenario in the host and on the real Envoy: both must have seen the same, but for what `masks.rs` names and for
//! what `differences.rs` lists.

mod bootstrap;
mod differences;
mod lines;
mod masks;
pub mod peers;
mod stage;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::resume_unwind;
use std::thread;
use std::time::Instant;

use host_tests::scenario::{Mark, Scenario, Seen, list};

use masks::Masks;
use stage::Stage;

/// How many exchanges must be compared at least, here and in `differential.rs`.
const EXCHANGES: usize = 500;

/// How many Envoys play at once, each with its part of the scenarios: most of the time goes into starting their VMs.
const ENVOYS: usize = 2;

/// A scenario with its place in the list, which is unique.
type Numbered<'s> = (usize, &'s Scenario);

#[test]
fn host_and_envoy_see_the_same_of_every_scenario() {
    let scenarios = only_wanted(list::all());
    let began = Instant::now();
    let seen = on_both(&scenarios);
    println!("{} scenarios in {:?}", scenarios.len(), began.elapsed());
    let masks = Masks::new();
    let mut report = String::new();
    let mut used = BTreeSet::new();
    for (scenario, (hosts, envoys)) in scenarios.iter().zip(&seen) {
        let (hosts, envoys) = (masks.apply(&hosts.to_string()), masks.apply(&envoys.to_string()));
        if std::env::var_os("SCENARIO").is_some() {
            println!("{}:\n{envoys}", scenario.name);
        }
        if hosts == envoys {
            continue;
        }
        let differing = differences::between(scenario.name, &envoys, &hosts, &mut used);
        if !differing.is_empty() {
            let _ = writeln!(report, "\n{}:\n{differing}", scenario.name);
        }
    }
    if std::env::var_os("SCENARIO").is_none() {
        for (scenario, line) in differences::stale(&used) {
            let _ = writeln!(report, "\nlisted, and no difference any more: {scenario}: {line}");
        }
    }
    assert!(report.is_empty(), "host and Envoy differ:\n{report}");
}

/// What the host and an Envoy see of each scenario, in the order of the list.
fn on_both(scenarios: &[Scenario]) -> Vec<(Seen, Seen)> {
    let all: Vec<Numbered<'_>> = scenarios.iter().enumerate().collect();
    let part =
        |envoy: usize| -> Vec<Numbered<'_>> { all.iter().skip(envoy).step_by(ENVOYS).copied().collect() };
    let mut seen: Vec<(usize, (Seen, Seen))> = thread::scope(|scope| {
        let threads: Vec<_> = (0..ENVOYS)
            .map(|envoy| scope.spawn(move || play(&part(envoy))))
            .collect();
        let seen = threads.into_iter().map(|thread| thread.join());
        seen.flat_map(|seen| seen.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    seen.sort_by_key(|(number, _)| *number);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

/// The same for a part of the list, with one Envoy.
fn play(part: &[Numbered<'_>]) -> Vec<(usize, (Seen, Seen))> {
    if part.is_empty() {
        return Vec::new();
    }
    let (in_host, marks): (Vec<Seen>, Vec<Vec<Mark>>) = part
        .iter()
        .map(|(number, scenario)| scenario.in_host(*number))
        .unzip();
    let mut stage = Stage::start(part);
    for ((number, scenario), marks) in part.iter().zip(&marks) {
        let began = Instant::now();
        stage.play(*number, scenario, marks);
        if std::env::var_os("SCENARIO").is_some() {
            println!("{:?} for `{}`", began.elapsed(), scenario.name);
        }
    }
    let both = in_host.into_iter().zip(stage.end(part));
    part.iter().map(|(number, _)| *number).zip(both).collect()
}

#[test]
fn the_list_is_long_and_no_two_scenarios_share_a_name_or_a_metric() {
    let scenarios = list::all();
    let names: BTreeSet<_> = scenarios.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), scenarios.len(), "a name is there twice");
    let mut metrics = BTreeSet::new();
    for metric in scenarios.iter().flat_map(Scenario::metrics) {
        assert!(
            metrics.insert(metric.clone()),
            "two scenarios have the metric {metric}, and one Envoy"
        );
    }
    let exchanges: usize = scenarios.iter().map(Scenario::exchanges).sum();
    let all = exchanges + host_tests::exchange::request_id::exchanges().len();
    assert!(all >= EXCHANGES, "{all} exchanges");
}

/// While one works on a few of them: `SCENARIO=trailers` runs those with that word in their names.
fn only_wanted(scenarios: Vec<Scenario>) -> Vec<Scenario> {
    match std::env::var("SCENARIO") {
        Ok(word) => scenarios
            .into_iter()
            .filter(|scenario| scenario.name.contains(&word))
            .collect(),
        Err(_) => scenarios,
    }
}
