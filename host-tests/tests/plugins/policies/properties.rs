//! Whatever the configuration, it is taken or refused with its faults, and no request is lost.

use super::{host, running};
use crate::lines;
use host::{Answer, Configuration, Host};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

const NAMES: &[&str] = &["error-envelope", "request-id", "circuit-breaker", "retry"];

/// Keys that some part of some configuration has, and some that none has.
const KEYS: &[&str] = &[
    "mode",
    "default",
    "profiles",
    "routes",
    "match",
    "policy",
    "unknown_keys",
    "$schema",
    "retry",
    "request-id",
    "error-envelope",
    "circuit-breaker",
    "log",
    "explain",
    "attempts",
    "open",
    "for",
    "trip",
    "key",
    "passthrough",
    "max_length",
    "path",
    "a b",
    "",
    "\u{e9}",
];

const TEXTS: &[&str] = &[
    "warn", "refuse", "disabled", "shadow", "enforce", "all", "1s", "5xx", "GET", "/a", "x-a", "", "\u{0}",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..1_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(KEYS), inner), 0..6).prop_map(|members| {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect::<Map<_, _>>(),
                )
            }),
        ]
    })
}

/// A section that its plugin takes.
fn sound() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({ "mode": "shadow" }),
        json!({ "mode": "disabled" }),
        json!({ "explain": "all", "log": { "requests": true, "errors": "all" } }),
        json!({ "enforce_percent": 50 }),
        json!({ "default": null, "routes": [{ "match": { "path": "/a" }, "policy": {} }] }),
        json!({ "unknown_keys": "warn", "from_the_future": [1] }),
    ])
}

/// Sections of some plugins, in any order, most of them sound.
fn sections() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let section = prop_oneof![6 => sound().boxed(), 1 => any_json().boxed()];
    vec((select(NAMES), section), 0..5)
}

/// The text of an object with these members, which may have one twice.
fn written(members: &[(&str, Value)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name:?}: {value}"))
        .collect();
    format!("{{ {} }}", members.join(", "))
}

/// It starts and serves, or is refused with lines that say why.
#[track_caller]
fn serves_or_says_why(host: &Host) -> bool {
    if let Err(refused) = host.try_start() {
        assert!(!refused.trapped(), "{refused}");
        let lines = lines::of(refused.log());
        assert!(
            lines.iter().any(|line| line["event"] == "configuration_refused"),
            "{refused}"
        );
        return false;
    }
    for path in ["/", "/a"] {
        for answer in [
            Answer::new(200).body("hello"),
            Answer::new(503),
            super::text(404, "none"),
        ] {
            let exchange = host.post(path).header("x-request-id", "a;b").run(answer);
            assert!(exchange.status() >= 200, "{exchange}");
        }
    }
    host.advance(host::secs(2));
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_json_at_all(value in any_json()) {
        serves_or_says_why(&host(value));
    }

    #[test]
    fn any_bytes_at_all(bytes in vec(any::<u8>(), 0..60)) {
        serves_or_says_why(&host(bytes));
    }

    #[test]
    fn any_sections(members in sections()) {
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let twice = (1..names.len()).any(|place| names[..place].contains(&names[place]));
        let started = serves_or_says_why(&host(written(&members)));
        prop_assert!(!(twice && started), "a section that is there twice is refused");
        if !twice {
            let sections: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            // An empty Struct has no bytes: it is nothing at all.
            if !sections.is_empty() {
                let as_struct = host(Configuration::as_struct(Value::Object(sections)));
                prop_assert_eq!(serves_or_says_why(&as_struct), started);
            }
        }
    }

    #[test]
    fn sound_sections_in_any_order_run_what_they_name(
        names in Just(NAMES.to_vec()).prop_shuffle(),
        count in 0usize..=4,
    ) {
        let members: Vec<(&str, Value)> = names[..count].iter().map(|name| (*name, json!({}))).collect();
        let mut ran = running(&host(written(&members)));
        ran.sort_unstable();
        let mut asked = names[..count].to_vec();
        asked.sort_unstable();
        prop_assert_eq!(ran, asked);
    }
}
