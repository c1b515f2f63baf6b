use super::{Sections, unknown_root_id};
use crate::node::Node;

const NAMES: [&str; 3] = ["error-envelope", "request-id", "retry"];

/// The names of the sections that were found, and what was passed over or is wrong.
fn found(text: &str) -> String {
    let node = Node::read(text.as_bytes()).expect("it is JSON");
    let found = Sections::of(&node, &NAMES);
    let names: Vec<&str> = found.sections.iter().map(|(name, _)| *name).collect();
    format!("{names:?} {}{}", found.warnings, found.faults)
}

#[test]
fn the_sections_are_those_that_the_object_has() {
    assert_eq!(found("{}"), "[] ");
    assert_eq!(
        found(r#"{"retry": {}, "request-id": {}}"#),
        r#"["retry", "request-id"] "#
    );
    assert_eq!(
        found(r#"{"$schema": "x", "retry": 1}"#),
        r#"["retry"] "#,
        "a section is its plugin's to read"
    );
}

#[test]
fn a_section_of_no_plugin_is_refused_with_the_name_that_was_probably_meant() {
    assert_eq!(
        found(r#"{"retri": {}}"#),
        "[] retri: unknown key, did you mean retry?"
    );
    assert_eq!(
        found(r#"{"default": {}}"#),
        "[] default: unknown key, known are unknown_keys, $schema, error-envelope, request-id, retry"
    );
    assert_eq!(
        found(r#"{"retry": {}, "retry": {}}"#),
        r#"["retry"] retry: key given twice"#
    );
    assert_eq!(found("[]"), "[] configuration: must be an object, got a list");
}

#[test]
fn a_section_of_a_later_version_is_passed_over_where_that_is_said() {
    assert_eq!(
        found(r#"{"bulkhead": {}, "retry": {}, "unknown_keys": "warn"}"#),
        r#"["retry"] bulkhead: unknown key, known are unknown_keys, $schema, error-envelope, request-id, retry"#
    );
}

#[test]
fn who_looks_for_admin_is_told_where_it_is() {
    let of_section = "admin: unknown key, known are unknown_keys, $schema, error-envelope, request-id, retry; \
                      admin is a filter of its own, admin.wasm (docs/live-state.md)";
    assert_eq!(found(r#"{"admin": {}}"#), format!("[] {of_section}"));
    assert_eq!(
        found(r#"{"unknown_keys": "warn", "admin": {}}"#),
        format!("[] {of_section}")
    );
    assert_eq!(
        unknown_root_id("admin", &["policies", "retry"]).to_string(),
        r#"configuration: the root id must be one of policies, retry, got "admin"; admin is a filter of its own, admin.wasm (docs/live-state.md)"#
    );
}

#[test]
fn a_root_id_that_is_not_known_is_named_beside_those_that_are() {
    assert_eq!(
        unknown_root_id("retyr", &["policies", "retry"]).to_string(),
        r#"configuration: the root id must be one of policies, retry, got "retyr""#
    );
}
