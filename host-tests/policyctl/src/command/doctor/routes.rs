//! Routes: what they try again by themselves, what they are called, and what they tell of attempts.

use super::Context;
use super::asking::Asked;
use super::finding::{Finding, Kind};
use super::settings;
use crate::proxy::{Filter, Listener, Manager, Route, Routes};

pub(super) const KINDS: &[&Kind] = &[
    &ROUTE_RETRIES,
    &ATTEMPTS_UNTOLD,
    &ATTEMPTS_UNSHOWN,
    &ROUTE_UNNAMED,
    &ROUTE_UNKNOWN,
];

static ROUTE_RETRIES: Kind = Kind::error(
    "route-retries",
    "Headers add to a route's retry_on and cannot take from it: Envoy also tries again what the plugin keeps from it, so an \
     order can be placed twice.",
);
static ATTEMPTS_UNTOLD: Kind = Kind::warning(
    "attempts-untold",
    "The upstream does not learn which attempt it gets: if it is an Envoy that retries, it tries each retry again, and layers \
     multiply (three of three are 27 attempts).",
);
static ATTEMPTS_UNSHOWN: Kind = Kind::note(
    "attempts-unshown",
    "Responses do not say how often the request was tried.",
);
static ROUTE_UNNAMED: Kind = Kind::warning(
    "route-unnamed",
    "No rule finds the route by its name: its requests get the policy of `default`. Breakers of routes and labels call it \
     <virtual host>/<cluster>, together with all others of that cluster.",
);
static ROUTE_UNKNOWN: Kind = Kind::warning(
    "route-unknown",
    "No request meets the rule: those that it was made for get another policy.",
);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (listener, manager) in context.proxy.managers() {
        let within = listener.told();
        let mut here = Vec::new();
        if let Some((filter, _)) = manager.plugin("retry") {
            own_retries(context, filter, listener, manager, &mut here);
            attempts(manager, &mut here);
        }
        names(manager, &mut here);
        found.extend(here.into_iter().map(|finding| finding.within(&within)));
    }
    unknown(context, found);
    in_manifests(context, found);
}

/// What control planes retry by themselves. Where a rule says route_policy, whether the route meets it is the plugin's to know.
fn in_manifests(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut plugins = context
        .proxy
        .plugins()
        .filter(|(_, plugin)| plugin.name == "retry");
    let is_told = |plugin| settings::literal(plugin, "route_policy", |value| value == true).is_some();
    if !plugins.any(|(_, plugin)| !is_told(plugin)) {
        return;
    }
    for manifest in &context.proxy.manifests {
        let name = manifest.text("metadata.name");
        let (nodes, what, cure) = match manifest.text("kind") {
            "VirtualService" => {
                let all = manifest.all("spec.http").into_iter();
                let open = all.filter(|route| {
                    route.get("route").is_some() && route.number("retries.attempts") != Some(0.0)
                });
                let what = "Istio retries by itself";
                (open.collect::<Vec<_>>(), what, "retries: { attempts: 0 }")
            }
            "BackendTrafficPolicy" => {
                let own = manifest.at("spec.retry").into_iter().collect();
                (own, "the policy retries by itself", "leave `retry` out")
            }
            "HTTPRoute" | "GRPCRoute" => {
                let rules = manifest.all("spec.rules").into_iter();
                let own = rules.filter_map(|rule| rule.get("retry")).collect();
                (own, "the route retries by itself", "leave `retry` out")
            }
            _ => continue,
        };
        for node in nodes {
            let what = format!("{what}, and no rule of retry silences it (route_policy)");
            let within = format!("{} {name}", manifest.text("kind"));
            found.push(Finding::at(&ROUTE_RETRIES, &node, what).within(within).cure(cure));
        }
    }
}

/// Of so many routes with retries of their own the plugin is asked: a control plane can give them to thousands.
const MOST_ASKED: usize = 100;

/// Routes that try again by themselves what the plugin keeps from it: it is asked, for a POST.
fn own_retries(
    context: &Context<'_>,
    filter: &Filter<'_>,
    listener: &Listener<'_>,
    manager: &Manager<'_>,
    found: &mut Vec<Finding>,
) {
    let routes = manager.routes.all().into_iter();
    let retrying = routes.filter_map(|route| {
        let policy = route.retry_policy()?;
        (!policy.text("retry_on").is_empty() && route.forwards()).then_some((route, policy))
    });
    let retrying: Vec<_> = retrying.collect();
    if retrying.is_empty() {
        return;
    }
    let Some(asked) = Asked::of(filter, listener, context.modules) else {
        return;
    };
    for (route, policy) in retrying.iter().take(MOST_ASKED) {
        let Some(on) = asked.tried_again(route, policy) else {
            continue;
        };
        let retry_on = policy.text("retry_on");
        let what = format!(
            "the {} has retry_on: {retry_on}, so a POST on {on} is tried again",
            route.told()
        );
        let name = route.name();
        let cure = format!(
            "leave retry_on out of the route, or tell the rule of it:\n{{ \"match\": {{ \"route\": \"{name}\" }}, \"policy\": \
             {{ \"route_policy\": true }} }}"
        );
        found.push(Finding::at(&ROUTE_RETRIES, policy, what).cure(cure));
    }
    if let Some((_, first)) = retrying.get(MOST_ASKED) {
        let what = format!(
            "{} more routes have a retry_on, of which the plugin was not asked",
            retrying.len() - MOST_ASKED
        );
        found.push(
            Finding::at(&super::server::NOT_SEEN, first, what).cure("mend the first ones, and look again"),
        );
    }
}

fn attempts(manager: &Manager<'_>, found: &mut Vec<Finding>) {
    for host in manager.routes.virtual_hosts() {
        if !host
            .all("routes")
            .iter()
            .any(|route| route.get("route").is_some())
        {
            continue;
        }
        let name = host.text("name");
        if host.flag("include_request_attempt_count") != Some(true) {
            let what = format!("the virtual host {name} does not tell the upstream which attempt it gets");
            let cure = "include_request_attempt_count: true";
            found.push(Finding::at(&ATTEMPTS_UNTOLD, &host, what).cure(cure));
        }
        if host.flag("include_attempt_count_in_response") != Some(true) {
            let what =
                format!("the virtual host {name} does not say in responses how often a request was tried");
            let cure = "include_attempt_count_in_response: true";
            found.push(Finding::at(&ATTEMPTS_UNSHOWN, &host, what).cure(cure));
        }
    }
}

/// Routes without a name, where a plugin goes by names.
fn names(manager: &Manager<'_>, found: &mut Vec<Finding>) {
    let by_name = manager.plugins().find_map(|(_, plugin)| {
        let rule = settings::rules_by(plugin, "route")
            .first()
            .map(|_| "has rules by route");
        let key = || {
            settings::literal(plugin, "key", |value| value == "route").map(|_| "has a breaker for each route")
        };
        Some((plugin.name, rule.or_else(key)?))
    });
    let Some((plugin, why)) = by_name else {
        return;
    };
    for route in manager.routes.all() {
        if route.name().is_empty() && route.forwards() {
            let what = format!("the {} has no name, and {plugin} {why}", route.told());
            found.push(Finding::at(&ROUTE_UNNAMED, &route.node, what).cure("name: orders"));
        }
    }
}

/// Rules for routes that are nowhere: in any of the listeners with this very configuration.
fn unknown(context: &Context<'_>, found: &mut Vec<Finding>) {
    let managers: Vec<(&Listener<'_>, &Manager<'_>)> = context.proxy.managers().collect();
    if managers
        .iter()
        .any(|(_, manager)| matches!(manager.routes, Routes::Unseen))
    {
        return;
    }
    let all: Vec<_> = managers
        .iter()
        .flat_map(|(_, manager)| manager.routes.all())
        .collect();
    if all.is_empty() {
        return;
    }
    for (_, plugin) in context.proxy.plugins() {
        for rule in settings::rules_by(plugin, "route") {
            let Some(name) = rule.value().as_str() else {
                continue;
            };
            if !all.iter().any(|route| route.name() == name) {
                let known: Vec<&str> = all
                    .iter()
                    .map(Route::name)
                    .filter(|name| !name.is_empty())
                    .collect();
                let what = format!(
                    "{} has a rule for the route {name}, which is nowhere",
                    plugin.name
                );
                let cure = match known.is_empty() {
                    true => format!("give the route that name:\n- name: {name}"),
                    false => format!("the routes are: {}", known.join(", ")),
                };
                let finding = Finding::at(&ROUTE_UNKNOWN, &rule, what).within(plugin.name);
                found.push(finding.cure(cure));
            }
        }
    }
}
