//! The order of the filters in a chain, and what stands where it does not belong.

use super::Context;
use super::finding::{Finding, Kind};
use crate::proxy::{Filter, Listener, Manager, Proxy};

pub(super) const KINDS: &[&Kind] = &[
    &ENVELOPE_NOT_FIRST,
    &REQUEST_ID_LATE,
    &BREAKER_BEFORE_REFUSALS,
    &RETRY_BEFORE_BREAKER,
    &CACHE_PASSES_BY,
    &COMPRESSED_ERRORS,
    &PLUGIN_TWICE,
    &PLUGIN_MISPLACED,
];

static ENVELOPE_NOT_FIRST: Kind = Kind::warning(
    "envelope-not-first",
    "What the filters before error-envelope answer does not come by it: callers get another filter's plain text in place of \
     the one JSON body.",
);
static REQUEST_ID_LATE: Kind = Kind::warning(
    "request-id-late",
    "What the filters before request-id refuse has no id of its own: not on the response, not in the log, not in the error \
     body.",
);
static BREAKER_BEFORE_REFUSALS: Kind = Kind::warning(
    "breaker-before-refusals",
    "While the breaker is open, requests that would be refused anyway get 503 instead of their 401 or 429; while it is \
     half-open, they take the places of its probes and decide nothing.",
);
static RETRY_BEFORE_BREAKER: Kind = Kind::error(
    "retry-before-breaker",
    "retry does not know of a half-open breaker: the requests that are to find out whether the upstream works again are each \
     tried several times.",
);
static CACHE_PASSES_BY: Kind = Kind::error(
    "cache-passes-by",
    "What a cache sends on goes straight to the cluster, past every filter behind it: those plugins do not see it. And a \
     breaker before the cache keeps callers from answers that it has.",
);
static COMPRESSED_ERRORS: Kind = Kind::warning(
    "compressed-errors",
    "Errors of the upstream are compressed before error-envelope sees them: their messages are lost, and replaced by general \
     ones.",
);
static PLUGIN_TWICE: Kind = Kind::error(
    "plugin-twice",
    "Each request meets the plugin twice: a breaker counts each failure twice and opens early, budgets and metrics count \
     double.",
);
static PLUGIN_MISPLACED: Kind = Kind::error(
    "plugin-misplaced",
    "In a cluster's own filters it sees attempts and not requests: an error that another attempt mends is rewritten, and Envoy \
     never tells it how the request ended.",
);

/// Filters that may answer a request themselves.
const REFUSING: [&str; 29] = [
    "adaptive_concurrency",
    "admission_control",
    "alternate_protocols_cache",
    "api_key_auth",
    "aws_lambda",
    "basic_auth",
    "buffer",
    "composite",
    "cors",
    "csrf",
    "dynamic_forward_proxy",
    "dynamic_modules",
    "ext_authz",
    "ext_proc",
    "fault",
    "gcp_authn",
    "golang",
    "grpc_json_transcoder",
    "health_check",
    "istio_authn",
    "jwt_authn",
    "local_ratelimit",
    "lua",
    "oauth2",
    "rate_limit_quota",
    "ratelimit",
    "rbac",
    "wasm",
    "custom_response",
];
const CACHES: [&str; 2] = ["cache", "cache_v2"];

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let proxy = context.proxy;
    for (listener, manager) in proxy.managers() {
        let within = listener.told();
        chain(listener, manager, found);
        twice(&manager.filters, &within, found);
    }
    in_clusters(proxy, found);
}

fn chain(listener: &Listener<'_>, manager: &Manager<'_>, found: &mut Vec<Finding>) {
    let within = listener.told();
    let filters = &manager.filters;
    let of = |plugin: &str| filters.iter().position(|filter| filter.is(plugin));
    let before = |index: usize| filters.iter().take(index);
    let behind = |index: usize| filters.iter().skip(index + 1);
    if let Some(index) = of("error-envelope") {
        let early: Vec<&Filter<'_>> = before(index).filter(|filter| answers(filter)).collect();
        if let (Some(filter), Some(envelope)) = (early.first(), filters.get(index)) {
            let what = format!(
                "{} before error-envelope and may answer by themselves",
                stand(&early)
            );
            let cure = format!(
                "move it up:\nhttp_filters:\n- name: {}\n- name: {}",
                envelope.name(),
                filter.name()
            );
            found.push(
                Finding::new(&ENVELOPE_NOT_FIRST, envelope.place(), what)
                    .within(&within)
                    .cure(cure),
            );
        }
        if let Some(filter) = behind(index).find(|filter| filter.kind == "compressor") {
            let what = format!("{} stands behind error-envelope", filter.name());
            let cure = format!(
                "move it before error-envelope:\nhttp_filters:\n- name: {}\n- name: error-envelope",
                filter.name()
            );
            found.push(
                Finding::new(&COMPRESSED_ERRORS, filter.place(), what)
                    .within(&within)
                    .cure(cure),
            );
        }
    }
    if let Some(index) = of("request-id") {
        let early: Vec<_> = before(index)
            .filter(|filter| answers(filter) && !filter.is("error-envelope"))
            .collect();
        if let (Some(filter), Some(ids)) = (early.first(), filters.get(index)) {
            let what = format!("{} before request-id and may refuse requests", stand(&early));
            let cure = format!(
                "move it up, behind error-envelope:\nhttp_filters:\n- name: {}\n- name: {}",
                ids.name(),
                filter.name()
            );
            found.push(
                Finding::new(&REQUEST_ID_LATE, ids.place(), what)
                    .within(&within)
                    .cure(cure),
            );
        }
    }
    if let Some(index) = of("circuit-breaker") {
        let late: Vec<_> = behind(index)
            .filter(|filter| REFUSING.contains(&filter.kind.as_str()) && filter.plugins.is_empty())
            .collect();
        if let (Some(filter), Some(breaker)) = (late.first(), filters.get(index)) {
            let what = format!("{} behind circuit-breaker and may refuse requests", stand(&late));
            let cure = format!(
                "move it down:\nhttp_filters:\n- name: {}\n- name: {}",
                filter.name(),
                breaker.name()
            );
            found.push(
                Finding::new(&BREAKER_BEFORE_REFUSALS, breaker.place(), what)
                    .within(&within)
                    .cure(cure),
            );
        }
        if let Some((retry, filter)) = of("retry").and_then(|retry| Some((retry, filters.get(retry)?)))
            && retry < index
        {
            let cure =
                "the order is error-envelope, request-id, what may refuse, circuit-breaker, retry, router";
            let what = "retry stands before circuit-breaker";
            found.push(
                Finding::new(&RETRY_BEFORE_BREAKER, filter.place(), what)
                    .within(&within)
                    .cure(cure),
            );
        }
    }
    caches(manager, &within, found);
}

fn caches(manager: &Manager<'_>, within: &str, found: &mut Vec<Finding>) {
    let filters = &manager.filters;
    let Some(cache) = filters
        .iter()
        .position(|filter| CACHES.contains(&filter.kind.as_str()))
    else {
        return;
    };
    for (index, filter) in filters.iter().enumerate() {
        for plugin in &filter.plugins {
            let what = match plugin.name {
                "circuit-breaker" => "circuit-breaker stands in one chain with a cache".to_owned(),
                name if index > cache => format!("{name} stands behind a cache"),
                _ => continue,
            };
            let cure = match plugin.name {
                "circuit-breaker" => {
                    "let it stand in the filters of the clusters, as envoy/caching.yaml has it:\n\
                     typed_extension_protocol_options:\n  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n    \
                     \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n    \
                     explicit_http_config: { http_protocol_options: {} }\n    http_filters:\n    - name: circuit-breaker\n    \
                     - name: envoy.filters.http.upstream_codec"
                }
                _ => "move it before the cache",
            };
            found.push(
                Finding::new(&CACHE_PASSES_BY, filter.place(), what)
                    .within(within)
                    .cure(cure),
            );
        }
    }
}

fn in_clusters(proxy: &Proxy<'_>, found: &mut Vec<Finding>) {
    for cluster in &proxy.clusters {
        let within = format!("cluster {}", cluster.name());
        twice(&cluster.filters, &within, found);
        for filter in &cluster.filters {
            for plugin in &filter.plugins {
                if matches!(plugin.name, "request-id" | "error-envelope" | "admin") {
                    let what = format!("{} stands in a cluster's own filters", plugin.name);
                    let cure = "move it to the http_filters of the listener";
                    found.push(
                        Finding::new(&PLUGIN_MISPLACED, filter.place(), what)
                            .within(&within)
                            .cure(cure),
                    );
                }
            }
        }
    }
}

fn twice(filters: &[Filter<'_>], within: &str, found: &mut Vec<Finding>) {
    let mut seen = Vec::new();
    for filter in filters {
        for plugin in &filter.plugins {
            if seen.contains(&plugin.name) {
                let what = format!("{} stands here a second time", plugin.name);
                let cure = "leave one of them; rules within it tell requests apart";
                found.push(
                    Finding::new(&PLUGIN_TWICE, filter.place(), what)
                        .within(within)
                        .cure(cure),
                );
            }
            seen.push(plugin.name);
        }
    }
}

fn answers(filter: &Filter<'_>) -> bool {
    REFUSING.contains(&filter.kind.as_str()) || CACHES.contains(&filter.kind.as_str())
}

/// `jwt and limits stand`.
fn stand(filters: &[&Filter<'_>]) -> String {
    let names: Vec<&str> = filters.iter().map(|filter| filter.name()).collect();
    match names.as_slice() {
        [one] => format!("{one} stands"),
        names => format!("{} stand", names.join(", ")),
    }
}
