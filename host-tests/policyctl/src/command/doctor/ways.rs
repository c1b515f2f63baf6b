//! Which way a listener's traffic goes: to the service behind the proxy, or from it.

use super::Context;
use super::finding::{Finding, Kind};
use super::settings;
use crate::proxy::{Filter, Plugin};

pub(super) const KINDS: &[&Kind] = &[&BOTH_WAYS, &DIRECTION_UNSAID];

static BOTH_WAYS: Kind = Kind::warning(
    "both-ways",
    "A call from one of these proxies to the next meets the plugin on its way out and again on its way in: it is counted, \
     rejected and retried twice.",
);
static DIRECTION_UNSAID: Kind = Kind::warning(
    "direction-unsaid",
    "The rule goes by the listener's direction, and the listener does not say which it is: no request meets the rule.",
);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (listener, manager) in context.proxy.managers().filter(|(_, manager)| manager.is_whole) {
        let within = listener.told();
        direction(listener.direction(), manager.plugins(), &within, found);
    }
    // An id or an envelope that is there is left as it is: to meet those twice does no harm.
    for plugin in ["circuit-breaker", "retry"] {
        both_ways(context, plugin, found);
    }
}

/// A sidecar's plugins on both ways, without a rule that tells them apart.
fn both_ways(context: &Context<'_>, plugin: &str, found: &mut Vec<Finding>) {
    let of = |direction: &str| {
        let all = context.proxy.managers();
        let mut all = all.filter(|(listener, _)| listener.direction() == direction);
        all.find_map(|(listener, manager)| Some((listener, manager.plugin(plugin)?)))
    };
    let (Some((inbound, (_, one))), Some((outbound, (filter, other)))) = (of("INBOUND"), of("OUTBOUND"))
    else {
        return;
    };
    let tells = |each| !settings::rules_by(each, "direction").is_empty();
    if tells(one) || tells(other) {
        return;
    }
    let what = format!(
        "{plugin} stands on the way in ({}) and on the way out ({}), and no rule tells them apart",
        inbound.name(),
        outbound.name()
    );
    let cure = "in the plugin's configuration, before the other rules:\n\
        { \"match\": { \"direction\": \"inbound\" }, \"mode\": \"disabled\" }";
    let within = outbound.told();
    found.push(
        Finding::new(&BOTH_WAYS, filter.place(), what)
            .within(within)
            .cure(cure),
    );
}

fn direction<'f, 'd: 'f>(
    said: &str,
    plugins: impl Iterator<Item = (&'f Filter<'d>, &'f Plugin)>,
    within: &str,
    found: &mut Vec<Finding>,
) {
    if !said.is_empty() {
        return;
    }
    for (_, plugin) in plugins {
        for rule in settings::rules_by(plugin, "direction") {
            if rule.value().as_str().is_some_and(|direction| direction != "any") {
                let what = format!(
                    "{} has a rule by direction, and the {within} has none",
                    plugin.name
                );
                let cure = "traffic_direction: OUTBOUND";
                found.push(
                    Finding::at(&DIRECTION_UNSAID, &rule, what)
                        .within(within)
                        .cure(cure),
                );
            }
        }
    }
}
