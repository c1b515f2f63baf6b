//! What no single value can be blamed for: names that nothing has, times in the wrong order, keys that exclude each other.

mod later;

use super::clients::Client;
use super::plugins::Filter;
use super::units::{At, Time};
use super::upstreams::{Answer, Phase};
use super::{POLICIES, Place, Scenario, UPSTREAM};
use std::collections::BTreeSet;

/// A fault and its place.
pub(crate) type Fault = (Place, String);

/// A proxy of more workers than that is not told from one of so many.
const MOST_WORKERS: usize = 16;

/// What a scenario may ask of the machine: it is for a desk.
const MOST_REQUESTS: f64 = 2_000_000.0;

/// Of the file as a whole.
const BEGINNING: Place = Place {
    line: 0,
    column: 0,
    start: 0,
    end: 0,
};

/// Every fault of this kind, in the order of the file.
pub(crate) fn faults(scenario: &Scenario) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(1..=MOST_WORKERS).contains(&scenario.workers) {
        let said = format!("`workers` is {}: 1 to {MOST_WORKERS}", scenario.workers);
        faults.push((BEGINNING, said));
    }
    if scenario.lasts == Time::ZERO {
        faults.push((BEGINNING, "`for` must be longer than 0s".to_owned()));
    }
    plugins(scenario, &mut faults);
    phases(&scenario.upstream, &mut faults);
    for (name, cluster) in &scenario.clusters {
        phases(&cluster.phases, &mut faults);
        if name == UPSTREAM && !scenario.upstream.is_empty() && !cluster.phases.is_empty() {
            let said = "the phases of the cluster upstream stand under `upstream` already".to_owned();
            faults.push((cluster.place, said));
        }
    }
    for route in &scenario.routes {
        if route.prefix.is_some() && route.path.is_some() {
            faults.push((route.place, "a route has `prefix` or `path`, not both".to_owned()));
        }
        if route.cluster != UPSTREAM && !scenario.clusters.contains_key(&route.cluster) {
            let said = format!("there is no cluster `{}` under `clusters`", route.cluster);
            faults.push((route.place, said));
        }
    }
    clients(scenario, &mut faults);
    for change in &scenario.changes {
        later::changed(scenario, change, &mut faults);
    }
    for expectation in &scenario.expect {
        later::expected(scenario, expectation, &mut faults);
    }
    faults.sort_by_key(|(place, _)| (place.line, place.column));
    faults
}

fn plugins(scenario: &Scenario, faults: &mut Vec<Fault>) {
    let inline = scenario.policies.as_ref().map(|policies| policies.place);
    let file = scenario.policies_file.as_ref().map(|file| file.place);
    let filters = scenario.filters.first().map(|filter| filter.place);
    let bootstrap = scenario.bootstrap.as_ref().map(|file| file.place);
    let given: Vec<Place> = [inline, file, bootstrap, filters].into_iter().flatten().collect();
    match given[..] {
        [_] => {}
        [] => faults.push((
            BEGINNING,
            "no plugins: give `policies`, `policies_file`, `bootstrap` or `filters`".to_owned(),
        )),
        [_, second, ..] => {
            let said =
                "give one of `policies`, `policies_file`, `bootstrap` and `filters`, not several".to_owned();
            faults.push((second, said));
        }
    }
    let own = scenario.filters.iter();
    let of_clusters = scenario.clusters.values().flat_map(|cluster| &cluster.filters);
    for filter in own.chain(of_clusters) {
        if filter.config.is_some() && filter.config_file.is_some() {
            faults.push((
                filter.place,
                "give `config` or `config_file`, not both".to_owned(),
            ));
        }
    }
    let mut names = BTreeSet::new();
    for (name, place) in filter_names(scenario) {
        if !names.insert(name.clone()) {
            let said = format!("two filters are called `{name}`: give one of them a `name`");
            faults.push((place, said));
        }
    }
}

/// The name of a filter, by which changes and faults call it.
pub(crate) fn name_of(filter: &Filter, cluster: Option<&str>) -> String {
    match (&filter.name, cluster) {
        (Some(name), _) => name.clone(),
        (None, Some(cluster)) => format!("{}.{cluster}", filter.plugin),
        (None, None) => filter.plugin.clone(),
    }
}

fn filter_names(scenario: &Scenario) -> Vec<(String, Place)> {
    let one = scenario.policies.is_some() || scenario.policies_file.is_some();
    let one = one.then(|| (POLICIES.to_owned(), BEGINNING));
    let own = scenario
        .filters
        .iter()
        .map(|filter| (name_of(filter, None), filter.place));
    let of_clusters = scenario.clusters.iter().flat_map(|(cluster, set)| {
        let named = |filter: &At<Filter>| (name_of(filter, Some(cluster)), filter.place);
        set.filters.iter().map(named)
    });
    one.into_iter().chain(own).chain(of_clusters).collect()
}

fn phases(phases: &[At<Phase>], faults: &mut Vec<Fault>) {
    for pair in phases.windows(2) {
        if let [first, second] = pair
            && second.from <= first.from
        {
            let said = format!(
                "a phase from {} stands behind one from {}",
                second.from, first.from
            );
            faults.push((second.place, said));
        }
    }
    for phase in phases {
        if phase.answer == Answer::NoHost && (phase.percent.get() < 100.0 || phase.capacity.is_some()) {
            let said = "a cluster has a healthy host or none: no_host takes no `percent` and no `capacity`"
                .to_owned();
            faults.push((phase.place, said));
        }
        if let Some(flaps) = phase.flaps
            && (flaps.every <= flaps.lasts || flaps.lasts == Time::ZERO)
        {
            let said = "`flaps.every` must be longer than `flaps.for`, and that longer than 0s".to_owned();
            faults.push((phase.place, said));
        }
        let others = [&phase.otherwise, &phase.overloaded];
        if others
            .into_iter()
            .flatten()
            .any(|other| other.answer == Answer::NoHost)
        {
            let said = "no_host is for the `answer` of a phase".to_owned();
            faults.push((phase.place, said));
        }
    }
}

fn clients(scenario: &Scenario, faults: &mut Vec<Fault>) {
    if scenario.clients.is_empty() {
        faults.push((BEGINNING, "no clients: nothing would happen".to_owned()));
    }
    let mut names = BTreeSet::new();
    let mut requests = 0.0;
    for (index, client) in scenario.clients.iter().enumerate() {
        let name = client_name(index, client);
        if !names.insert(name.clone()) {
            faults.push((client.place, format!("two clients are called `{name}`")));
        }
        let rates = || client.rates.iter().map(|rate| rate.rate).chain([client.rate]);
        if rates().any(|rate| !rate.is_finite() || rate < 0.0) {
            faults.push((
                client.place,
                "a rate is 0 or more requests in a second".to_owned(),
            ));
            continue;
        }
        let bursts: f64 = client.bursts.iter().map(|burst| f64::from(burst.requests)).sum();
        requests += rates().fold(0.0, f64::max) * scenario.lasts.get().as_secs_f64() + bursts;
        if client
            .rates
            .windows(2)
            .any(|pair| matches!(pair, [one, two] if two.from <= one.from))
        {
            faults.push((
                client.place,
                "`rates` stand in the order of their times".to_owned(),
            ));
        }
        if client.loses.bodies.get() > 0.0 && client.body.as_ref().is_none_or(String::is_empty) {
            let said = "it loses the half of bodies, but has no `body`".to_owned();
            faults.push((client.place, said));
        }
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !word(&client.method) || !client.path.starts_with('/') || !word(&client.path) {
            let said = "a method is a word, and a path begins with / and has no spaces".to_owned();
            faults.push((client.place, said));
        }
        if let Some(retries) = &client.retries
            && !(retries.multiplier >= 1.0 && (0.0..=1.0).contains(&retries.jitter) && retries.at_most <= 100)
        {
            let said =
                "of `retries`, `multiplier` is 1 or more, `jitter` 0 to 1, and `at_most` 0 to 100".to_owned();
            faults.push((client.place, said));
        }
    }
    if requests > MOST_REQUESTS {
        let said =
            format!("these clients would make {requests:.0} requests: up to {MOST_REQUESTS} are played");
        faults.push((BEGINNING, said));
    }
}

/// What a client is called.
pub(crate) fn client_name(index: usize, client: &Client) -> String {
    match (&client.name, index) {
        (Some(name), _) => name.clone(),
        (None, 0) => "client".to_owned(),
        (None, _) => format!("client-{}", index + 1),
    }
}
