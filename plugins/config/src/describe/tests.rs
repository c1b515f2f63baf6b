#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::plugin::{Common, RuleHead};
use crate::request_id::Policy as RequestId;
use crate::setting::Part;

/// All that can be configured.
fn all() -> Vec<Member> {
    [Common::members(), RuleHead::members(), RequestId::members()].concat()
}

fn each_word(shape: &Shape, seen: &mut Vec<String>) {
    match shape {
        Shape::Words(words) => seen.extend(words.iter().map(|word| word.word.to_owned())),
        Shape::Object(members) => {
            for member in members {
                seen.push(member.key.to_owned());
                each_word(&member.shape, seen);
            }
        }
        Shape::Choice(shapes) => shapes.iter().for_each(|shape| each_word(shape, seen)),
        Shape::List { of, .. } | Shape::Map { of, .. } | Shape::Nullable(of) | Shape::Optional(of) => {
            each_word(of, seen);
        }
        Shape::Boolean | Shape::Integer { .. } | Shape::Percent | Shape::Text { .. } => {}
    }
}

fn all_words() -> Vec<String> {
    let mut words: Vec<String> = ["default", "profiles", "routes", "policy"]
        .map(str::to_owned)
        .into();
    each_word(&Shape::Object(all()), &mut words);
    words
}

#[test]
fn no_key_and_no_word_is_one_that_yaml_changes() {
    // What YAML 1.1 and 1.2 read as a boolean or as nothing, and what looks like a number.
    const CHANGED: [&str; 11] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "",
    ];
    let words = all_words();
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        assert!(!CHANGED.contains(&word.to_lowercase().as_str()), "{word}");
        let number = word.replace('_', "").parse::<f64>();
        assert!(number.is_err(), "{word}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_key_and_word_comes_through_a_yaml_loader() {
    for word in all_words() {
        let node: Node = yaml_serde::from_str(&format!("{word}: {word}")).unwrap();
        assert_eq!(node, Node::Object(vec![(word.clone(), Node::Text(word))]));
    }
}

#[test]
fn every_setting_is_explained() {
    fn check(path: &str, member: &Member) {
        let path = format!("{path}.{}", member.key);
        let doc = member.doc.trim();
        assert!(doc.len() > 10 && doc.ends_with('.'), "{path}: {doc:?}");
        if let Shape::Object(members) = &member.shape {
            members.iter().for_each(|member| check(&path, member));
        }
    }
    all().iter().for_each(|member| check("", member));
}

#[test]
fn the_files_are_those_of_the_declarations() {
    let files = [
        (
            schema::<RequestId>(),
            include_str!("../../../../schemas/request-id.schema.json"),
        ),
        (
            page::<RequestId>(),
            include_str!("../../../../schemas/request-id.md"),
        ),
    ];
    for (made, found) in files {
        assert!(
            made == found,
            "schemas/ is not what the declarations give; write it with the binary `schemas`"
        );
    }
}

/// What both the reader and the schema take.
#[cfg(not(target_arch = "wasm32"))]
const GOOD: &[&str] = &[
    "{}",
    r#"{"$schema": "request-id.schema.json"}"#,
    r#"{"mode": "shadow", "enforce_percent": 0.5, "service_name": null, "explain": "all"}"#,
    r#"{"mode": false, "route_metadata": true, "unknown_keys": "warn"}"#,
    r#"{"log": {}}"#,
    r#"{"log": {"requests": true, "errors": "none", "max_per_second": 10000}}"#,
    r#"{"default": null}"#,
    r#"{"default": {"max_length": 128.0}}"#,
    r#"{"default": {"accept": [], "response_headers": []}}"#,
    r#"{"default": {"accept": ["X-Trace", "TraceParent", "b3", "X-B3-TraceId", "X-Amzn-Trace-Id"]}}"#,
    r#"{"default": {"trust": "never"}}"#,
    r#"{"default": {"trust": {"cidrs": ["10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::/0", "fd00::/8", "::1/128", "1:2:3:4:5:6:7:8/128"]}}}"#,
    r#"{"default": {"trust": {"ids": "always", "trace": {"cidrs": ["2001:db8::/32"]}}}}"#,
    r#"{"default": {"trace_context": "create", "sampled": {"percent": 5}}}"#,
    r#"{"default": {"trace_context": false, "sampled": true}}"#,
    r#"{"default": {"log_headers": {"user_id": "X-User-Id", "tenant": null}}}"#,
    r#"{"profiles": {"strict": {}, "a b": {"generate": "uuid4"}}}"#,
    r#"{"routes": [{"match": {}}]}"#,
    r#"{"profiles": {"p": {}}, "routes": [{"match": {"path": "/a", "methods": ["GET"]}, "profile": "p", "mode": "shadow", "policy": {}}]}"#,
    r#"{"routes": [{"match": {"route": "r", "host": "*.Shop.example", "path_prefix": "/", "path_template": "/{a}/b", "headers": {"X-A": ""}, "direction": "any"}}]}"#,
    r#"{"routes": [{"match": {"host": "[::1]", "headers": {"x-a": "a b"}}}]}"#,
];

/// What both refuse.
#[cfg(not(target_arch = "wasm32"))]
const BAD: &[&str] = &[
    "null",
    "[]",
    r#"{"colour": 1}"#,
    r#"{"mode": "off"}"#,
    r#"{"mode": true}"#,
    r#"{"mode": null}"#,
    r#"{"unknown_keys": false}"#,
    r#"{"enforce_percent": 100.1}"#,
    r#"{"enforce_percent": "50"}"#,
    r#"{"service_name": ""}"#,
    r#"{"service_name": "a\nb"}"#,
    r#"{"log": null}"#,
    r#"{"log": {"max_per_second": 0}}"#,
    r#"{"log": {"errors": "4xx"}}"#,
    r#"{"default": {"max_length": 0}}"#,
    r#"{"default": {"max_length": 1025}}"#,
    r#"{"default": {"max_length": 1.5}}"#,
    r#"{"default": {"accept": ["a b"]}}"#,
    r#"{"default": {"accept": [":path"]}}"#,
    r#"{"default": {"accept": ["Authorization"]}}"#,
    r#"{"default": {"accept": ["X-Api-Key"]}}"#,
    r#"{"default": {"accept": ["TraceState"]}}"#,
    r#"{"default": {"accept": ["X-B3-SpanId"]}}"#,
    r#"{"default": {"accept": ["Host"]}}"#,
    r#"{"default": {"accept": "x-request-id"}}"#,
    r#"{"default": {"request_headers": []}}"#,
    r#"{"default": {"request_headers": ["TraceParent"]}}"#,
    r#"{"default": {"request_headers": ["X-B3-TraceId"]}}"#,
    r#"{"default": {"response_headers": ["Content-Length"]}}"#,
    r#"{"default": {"response_headers": ["X-Envoy-Anything"]}}"#,
    r#"{"default": {"trust": "sometimes"}}"#,
    r#"{"default": {"trust": {}}}"#,
    r#"{"default": {"trust": {"cidrs": []}}}"#,
    r#"{"default": {"trust": {"cidrs": ["10.0.0.0"]}}}"#,
    r#"{"default": {"trust": {"cidrs": ["10.0.0.0/33"]}}}"#,
    r#"{"default": {"trust": {"cidrs": ["256.0.0.0/8"]}}}"#,
    r#"{"default": {"trust": {"cidrs": ["10.0.0/8"]}}}"#,
    r#"{"default": {"trust": {"cidrs": ["fd00::/129"]}}}"#,
    r#"{"default": {"trust": {"ids": "always"}}}"#,
    r#"{"default": {"trust": {"ids": "always", "trace": "never", "cidrs": ["10.0.0.0/8"]}}}"#,
    r#"{"default": {"generate": "uuid"}}"#,
    r#"{"default": {"sampled": "always"}}"#,
    r#"{"default": {"sampled": {}}}"#,
    r#"{"default": {"sampled": {"percent": 101}}}"#,
    r#"{"default": {"log_headers": {"request_id": "x-a"}}}"#,
    r#"{"default": {"log_headers": {"1a": "x-a"}}}"#,
    r#"{"default": {"log_headers": {"user": "Cookie"}}}"#,
    r#"{"profiles": {"disabled": {}}}"#,
    r#"{"profiles": {"": {}}}"#,
    r#"{"profiles": {"p": null}}"#,
    r#"{"routes": {}}"#,
    r#"{"routes": [{}]}"#,
    r#"{"routes": [{"match": null}]}"#,
    r#"{"routes": [{"match": {"host": null}}]}"#,
    r#"{"routes": [{"match": {"host": "a:80"}}]}"#,
    r#"{"routes": [{"match": {"host": "*"}}]}"#,
    r#"{"routes": [{"match": {"path": "a"}}]}"#,
    r#"{"routes": [{"match": {"path": "/a?b"}}]}"#,
    r#"{"routes": [{"match": {"path_prefix": ""}}]}"#,
    r#"{"routes": [{"match": {"path_template": "/a{b}"}}]}"#,
    r#"{"routes": [{"match": {"methods": ["get"]}}]}"#,
    r#"{"routes": [{"match": {"methods": []}}]}"#,
    r#"{"routes": [{"match": {"headers": {"a b": "c"}}}]}"#,
    r#"{"routes": [{"match": {"headers": {"a": " c"}}}]}"#,
    r#"{"routes": [{"match": {"direction": "up"}}]}"#,
    r#"{"routes": [{"match": {}, "mode": null}]}"#,
    r#"{"routes": [{"match": {}, "policy": null}]}"#,
];

/// What only the reader can tell to be wrong: combinations, names, arithmetic.
#[cfg(not(target_arch = "wasm32"))]
const BAD_BEYOND_THE_SCHEMA: &[&str] = &[
    r#"{"default": {"trace_context": "create"}}"#,
    r#"{"default": {"trust": {"cidrs": ["10.0.0.1/8"]}}}"#,
    r#"{"default": {"trust": {"cidrs": [":::/8"]}}}"#,
    r#"{"default": {"trust": {"cidrs": ["::ffff:10.0.0.0/104"]}}}"#,
    r#"{"routes": [{"match": {}, "profile": "p"}]}"#,
    r#"{"routes": [{"match": {}}, {"match": {}}]}"#,
    r#"{"routes": [{"match": {"path": "/a", "path_prefix": "/b"}}]}"#,
    r#"{"routes": [{"match": {"headers": {"a": "b", "A": "c"}}}]}"#,
    r#"{"routes": [{"match": {"host": "[1:2]"}}]}"#,
];

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn schema_and_reader_agree() {
    let schema = serde_json::from_str(&schema::<RequestId>()).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let rows = |rows: &'static [&'static str], read: bool, valid: bool| {
        rows.iter().map(move |config| (*config, read, valid))
    };
    let table =
        rows(GOOD, true, true)
            .chain(rows(BAD, false, false))
            .chain(rows(BAD_BEYOND_THE_SCHEMA, false, true));
    let mut wrong = Vec::new();
    for (config, read, valid) in table {
        let loaded = crate::load::<RequestId>(config.as_bytes());
        if loaded.is_ok() != read {
            wrong.push(format!("reader: {config} {:?}", loaded.err()));
        }
        if schema.is_valid(&serde_json::from_str(config).unwrap()) != valid {
            wrong.push(format!("schema: {config}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_schema_is_one() {
    let schema = serde_json::from_str(&schema::<RequestId>()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
}
