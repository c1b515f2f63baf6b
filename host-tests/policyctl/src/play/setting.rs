//! The world of a scenario: the proxy with its plugins, routes and clusters.

use super::filters::Filters;
use super::upstreams::{Arrivals, Upstream};
use crate::modules::Modules;
use crate::problem::Problem;
use crate::scenario::{self, Scenario, UPSTREAM};
use host::{Cluster, Host, RetryPolicy, Route};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The world of a scenario, started.
pub(crate) struct Setting {
    pub(crate) host: Host,
    pub(crate) arrivals: Arrivals,
    /// The clusters' names, by which arrivals count them.
    pub(crate) clusters: Vec<String>,
    /// The names of all filters,
    pub(crate) filters: BTreeSet<String>,
    /// and of those that stand in clusters.
    pub(crate) of_clusters: BTreeSet<String>,
}

impl Setting {
    pub(crate) fn new(scenario: &Scenario, file: &Path, modules: &Modules) -> Result<Setting, Problem> {
        let filters = Filters { modules, file };
        let mut standing = filters.all(scenario)?;
        let mut names = vec![UPSTREAM.to_owned()];
        let others = scenario.clusters.keys().chain(standing.in_clusters.keys());
        let others: BTreeSet<String> = others.filter(|name| *name != UPSTREAM).cloned().collect();
        names.extend(others);
        let arrivals = Arrivals::default();
        let mut clusters = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let set = scenario.clusters.get(name);
            let own = set.map(|set| set.phases.as_slice()).unwrap_or_default();
            let phases = match own {
                [] if name == UPSTREAM => &scenario.upstream,
                own => own,
            };
            let seed = scenario.seed.wrapping_mul(31).wrapping_add(index as u64);
            let upstream = Arc::new(Upstream::new(phases, index, &arrivals, seed));
            let times = upstream.without_hosts(scenario.lasts.get());
            let mut cluster = Cluster::new(name)
                .without_hosts(times)
                .answers_by(move |arriving| upstream.answer(arriving));
            cluster = cluster.filters(standing.in_clusters.remove(name).unwrap_or_default());
            if let Some(set) = set {
                if let Some(most) = set.max_retries {
                    cluster = cluster.max_retries(most);
                }
                if let Some(budget) = set.retry_budget {
                    cluster = cluster.retry_budget(budget.percent.get(), budget.at_least);
                }
            }
            clusters.push(cluster);
        }
        let called = standing.chain.iter().map(|plugin| plugin.called().to_owned());
        let called = called.chain(standing.of_clusters.iter().cloned()).collect();
        let host = Host::chain(standing.chain)
            .workers(scenario.workers)
            .seed(scenario.seed)
            .routes(routes(scenario))
            .clusters(clusters)
            .allow_vm_death()
            .allow_memory_growth()
            .allow_unserved()
            .without_records();
        host.try_start()
            .map_err(|refused| refusal(scenario, file, &refused))?;
        Ok(Setting {
            host,
            arrivals,
            clusters: names,
            filters: called,
            of_clusters: standing.of_clusters,
        })
    }
}

/// A plugin did not take its configuration. Its own lines say why, with the place in the configuration.
fn refusal(scenario: &Scenario, file: &Path, refused: &host::Refused) -> Problem {
    let place = scenario.policies.as_ref().map(|policies| policies.place);
    let of_filter = || {
        let mut filters = scenario.filters.iter();
        filters.find(|filter| scenario::name_of(filter, None) == refused.plugin())
    };
    let place = place.or_else(|| of_filter().map(|filter| filter.place));
    let place = place.map_or(String::new(), |place| format!(":{}:{}", place.line, place.column));
    let mut said = format!(
        "{}{place}: the plugin {} refuses its configuration:",
        scenario::called(file),
        refused.plugin()
    );
    for line in why(refused) {
        said += &format!("\n  {line}");
    }
    Problem::new(said).cure("`policyctl check` checks a configuration, and `policyctl schema` has its schema")
}

/// What a plugin says of a configuration that it does not take.
pub(crate) fn why(refused: &host::Refused) -> Vec<String> {
    let mut said: Vec<String> = refused
        .log()
        .iter()
        .filter(|line| line.plugin == refused.plugin() && line.level >= host::Level::Error)
        .map(|line| fault(&line.message))
        .collect();
    said.dedup();
    match said.is_empty() {
        true => vec!["it does not say why".to_owned()],
        false => said,
    }
}

/// A line's message, where it is one of ours; else the line.
fn fault(line: &str) -> String {
    let object: Option<Value> = serde_json::from_str(line).ok();
    let text = |key: &str| Some(object.as_ref()?.get(key)?.as_str()?.to_owned());
    match (
        text("path"),
        text("fault")
            .or_else(|| text("message"))
            .or_else(|| text("reason")),
    ) {
        (Some(path), Some(fault)) => format!("{path}: {fault}"),
        (None, Some(fault)) => fault,
        _ => line.to_owned(),
    }
}

fn routes(scenario: &Scenario) -> Vec<Route> {
    let counted = |route: Route| {
        route
            .include_request_attempt_count()
            .include_attempt_count_in_response()
    };
    if scenario.routes.is_empty() {
        return vec![counted(Route::new("default"))];
    }
    let made = scenario.routes.iter().map(|set| {
        let mut route = counted(Route::new(&set.name).cluster(&set.cluster));
        if let Some(prefix) = &set.prefix {
            route = route.prefix(prefix);
        }
        if let Some(path) = &set.path {
            route = route.path(path);
        }
        for (name, value) in &set.headers {
            route = route.when_header(name, value);
        }
        if let Some(timeout) = set.timeout {
            route = route.timeout_ms(u64::try_from(timeout.get().as_millis()).unwrap_or(u64::MAX));
        }
        if let Some(retry) = &set.retry {
            route = route.retry(policy(retry));
        }
        route.metadata(Value::Object(set.metadata.clone()))
    });
    made.collect()
}

fn policy(set: &scenario::RetryPolicy) -> RetryPolicy {
    let mut policy = RetryPolicy::on(&set.on);
    if let Some(retries) = set.retries {
        policy = policy.num_retries(retries);
    }
    if let Some(timeout) = set.per_try_timeout {
        policy = policy.per_try_timeout(timeout.get());
    }
    let base = set.back_off.map_or(Duration::from_millis(25), |base| base.get());
    let most = set.max_back_off.map_or(base * 10, |most| most.get());
    policy.back_off(base, most)
}
