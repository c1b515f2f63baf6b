//! Configurations of the module of all plugins, sound and not.

use super::*;
use crate::node::Node;
use crate::{Faults, Policy, Sections, load_node};

const NAMES: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

fn read(config: &str) -> Result<(), Faults> {
    let node = Node::read(config.as_bytes())?;
    let Sections { sections, faults, .. } = Sections::of(&node, &NAMES);
    if !faults.is_empty() {
        return Err(faults);
    }
    for (name, section) in sections {
        match name {
            "error-envelope" => drop(load_node::<ErrorEnvelope>(section)?),
            "request-id" => drop(load_node::<RequestId>(section)?),
            "circuit-breaker" => drop(load_node::<CircuitBreaker>(section)?),
            "retry" => drop(load_node::<Retry>(section)?),
            other => panic!("{other} is no section"),
        }
    }
    Ok(())
}

#[test]
fn schema_and_reader_agree_on_the_module_of_all_plugins() {
    agree_on(
        &policies_schema(),
        read,
        &[
            "{}",
            r#"{"$schema": "policies.schema.json", "retry": {"$schema": 1}}"#,
            r#"{"retry": {}, "request-id": {}, "error-envelope": {}, "circuit-breaker": {}}"#,
            r#"{"unknown_keys": "warn"}"#,
            r#"{"unknown_keys": "refuse", "retry": {"unknown_keys": "warn"}}"#,
        ],
        &[
            "[]",
            "null",
            r#"{"retry": null}"#,
            r#"{"retry": []}"#,
            r#"{"admin": {}}"#,
            r#"{"retry": false}"#,
            r#"{"retries": {}}"#,
            r#"{"Retry": {}}"#,
            r#"{"policies": {}}"#,
            r#"{"mode": "shadow"}"#,
            r#"{"default": {}}"#,
            r#"{"unknown_keys": "ignore"}"#,
            r#"{"unknown_keys": null}"#,
            // What one plugin takes, another does not.
            r#"{"retry": {"default": {"max_length": 64}}}"#,
            r#"{"request-id": {"default": {"attempts": 2}}}"#,
        ],
        &[r#"{"retry": {}, "retry": {}}"#],
    );
}

#[test]
fn a_section_takes_what_its_plugin_takes() {
    #[track_caller]
    fn section<P: Policy>(good: &[&str], bad: &[&str], bad_beyond_the_schema: &[&str]) {
        let section = |config: &&str| format!(r#"{{"{}": {config}}}"#, P::NAME);
        let sections = |configs: &[&str]| configs.iter().map(section).collect::<Vec<String>>();
        let [good, bad, beyond] = [good, bad, bad_beyond_the_schema].map(sections);
        let [good, bad, beyond] =
            [&good, &bad, &beyond].map(|configs| configs.iter().map(String::as_str).collect::<Vec<_>>());
        agree_on(&policies_schema(), read, &good, &bad, &beyond);
    }
    section::<ErrorEnvelope>(
        error_envelope::GOOD,
        error_envelope::BAD,
        error_envelope::BAD_BEYOND_THE_SCHEMA,
    );
    section::<RequestId>(
        request_id::GOOD,
        request_id::BAD,
        request_id::BAD_BEYOND_THE_SCHEMA,
    );
    section::<CircuitBreaker>(
        circuit_breaker::GOOD,
        circuit_breaker::BAD,
        circuit_breaker::BAD_BEYOND_THE_SCHEMA,
    );
    section::<Retry>(retry::GOOD, retry::BAD, retry::BAD_BEYOND_THE_SCHEMA);
}

#[test]
fn the_file_is_that_of_the_declarations() {
    assert!(
        policies_schema() == include_str!("../../../../../schemas/policies.schema.json"),
        "schemas/ is not what the declarations give; write it with the binary `schemas`"
    );
}
