//! The plugin `admin`, which shows and changes the live state: who can reach it.

use super::Context;
use super::finding::{Finding, Kind};
use crate::proxy::{Filter, Listener, Manager};
use std::net::IpAddr;

pub(super) const KINDS: &[&Kind] = &[&ADMIN_AMONG_TRAFFIC, &ADMIN_OPEN, &ADMIN_PEER, &ADMIN_APART];

static ADMIN_AMONG_TRAFFIC: Kind = Kind::error(
    "admin-among-traffic",
    "Whoever can send requests can ask for the live state, and an address is all that keeps him from closing a service.",
);
static ADMIN_OPEN: Kind = Kind::error(
    "admin-open",
    "The listener is reachable from everywhere that the machine is: whoever comes from an address in `cidrs`, a proxy for \
     example, can close a service.",
);
static ADMIN_PEER: Kind = Kind::error(
    "admin-peer",
    "Envoy takes x-forwarded-for for the peer's address: whoever writes a trusted address there is let in.",
);
static ADMIN_APART: Kind = Kind::error(
    "admin-apart",
    "What crosses workers lies under the vm_id: admin shows no breaker, and forces none.",
);

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (listener, manager) in context.proxy.managers() {
        if let Some((filter, _)) = manager.plugin("admin") {
            let mut here = Vec::new();
            one(context, listener, manager, filter, &mut here);
            let within = listener.told();
            found.extend(here.into_iter().map(|finding| finding.within(&within)));
        }
    }
}

fn one(
    context: &Context<'_>,
    listener: &Listener<'_>,
    manager: &Manager<'_>,
    filter: &Filter<'_>,
    found: &mut Vec<Finding>,
) {
    let forwards = manager.routes.all().iter().any(|route| route.forwards());
    let others = manager.plugins().any(|(_, plugin)| plugin.name != "admin");
    if forwards || others {
        let what = "admin stands among the filters of traffic";
        let cure = "give it a listener of its own, on the loopback address, with a direct_response of 404 behind it, as in \
            envoy/admin.yaml";
        found.push(Finding::new(&ADMIN_AMONG_TRAFFIC, filter.place(), what).cure(cure));
    }
    let address = listener.node.text("address.socket_address.address");
    if address
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_unspecified())
    {
        let what = format!("the listener of admin is at {address}");
        let cure = "address:\n  socket_address: { address: 127.0.0.1, port_value: 9902 }";
        found.push(Finding::at(&ADMIN_OPEN, &listener.node, what).cure(cure));
    }
    let says = |key| manager.node.flag(key) == Some(true);
    if !says("use_remote_address") || !says("skip_xff_append") {
        let what = "the listener of admin does not go by the connection's address";
        let cure = "use_remote_address: true\nskip_xff_append: true";
        found.push(Finding::at(&ADMIN_PEER, &manager.node, what).cure(cure));
    }
    let keepers = context
        .proxy
        .plugins()
        .filter(|(_, plugin)| matches!(plugin.name, "circuit-breaker" | "retry"));
    let ids: Vec<&str> = keepers
        .filter_map(|(filter, _)| Some(filter.installed.as_ref()?.vm_id.as_str()))
        .collect();
    let own = filter
        .installed
        .as_ref()
        .map(|each| each.vm_id.as_str())
        .unwrap_or_default();
    if let Some(first) = ids.first()
        && !ids.contains(&own)
    {
        let what = format!("admin has the vm_id \"{own}\", and what keeps state \"{first}\"");
        let cure = format!("vm_config:\n  vm_id: {first}");
        found.push(Finding::new(&ADMIN_APART, filter.place(), what).cure(cure));
    }
}
