#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::circuit_breaker::Policy as CircuitBreaker;
use crate::error_envelope::Policy as ErrorEnvelope;
use crate::plugin::{Common, RuleHead};
use crate::request_id::Policy as RequestId;
use crate::retry::Policy as Retry;
use crate::setting::Part;

#[cfg(not(target_arch = "wasm32"))]
mod admin;
#[cfg(not(target_arch = "wasm32"))]
mod circuit_breaker;
#[cfg(not(target_arch = "wasm32"))]
mod error_envelope;
#[cfg(not(target_arch = "wasm32"))]
mod policies;
#[cfg(not(target_arch = "wasm32"))]
mod request_id;
#[cfg(not(target_arch = "wasm32"))]
mod retry;

/// All that can be configured.
fn all() -> Vec<Member> {
    [
        Common::members(),
        RuleHead::members(),
        RequestId::members(),
        ErrorEnvelope::members(),
        CircuitBreaker::members(),
        Retry::members(),
    ]
    .concat()
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
        Shape::Boolean
        | Shape::Integer { .. }
        | Shape::Number { .. }
        | Shape::Percent
        | Shape::Text { .. } => {}
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
        each(&path, &member.shape);
    }
    fn each(path: &str, shape: &Shape) {
        match shape {
            Shape::Object(members) => members.iter().for_each(|member| check(path, member)),
            Shape::Choice(shapes) => shapes.iter().for_each(|shape| each(path, shape)),
            Shape::List { of, .. } | Shape::Map { of, .. } | Shape::Nullable(of) | Shape::Optional(of) => {
                each(path, of);
            }
            Shape::Words(words) => {
                for word in words {
                    let doc = word.doc.trim().trim_end_matches(')');
                    assert!(
                        doc.len() > 2 && doc.ends_with('.'),
                        "{path} {}: {doc:?}",
                        word.word
                    );
                }
            }
            Shape::Boolean
            | Shape::Integer { .. }
            | Shape::Number { .. }
            | Shape::Percent
            | Shape::Text { .. } => {}
        }
    }
    each("", &Shape::Object(all()));
}

/// That a plugin's files, which these are, are what the declarations give.
#[track_caller]
fn generated<P: crate::Policy>(schema_file: &str, page: &str) {
    assert!(
        schema::<P>() == schema_file,
        "{}'s schema is not what the declarations give; write it with the binary `schemas`",
        P::NAME
    );
    assert!(
        with_keys::<P>(page).as_deref() == Ok(page),
        "{}'s page has not the keys that the declarations give; write them with the binary `schemas`",
        P::NAME
    );
}

#[test]
fn the_files_are_those_of_the_declarations() {
    generated::<RequestId>(
        include_str!("../../../../schemas/request-id.schema.json"),
        include_str!("../../../../docs/request-id.md"),
    );
    generated::<ErrorEnvelope>(
        include_str!("../../../../schemas/error-envelope.schema.json"),
        include_str!("../../../../docs/error-envelope.md"),
    );
    generated::<CircuitBreaker>(
        include_str!("../../../../schemas/circuit-breaker.schema.json"),
        include_str!("../../../../docs/circuit-breaker.md"),
    );
    generated::<Retry>(
        include_str!("../../../../schemas/retry.schema.json"),
        include_str!("../../../../docs/retry.md"),
    );
}

/// A page before, between and after its marks, which stand at the ends of the first two parts.
fn parts() -> [&'static str; 3] {
    const RETRY: &str = include_str!("../../../../docs/retry.md");
    let (before, rest) = RETRY.split_once("### For the plugin").unwrap();
    let (keys, after) = rest.split_once("<!-- Here ends").unwrap();
    [before, keys, after]
}

#[test]
fn what_is_written_by_hand_stays() {
    let [before, keys, after] = parts();
    let emptied = format!("{before}<!-- Here ends{after}");
    let whole = format!("{before}### For the plugin{keys}<!-- Here ends{after}");
    assert_eq!(with_keys::<Retry>(&emptied), Ok(whole));
}

#[test]
fn a_page_without_both_marks_is_refused() {
    let [before, keys, after] = parts();
    let twice = format!("{before}<!-- Here ends{after}").repeat(2);
    for spoiled in ["", keys, before, &format!("<!-- Here ends{after}"), &twice] {
        assert!(with_keys::<Retry>(spoiled).is_err(), "{spoiled}");
    }
}

/// That the reader and the schema take these, refuse those, and that only the reader can refuse the last.
#[cfg(not(target_arch = "wasm32"))]
#[track_caller]
fn agree<P: crate::Policy>(good: &[&str], bad: &[&str], bad_beyond_the_schema: &[&str]) {
    let read = |config: &str| crate::load::<P>(config.as_bytes()).map(drop);
    agree_on(&schema::<P>(), read, good, bad, bad_beyond_the_schema);
}

/// As [`agree`], of this schema and this reader.
#[cfg(not(target_arch = "wasm32"))]
#[track_caller]
fn agree_on(
    schema: &str,
    reader: impl Fn(&str) -> Result<(), crate::Faults>,
    good: &[&str],
    bad: &[&str],
    bad_beyond_the_schema: &[&str],
) {
    let schema = serde_json::from_str(schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut wrong = Vec::new();
    for (configs, read, valid) in [
        (good, true, true),
        (bad, false, false),
        (bad_beyond_the_schema, false, true),
    ] {
        for config in configs {
            let loaded = reader(config);
            if loaded.is_ok() != read {
                wrong.push(format!("reader: {config} {:?}", loaded.err()));
            }
            if schema.is_valid(&serde_json::from_str(config).unwrap()) != valid {
                wrong.push(format!("schema: {config}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn schema_and_reader_agree() {
    agree::<RequestId>(
        request_id::GOOD,
        request_id::BAD,
        request_id::BAD_BEYOND_THE_SCHEMA,
    );
    agree::<ErrorEnvelope>(
        error_envelope::GOOD,
        error_envelope::BAD,
        error_envelope::BAD_BEYOND_THE_SCHEMA,
    );
    agree::<CircuitBreaker>(
        circuit_breaker::GOOD,
        circuit_breaker::BAD,
        circuit_breaker::BAD_BEYOND_THE_SCHEMA,
    );
    agree::<Retry>(retry::GOOD, retry::BAD, retry::BAD_BEYOND_THE_SCHEMA);
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_schemas_are_schemas() {
    for schema in [
        schema::<RequestId>(),
        schema::<ErrorEnvelope>(),
        schema::<CircuitBreaker>(),
        schema::<Retry>(),
        policies_schema(),
    ] {
        assert!(jsonschema::meta::is_valid(
            &serde_json::from_str(&schema).unwrap()
        ));
    }
}
