//! A made-up policy shows what the declarations can say: nested parts, parts that can be null and start from values of
//! their own, a unit of its own, a choice, and a check of combinations.

#![allow(
    unreachable_pub,
    reason = "the declarations make public types, as everywhere else"
)]

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::tests::as_json;
use crate::plugin::{Policy, load};
use crate::value::{AtLeastOne, Form, HeaderName, Int, Map, Percent, SafeHeaderName, text_setting};

settings! {
    /// When a pump stops, and for how long.
    pub struct Pump {
        /// When it stops.
        stop: Stop = Stop::default(),
        /// For how long.
        pause: Pause = Pause::default(),
        /// A slow start. `null`: none.
        ramp: Option<Ramp> = Some(Ramp::default()),
        /// Who may stop it.
        stoppers: Vec<HeaderName> = vec![HeaderName::of("x-stop")],
        /// Marks.
        marks: Map<HeaderName, Option<SafeHeaderName>> = Map::default(),
        /// What else.
        fallback: Fallback = Fallback::Disabled,
        /// A word that is a keyword of Rust.
        kind as "type": Fallback = Fallback::Other,
    }
}

settings! {
    /// When it stops.
    pub struct Stop {
        /// After so many strokes. `null`: not for their number.
        strokes: Option<Int<1, 100>> = None,
        /// At this heat. `null`: not for heat.
        heat: Option<Heat> = None,
    }
}

settings! {
    /// What counts as hot.
    pub struct Heat {
        /// Of the limit.
        percent: Percent = Percent::ALL,
        /// Where it is felt.
        probes: AtLeastOne<HeaderName> = AtLeastOne::only(HeaderName::of("x-probe")),
    }
}

settings! {
    /// For how long.
    pub struct Pause {
        /// At first.
        first as "for": Seconds = Seconds::of("30s"),
        /// At most.
        max: Seconds = Seconds::of("300s"),
    }
}

settings! {
    /// A slow start.
    pub struct Ramp {
        /// How long it takes.
        over: Seconds = Seconds::of("10s"),
    }
}

words! {
    /// What else.
    pub enum Fallback {
        /// nothing.
        Disabled = "disabled",
        /// another one.
        Other = "other",
    }
}

/// `10s`: the unit is in the type, and adding one takes no more than this.
#[derive(Clone, Debug, PartialEq)]
pub struct Seconds(String);

impl Seconds {
    fn count(&self) -> u32 {
        self.0.trim_end_matches('s').parse().unwrap()
    }
}

impl Form for Seconds {
    const WANTED: &'static str = "a number of seconds, such as \"10s\"";

    fn broken(text: &str) -> Option<&'static str> {
        let number = text
            .strip_suffix('s')
            .and_then(|number| number.parse::<u16>().ok());
        number.is_none().then_some(Self::WANTED)
    }

    fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "seconds".to_owned(),
            pattern: "^[0-9]+s$".to_owned(),
            not: None,
        }
    }
}

text_setting!(Seconds);

impl Policy for Pump {
    const NAME: &'static str = "pump";

    fn check(&self, merged: &mut Merged<'_>) {
        if self.pause.max.count() < self.pause.first.count() {
            merged.refuse(&["pause.for", "pause.max"], "max must not be below for");
        }
    }
}

fn parse(json: &str) -> Node {
    Node::read(json.as_bytes()).unwrap()
}

/// What the layers give, from the outermost to the innermost.
fn merged(layers: &[Node]) -> Pump {
    let mut reading = Reading::default();
    let mut pump = Pump::default();
    for layer in layers {
        Setting::lay(&mut pump, layer, &Place::top(), &mut reading);
    }
    assert_eq!(reading.faults.to_string(), "");
    pump
}

#[track_caller]
fn faults(config: &str, expected: &[&str]) {
    let faults = load::<Pump>(config.as_bytes()).unwrap_err();
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{config}");
}

#[test]
fn the_declared_values_are_the_default() {
    let written = as_json(&merged(&[]).written());
    assert_eq!(
        written,
        r#"{"stop":{"strokes":null,"heat":null},"pause":{"for":"30s","max":"300s"},"ramp":{"over":"10s"},"stoppers":["x-stop"],"marks":{},"fallback":"disabled","type":"other"}"#
    );
}

#[test]
fn objects_merge_key_by_key_and_lists_replace() {
    let pump = merged(&[
        parse(
            r#"{"pause": {"for": "5s"}, "stoppers": ["x-a", "x-b"], "marks": {"x-a": "x-1", "x-b": "x-2"}}"#,
        ),
        parse(r#"{"pause": {"max": "6s"}, "stoppers": ["x-c"], "marks": {"X-B": "x-3", "x-c": "x-4"}}"#),
    ]);
    assert_eq!(as_json(&pump.pause.written()), r#"{"for":"5s","max":"6s"}"#);
    assert_eq!(as_json(&pump.stoppers.written()), r#"["x-c"]"#);
    assert_eq!(
        as_json(&pump.marks.written()),
        r#"{"x-a":"x-1","x-b":"x-3","x-c":"x-4"}"#
    );
}

#[test]
fn null_switches_off_and_what_was_off_starts_from_its_declared_values() {
    let off = merged(&[parse(r#"{"ramp": {"over": "77s"}}"#), parse(r#"{"ramp": null}"#)]);
    assert_eq!(off.ramp, None);
    let on = parse(r#"{"ramp": {}, "stop": {"heat": {"percent": 80}}}"#);
    let pump = merged(&[
        parse(r#"{"ramp": {"over": "77s"}}"#),
        parse(r#"{"ramp": null}"#),
        on,
    ]);
    assert_eq!(as_json(&pump.ramp.written()), r#"{"over":"10s"}"#);
    assert_eq!(
        as_json(&pump.stop.heat.written()),
        r#"{"percent":80,"probes":["x-probe"]}"#
    );
    assert_eq!(
        merged(&[
            parse(r#"{"marks": {"x-a": "x-1"}}"#),
            parse(r#"{"marks": {"x-a": null}}"#)
        ])
        .marks
        .len(),
        1
    );
}

#[test]
fn false_is_read_as_disabled_where_that_is_a_word() {
    let pump = merged(&[parse(r#"{"fallback": "other"}"#), parse(r#"{"fallback": false}"#)]);
    assert_eq!(pump.fallback, Fallback::Disabled);
    faults(
        r#"{"default": {"fallback": true}, "unknown_keys": false}"#,
        &[
            "unknown_keys: must be one of refuse, warn, got false",
            "default.fallback: must be one of disabled, other, got true",
        ],
    );
}

#[test]
fn every_fault_is_found_in_the_order_of_the_text() {
    faults(
        r#"{"default": {"stop": {"strokes": 0, "heat": {"percent": null, "probes": []}}, "pause": 5, "stop": {},
            "typ": "other", "type": "another", "colour": 1, "ramp": [{}]}}"#,
        &[
            "default.stop.strokes: must be a whole number from 1 to 100, got 0",
            "default.stop.heat.percent: must be a percentage from 0 to 100, got null",
            "default.stop.heat.probes: must have at least one item",
            "default.pause: must be an object, got 5",
            "default.stop: key given twice",
            "default.typ: unknown key, did you mean type?",
            "default.type: must be one of disabled, other, got \"another\"",
            "default.colour: unknown key, known are stop, pause, ramp, stoppers, marks, fallback, type",
            "default.ramp: must be an object, got a list",
        ],
    );
}

#[test]
fn a_combination_is_reported_where_the_innermost_layer_set_it() {
    const RULE: &str = "max must not be below for";
    let cases = [
        (r#""default": {"pause": {"max": "9s"}}"#, "default.pause.max"),
        (
            r#""default": {"pause": {"max": "9s", "for": "10s"}}"#,
            "default.pause.max",
        ),
        (
            r#""default": {"pause": {"for": "9s"}}, "profiles": {"p": {"pause": {"max": "8s"}}}"#,
            "profiles.p.pause.max",
        ),
        (
            r#""default": {"pause": {"max": "40s"}}, "profiles": {"p": {}}, "routes": [{"match": {}, "profile": "p", "policy": {"pause": {"for": "41s"}}}]"#,
            "routes[0].policy.pause.for",
        ),
        (
            r#""default": null, "routes": [{"match": {}, "policy": {"pause": {"for": "301s"}}}]"#,
            "routes[0].policy.pause.for",
        ),
    ];
    for (config, place) in cases {
        faults(&format!("{{{config}}}"), &[&format!("{place}: {RULE}")]);
    }
}

#[test]
fn a_combination_is_reported_once_for_all_that_inherit_it() {
    faults(
        r#"{"default": {"pause": {"max": "9s"}}, "profiles": {"p": {}, "q": {"ramp": null}},
            "routes": [{"match": {}, "profile": "q", "policy": {"stoppers": []}}]}"#,
        &["default.pause.max: max must not be below for"],
    );
}

#[test]
fn nothing_is_said_of_a_combination_whose_values_have_faults_of_their_own() {
    faults(
        r#"{"default": {"pause": {"for": "x", "max": "1s"}}}"#,
        &["default.pause.for: must be a number of seconds, such as \"10s\", got \"x\""],
    );
}

#[test]
fn keys_are_suggested_only_where_one_is_near() {
    let near = |key: &str| nearest(key, &["request_headers", "max_length", "log"]);
    assert_eq!(near("requestheaders"), Some("request_headers"));
    assert_eq!(near("max_lenght"), Some("max_length"));
    assert_eq!(near("lag"), Some("log"));
    assert_eq!(near("lg"), Some("log"));
    assert_eq!(near("cat"), None);
    assert_eq!(near(""), None);
    assert_eq!(near(&"l".repeat(100)), None);
}

#[test]
fn a_place_is_shown_as_a_path() {
    let top = Place::top();
    let routes = top.key("routes");
    let rule = routes.index(3);
    let headers = rule.key("headers");
    assert_eq!(headers.key("x-tier").path(), "routes[3].headers[\"x-tier\"]");
    assert_eq!(top.key("").path(), "[\"\"]");
    assert_eq!(top.path(), "");
}

/// Laying one tree over another, as the design puts it, with no types: what the typed reading must come to.
fn laid(over: &Node, under: &Node, starts: &Node) -> Node {
    match (over, under) {
        (Node::Object(_), Node::Null) if *starts != Node::Null => laid(over, starts, starts),
        (Node::Object(members), Node::Object(base)) => {
            let mut base = base.clone();
            for (key, node) in members {
                let start = member_of(starts, key).cloned().unwrap_or(Node::Null);
                match base.iter_mut().find(|(name, _)| name == key) {
                    Some((_, value)) => *value = laid(node, value, &start),
                    None => base.push((key.clone(), node.clone())),
                }
            }
            Node::Object(base)
        }
        _ => over.clone(),
    }
}

/// Members in the order of their keys: a map's order is not that of the text.
fn sorted(node: Node) -> Node {
    match node {
        Node::Object(mut members) => {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Node::Object(
                members
                    .into_iter()
                    .map(|(key, node)| (key, sorted(node)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// Some of these members, each at most once.
fn some_of(members: Vec<(&'static str, BoxedStrategy<Node>)>) -> BoxedStrategy<Node> {
    let member = |(key, node): (&'static str, BoxedStrategy<Node>)| {
        prop::option::of(node).prop_map(move |node| node.map(|node| (key.to_owned(), node)))
    };
    let members: Vec<_> = members.into_iter().map(member).collect();
    members
        .prop_map(|members| Node::Object(members.into_iter().flatten().collect()))
        .boxed()
}

fn or_null(node: BoxedStrategy<Node>) -> BoxedStrategy<Node> {
    prop_oneof![Just(Node::Null), node].boxed()
}

fn any_pump() -> BoxedStrategy<Node> {
    let seconds = || {
        (0u16..400)
            .prop_map(|number| Node::Text(format!("{number}s")))
            .boxed()
    };
    let name =
        || prop::sample::select(vec!["x-a", "x-b", "x-c"]).prop_map(|name| Node::Text(name.to_owned()));
    let names = |least| {
        prop::collection::vec(name(), least..3)
            .prop_map(Node::List)
            .boxed()
    };
    let word =
        || prop::sample::select(vec!["other", "disabled"]).prop_map(|word| Node::Text(word.to_owned()));
    let number = |most: u32| {
        (1..most)
            .prop_map(|number| Node::Number(f64::from(number)))
            .boxed()
    };
    let heat = some_of(vec![("percent", number(100)), ("probes", names(1))]);
    let marks = vec![
        ("x-a", or_null(name().boxed())),
        ("x-b", name().boxed()),
        ("x-c", name().boxed()),
    ];
    some_of(vec![
        (
            "stop",
            some_of(vec![("strokes", or_null(number(100))), ("heat", or_null(heat))]),
        ),
        ("pause", some_of(vec![("for", seconds()), ("max", seconds())])),
        ("ramp", or_null(some_of(vec![("over", seconds())]))),
        ("stoppers", names(0)),
        ("marks", some_of(marks)),
        ("fallback", word().boxed()),
        ("type", word().boxed()),
    ])
}

proptest! {
    #[test]
    fn typed_merging_is_merging_of_trees(layers in prop::collection::vec(any_pump(), 0..4)) {
        let declared = merged(&[]).written();
        let heat = parse(r#"{"stop": {"heat": {"percent": 100, "probes": ["x-probe"]}}}"#);
        let starts = laid(&heat, &declared, &Node::Null);
        let expected = layers.iter().fold(declared, |under, over| laid(over, &under, &starts));
        prop_assert_eq!(sorted(merged(&layers).written()), sorted(expected));
    }

    #[test]
    fn what_is_written_reads_back_the_same(layer in any_pump()) {
        let pump = merged(&[layer]);
        prop_assert_eq!(merged(&[pump.written()]), pump);
    }
}
