//! Every scenario in the host and on the real Envoy: both must have seen the same, but for what `masks.rs` names and for
//! what `differences.rs` lists.

mod bootstrap;
mod differences;
mod lines;
mod masks;
mod peers;
mod stage;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

use host_tests::scenario::{Mark, Scenario, Seen, list};

use stage::Stage;

/// How many exchanges must be compared at least, here and in `differential.rs`.
const EXCHANGES: usize = 500;

#[test]
fn host_and_envoy_see_the_same_of_every_scenario() {
    let scenarios = only_wanted(list::all());
    let began = Instant::now();
    let in_host: Vec<(Seen, Vec<Mark>)> = scenarios
        .iter()
        .enumerate()
        .map(|(number, scenario)| scenario.in_host(number))
        .collect();
    let hosts = began.elapsed();
    let mut stage = Stage::start(&scenarios);
    println!("{:?} until Envoy serves", began.elapsed());
    for (number, scenario) in scenarios.iter().enumerate() {
        let began = Instant::now();
        stage.play(number, scenario, &in_host[number].1);
        if std::env::var_os("SCENARIO").is_some() {
            println!("{:?} for `{}`", began.elapsed(), scenario.name);
        }
    }
    let on_envoy = stage.end(&scenarios);
    println!(
        "{} scenarios, {hosts:?} in the host, {:?} in all",
        scenarios.len(),
        began.elapsed()
    );
    let mut report = String::new();
    let mut used = BTreeSet::new();
    for ((scenario, (hosts, _)), envoys) in scenarios.iter().zip(&in_host).zip(&on_envoy) {
        let (hosts, envoys) = (
            masks::apply(&hosts.to_string()),
            masks::apply(&envoys.to_string()),
        );
        if std::env::var_os("SCENARIO").is_some() {
            println!("{}:\n{envoys}", scenario.name);
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
