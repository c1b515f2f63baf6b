use std::cell::Cell;

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A request of literals, which counts what it is asked.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) route: Vec<u8>,
    pub(crate) direction: Option<Direction>,
    pub(crate) asked_route: Cell<u32>,
    pub(crate) asked_direction: Cell<u32>,
}

impl Facts for Request {
    fn method(&self) -> &[u8] {
        &self.method
    }

    fn path(&self) -> &[u8] {
        &self.path
    }

    fn authority(&self) -> &[u8] {
        &self.authority
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let of_name = self.headers.iter().filter(move |(other, _)| *other == name);
        of_name.map(|(_, value)| &**value)
    }

    fn route(&self) -> &[u8] {
        self.asked_route.set(self.asked_route.get() + 1);
        &self.route
    }

    fn direction(&self) -> Option<Direction> {
        self.asked_direction.set(self.asked_direction.get() + 1);
        self.direction
    }
}

pub(crate) fn get(authority: &str, path: &str) -> Request {
    Request {
        method: b"GET".to_vec(),
        path: path.into(),
        authority: authority.into(),
        ..Request::default()
    }
}

#[track_caller]
fn read(json: &str) -> Match {
    let mut reading = Reading::default();
    let node = Node::read(json.as_bytes()).unwrap();
    let rule = Match::read(&node, &Place::top(), &mut reading);
    assert_eq!(reading.faults.to_string(), "");
    rule.unwrap()
}

fn rules<'a>(matches: impl IntoIterator<Item = &'a str>) -> Rules {
    let mut rules = Rules::default();
    for json in matches {
        rules.add(read(json));
    }
    rules
}

#[test]
fn everything_that_is_given_must_match() {
    let all = r#"{"route": "orders", "host": "shop.example", "path": "/orders/1", "path_prefix": "/orders",
        "path_template": "/orders/{id}", "methods": ["GET", "POST"], "headers": {"x-tier": "gold"}, "direction": "inbound"}"#;
    let rules = rules([all]);
    let request = || Request {
        headers: vec![("x-tier", b"silver".to_vec()), ("x-tier", b"gold".to_vec())],
        route: b"orders".to_vec(),
        direction: Some(Direction::Inbound),
        ..get("Shop.Example:8080", "/orders/1?x=/y")
    };
    assert_eq!(rules.find(&request(), |_| {}), Some(0));
    let others = [
        Request {
            route: b"order".to_vec(),
            ..request()
        },
        Request {
            authority: b"example".to_vec(),
            ..request()
        },
        Request {
            path: b"/orders/2".to_vec(),
            ..request()
        },
        Request {
            method: b"get".to_vec(),
            ..request()
        },
        Request {
            headers: vec![("x-tier", b"silver".to_vec())],
            ..request()
        },
        Request {
            direction: Some(Direction::Outbound),
            ..request()
        },
        Request {
            direction: None,
            ..request()
        },
    ];
    for other in others {
        assert_eq!(rules.find(&other, |_| {}), None, "{other:?}");
    }
}

#[test]
fn the_first_rule_that_matches_wins_wherever_it_is_found() {
    let rules = rules([
        r#"{"path_prefix": "/a", "methods": ["PUT"]}"#,
        r#"{"host": "h", "path": "/a/b", "methods": ["POST"]}"#,
        r#"{"path_prefix": "/a"}"#,
        r#"{"path": "/a/b"}"#,
        r#"{"host": "h"}"#,
        r#"{"path": "/c"}"#,
    ]);
    let with = |method: &str, host: &str, path: &str| {
        let request = Request {
            method: method.into(),
            ..get(host, path)
        };
        rules.find(&request, |_| {})
    };
    assert_eq!(with("PUT", "h", "/a/b"), Some(0));
    assert_eq!(with("POST", "h", "/a/b"), Some(1));
    assert_eq!(with("GET", "h", "/a/b"), Some(2));
    assert_eq!(with("GET", "h", "/c"), Some(4));
    assert_eq!(with("GET", "g", "/c"), Some(5));
    assert_eq!(with("GET", "g", "/d"), None);
}

#[test]
fn ten_thousand_exact_rules_cost_what_one_costs() {
    let compared = |count: usize| {
        let matches: Vec<String> = (0..count)
            .map(|number| match number % 4 {
                0 => format!(r#"{{"path": "/{number}"}}"#),
                1 => format!(r#"{{"host": "h{number}"}}"#),
                2 => format!(r#"{{"route": "r{number}", "methods": ["GET"]}}"#),
                _ => format!(r#"{{"host": "h", "path": "/{number}"}}"#),
            })
            .collect();
        let rules = rules(matches.iter().map(String::as_str));
        [
            get("g", "/0"),
            get("h", "/3"),
            get("x", "/x"),
            Request {
                route: b"r2".to_vec(),
                ..get("x", "/x")
            },
        ]
        .map(|request| {
            let mut compared = 0;
            let met = rules.find(&request, |_| compared += 1);
            (met, compared)
        })
    };
    let few = [(Some(0), 1), (Some(3), 1), (None, 0), (Some(2), 1)];
    assert_eq!(compared(4), few);
    assert_eq!(compared(10_000), few);
}

#[test]
fn rules_after_one_already_met_are_not_compared() {
    let rules = rules([
        r#"{"path_prefix": "/"}"#,
        r#"{"path": "/a", "methods": ["GET"]}"#,
        r#"{"path_prefix": "/a"}"#,
    ]);
    let mut compared = Vec::new();
    assert_eq!(rules.find(&get("h", "/a"), |rule| compared.push(rule)), Some(0));
    assert_eq!(compared, [1, 0]);
}

#[test]
fn what_costs_a_call_is_asked_at_most_once_and_only_if_needed() {
    let asked = |matches: &[&str]| {
        let request = get("h", "/a");
        rules(matches.iter().copied()).find(&request, |_| {});
        (request.asked_route.get(), request.asked_direction.get())
    };
    assert_eq!(asked(&[]), (0, 0));
    assert_eq!(
        asked(&[r#"{"path": "/b"}"#, r#"{"host": "h", "direction": "any"}"#]),
        (0, 0)
    );
    assert_eq!(
        asked(&[r#"{"route": "r"}"#, r#"{"route": "s", "path": "/a"}"#]),
        (1, 0)
    );
    let directions = [r#"{"direction": "inbound"}"#, r#"{"direction": "outbound"}"#];
    assert_eq!(asked(&directions), (0, 1));
    assert_eq!(asked(&[r#"{"path": "/b", "direction": "inbound"}"#]), (0, 0));
    assert_eq!(
        asked(&[r#"{"methods": ["POST"], "direction": "inbound"}"#]),
        (0, 0)
    );
}

#[test]
fn rules_that_an_earlier_one_leaves_nothing_to_are_told() {
    let mut rules = Rules::default();
    let mut add = |json| rules.add(read(json));
    assert_eq!(add(r#"{"path": "/a", "methods": ["GET"]}"#), None);
    assert_eq!(add(r#"{"path": "/a"}"#), None);
    assert_eq!(add(r#"{"path": "/a", "headers": {"x": "y"}}"#), Some(1));
    assert_eq!(add(r#"{"path": "/a", "host": "h"}"#), None);
    assert_eq!(add("{}"), None);
    assert_eq!(add(r#"{"path": "/b"}"#), Some(4));
    assert_eq!(add("{}"), Some(4));
}

#[test]
fn bytes_that_are_no_text_match_nothing_and_harm_nothing() {
    let rules = rules([
        r#"{"host": "h", "path": "/a"}"#,
        r#"{"host": "*.h", "path_prefix": "/a"}"#,
        r#"{"path_template": "/{a}", "headers": {"x": "y"}}"#,
    ]);
    let request = Request {
        method: vec![0xff],
        path: b"/\xff\x00\x80".to_vec(),
        authority: b"\xc3\x28:\xff".to_vec(),
        headers: vec![("x", vec![0xff])],
        ..Request::default()
    };
    assert_eq!(rules.find(&request, |_| {}), None);
}

/// One of a few values, or nothing.
fn maybe(key: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = String> {
    let given = prop::sample::select(values).prop_map(move |value| format!("{key:?}: {value}"));
    prop_oneof![2 => Just(String::new()), 1 => given]
}

fn any_match() -> impl Strategy<Value = String> {
    let keys = (
        maybe("route", &["\"r\"", "\"s\""]),
        maybe("host", &["\"h\"", "\"a.h\"", "\"*.h\"", "\"[::1]\""]),
        maybe("path", &["\"/\"", "\"/a\"", "\"/a/b\""]),
        maybe("path_prefix", &["\"/\"", "\"/a\"", "\"/a/\""]),
        maybe("path_template", &["\"/{x}\"", "\"/a/{x}\""]),
        maybe("methods", &["[\"GET\"]", "[\"GET\", \"POST\"]"]),
        maybe("headers", &["{\"x\": \"1\"}", "{\"x\": \"1\", \"y\": \"\"}"]),
        maybe("direction", &["\"inbound\"", "\"outbound\"", "\"any\""]),
    );
    keys.prop_map(|(a, b, c, d, e, f, g, h)| {
        let given: Vec<String> = [a, b, c, d, e, f, g, h]
            .into_iter()
            .filter(|key| !key.is_empty())
            .collect();
        format!("{{{}}}", given.join(", "))
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    let bytes = |values: &'static [&'static [u8]]| prop::sample::select(values).prop_map(<[u8]>::to_vec);
    let direction = prop::sample::select(&[None, Some(Direction::Inbound), Some(Direction::Outbound)][..]);
    (
        bytes(&[b"GET", b"POST", b"\xff"]),
        bytes(&[b"/", b"/a", b"/a?/b", b"/a/b", b"/a/", b"*", b"", b"/\xff"]),
        bytes(&[b"h", b"H:80", b"a.h", b"b.a.h:1", b"[::1]:80", b"", b"\xff"]),
        prop::collection::vec(
            (
                prop::sample::select(&["x", "y"][..]),
                bytes(&[b"1", b"", b"\xff"]),
            ),
            0..3,
        ),
        bytes(&[b"r", b"s", b"", b"\xff"]),
        direction,
    )
        .prop_map(|(method, path, authority, headers, route, direction)| Request {
            method,
            path,
            authority,
            headers,
            route,
            direction,
            ..Request::default()
        })
}

proptest! {
    #[test]
    fn the_index_finds_what_trying_each_rule_in_order_finds(
        matches in prop::collection::vec(any_match(), 0..12),
        request in any_request(),
    ) {
        let alone = |json: &String| rules([json.as_str()]).find(&request, |_| {}).is_some();
        let naive = matches.iter().position(alone);
        prop_assert_eq!(rules(matches.iter().map(String::as_str)).find(&request, |_| {}), naive);
    }

    #[test]
    fn a_rule_said_to_be_never_reached_is_never_met(
        matches in prop::collection::vec(any_match(), 0..12),
        request in any_request(),
    ) {
        let mut rules = Rules::default();
        let unreached: Vec<bool> = matches.iter().map(|json| rules.add(read(json)).is_some()).collect();
        if let Some(met) = rules.find(&request, |_| {}) {
            prop_assert!(!unreached[met]);
        }
    }
}
