//! Configurations of circuit-breaker, sound and not. What every plugin has in common is request-id's to show.

use proptest::prelude::*;

use crate::circuit_breaker::Policy;
use crate::describe::schema;
use crate::error_envelope::tests::any_text;

/// What both the reader and the schema take.
pub(super) const GOOD: &[&str] = &[
    "{}",
    r#"{"default": {"key": "cluster"}}"#,
    r#"{"default": {"key": {"header": "X-Tenant"}}}"#,
    r#"{"default": {"key": {"name": "outbound|8080||payments"}}}"#,
    r#"{"default": {"max_keys": 1, "evict_idle": "1s", "known": ["a", "a"]}}"#,
    r#"{"default": {"trip": {"consecutive_failures": 1, "failure_rate": null, "slow_rate": null}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": "1h"}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": {"calls": 1000}, "percent": 0.5}}}}"#,
    r#"{"default": {"trip": {"slow_rate": {"slower_than": "1ms", "min_calls": 1000000}}}}"#,
    r#"{"default": {"failure": {"statuses": [503, "5xx", "500-504"], "except": [], "grpc": ["ABORTED", "UNKNOWN"]}}}"#,
    r#"{"default": {"open": {"for": "1ms", "max": "24h", "multiplier": 1, "jitter": 1, "reset_after": "0s"}}}"#,
    r#"{"default": {"half_open": {"max_calls": 100, "successes": 1, "lease": "250ms", "max_wait": "1h"}}}"#,
    r#"{"default": {"ramp": null}}"#,
    r#"{"default": {"ramp": {"over": "0s", "from_percent": 0}}}"#,
    r#"{"default": {"reject": {"status": 429, "error_code": null, "message": "…", "push_back": false, "reroute": null}}}"#,
    r#"{"default": {"reject": {"error_code": "CIRCUIT_OPEN", "reroute": {"header": "x-else", "value": ""}}}}"#,
    r#"{"default": {"force": null}, "routes": [{"match": {"path": "/a"}, "policy": {"force": "open"}}]}"#,
];

/// What both refuse.
pub(super) const BAD: &[&str] = &[
    r#"{"default": {"key": "path"}}"#,
    r#"{"default": {"key": null}}"#,
    r#"{"default": {"key": {}}}"#,
    r#"{"default": {"key": {"header": "x-a", "name": "a"}}}"#,
    r#"{"default": {"key": {"header": "Authorization"}}}"#,
    r#"{"default": {"key": {"name": "other"}}}"#,
    r#"{"default": {"key": {"name": ""}}}"#,
    r#"{"default": {"max_keys": 0}}"#,
    r#"{"default": {"evict_idle": 600}}"#,
    r#"{"default": {"evict_idle": null}}"#,
    r#"{"default": {"known": ["none"]}}"#,
    r#"{"default": {"known": ["a b"]}}"#,
    r#"{"default": {"trip": null}}"#,
    r#"{"default": {"trip": {"consecutive_failures": 0}}}"#,
    r#"{"default": {"trip": {"failures": 5}}}"#,
    r#"{"default": {"trip": {"failure_rate": 50}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"percent": 100.5}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": 60}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": {}}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": {"calls": 1001}}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": {"calls": "100"}}}}}"#,
    r#"{"default": {"trip": {"slow_rate": {"slower_than": "0s"}}}}"#,
    r#"{"default": {"failure": {"statuses": [429]}}}"#,
    r#"{"default": {"failure": {"except": [404]}}}"#,
    r#"{"default": {"failure": {"grpc": ["NOT_FOUND"]}}}"#,
    r#"{"default": {"failure": {"grpc": [14]}}}"#,
    r#"{"default": {"open": {"for": "0s"}}}"#,
    r#"{"default": {"open": {"for": "30"}}}"#,
    r#"{"default": {"open": {"for": "1.5s"}}}"#,
    r#"{"default": {"open": {"multiplier": 0.9}}}"#,
    r#"{"default": {"open": {"jitter": 1.1}}}"#,
    r#"{"default": {"open": {"jitter": "0.1"}}}"#,
    r#"{"default": {"half_open": {"max_calls": 101}}}"#,
    r#"{"default": {"half_open": {"successes": 0}}}"#,
    r#"{"default": {"ramp": {"from_percent": 101}}}"#,
    r#"{"default": {"reject": {"status": 200}}}"#,
    r#"{"default": {"reject": {"error_code": "open"}}}"#,
    r#"{"default": {"reject": {"reroute": {"header": "a b"}}}}"#,
    r#"{"default": {"force": "half_open"}}"#,
    r#"{"default": {"force": false}}"#,
];

/// What only the reader can tell to be wrong: how long a time is, which of two is greater.
pub(super) const BAD_BEYOND_THE_SCHEMA: &[&str] = &[
    r#"{"default": {"open": {"for": "25h"}}}"#,
    r#"{"default": {"evict_idle": "999ms"}}"#,
    r#"{"default": {"open": {"for": "10m"}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"percent": 0}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": "500ms"}}}}"#,
    r#"{"default": {"trip": {"failure_rate": {"window": {"calls": 19}}}}}"#,
];

#[test]
fn schema_and_reader_agree_on_every_text() {
    let schema = serde_json::from_str(&schema::<Policy>()).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let duration = any_text(&["0", "1", "9", "12", "h", "m", "s", "ms", " ", "-", "."]);
    let name = any_text(&["a", "none", "other", "-", "|", "/", " ", ";", "é", "\n"]);
    proptest!(|(duration in duration, name in name)| {
        for member in [
            format!(r#""open": {{"reset_after": {duration:?}}}"#),
            format!(r#""half_open": {{"lease": {duration:?}}}"#),
            format!(r#""known": [{}]"#, serde_json::to_string(&name).unwrap()),
        ] {
            let config = format!("{{\"default\": {{{member}}}}}");
            let read = crate::load::<Policy>(config.as_bytes());
            let valid = schema.is_valid(&serde_json::from_str(&config).unwrap());
            // A pattern does not know how long a time is.
            let digits = duration.bytes().filter(u8::is_ascii_digit).count();
            prop_assert!(read.is_err() || valid, "{config}");
            prop_assert!(read.is_ok() || !valid || digits > 1, "{config}");
        }
    });
}
