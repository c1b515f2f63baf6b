use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::node::Node;
use crate::node::tests::{any_node, any_object, as_json, as_struct};
use crate::request_id::Policy as RequestId;
use crate::rules::tests::{Request, get};
use crate::value::Percent;

fn plugin(config: &str) -> Plugin<RequestId> {
    load(config.as_bytes()).unwrap_or_else(|faults| panic!("{config}\n{faults}"))
}

#[track_caller]
fn faults(config: &str, expected: &[&str]) {
    let faults = load::<RequestId>(config.as_bytes()).unwrap_err();
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{config}");
}

fn longest(decision: &Decision<'_, RequestId>) -> Option<u32> {
    decision.policy.map(|policy| policy.max_length.get())
}

#[test]
fn nothing_at_all_means_the_documented_defaults() {
    for config in ["", " \n", "{}", r#"{"$schema": "request-id.schema.json"}"#] {
        let plugin = plugin(config);
        assert_eq!(plugin.common, Common::default());
        let request = get("h", "/");
        let decision = plugin.decide(&request, None);
        let expected = Decision {
            policy: Some(&std::rc::Rc::new(RequestId::default())),
            mode: Mode::Enforce,
            origin: Origin::Default,
            unknown_profile: false,
        };
        assert_eq!(decision, expected, "{config:?}");
    }
    let common = Common::default();
    assert_eq!(
        (common.enforce_percent, common.log.max_per_second.get()),
        (Percent::ALL, 10)
    );
    assert_eq!(
        (common.log.requests, common.log.errors),
        (false, LogErrors::ServerErrors)
    );
    assert_eq!(
        (common.unknown_keys, common.explain),
        (UnknownKeys::Refuse, Explain::None)
    );
    assert_eq!((common.route_metadata, common.service_name), (false, None));
}

#[test]
fn what_stands_beside_the_policies_is_read() {
    let common = plugin(
        r#"{"mode": "shadow", "enforce_percent": 12.5, "service_name": "orders-gateway", "unknown_keys": "warn",
            "route_metadata": true, "log": {"requests": true, "errors": "all", "max_per_second": 1}, "explain": "errors"}"#,
    )
    .common;
    assert_eq!((common.mode, common.enforce_percent.get()), (Mode::Shadow, 12.5));
    assert_eq!(common.service_name.as_deref(), Some("orders-gateway"));
    assert_eq!(
        (common.unknown_keys, common.route_metadata),
        (UnknownKeys::Warn, true)
    );
    assert_eq!(
        (
            common.log.requests,
            common.log.errors,
            common.log.max_per_second.get()
        ),
        (true, LogErrors::All, 1)
    );
    assert_eq!(common.explain, Explain::Errors);
    assert_eq!(plugin(r#"{"mode": false}"#).common.mode, Mode::Disabled);
}

#[test]
fn a_rule_lies_over_its_profile_and_that_over_the_default() {
    let plugin = plugin(
        r#"{"default": {"max_length": 10, "generate": "uuid4", "response_headers": ["x-a"]},
            "profiles": {"long": {"max_length": 20, "response_headers": ["x-b"]}},
            "routes": [
                {"match": {"path": "/rule"}, "profile": "long", "policy": {"max_length": 30}},
                {"match": {"path": "/profile"}, "profile": "long"},
                {"match": {"path": "/own"}, "policy": {"max_length": 40}},
                {"match": {"path": "/plain"}}]}"#,
    );
    let met = |path: &str| {
        let request = get("h", path);
        let decision = plugin.decide(&request, None);
        let policy = decision.policy.unwrap();
        let headers = policy
            .response_headers
            .iter()
            .map(|name| name.to_string())
            .collect::<String>();
        let profile = match decision.origin {
            Origin::Rule { index, profile } => Some((index, profile.map(str::to_owned))),
            _ => None,
        };
        assert_eq!(policy.generate, crate::request_id::Generate::Uuid4);
        (profile, policy.max_length.get(), headers)
    };
    let long = Some("long".to_owned());
    assert_eq!(met("/rule"), (Some((0, long.clone())), 30, "x-b".to_owned()));
    assert_eq!(met("/profile"), (Some((1, long)), 20, "x-b".to_owned()));
    assert_eq!(met("/own"), (Some((2, None)), 40, "x-a".to_owned()));
    assert_eq!(met("/plain"), (Some((3, None)), 10, "x-a".to_owned()));
    assert_eq!(met("/other"), (None, 10, "x-a".to_owned()));
}

#[test]
fn sections_may_come_in_any_order() {
    let plugin = plugin(
        r#"{"routes": [{"match": {}, "profile": "p"}], "profiles": {"p": {"generate": "uuid7"}},
            "default": {"max_length": 10}}"#,
    );
    assert_eq!(longest(&plugin.decide(&get("h", "/"), None)), Some(10));
}

#[test]
fn without_a_default_only_rules_and_profiles_pick_requests() {
    let plugin = plugin(
        r#"{"default": null, "profiles": {"p": {"max_length": 20}}, "routes": [
            {"match": {"path": "/plain"}}, {"match": {"path": "/profile"}, "profile": "p"},
            {"match": {"path": "/own"}, "policy": {"max_length": 30}}]}"#,
    );
    let met = |path: &str| longest(&plugin.decide(&get("h", path), None));
    assert_eq!(
        [met("/other"), met("/plain"), met("/profile"), met("/own")],
        [None, Some(128), Some(20), Some(30)]
    );
}

#[test]
fn the_mode_of_a_rule_takes_the_place_of_the_plugins() {
    let modes = |mode: &str| {
        let config = format!(
            r#"{{"mode": {mode:?}, "routes": [{{"match": {{"path": "/a"}}, "mode": "enforce"}},
                {{"match": {{"path": "/b"}}, "mode": false}}]}}"#
        );
        let plugin = plugin(&config);
        ["/a", "/b", "/c"].map(|path| {
            let request = get("h", path);
            let decision = plugin.decide(&request, None);
            (decision.mode, decision.policy.is_some())
        })
    };
    let (enforce, off) = ((Mode::Enforce, true), (Mode::Disabled, false));
    assert_eq!(modes("enforce"), [enforce, off, enforce]);
    assert_eq!(modes("shadow"), [enforce, off, (Mode::Shadow, true)]);
    assert_eq!(modes("disabled"), [enforce, off, off]);
}

#[test]
fn a_routes_metadata_beats_the_rules() {
    let config = |beats: bool| {
        format!(
            r#"{{"route_metadata": {beats}, "mode": "shadow", "profiles": {{"strict": {{"max_length": 20}}}},
                "routes": [{{"match": {{}}, "policy": {{"max_length": 30}}}}]}}"#
        )
    };
    let plugin = plugin(&config(true));
    let request = get("h", "/");
    let met = |metadata| {
        let decision = plugin.decide(&request, metadata);
        (
            longest(&decision),
            decision.mode,
            decision.origin,
            decision.unknown_profile,
        )
    };
    let strict = Origin::Metadata {
        profile: Some("strict"),
    };
    let rule = Origin::Rule {
        index: 0,
        profile: None,
    };
    let disabled = (None, Mode::Disabled, Origin::Metadata { profile: None }, false);
    assert_eq!(met(None), (Some(30), Mode::Shadow, rule, false));
    assert_eq!(
        met(Some(Metadata::Name(b"strict"))),
        (Some(20), Mode::Shadow, strict, false)
    );
    assert_eq!(met(Some(Metadata::Name(b"disabled"))), disabled);
    assert_eq!(met(Some(Metadata::Flag(false))), disabled);
    for unknown in [
        Metadata::Name(b"lax"),
        Metadata::Name(b""),
        Metadata::Name(b"\xff"),
        Metadata::Flag(true),
    ] {
        assert_eq!(
            met(Some(unknown)),
            (Some(30), Mode::Shadow, rule, true),
            "{unknown:?}"
        );
    }
    let ignoring = super::tests::plugin(&config(false));
    let decision = ignoring.decide(&request, Some(Metadata::Name(b"disabled")));
    assert_eq!((longest(&decision), decision.unknown_profile), (Some(30), false));
}

#[test]
fn rules_that_add_nothing_share_a_policy() {
    let rules: Vec<String> = (0..100)
        .map(|number| format!(r#"{{"match": {{"path": "/{number}"}}, "profile": "p"}}"#))
        .collect();
    let plugin = plugin(&format!(
        r#"{{"profiles": {{"p": {{}}}}, "routes": [{}]}}"#,
        rules.join(",")
    ));
    assert_eq!(plugin.policies.len(), 2);
}

#[test]
fn unknown_keys_are_refused_or_warned_of() {
    let keys =
        r#""modes": 1, "routes": [{"match": {"hots": "h", "path": "/a"}, "policy": {"max_lenght": 1}}]"#;
    let expected = [
        "modes: unknown key, did you mean mode?",
        "routes[0].match.hots: unknown key, did you mean host?",
        "routes[0].policy.max_lenght: unknown key, did you mean max_length?",
    ];
    faults(&format!("{{{keys}}}"), &expected);
    let plugin = plugin(&format!(r#"{{{keys}, "unknown_keys": "warn"}}"#));
    let found: Vec<String> = plugin.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
    let request = get("h", "/a");
    assert_eq!(
        plugin.decide(&request, None).origin,
        Origin::Rule {
            index: 0,
            profile: None
        }
    );
}

#[test]
fn every_fault_is_told_with_its_place() {
    faults(
        r#"{"mode": "off", "enforce_percent": 101, "profiles": {"disabled": {}, "": {}, "a b": {"max_length": 0}, "null": null},
            "routes": [
                {"match": {"path": "x", "direction": "up"}},
                {"profile": "p"},
                {"match": {}, "profile": "null", "mode": "loud", "policy": 1},
                {"match": null},
                7,
                {"match": {"path": "/a", "path_prefix": "/b", "path_template": "/{x}/{y}", "host": null, "methods": []}}],
            "log": {"max_per_second": 0}, "service_name": "", "mode": "shadow"}"#,
        &[
            "mode: must be one of enforce, shadow, disabled, got \"off\"",
            "enforce_percent: must be a percentage from 0 to 100, got 101",
            "log.max_per_second: must be a whole number from 1 to 10000, got 0",
            "service_name: must be a text of 1 to 256 characters, none of them a control character, got \"\"",
            "mode: key given twice",
            "profiles.disabled: the key must be another one than \"disabled\", by which a route's metadata means no policy",
            "profiles[\"\"]: the key must be a text of 1 to 256 characters, none of them a control character",
            "profiles[\"a b\"].max_length: must be a whole number from 1 to 1024, got 0",
            "profiles.null: must be an object, got null",
            "routes[0].match.path: must be a path as it is sent, beginning with / and without ? and #, got \"x\"",
            "routes[0].match.direction: must be one of any, inbound, outbound, got \"up\"",
            "routes[1]: must have the member match; {} matches every request",
            "routes[1].profile: must be one of the profiles, got \"p\"",
            "routes[2].mode: must be one of enforce, shadow, disabled, got \"loud\"",
            "routes[2].policy: must be an object, got 1",
            "routes[3].match: must be an object, got null",
            "routes[4]: must be an object, got 7",
            "routes[5].match.host: must be a host without port, such as \"shop.example\", \"*.shop.example\" or \"[::1]\", got null",
            "routes[5].match.methods: must have at least one item",
            "routes[5].match.path_prefix: must match path, which is \"/a\", or no request does",
            "routes[5].match.path_template: must match path, which is \"/a\", or no request does",
        ],
    );
    faults("[]", &["configuration: must be an object, got a list"]);
    faults(
        r#"{"routes": {}, "profiles": [], "default": 1}"#,
        &[
            "default: must be an object, got 1",
            "profiles: must be an object, got a list",
            "routes: must be a list, got an object",
        ],
    );
    faults(
        r#"{"profiles": {"p": {}, "p": {}}}"#,
        &["profiles.p: key given twice"],
    );
    faults(
        r#"{"profiles": {"strict": {}}, "routes": [{"match": {}, "profile": "strickt"}]}"#,
        &["routes[0].profile: must be one of the profiles, did you mean \"strict\""],
    );
}

#[test]
fn a_rule_that_is_never_reached_is_a_fault() {
    faults(
        r#"{"routes": [{"match": {"path": "x"}}, {"match": {"path": "/a"}}, {"match": {"path": "/a", "host": "h"}},
            {"match": {"path": "/a", "methods": ["GET"]}}, {"match": {}}, {"match": {"host": "h"}}]}"#,
        &[
            "routes[0].match.path: must be a path as it is sent, beginning with / and without ? and #, got \"x\"",
            "routes[3].match: is never reached: routes[1] takes all that it matches",
            "routes[5].match: is never reached: routes[4] takes all that it matches",
        ],
    );
}

#[test]
fn a_number_that_is_none_is_refused_where_one_is_read() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let node = Node::Object(vec![
            ("enforce_percent".to_owned(), Node::Number(number)),
            (
                "default".to_owned(),
                Node::Object(vec![("max_length".to_owned(), Node::Number(number))]),
            ),
        ]);
        let faults = load::<RequestId>(&as_struct(&node)).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults}");
    }
}

#[test]
fn ids_are_enforced_by_the_percentage() {
    let (all, none) = (plugin("{}"), plugin(r#"{"enforce_percent": 0}"#));
    assert!(all.enforced(b"0190f5fe") && !none.enforced(b"0190f5fe"));
}

#[test]
fn bytes_that_are_no_text_meet_the_default() {
    let plugin = plugin(r#"{"routes": [{"match": {"host": "h", "path": "/a"}}, {"match": {"route": "r"}}]}"#);
    let request = Request {
        route: vec![0xff],
        ..get("\u{ff}", "/\u{80}")
    };
    assert_eq!(plugin.decide(&request, None).origin, Origin::Default);
}

/// A plugin's configuration, mostly sound, with anything in some places.
fn any_config() -> impl Strategy<Value = Node> {
    let text = |text: &'static str| Just(Node::Text(text.to_owned()));
    let entry = |key: &'static str, node: BoxedStrategy<Node>| {
        node.prop_map(move |node| (key.to_owned(), node)).boxed()
    };
    let policy = prop::collection::vec(
        prop_oneof![
            entry(
                "max_length",
                (0u32..300).prop_map(|number| Node::Number(number.into())).boxed()
            ),
            entry(
                "generate",
                prop_oneof![text("uuid4"), text("uuid7"), text("uuid")].boxed()
            ),
            entry("trace_context", text("create").boxed()),
            entry(
                "sampled",
                prop_oneof![Just(Node::Null), Just(Node::Bool(true)), any_node()].boxed()
            ),
        ],
        0..4,
    )
    .prop_map(Node::Object)
    .boxed();
    let path = prop_oneof![text("/a"), text("/b"), text("c")];
    let head = prop::collection::vec(entry("path", path.boxed()), 0..2).prop_map(Node::Object);
    let rule = prop::collection::vec(
        prop_oneof![
            3 => entry("match", head.boxed()),
            1 => entry("policy", policy.clone()),
            1 => entry("profile", prop_oneof![text("p"), text("q")].boxed()),
            1 => entry("mode", prop_oneof![text("shadow"), Just(Node::Bool(false))].boxed()),
        ],
        0..4,
    )
    .prop_map(Node::Object);
    let profiles = prop::collection::vec(
        prop_oneof![entry("p", policy.clone()), entry("q", policy.clone())],
        0..3,
    );
    prop::collection::vec(
        prop_oneof![
            entry("default", prop_oneof![4 => policy, 1 => Just(Node::Null)].boxed()),
            entry("profiles", profiles.prop_map(Node::Object).boxed()),
            entry(
                "routes",
                prop::collection::vec(rule, 0..4).prop_map(Node::List).boxed()
            ),
            entry("unknown_keys", text("warn").boxed()),
            entry("log", any_node().boxed()),
        ],
        1..5,
    )
    .prop_map(Node::Object)
}

/// What a configuration comes to, as far as requests can tell.
fn outcome(bytes: &[u8]) -> Result<String, String> {
    let plugin = load::<RequestId>(bytes).map_err(|faults| faults.to_string())?;
    let seen = ["/a", "/b"].map(|path| format!("{:?}", plugin.decide(&get("h", path), None)));
    Ok(format!("{:?} {} {seen:?}", plugin.common, plugin.warnings))
}

proptest! {
    #[test]
    fn both_forms_of_a_configuration_come_to_the_same(config in any_config()) {
        prop_assert_eq!(outcome(as_json(&config).as_bytes()), outcome(&as_struct(&config)));
    }

    #[test]
    fn no_bytes_break_the_loading(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = outcome(&bytes);
    }

    #[test]
    fn no_tree_breaks_the_loading(tree in any_object()) {
        let _ = outcome(as_json(&tree).as_bytes());
    }
}

/// So many members, each made of its number.
fn many(count: usize, member: impl Fn(usize) -> String) -> String {
    (0..count).map(member).collect::<Vec<_>>().join(",")
}

#[test]
fn what_all_policies_take_over_is_bounded() {
    let accept = many(500, |number| format!("\"x-{number}\""));
    let rules = |count| {
        many(count, |number| {
            format!(r#"{{ "match": {{ "path": "/{number}" }}, "policy": {{ "max_length": 9 }} }}"#)
        })
    };
    // Each of them takes over 500 values.
    let text = |count| {
        format!(
            r#"{{ "default": {{ "accept": [{accept}] }}, "routes": [{}] }}"#,
            rules(count)
        )
    };
    assert!(load::<RequestId>(text(1_900).as_bytes()).is_ok());
    let faults = load::<RequestId>(text(2_100).as_bytes()).expect_err("it is too much");
    assert_eq!(
        faults.iter().next().map(ToString::to_string).as_deref(),
        Some("routes[1987].policy: is too much with what it takes over")
    );
}

#[test]
fn what_is_put_in_order_is_bounded() {
    let text = |count| {
        let profiles = many(count, |number| format!(r#""p{number}": {{}}"#));
        format!(r#"{{ "profiles": {{ {profiles} }} }}"#)
    };
    assert!(load::<RequestId>(text(1_000).as_bytes()).is_ok());
    let faults = load::<RequestId>(text(1_001).as_bytes()).expect_err("these are too many");
    assert_eq!(faults.to_string(), "profiles: must have at most 1000 entries");
}
