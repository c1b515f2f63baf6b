use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::tests::as_json;
use crate::plugin::load;
use crate::setting::{Members, Setting};

/// The policy of requests that no rule picks.
fn policy(default: &str) -> Result<Policy, String> {
    let plugin = load::<Policy>(format!("{{\"default\": {default}}}").as_bytes());
    let plugin = plugin.map_err(|faults| faults.to_string())?;
    let request = crate::rules::tests::get("h", "/");
    let policy = plugin.decide(&request, None).policy;
    policy
        .map(|policy| Policy::clone(policy))
        .ok_or("no policy".to_owned())
}

#[track_caller]
fn refused(default: &str, fault: &str) {
    assert_eq!(policy(default).unwrap_err(), fault, "{default}");
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let written = as_json(&Policy::default().written());
    let expected = concat!(
        r#"{"attempts":3,"retry_on":["connect-failure","refused-stream","reset-before-request","gateway-error"],"#,
        r#""statuses":[],"retry_on_grpc":["unavailable"],"methods":["GET","HEAD","OPTIONS","PUT","DELETE"],"#,
        r#""any_method_on":["connect-failure","refused-stream"],"#,
        r#""idempotency_key":{"header":"idempotency-key","unlocks":[],"required_for":[]},"#,
        r#""timeout":null,"per_try_timeout":null,"deadline_headers":[],"#,
        r#""budget":{"percent":20,"interval":"10s","min_retry_rate":{"count":10,"interval":"1s"}},"#,
        r#""inbound_retries":"refuse","#,
        r#""retry_after":{"statuses":[429,503],"base":"1s","multiplier":2,"max":"30s","jitter":0.5},"#,
        r#""route_policy":false}"#
    );
    assert_eq!(written, expected);
    // The keys of the defaults can themselves be configured.
    assert_eq!(policy(expected), Ok(Policy::default()));
    assert_eq!(Policy::default().keys().len(), 14);
}

#[test]
fn every_setting_can_be_given() {
    let given = policy(
        r#"{"attempts": 10,
            "retry_on": ["5xx", "reset", "retriable-4xx", "envoy-ratelimited", "http3-post-connect-failure"],
            "statuses": [404, "5xx", "420-429"],
            "retry_on_grpc": ["cancelled", "deadline-exceeded", "resource-exhausted", "internal"],
            "methods": ["GET", "PROPFIND"], "any_method_on": ["reset-before-request"],
            "idempotency_key": {"header": "X-Api-Key", "unlocks": ["POST", "PATCH"], "required_for": ["POST"]},
            "timeout": "3s", "per_try_timeout": "1s",
            "deadline_headers": ["X-Request-Deadline-Ms", "grpc-timeout"],
            "budget": {"percent": 12.5, "interval": "1m", "min_retry_rate": {"count": 1, "interval": "1m"}},
            "inbound_retries": "allow",
            "retry_after": {"statuses": ["4xx"], "base": "250ms", "multiplier": 1.5, "max": "1m", "jitter": 0},
            "route_policy": true}"#,
    )
    .unwrap();
    assert_eq!(given.attempts.get(), 10);
    let retry_on: Vec<&str> = given.retry_on.iter().map(|on| on.as_str()).collect();
    assert_eq!(
        retry_on,
        [
            "5xx",
            "reset",
            "retriable-4xx",
            "envoy-ratelimited",
            "http3-post-connect-failure"
        ]
    );
    let matches = |status: u16| given.statuses.iter().any(|statuses| statuses.matches(status));
    let statuses: Vec<u16> = (400..500).filter(|status| matches(*status)).collect();
    assert_eq!(statuses, [404, 420, 421, 422, 423, 424, 425, 426, 427, 428, 429]);
    let grpc: Vec<&str> = given.retry_on_grpc.iter().map(|on| on.as_str()).collect();
    assert_eq!(
        grpc,
        ["cancelled", "deadline-exceeded", "resource-exhausted", "internal"]
    );
    let names = |methods: &[RetriedMethod]| methods.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&given.methods), ["GET", "PROPFIND"]);
    assert_eq!(given.any_method_on, [AnyMethodOn::ResetBeforeRequest]);
    let key = &given.idempotency_key;
    assert_eq!(&*key.header, "x-api-key");
    assert_eq!(
        (names(&key.unlocks), names(&key.required_for)),
        (
            vec!["POST".to_owned(), "PATCH".to_owned()],
            vec!["POST".to_owned()]
        )
    );
    assert_eq!(given.timeout.map(Duration::millis), Some(3_000));
    assert_eq!(given.per_try_timeout.map(Duration::millis), Some(1_000));
    let deadlines: Vec<&str> = given.deadline_headers.iter().map(|name| &**name).collect();
    assert_eq!(deadlines, ["x-request-deadline-ms", "grpc-timeout"]);
    let budget = given.budget.unwrap();
    let rate = budget.min_retry_rate;
    assert_eq!((budget.percent.get(), budget.interval.millis()), (12.5, 60_000));
    assert_eq!((rate.count.get(), rate.interval.millis()), (1, 60_000));
    assert_eq!(given.inbound_retries, InboundRetries::Allow);
    let after = given.retry_after.unwrap();
    assert!(after.statuses.iter().any(|statuses| statuses.matches(418)));
    assert_eq!((after.base.millis(), after.max.millis()), (250, 60_000));
    assert_eq!((after.multiplier.get(), after.jitter.get()), (1.5, 0.0));
    assert!(given.route_policy);
}

#[test]
fn null_switches_off_and_a_part_that_was_null_starts_from_its_own_values() {
    let off =
        policy(r#"{"budget": null, "retry_after": null, "timeout": null, "per_try_timeout": null}"#).unwrap();
    assert_eq!((off.budget, off.retry_after), (None, None));
    assert_eq!((off.timeout, off.per_try_timeout), (None, None));
    let layers = br#"{"default": {"budget": null, "retry_after": null},
        "routes": [{"match": {}, "policy": {"budget": {"percent": 5}, "retry_after": {}}}]}"#;
    let plugin = load::<Policy>(layers).unwrap();
    let request = crate::rules::tests::get("h", "/");
    let on = plugin.decide(&request, None).policy.unwrap();
    assert_eq!(
        as_json(&on.budget.written()),
        r#"{"percent":5,"interval":"10s","min_retry_rate":{"count":10,"interval":"1s"}}"#
    );
    assert_eq!(on.retry_after, Some(RetryAfter::default()));
}

#[test]
fn what_can_never_be_meant_is_refused() {
    const TIME: &str = "a duration from 1ms to 24h, such as \"250ms\", \"10s\", \"5m\" or \"1h\"";
    const METHOD: &str = "a method in upper case, such as \"POST\", and not \"CONNECT\"";
    const STATUS: &str = "statuses from 400 to 599, such as 503, \"5xx\" or \"500-504\"";
    const ON: &str = "one of connect-failure, refused-stream, reset-before-request, gateway-error, 5xx, reset, \
                      retriable-4xx, envoy-ratelimited, http3-post-connect-failure";
    for (key, value, wanted) in [
        ("attempts", "0", "a whole number from 1 to 10"),
        ("attempts", "11", "a whole number from 1 to 10"),
        ("retry_on[0]", "\"retriable-status-codes\"", ON),
        ("retry_on[0]", "\"GATEWAY-ERROR\"", ON),
        ("statuses[0]", "399", STATUS),
        ("statuses[0]", "\"3xx\"", STATUS),
        (
            "retry_on_grpc[0]",
            "\"UNAVAILABLE\"",
            "one of cancelled, deadline-exceeded, resource-exhausted, internal, unavailable",
        ),
        ("methods[0]", "\"get\"", METHOD),
        ("methods[0]", "\"CONNECT\"", METHOD),
        ("methods[0]", "\"\"", METHOD),
        (
            "any_method_on[0]",
            "\"gateway-error\"",
            "one of connect-failure, refused-stream, reset-before-request",
        ),
        ("idempotency_key.unlocks[0]", "\"CONNECT\"", METHOD),
        ("idempotency_key.required_for[0]", "\"post\"", METHOD),
        (
            "idempotency_key.header",
            "\"a b\"",
            "the name of a header, such as \"x-tenant\"",
        ),
        ("timeout", "\"0s\"", TIME),
        ("per_try_timeout", "\"25h\"", TIME),
        ("timeout", "3", TIME),
        (
            "deadline_headers[0]",
            "\"x-deadline-token\"",
            "the name of a header that cannot hold a secret",
        ),
        ("budget.percent", "101", "a percentage from 0 to 100"),
        (
            "budget.min_retry_rate.count",
            "-1",
            "a whole number from 0 to 1000000",
        ),
        ("inbound_retries", "true", "one of refuse, allow"),
        ("retry_after.statuses[0]", "302", STATUS),
        ("retry_after.multiplier", "0.9", "a number from 1 to 100"),
        ("retry_after.jitter", "1.5", "a number from 0 to 1"),
        ("route_policy", "\"true\"", "true or false"),
    ] {
        let value_in_place = match key.strip_suffix("[0]") {
            Some(_) => format!("[{value}]"),
            None => value.to_owned(),
        };
        let config = key
            .trim_end_matches("[0]")
            .rsplit('.')
            .fold(value_in_place, |inner, key| format!("{{{key:?}: {inner}}}"));
        refused(&config, &format!("default.{key}: must be {wanted}, got {value}"));
    }
}

#[test]
fn one_attempt_takes_no_longer_than_all() {
    const RULE: &str = "per_try_timeout must not be above timeout";
    assert!(policy(r#"{"timeout": "1s", "per_try_timeout": "1s"}"#).is_ok());
    assert!(policy(r#"{"per_try_timeout": "1h"}"#).is_ok());
    refused(
        r#"{"timeout": "1s", "per_try_timeout": "1001ms"}"#,
        &format!("default.per_try_timeout: {RULE}"),
    );
    let layers = br#"{"default": {"per_try_timeout": "2s"}, "profiles": {"quick": {"timeout": "1s"}}}"#;
    assert_eq!(
        load::<Policy>(layers).unwrap_err().to_string(),
        format!("profiles.quick.timeout: {RULE}")
    );
}

#[test]
fn a_method_that_needs_no_key_is_not_unlocked_by_one() {
    const RULE: &str = "a method of methods needs no key to unlock it";
    assert!(policy(r#"{"idempotency_key": {"unlocks": ["POST"], "required_for": ["GET", "POST"]}}"#).is_ok());
    refused(
        r#"{"idempotency_key": {"unlocks": ["POST", "PUT"]}}"#,
        &format!("default.idempotency_key.unlocks: {RULE}"),
    );
    refused(
        r#"{"idempotency_key": null}"#,
        "default.idempotency_key: must be an object, got null",
    );
}

#[test]
fn the_longest_wait_is_not_below_the_first() {
    const RULE: &str = "max must not be below base";
    assert!(policy(r#"{"retry_after": {"base": "30s"}}"#).is_ok());
    refused(
        r#"{"retry_after": {"base": "31s"}}"#,
        &format!("default.retry_after.base: {RULE}"),
    );
    refused(
        r#"{"retry_after": {"max": "999ms"}}"#,
        &format!("default.retry_after.max: {RULE}"),
    );
}

#[test]
fn a_budget_has_something_to_spend() {
    assert!(policy(r#"{"budget": {"percent": 0}}"#).is_ok());
    assert!(policy(r#"{"budget": {"min_retry_rate": {"count": 0}}}"#).is_ok());
    refused(
        r#"{"budget": {"percent": 0, "min_retry_rate": {"count": 0}}}"#,
        "default.budget.min_retry_rate.count: percent and min_retry_rate.count must not both be 0, or there are no \
         retries; attempts: 1 is for that",
    );
    assert!(policy(r#"{"budget": {"min_retry_rate": {"interval": "10s"}}}"#).is_ok());
    refused(
        r#"{"budget": {"min_retry_rate": {"interval": "10001ms"}}}"#,
        "default.budget.min_retry_rate.interval: min_retry_rate.interval must not be above interval",
    );
}

fn any_policy() -> impl Strategy<Value = String> {
    let time = || {
        prop_oneof![
            (1u32..100).prop_map(|n| format!("\"{n}s\"")),
            (1u32..90_000).prop_map(|n| format!("\"{n}ms\"")),
            Just("null".to_owned())
        ]
    };
    let on = prop::sample::subsequence(vec!["5xx", "reset", "gateway-error", "envoy-ratelimited"], 0..4);
    let methods = prop::sample::subsequence(vec!["GET", "PUT", "M-SEARCH"], 0..3);
    let budget = prop_oneof![
        Just("null".to_owned()),
        (0.1..100.0f64, 10u32..3_600).prop_map(|(percent, seconds)| format!(
            "{{\"percent\": {percent}, \"interval\": \"{seconds}s\"}}"
        ))
    ];
    (1u32..=10, on, methods, time(), budget, any::<bool>()).prop_map(
        |(attempts, on, methods, time, budget, route_policy)| {
            format!(
                r#"{{"attempts": {attempts}, "retry_on": {on:?}, "methods": {methods:?}, "timeout": {time}, "budget": {budget},
                    "statuses": [400, "500-510"], "route_policy": {route_policy}}}"#
            )
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(config in any_policy()) {
        let read = policy(&config).unwrap();
        prop_assert_eq!(policy(&as_json(&read.written())), Ok(read));
    }
}
