//! The Envoy itself: its version and bounds, what it refused, and what it has seen die.

use super::Context;
use super::finding::{Finding, Kind};

pub(super) const KINDS: &[&Kind] = &[
    &NO_PLUGIN,
    &NOT_SEEN,
    &CONFIGURATION_REFUSED,
    &PLUGIN_DIED,
    &PLUGIN_DEGRADED,
    &VERSION_UNTESTED,
    &CONNECTIONS_UNBOUNDED,
];

static NO_PLUGIN: Kind = Kind::note("no-plugin", "Requests meet none of the plugins.");
pub(super) static NOT_SEEN: Kind = Kind::note(
    "not-seen",
    "It is not looked at here: what is wrong in it is not found.",
);
static CONFIGURATION_REFUSED: Kind = Kind::error(
    "configuration-refused",
    "Envoy goes on with the configuration that it had before: the change is not in force, and after a restart there is none.",
);
static PLUGIN_DIED: Kind = Kind::error(
    "plugin-died",
    "A plugin's machine has died at least once: the requests under way in it were answered 503. That is a defect.",
);
static PLUGIN_DEGRADED: Kind = Kind::warning(
    "plugin-degraded",
    "A plugin had to give up on a step for some requests, and let them go on without it.",
);
static VERSION_UNTESTED: Kind = Kind::warning(
    "version-untested",
    "The plugins are tested with Envoy 1.40. An older one may lack what they need (FAIL_RELOAD, facts about a request), and \
     then refuses the configuration or degrades.",
);
static CONNECTIONS_UNBOUNDED: Kind = Kind::note(
    "connections-unbounded",
    "Clients can open connections until memory or file descriptors run out. Envoy warns of it at every start.",
);

/// What the plugins are tested with.
const TESTED: (u64, u64) = (1, 40);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let proxy = context.proxy;
    if proxy.plugins().next().is_none() {
        let first = context.sources.documents.first();
        let place = first.map(|document| document.told_place("")).unwrap_or_default();
        let cure = "docs/envoy.md says how to load them; `policyctl doctor --emit envoy` writes a whole configuration";
        found.push(Finding::new(&NO_PLUGIN, place, "none of the plugins is in it").cure(cure));
    }
    for unseen in &proxy.unseen {
        let what = format!("{} is not in it", unseen.what);
        let cure = "ask the running Envoy: policyctl doctor http://127.0.0.1:9901";
        found.push(Finding::at(&NOT_SEEN, &unseen.node, what).cure(cure));
    }
    for (node, reason) in &proxy.refused {
        let name = [node.text("name"), node.text("ecds_filter.name")].concat();
        let what = format!("Envoy refused {name}: {}", reason.trim());
        found.push(
            Finding::at(&CONFIGURATION_REFUSED, node, what)
                .cure("`policyctl check` says what is wrong with it"),
        );
    }
    if context.proxy.plugins().next().is_some() {
        version(context, found);
        bounds(context, found);
    }
    numbers(context, found);
}

fn version(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(bootstrap) = &context.proxy.bootstrap else {
        return;
    };
    let Some(version) = bootstrap.at("node.user_agent_build_version.version") else {
        return;
    };
    // What is 0 is left out of JSON.
    let part = |key| {
        version
            .value()
            .get(key)
            .and_then(|part| part.as_u64())
            .unwrap_or(0)
    };
    let is = (part("major_number"), part("minor_number"));
    if is != (0, 0) && is < TESTED {
        let what = format!("this is Envoy {}.{}.{}", is.0, is.1, part("patch"));
        let cure = format!("use Envoy {}.{} or later", TESTED.0, TESTED.1);
        found.push(
            Finding::at(&VERSION_UNTESTED, &version, what)
                .within("bootstrap")
                .cure(cure),
        );
    }
}

fn bounds(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(bootstrap) = &context.proxy.bootstrap else {
        return;
    };
    let monitors = bootstrap.all("overload_manager.resource_monitors");
    let is_bounded = monitors
        .iter()
        .any(|each| each.text("name").contains("downstream_max_connections"));
    let is_limited = bootstrap.all("layered_runtime.layers").iter().any(|layer| {
        layer.at("static_layer").is_some_and(|layer| {
            layer.get("overload.global_downstream_max_connections").is_some()
                || layer.at("overload.global_downstream_max_connections").is_some()
        })
    });
    if !is_bounded && !is_limited {
        let cure = "overload_manager:\n  resource_monitors:\n  - name: envoy.resource_monitors.global_downstream_max_connections\n    \
            typed_config:\n      \"@type\": \
            type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig\n      \
            max_active_downstream_connections: 10000";
        let what = "there is no bound of connections";
        found.push(
            Finding::at(&CONNECTIONS_UNBOUNDED, bootstrap, what)
                .within("bootstrap")
                .cure(cure),
        );
    }
}

fn numbers(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(told) = &context.sources.told else {
        return;
    };
    let place = || format!("{}/stats", told.address);
    for (name, number) in told.numbers.iter().filter(|(_, number)| *number > 0) {
        let (kind, cure) = if name.ends_with(".config_fail") {
            (
                &CONFIGURATION_REFUSED,
                "Envoy's log says why; `policyctl check` says what is wrong with it",
            )
        } else if name.contains("vm_reload_success") || name.contains("vm_reload_failure") {
            (
                &PLUGIN_DIED,
                "tell its makers, with the lines of Envoy's log before it, among them `Uncaught RuntimeError`",
            )
        } else if name.contains("policy_degradations_total") {
            (
                &PLUGIN_DEGRADED,
                "docs/limits.md says what each is; the log has a line `degradation`",
            )
        } else {
            continue;
        };
        found.push(Finding::new(kind, place(), format!("{name} is {number}")).cure(cure));
    }
}
