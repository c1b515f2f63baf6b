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
        r#"{"key":"cluster","max_keys":1000,"evict_idle":"10m","known":[],"#,
        r#""trip":{"consecutive_failures":null,"#,
        r#""failure_rate":{"percent":50,"window":"1m","min_calls":20},"slow_rate":null},"#,
        r#""failure":{"statuses":["5xx"],"except":[501],"#,
        r#""grpc":["UNAVAILABLE","INTERNAL","DATA_LOSS","DEADLINE_EXCEEDED"],"#,
        r#""too_many_requests":false,"no_answer_after":"10s"},"#,
        r#""open":{"for":"30s","multiplier":2,"max":"5m","reset_after":"5m","jitter":0.1,"honor_retry_after":false},"#,
        r#""half_open":{"max_calls":3,"successes":2,"lease":"30s","max_wait":"1m"},"#,
        r#""ramp":{"over":"10s","from_percent":10},"#,
        r#""reject":{"status":503,"error_code":null,"message":"The service is temporarily unavailable.","#,
        r#""push_back":true,"reroute":null},"force":null}"#
    );
    assert_eq!(written, expected);
    // The keys of the defaults can themselves be configured.
    assert_eq!(policy(expected), Ok(Policy::default()));
    assert_eq!(Policy::default().keys().len(), 11);
}

#[test]
fn every_setting_can_be_given() {
    let given = policy(
        r#"{"key": {"header": "X-Tenant"}, "max_keys": 5, "evict_idle": "1h", "known": ["acme", "a/b:80"],
            "trip": {"consecutive_failures": 5, "failure_rate": {"percent": 12.5, "window": {"calls": 100}, "min_calls": 100},
                     "slow_rate": {"percent": 90, "slower_than": "250ms", "window": "10s", "min_calls": 1}},
            "failure": {"statuses": [503], "except": [], "grpc": ["UNKNOWN"], "too_many_requests": true, "no_answer_after": "3s"},
            "open": {"for": "1s", "multiplier": 1.5, "max": "2s", "reset_after": "0s", "jitter": 0, "honor_retry_after": true},
            "half_open": {"max_calls": 1, "successes": 4, "lease": "5s", "max_wait": "6s"},
            "ramp": {"over": "7s", "from_percent": 1},
            "reject": {"status": 429, "error_code": "BUSY", "message": "Later.", "push_back": false,
                       "reroute": {"header": "X-Else", "value": "yes"}},
            "force": "closed"}"#,
    )
    .unwrap();
    assert!(matches!(&given.key, Key::Header(name) if &**name == "x-tenant"));
    assert_eq!((given.max_keys.get(), given.evict_idle.millis()), (5, 3_600_000));
    let known: Vec<&str> = given.known.iter().map(|name| &**name).collect();
    assert_eq!(known, ["acme", "a/b:80"]);
    assert_eq!(given.trip.consecutive_failures.map(Int::get), Some(5));
    let failing = given.trip.failure_rate.unwrap();
    assert_eq!((failing.percent.get(), failing.min_calls.get()), (12.5, 100));
    assert!(matches!(failing.window, Window::Calls(calls) if calls.get() == 100));
    let slow = given.trip.slow_rate.unwrap();
    assert_eq!(
        (
            slow.percent.get(),
            slow.slower_than.millis(),
            slow.min_calls.get()
        ),
        (90.0, 250, 1)
    );
    assert!(matches!(slow.window, Window::Time(time) if time.millis() == 10_000));
    assert_eq!(given.failure.no_answer_after.millis(), 3_000);
    let open = given.open;
    assert_eq!(
        [open.first.millis(), open.max.millis(), open.reset_after.millis()],
        [1_000, 2_000, 0]
    );
    assert_eq!(
        (open.multiplier.get(), open.jitter.get(), open.honor_retry_after),
        (1.5, 0.0, true)
    );
    let half_open = given.half_open;
    assert_eq!((half_open.max_calls.get(), half_open.successes.get()), (1, 4));
    assert_eq!(
        (half_open.lease.millis(), half_open.max_wait.millis()),
        (5_000, 6_000)
    );
    let ramp = given.ramp.unwrap();
    assert_eq!((ramp.over.millis(), ramp.from_percent.get()), (7_000, 1.0));
    let reject = given.reject;
    assert_eq!(
        (reject.status.get(), reject.error_code.as_deref()),
        (429, Some("BUSY"))
    );
    assert_eq!((&*reject.message, reject.push_back), ("Later.", false));
    let reroute = reject.reroute.unwrap();
    assert_eq!((&*reroute.header, &*reroute.value), ("x-else", "yes"));
    assert_eq!(given.force, Some(Force::Closed));
}

#[test]
fn null_switches_off_and_a_part_that_was_null_starts_from_its_own_values() {
    let off = policy(r#"{"trip": {"failure_rate": null}, "ramp": null}"#).unwrap();
    assert_eq!(
        (off.trip, off.ramp),
        (
            Trip {
                failure_rate: None,
                ..Trip::default()
            },
            None
        )
    );
    let on = policy(r#"{"trip": {"slow_rate": {}}, "reject": {"reroute": {}}}"#).unwrap();
    assert_eq!(
        as_json(&on.trip.slow_rate.written()),
        r#"{"percent":80,"slower_than":"2s","window":"1m","min_calls":20}"#
    );
    assert_eq!(
        as_json(&on.reject.reroute.written()),
        r#"{"header":"x-fallback","value":"1"}"#
    );
}

#[test]
fn a_failure_is_told_by_its_status() {
    let cases = [
        ("{}", 499, false),
        ("{}", 500, true),
        ("{}", 501, false),
        ("{}", 599, true),
        ("{}", 429, false),
        (r#"{"too_many_requests": true}"#, 429, true),
        (r#"{"too_many_requests": true}"#, 428, false),
        (r#"{"statuses": [503, "520-530"], "except": [525]}"#, 503, true),
        (r#"{"statuses": [503, "520-530"], "except": [525]}"#, 502, false),
        (r#"{"statuses": [503, "520-530"], "except": [525]}"#, 525, false),
        (r#"{"statuses": [503, "520-530"], "except": [525]}"#, 530, true),
        (r#"{"statuses": []}"#, 500, false),
    ];
    for (failure, status, fails) in cases {
        let policy = policy(&format!("{{\"failure\": {failure}}}")).unwrap();
        assert_eq!(policy.failure.has_status(status), fails, "{failure} {status}");
    }
}

#[test]
fn a_failure_of_grpc_is_told_by_its_number() {
    let failing = |failure: &str| {
        let policy = policy(&format!("{{\"failure\": {failure}}}")).unwrap();
        (0..20)
            .filter(|number| policy.failure.has_grpc(*number))
            .collect::<Vec<u32>>()
    };
    assert_eq!(failing("{}"), [4, 13, 14, 15]);
    assert_eq!(failing(r#"{"too_many_requests": true}"#), [4, 8, 13, 14, 15]);
    assert_eq!(
        failing(r#"{"grpc": ["CANCELLED", "UNKNOWN", "ABORTED", "UNIMPLEMENTED"]}"#),
        [1, 2, 10, 12]
    );
    assert_eq!(failing(r#"{"grpc": []}"#), [0u32; 0]);
}

#[test]
fn a_share_of_calls_needs_no_more_calls_than_there_are() {
    const RULE: &str = "min_calls must not be above the calls of the window, or it never opens";
    assert!(policy(r#"{"trip": {"failure_rate": {"window": {"calls": 20}}}}"#).is_ok());
    refused(
        r#"{"trip": {"failure_rate": {"window": {"calls": 19}}}}"#,
        &format!("default.trip.failure_rate.window: {RULE}"),
    );
    refused(
        r#"{"trip": {"slow_rate": {"window": {"calls": 100}, "min_calls": 101}}}"#,
        &format!("default.trip.slow_rate.min_calls: {RULE}"),
    );
    let layers = br#"{"default": {"trip": {"failure_rate": {"window": {"calls": 50}}}},
        "profiles": {"strict": {"trip": {"failure_rate": {"min_calls": 51}}}}}"#;
    assert_eq!(
        load::<Policy>(layers).unwrap_err().to_string(),
        format!("profiles.strict.trip.failure_rate.min_calls: {RULE}")
    );
}

#[test]
fn what_can_never_be_meant_is_refused() {
    for (key, value, wanted) in [
        ("trip.consecutive_failures", "0", "a whole number from 1 to 10000"),
        ("trip.failure_rate.percent", "101", "a percentage from 0 to 100"),
        ("trip.failure_rate.percent", "-1", "a percentage from 0 to 100"),
        (
            "trip.failure_rate.min_calls",
            "0",
            "a whole number from 1 to 1000000",
        ),
        (
            "trip.failure_rate.window",
            "60",
            "a duration, such as \"60s\", or {\"calls\": 100}",
        ),
        (
            "trip.failure_rate.window.calls",
            "0",
            "a whole number from 1 to 1000",
        ),
        (
            "trip.failure_rate.window.calls",
            "1001",
            "a whole number from 1 to 1000",
        ),
        ("failure.statuses", "\"5xx\"", "a list"),
        ("open.multiplier", "0.5", "a number from 1 to 100"),
        ("open.jitter", "1.5", "a number from 0 to 1"),
        ("half_open.max_calls", "0", "a whole number from 1 to 100"),
        ("half_open.max_calls", "101", "a whole number from 1 to 100"),
        ("half_open.successes", "0", "a whole number from 1 to 1000"),
        ("ramp.from_percent", "null", "a percentage from 0 to 100"),
        ("reject.status", "200", "a whole number from 400 to 599"),
        ("max_keys", "0", "a whole number from 1 to 10000"),
        ("force", "\"half_open\"", "one of open, closed"),
        ("force", "false", "one of open, closed"),
        (
            "key",
            "\"path\"",
            "\"cluster\", \"route\", \"host\", {\"header\": \"x-tenant\"} or {\"name\": \"payments\"}",
        ),
        (
            "key",
            "null",
            "\"cluster\", \"route\", \"host\", {\"header\": \"x-tenant\"} or {\"name\": \"payments\"}",
        ),
    ] {
        let config = key
            .rsplit('.')
            .fold(value.to_owned(), |inner, key| format!("{{{key:?}: {inner}}}"));
        refused(&config, &format!("default.{key}: must be {wanted}, got {value}"));
    }
    for key in ["open.for", "open.max", "half_open.lease", "half_open.max_wait"] {
        let (part, member) = key.split_once('.').unwrap();
        refused(
            &format!("{{{part:?}: {{{member:?}: \"0s\"}}}}"),
            &format!(
                "default.{key}: must be a duration from 1ms to 24h, such as \"250ms\", \"10s\", \"5m\" or \"1h\", got \"0s\""
            ),
        );
    }
}

#[test]
fn a_share_of_nothing_is_refused() {
    for rate in ["failure_rate", "slow_rate"] {
        refused(
            &format!("{{\"trip\": {{{rate:?}: {{\"percent\": 0}}}}}}"),
            &format!("default.trip.{rate}.percent: must be above 0; null is for not at all"),
        );
        assert!(policy(&format!("{{\"trip\": {{{rate:?}: {{\"percent\": 0.1}}}}}}")).is_ok());
    }
}

#[test]
fn the_longest_open_time_is_not_below_the_first() {
    assert!(policy(r#"{"open": {"for": "5m"}}"#).is_ok());
    refused(
        r#"{"open": {"for": "300001ms"}}"#,
        "default.open.for: max must not be below for",
    );
    refused(
        r#"{"open": {"for": "2s", "max": "1999ms"}}"#,
        "default.open.max: max must not be below for",
    );
}

#[test]
fn a_4xx_is_no_failure_of_an_upstream() {
    for status in ["400", "429", "\"4xx\"", "\"499-503\""] {
        refused(
            &format!("{{\"failure\": {{\"statuses\": [{status}]}}}}"),
            &format!(
                "default.failure.statuses[0]: must be statuses from 500 to 599, such as 503, \"5xx\" or \"500-504\", got {status}"
            ),
        );
    }
    for status in ["RESOURCE_EXHAUSTED", "NOT_FOUND", "OK", "unavailable"] {
        refused(
            &format!("{{\"failure\": {{\"grpc\": [{status:?}]}}}}"),
            &format!(
                "default.failure.grpc[0]: must be one of CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, UNIMPLEMENTED, \
                 INTERNAL, UNAVAILABLE, DATA_LOSS, got {status:?}"
            ),
        );
    }
}

#[test]
fn a_key_is_one_thing() {
    for (key, read) in [
        ("\"cluster\"", Key::Cluster),
        ("\"route\"", Key::Route),
        ("\"host\"", Key::Host),
        (r#"{"name": "payments"}"#, Key::Name(BreakerName::of("payments"))),
    ] {
        assert_eq!(policy(&format!("{{\"key\": {key}}}")).unwrap().key, read);
    }
    const WANTED: &str =
        "\"cluster\", \"route\", \"host\", {\"header\": \"x-tenant\"} or {\"name\": \"payments\"}";
    for key in ["{}", r#"{"header": "x-a", "name": "b"}"#] {
        refused(
            &format!("{{\"key\": {key}}}"),
            &format!("default.key: must be {WANTED}, got an object"),
        );
    }
    refused(
        r#"{"key": {"header": "x-api-key"}}"#,
        "default.key.header: must be the name of a header that cannot hold a secret, got \"x-api-key\"",
    );
    refused(
        r#"{"key": {"headers": "x-a"}}"#,
        "default.key.headers: unknown key, did you mean header?\n\
         default.key: must be \"cluster\", \"route\", \"host\", {\"header\": \"x-tenant\"} or {\"name\": \"payments\"}, got an object",
    );
}

#[test]
fn a_breaker_is_called_what_a_metric_can_be_labelled_with() {
    for name in ["", "none", "other", "a b", "a;b", "é", &"a".repeat(129)] {
        for config in [
            format!("{{\"key\": {{\"name\": {name:?}}}}}"),
            format!("{{\"known\": [{name:?}]}}"),
        ] {
            let fault = policy(&config).unwrap_err();
            assert!(
                fault.contains(
                    "must be 1 to 128 letters, digits and -._~:/@+|, and neither \"none\" nor \"other\""
                ),
                "{fault}"
            );
        }
    }
    assert!(policy(&format!("{{\"known\": [{:?}, \"None\"]}}", "a".repeat(128))).is_ok());
}

#[test]
fn a_thousand_values_can_be_known() {
    let known = |count: usize| format!("{{\"known\": [{}]}}", vec!["\"a\""; count].join(","));
    assert!(policy(&known(1000)).is_ok());
    refused(&known(1001), "default.known: must have at most 1000 entries");
}

fn any_policy() -> impl Strategy<Value = String> {
    let time = || {
        prop_oneof![
            (1u32..100).prop_map(|n| format!("{n}s")),
            (1_000u32..90_000).prop_map(|n| format!("{n}ms"))
        ]
    };
    let window = prop_oneof![
        time().prop_map(|time| format!("{time:?}")),
        (50u32..=1000).prop_map(|n| format!("{{\"calls\": {n}}}"))
    ];
    let key = prop::sample::select(vec!["\"route\"", "{\"header\": \"x-a\"}", "{\"name\": \"p\"}"]);
    let force = prop::sample::select(vec!["null", "\"open\"", "\"closed\""]);
    (time(), window, key, force, 1u32..50, 0.1..100.0f64).prop_map(
        |(time, window, key, force, number, percent)| {
            format!(
                r#"{{"key": {key}, "force": {force}, "open": {{"for": {time:?}, "jitter": 0.25}},
                "trip": {{"failure_rate": {{"window": {window}, "min_calls": {number}, "percent": {percent}}},
                          "slow_rate": {{"slower_than": {time:?}}}}}}}"#
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
