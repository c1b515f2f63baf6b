//! Clusters: how many retries Envoy lets through by itself, and what their own filters do to each attempt.

use super::Context;
use super::finding::{Finding, Kind};
use super::settings;
use crate::document::Node;
use crate::proxy::{Cluster, Filter, Plugin, Route};

pub(super) const KINDS: &[&Kind] = &[
    &RETRY_BUDGET_MISSING,
    &RETRY_BUDGET_DIFFERS,
    &BURST_UNBOUNDED,
    &BUDGETS_APART,
    &HEDGED_AWAY,
];

static RETRY_BUDGET_MISSING: Kind = Kind::warning(
    "retry-budget-missing",
    "Envoy lets a cluster have three retries at a time (max_retries: 3), however many requests there are: of a burst of failures \
     most are not tried again, whatever the plugin says.",
);
static RETRY_BUDGET_DIFFERS: Kind = Kind::warning(
    "retry-budget-differs",
    "Envoy's bound and the plugin's are two: the smaller one wins, and the plugin's numbers tell of retries that Envoy does not \
     make, or allows more in a burst than the plugin does over time.",
);
static BURST_UNBOUNDED: Kind = Kind::note(
    "burst-unbounded",
    "The budget bounds retries over time. Of requests that leave at once none knows of the others' retries: in a burst only \
     Envoy's retry_budget bounds those under way.",
);
static BUDGETS_APART: Kind = Kind::error(
    "budgets-apart",
    "retry before the router and retry in the cluster do not share their budget: attempts are charged to one and taken from \
     the other, so the bound does not hold.",
);
static HEDGED_AWAY: Kind = Kind::error(
    "hedged-away",
    "Envoy takes the answer RETRY_BUDGET_SPENT of a hedged attempt for the last word: callers get 503 while an earlier attempt, \
     which might have succeeded, is under way.",
);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut seen = Vec::new();
    for (_, manager) in context.proxy.managers() {
        let Some((filter, plugin)) = manager.plugin("retry") else {
            continue;
        };
        for route in manager.routes.all() {
            for name in route.clusters() {
                let Some(cluster) = context.proxy.cluster(name) else {
                    continue;
                };
                hedging(cluster, &route, found);
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                let mut here = Vec::new();
                bound(context, cluster, plugin, &mut here);
                in_cluster(context, cluster, filter, plugin, &mut here);
                let within = format!("cluster {name}");
                found.extend(here.into_iter().map(|finding| finding.within(&within)));
            }
        }
    }
}

/// The thresholds of ordinary requests.
fn thresholds<'d>(cluster: &Cluster<'d>) -> Option<Node<'d>> {
    let all = cluster.node.all("circuit_breakers.thresholds");
    all.into_iter()
        .find(|each| matches!(each.text("priority"), "" | "DEFAULT"))
}

fn bound(context: &Context<'_>, cluster: &Cluster<'_>, plugin: &Plugin, found: &mut Vec<Finding>) {
    let default =
        |path: &str| settings::in_default(plugin, context.modules, path).and_then(|value| value.as_f64());
    let percent = default("budget.percent");
    let count = default("budget.min_retry_rate.count");
    let cure = format!(
        "circuit_breakers:\n  thresholds:\n  - retry_budget: {{ budget_percent: {{ value: {} }}, min_retry_concurrency: {} }}",
        percent.unwrap_or(20.0),
        count.unwrap_or(10.0)
    );
    let thresholds = thresholds(cluster);
    let budget = thresholds.as_ref().and_then(|each| each.get("retry_budget"));
    let Some(budget) = budget else {
        // A number that somebody chose is a bound, if another one.
        let is_chosen = thresholds.is_some_and(|each| each.number("max_retries").is_some());
        if !is_chosen {
            let what = format!("the cluster {} has no retry_budget", cluster.name());
            found.push(Finding::at(&RETRY_BUDGET_MISSING, &cluster.node, what).cure(cure));
        }
        return;
    };
    let mut said: Vec<f64> = percent.into_iter().collect();
    if let Some(document) = &plugin.configuration {
        settings::each(&document.root(), "budget", &mut |budget| {
            said.extend(budget.number("percent"))
        });
    }
    let here = budget.number("budget_percent.value").unwrap_or(20.0);
    if !said.is_empty() && !said.contains(&here) {
        let numbers: Vec<String> = said.iter().map(f64::to_string).collect();
        let what = format!(
            "the retry_budget of the cluster {} is {here} %, and retry's budget is {} %",
            cluster.name(),
            numbers.join(" % or ")
        );
        found.push(Finding::at(&RETRY_BUDGET_DIFFERS, &budget, what).cure(cure));
    }
}

fn in_cluster(
    context: &Context<'_>,
    cluster: &Cluster<'_>,
    before: &Filter<'_>,
    plugin: &Plugin,
    found: &mut Vec<Finding>,
) {
    let Some((filter, attempts)) = cluster.plugin("retry") else {
        if settings::in_default(plugin, context.modules, "budget").is_some_and(|budget| !budget.is_null()) {
            let what = format!(
                "retry does not stand in the filters of the cluster {}",
                cluster.name()
            );
            let cure = "let it stand there, too, with the same budget, as in envoy/retry.yaml";
            found.push(Finding::at(&BURST_UNBOUNDED, &cluster.node, what).cure(cure));
        }
        return;
    };
    let vm_id = |filter: &Filter<'_>| {
        filter
            .installed
            .as_ref()
            .map(|each| each.vm_id.clone())
            .unwrap_or_default()
    };
    let (here, there) = (vm_id(filter), vm_id(before));
    if here != there {
        let what = format!("retry has the vm_id \"{there}\" before the router and \"{here}\" in the cluster");
        let cure = format!("vm_config:\n  vm_id: {there}");
        found.push(Finding::new(&BUDGETS_APART, filter.place(), what).cure(cure));
        return;
    }
    let budget = |plugin: &Plugin, path: &str| {
        let value = settings::in_default(plugin, context.modules, path)?;
        value.as_f64().or_else(|| settings::milliseconds(value.as_str()?))
    };
    let parts = [
        "percent",
        "interval",
        "min_retry_rate.count",
        "min_retry_rate.interval",
    ];
    let other = parts.into_iter().find(|part| {
        let path = format!("budget.{part}");
        budget(attempts, &path) != budget(plugin, &path)
    });
    if let Some(part) = other {
        let what =
            format!("the budget of `default` is another one in the cluster than before the router: {part}");
        let cure = "give both the same:\n\"budget\": { \"percent\": 20, \"interval\": \"10s\", \"min_retry_rate\": { \"count\": \
            10, \"interval\": \"1s\" } }";
        found.push(Finding::new(&BUDGETS_APART, filter.place(), what).cure(cure));
    }
}

fn hedging(cluster: &Cluster<'_>, route: &Route<'_>, found: &mut Vec<Finding>) {
    let Some(hedge) = route.hedge_policy() else {
        return;
    };
    if hedge.flag("hedge_on_per_try_timeout") == Some(true) && cluster.plugin("retry").is_some() {
        let what = format!(
            "the {} hedges, and retry stands in the filters of its cluster {}",
            route.told(),
            cluster.name()
        );
        let cure = "leave retry out of the cluster's filters, or say:\nhedge_policy: { hedge_on_per_try_timeout: false }";
        let within = format!("cluster {}", cluster.name());
        found.push(Finding::at(&HEDGED_AWAY, &hedge, what).within(within).cure(cure));
    }
}
