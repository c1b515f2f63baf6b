//! What happens on the way, and what is expected: names and times that the rest of the scenario must have.

use super::{Fault, client_name, filter_names};
use crate::scenario::plugins::Change;
use crate::scenario::units::At;
use crate::scenario::{Expectation, POLICIES, Scenario, UPSTREAM};

pub(super) fn changed(scenario: &Scenario, change: &At<Change>, faults: &mut Vec<Fault>) {
    let mut fault = |said: String| faults.push((change.place, said));
    let kinds = [
        change.policies.is_some(),
        change.filter.is_some(),
        change.kill_worker.is_some(),
    ];
    if kinds.into_iter().filter(|given| *given).count() != 1 {
        fault("a change has one of `policies`, `filter` with `config`, and `kill_worker`".to_owned());
    }
    if change.filter.is_some() != change.config.is_some() {
        fault("`filter` and `config` belong together".to_owned());
    }
    if change.at > scenario.lasts {
        fault(format!(
            "at {} the scenario is over: it takes {}",
            change.at, scenario.lasts
        ));
    }
    if let Some(worker) = change.kill_worker
        && worker >= scenario.workers
    {
        fault(format!(
            "there is no worker {worker}: they count from 0 to {}",
            scenario.workers.saturating_sub(1)
        ));
    }
    let names: Vec<String> = filter_names(scenario).into_iter().map(|(name, _)| name).collect();
    let wanted = change
        .filter
        .as_deref()
        .or(change.policies.as_ref().map(|_| POLICIES));
    // Those of a bootstrap are known only when that is read.
    if let Some(wanted) = wanted
        && scenario.bootstrap.is_none()
        && !names.iter().any(|name| name == wanted)
    {
        fault(format!(
            "there is no filter `{wanted}` to change: there is {}",
            names.join(", ")
        ));
    }
}

pub(super) fn expected(scenario: &Scenario, expectation: &At<Expectation>, faults: &mut Vec<Fault>) {
    let mut fault = |said: String| faults.push((expectation.place, said));
    let names: Vec<String> = scenario
        .clients
        .iter()
        .enumerate()
        .map(|(at, client)| client_name(at, client))
        .collect();
    let (client, cluster, times) = match &expectation.value {
        Expectation::State(wanted) => {
            if wanted.at.is_some() == (wanted.by.is_some() || wanted.until.is_some()) {
                fault("of a state, give `at`, or `by`, or `from` and `until`".to_owned());
            }
            (None, None, vec![wanted.at, wanted.by, wanted.from, wanted.until])
        }
        Expectation::Transitions(wanted) => {
            if wanted.to.is_none() && wanted.because.is_none() && wanted.count.is_none() {
                fault("of transitions, give `to`, `because` or `count`".to_owned());
            }
            (None, None, vec![wanted.from, wanted.until])
        }
        Expectation::Answers(wanted) => {
            if wanted.percent.is_none() && wanted.count.is_none() {
                fault("of answers, give how many: `percent` or `count`".to_owned());
            }
            (wanted.client.as_ref(), None, vec![wanted.from, wanted.until])
        }
        Expectation::Attempts(wanted) => {
            let bounds = [
                &wanted.count,
                &wanted.per_second,
                &wanted.per_request,
                &wanted.of_one_try,
            ];
            if bounds.iter().all(|bound| bound.is_none()) {
                fault("of attempts, give `count`, `per_second`, `per_request` or `of_one_try`".to_owned());
            }
            (None, wanted.cluster.as_ref(), vec![wanted.from, wanted.until])
        }
        Expectation::Ids(wanted) => (wanted.client.as_ref(), None, Vec::new()),
        Expectation::Repeats(wanted) => (wanted.client.as_ref(), None, Vec::new()),
        Expectation::Metric(_) => (None, None, Vec::new()),
    };
    if let Some(client) = client
        && !names.contains(client)
    {
        fault(format!(
            "there is no client `{client}`: there is {}",
            names.join(", ")
        ));
    }
    if let Some(cluster) = cluster
        && cluster != UPSTREAM
        && !scenario.clusters.contains_key(cluster)
    {
        fault(format!("there is no cluster `{cluster}`"));
    }
    if let Some(late) = times.into_iter().flatten().find(|time| *time > scenario.lasts) {
        fault(format!(
            "at {late} the scenario is over: it takes {}",
            scenario.lasts
        ));
    }
}
