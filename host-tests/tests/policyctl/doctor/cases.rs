//! Each finding, by a sample that is broken in one place.

use super::{found, kinds};
use std::collections::HashMap;

pub(super) fn sample(path: &str) -> String {
    std::fs::read_to_string(host_tests::document::root().join(path)).expect("the sample is there")
}

/// A sample, what in it is replaced by what, and what is found then that was not found before.
struct Case {
    sample: &'static str,
    from: &'static str,
    to: &'static str,
    found: &'static [&'static str],
}

const fn case(
    sample: &'static str,
    from: &'static str,
    to: &'static str,
    found: &'static [&'static str],
) -> Case {
    Case {
        sample,
        from,
        to,
        found,
    }
}

const CORS: &str = "                  - name: cors
                    typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors }
";
const BEFORE_ENVELOPE: &str = "                  # First: every error comes by it last.\n";
const BEFORE_ROUTER: &str = "                  - name: envoy.filters.http.router\n";
const BUDGET: &str = "- retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 10 }";

const CASES: &[Case] = &[
    case("envoy/edge.yaml", BEFORE_ENVELOPE, CORS, &["envelope-not-first", "request-id-late"]),
    case(
        "envoy/edge.yaml",
        "                  # Before all that refuses, so that refusals have the request's one id. Outsiders' ids are replaced.\n",
        CORS,
        &["request-id-late"],
    ),
    case("envoy/envoy.yaml", BEFORE_ROUTER, CORS_AND_ROUTER, &["breaker-before-refusals"]),
    case("envoy/envoy.yaml", BEFORE_ROUTER, CACHE_AND_ROUTER, &["cache-passes-by"]),
    case("envoy/envoy.yaml", BEFORE_ROUTER, COMPRESSOR_AND_ROUTER, &["compressed-errors"]),
    // A breaker where retry was, and retry where the breaker was.
    case(
        "envoy/caching.yaml",
        "                  - name: cache\n",
        "                  - name: breaker
                    typed_config:
                      \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        root_id: circuit-breaker
                        failure_policy: FAIL_RELOAD
                        vm_config: { vm_id: policies, code: { local: { filename: dist/circuit_breaker.wasm } } }
                  - name: cache\n",
        &["retry-before-breaker", "cache-passes-by"],
    ),
    case(
        "envoy/envoy.yaml",
        "dist/request_id.wasm",
        "dist/error_envelope.wasm",
        &["plugin-twice"],
    ),
    case(
        "envoy/retry.yaml",
        "\n                      local: { filename: dist/retry.wasm }",
        "\n                      local: { filename: dist/error_envelope.wasm }",
        &["plugin-misplaced", "burst-unbounded"],
    ),
    case("envoy/envoy.yaml", "generate_request_id: false", "generate_request_id: true", &["ids-of-envoy"]),
    case("envoy/edge.yaml", "pack_trace_reason: false", "pack_trace_reason: true", &["tracing-by-id"]),
    case(
        "envoy/edge.yaml",
        "\"accept\": [\"x-request-id\", \"x-correlation-id\"],",
        "\"accept\": [\"x-request-id\"], \"trace_context\": \"create\", \"sampled\": true,",
        &["trace-overwritten"],
    ),
    case("envoy/edge.yaml", "use_remote_address: true", "use_remote_address: false", &["peer-not-known"]),
    case(
        "envoy/envoy.yaml",
        "'wasm.policy.request_id' in filter_state || 'wasm.policy.error_code' in filter_state",
        "response.code == 503",
        &["replies-wrapped"],
    ),
    case(
        "envoy/envoy.yaml",
        "                local_reply_config:\n",
        "                local_reply_config:\n                  body_format: { text_format_source: { inline_string: x } }\n",
        &["replies-wrapped"],
    ),
    case("envoy/envoy.yaml", "local_reply_config:\n", "local_reply_config: {}\n                old:\n", &[]),
    case("envoy/envoy.yaml", "local_reply_config:\n", "no_local_reply_config:\n", &["replies-bare"]),
    case("envoy/envoy.yaml", "- remove: x-fallback", "- remove: x-other", &["fallback-from-clients"]),
    case("envoy/retry.yaml", "\"policy\": { \"route_policy\": true }", "\"policy\": { \"attempts\": 2 }", &["route-retries"]),
    // In shadow mode the plugin changes nothing, and the route's own retries are what was there before.
    case("envoy/retry.yaml", "\"policy\": { \"route_policy\": true }", "\"mode\": \"shadow\"", &[]),
    case(
        "envoy/envoy.yaml",
        "include_request_attempt_count: true",
        "include_request_attempt_count: false",
        &["attempts-untold"],
    ),
    case(
        "envoy/envoy.yaml",
        "include_attempt_count_in_response: true",
        "include_attempt_count_in_response: false",
        &["attempts-unshown"],
    ),
    case(
        "envoy/envoy.yaml",
        "- name: orders\n                          match:",
        "- match:",
        &["route-unnamed", "route-unknown"],
    ),
    case(
        "envoy/envoy.yaml",
        "{ \"match\": { \"route\": \"orders\" }",
        "{ \"match\": { \"route\": \"order\" }",
        &["route-unknown"],
    ),
    case("envoy/envoy.yaml", BUDGET, "- max_requests: 100", &["retry-budget-missing"]),
    case("envoy/envoy.yaml", BUDGET, "- max_retries: 100", &[]),
    case("envoy/envoy.yaml", "value: 20 }", "value: 50 }", &["retry-budget-differs"]),
    case(
        "envoy/retry.yaml",
        "                    vm_id: policies\n                    runtime",
        "                    vm_id: attempts\n                    runtime",
        &["budgets-apart"],
    ),
    case(
        "envoy/retry.yaml",
        "\"default\": { \"deadline_headers\": [\"x-request-deadline-ms\", \"grpc-timeout\"] }",
        "\"default\": { \"budget\": { \"interval\": \"1m\" } }",
        &["budgets-apart"],
    ),
    // The same in other words.
    case(
        "envoy/retry.yaml",
        "\"default\": { \"deadline_headers\": [\"x-request-deadline-ms\", \"grpc-timeout\"] }",
        "\"default\": { \"budget\": { \"interval\": \"10000ms\", \"percent\": 20.0 } }",
        &[],
    ),
    case(
        "envoy/retry.yaml",
        "                      include_request_attempt_count: true\n",
        "                      include_request_attempt_count: true\n                      hedge_policy: { hedge_on_per_try_timeout: true }\n",
        &["hedged-away"],
    ),
    case("envoy/envoy.yaml", "failure_policy: FAIL_RELOAD\n", "failure_policy: FAIL_CLOSED\n", &["fails-closed"]),
    case("envoy/envoy.yaml", "failure_policy: FAIL_RELOAD\n", "\n", &["fails-closed"]),
    case("envoy/envoy.yaml", "failure_policy: FAIL_RELOAD\n", "failure_policy: FAIL_OPEN\n", &["fails-open"]),
    case("envoy/envoy.yaml", "envoy.wasm.runtime.v8", "envoy.wasm.runtime.wamr", &["other-runtime"]),
    case(
        "envoy/envoy.yaml",
        "local: { filename: dist/error_envelope.wasm }",
        "remote: { http_uri: { uri: 'https://x.example/error_envelope.wasm', cluster: x, timeout: 5s } }",
        &["module-unpinned"],
    ),
    case(
        "envoy/circuit-breaker-five-in-a-row.yaml",
        "vm_id: policies",
        "vm_id: ''",
        &["vm-id-missing"],
    ),
    case(
        "envoy/circuit-breaker-fallback.yaml",
        "                    vm_id: policies\n                    runtime",
        "                    vm_id: others\n                    runtime",
        &["vm-ids-differ"],
    ),
    case(
        "envoy/circuit-breaker-fallback.yaml",
        "                      local: { filename: dist/circuit_breaker.wasm }",
        "                      local: { filename: old/circuit_breaker.wasm }",
        &["versions-mixed"],
    ),
    case(
        "envoy/envoy.yaml",
        "{ \"match\": { \"route\": \"shadow\" }, \"mode\": \"shadow\" }\n                              ]\n                            }\n                  - name: envoy",
        "{ \"match\": { \"direction\": \"inbound\" }, \"mode\": \"shadow\" }\n                              ]\n                            }\n                  - name: envoy",
        &["direction-unsaid"],
    ),
    case("envoy/envoy.yaml", "tag_name: breaker,", "tag_name: breakers,", &["labels-missing"]),
    case("envoy/envoy.yaml", "(\\.breaker=([^;]*);)", "(\\.breaker=([^;.]*);)", &["labels-wrong"]),
    case("envoy/envoy.yaml", "global_downstream_max_connections", "fixed_heap", &["connections-unbounded"]),
];

const CORS_AND_ROUTER: &str = "                  - name: cors
                    typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors }
                  - name: envoy.filters.http.router
";
const CACHE_AND_ROUTER: &str = "                  - name: cache
                    typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.cache.v3.CacheConfig }
                  - name: envoy.filters.http.router
";
const COMPRESSOR_AND_ROUTER: &str = "                  - name: gzip
                    typed_config: { \"@type\": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor }
                  - name: envoy.filters.http.router
";

#[test]
fn a_sample_that_is_broken_in_one_place_has_one_more_finding() {
    let mut wrong = Vec::new();
    let mut before = HashMap::new();
    for case in CASES {
        let sound = sample(case.sample);
        assert!(
            sound.contains(case.from),
            "{} has no {:?}",
            case.sample,
            case.from
        );
        let before = before.entry(case.sample).or_insert_with(|| found(sound.clone()));
        let mut after = found(sound.replacen(case.from, case.to, 1));
        after.retain(|id| !before.contains(id));
        after.dedup();
        if after != case.found {
            wrong.push(format!(
                "{}: {:?} → {:?}: {after:?}",
                case.sample, case.from, case.to
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is found of the whole.
const WHOLE: &[(&str, &[&str])] = &[
    (
        "envoy/caching.yaml",
        &["replies-bare", "attempts-unshown", "burst-unbounded"],
    ),
    ("envoy/retry.yaml", &[]),
];

#[test]
fn what_may_be_meant_so_is_a_note() {
    for (path, expected) in WHOLE {
        assert_eq!(found(sample(path)), *expected, "{path}");
    }
    let silent = sample("envoy/envoy.yaml").replace("%FILTER_STATE(wasm.policy.", "%FILTER_STATE(other.");
    assert_eq!(found(silent), ["log-without-facts", "burst-unbounded"]);
}

#[test]
fn every_finding_is_tested() {
    let here = [
        include_str!("cases.rs"),
        include_str!("listeners.rs"),
        include_str!("running.rs"),
    ]
    .concat();
    for (id, ..) in kinds() {
        assert!(here.contains(&format!("\"{id}\"")), "{id} is found nowhere");
    }
}
