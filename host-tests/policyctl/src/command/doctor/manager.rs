//! What the connection manager does before and after all filters: ids, addresses, replies of its own.

use super::Context;
use super::finding::{Finding, Kind};
use super::settings;
use crate::document::Node;
use crate::proxy::{Manager, Plugin};

pub(super) const KINDS: &[&Kind] = &[
    &IDS_OF_ENVOY,
    &TRACING_BY_ID,
    &TRACE_OVERWRITTEN,
    &PEER_NOT_KNOWN,
    &REPLIES_WRAPPED,
    &REPLIES_BARE,
    &FALLBACK_FROM_CLIENTS,
    &LOG_WITHOUT_FACTS,
];

static IDS_OF_ENVOY: Kind = Kind::warning(
    "ids-of-envoy",
    "Envoy makes an x-request-id before any filter: request-id finds one on every request and never makes its own, and an \
     outside client's is replaced, unless preserve_external_request_id keeps it.",
);
static TRACING_BY_ID: Kind = Kind::error(
    "tracing-by-id",
    "Envoy looks for its sampling decision in an id that the plugin made, and writes it there: its own tracing stops, or the \
     id that the upstream gets is no longer the one in the log.",
);
static TRACE_OVERWRITTEN: Kind = Kind::warning(
    "trace-overwritten",
    "Envoy's tracer writes traceparent after all filters: the upstream belongs to another trace than the one that the log and \
     the error body name.",
);
static PEER_NOT_KNOWN: Kind = Kind::error(
    "peer-not-known",
    "Envoy takes x-forwarded-for for the client's address: whoever writes a trusted address there chooses his own request id \
     and trace.",
);
static REPLIES_WRAPPED: Kind = Kind::warning(
    "replies-wrapped",
    "Envoy writes the bodies of errors anew after all filters, those of the plugins included: callers get a body in a body, or \
     none of the standard members.",
);
static REPLIES_BARE: Kind = Kind::note(
    "replies-bare",
    "What Envoy refuses before any filter (a request without a host, too large headers, overload) has Envoy's plain text.",
);
static FALLBACK_FROM_CLIENTS: Kind = Kind::warning(
    "fallback-from-clients",
    "A client that sends the header chooses the fallback's route itself: it gets the fallback while all is well, and passes \
     by the breaker.",
);
static LOG_WITHOUT_FACTS: Kind = Kind::note(
    "log-without-facts",
    "The access log does not say what the plugins decided: a request cannot be found by its id, nor an error by its code.",
);

const EXTENSION: &str = "generate_request_id: false\nrequest_id_extension:\n  typed_config:\n    \"@type\": \
     type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig\n    pack_trace_reason: false\n    \
     use_request_id_for_trace_sampling: false";

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (listener, manager) in context.proxy.managers().filter(|(_, manager)| manager.is_whole) {
        let mut here = Vec::new();
        if let Some((_, plugin)) = manager.plugin("request-id") {
            ids(manager, plugin, &mut here);
        }
        if manager.plugin("error-envelope").is_some() {
            replies(manager, &mut here);
        }
        if let Some((_, plugin)) = manager.plugin("circuit-breaker") {
            fallback(manager, plugin, &mut here);
        }
        let is_traffic = manager.plugins().any(|(_, plugin)| plugin.name != "admin");
        if is_traffic && !mentions(manager.node.get("access_log"), "wasm.policy.") {
            let cure = "access_log:\n- name: envoy.access_loggers.stdout\n  typed_config:\n    \"@type\": \
                 type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog\n    log_format:\n      \
                 json_format:\n        request_id: \"%FILTER_STATE(wasm.policy.request_id:PLAIN)%\"\n        error_code: \
                 \"%FILTER_STATE(wasm.policy.error_code:PLAIN)%\"\n        circuit: \
                 \"%FILTER_STATE(wasm.policy.circuit:PLAIN)%\"\n        retry: \"%FILTER_STATE(wasm.policy.retry:PLAIN)%\"";
            let what = "no access log has what the plugins know of a request";
            here.push(Finding::at(&LOG_WITHOUT_FACTS, &manager.node, what).cure(cure));
        }
        let within = listener.told();
        found.extend(here.into_iter().map(|finding| finding.within(&within)));
    }
}

fn ids(manager: &Manager<'_>, plugin: &Plugin, found: &mut Vec<Finding>) {
    let node = &manager.node;
    let is_traced = node.get("tracing").is_some();
    if node.flag("generate_request_id") != Some(false) {
        let keeps = node.flag("preserve_external_request_id") == Some(true);
        let what = match keeps {
            true => "Envoy makes request ids, and request-id only keeps them",
            false => "Envoy makes request ids in place of request-id, and replaces those of outside clients",
        };
        found.push(Finding::at(&IDS_OF_ENVOY, node, what).cure(EXTENSION));
    } else {
        let extension = node.at("request_id_extension.typed_config");
        let says = |key| extension.as_ref().and_then(|extension| extension.flag(key)) == Some(false);
        let is_apart = says("pack_trace_reason") && says("use_request_id_for_trace_sampling");
        if is_traced && !is_apart {
            let what = "Envoy's tracing goes by request ids, and request-id makes them";
            found.push(Finding::at(&TRACING_BY_ID, node, what).cure(EXTENSION));
        }
    }
    if is_traced && let Some(place) = settings::literal(plugin, "trace_context", |value| value == "create") {
        let what = "trace_context is create, and Envoy's own tracer is on";
        let cure = "in the plugin's configuration:\n\"trace_context\": \"propagate\"";
        found.push(Finding::new(&TRACE_OVERWRITTEN, place, what).cure(cure));
    }
    let by_address = settings::literal(plugin, "cidrs", |value| value.is_array());
    if let Some(place) = by_address
        && node.flag("use_remote_address") != Some(true)
        && node.all("original_ip_detection_extensions").is_empty()
    {
        let what = "request-id trusts by address, and the listener does not use the connection's address";
        found.push(Finding::new(&PEER_NOT_KNOWN, place, what).cure("use_remote_address: true"));
    }
}

fn replies(manager: &Manager<'_>, found: &mut Vec<Finding>) {
    let Some(config) = manager.node.get("local_reply_config") else {
        let what = "there is no local_reply_config";
        let cure = "copy local_reply_config from envoy/envoy.yaml";
        found.push(Finding::at(&REPLIES_BARE, &manager.node, what).cure(cure));
        return;
    };
    let away = "filter:\n  extension_filter:\n    name: seen-by-no-plugin\n    typed_config:\n      \"@type\": \
        type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter\n      expression: \
        \"!('wasm.policy.request_id' in filter_state || 'wasm.policy.error_code' in filter_state)\"";
    let general = config.get("body_format");
    let mappers = config.all("mappers").into_iter();
    let wrapping = mappers.filter(|mapper| {
        let writes = mapper.get("body_format_override").is_some() || mapper.get("body").is_some();
        let is_kept_away = mentions(mapper.get("filter"), "wasm.policy.");
        (writes || general.is_some()) && !is_kept_away
    });
    for mapper in wrapping {
        let what = "a mapper writes the body of what the plugins answered, too";
        found.push(Finding::at(&REPLIES_WRAPPED, &mapper, what).cure(away));
    }
    if let Some(general) = general {
        let what = "body_format is for every reply, those of the plugins included";
        let cure = format!("put it into a mapper, as body_format_override, with this filter:\n{away}");
        found.push(Finding::at(&REPLIES_WRAPPED, &general, what).cure(cure));
    }
}

fn fallback(manager: &Manager<'_>, plugin: &Plugin, found: &mut Vec<Finding>) {
    let Some(document) = &plugin.configuration else {
        return;
    };
    let mut headers = Vec::new();
    settings::each(&document.root(), "reroute", &mut |node| {
        let header = node.text("header");
        if !header.is_empty() && !headers.iter().any(|(known, _)| *known == header) {
            headers.push((header, node.told_place()));
        }
    });
    let removed = |header: &str| {
        let extensions = manager.node.all("early_header_mutation_extensions");
        let mutations = extensions
            .iter()
            .flat_map(|each| each.all("typed_config.mutations"));
        mutations
            .into_iter()
            .any(|mutation| mutation.text("remove").eq_ignore_ascii_case(header))
    };
    for (header, place) in headers {
        if !removed(header) {
            let what = format!("the breaker re-routes by {header}, which a client can send as well");
            let cure = format!(
                "early_header_mutation_extensions:\n- name: no-fallback-from-clients\n  typed_config:\n    \"@type\": \
                 type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation\n    \
                 mutations:\n    - remove: {header}"
            );
            found.push(Finding::new(&FALLBACK_FROM_CLIENTS, place, what).cure(cure));
        }
    }
}

/// Whether any text below this node has this in it.
fn mentions(node: Option<Node<'_>>, text: &str) -> bool {
    node.is_some_and(|node| {
        node.value().as_str().is_some_and(|value| value.contains(text))
            || node.items().into_iter().any(|item| mentions(Some(item), text))
            || node
                .members()
                .into_iter()
                .any(|(_, below)| mentions(Some(below), text))
    })
}
