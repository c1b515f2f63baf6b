//! Configurations of the admin plugin, sound and not.

use super::*;
use crate::admin::Admin;
use crate::node::Node;
use crate::{Configuration, Faults};

pub(super) const GOOD: &[&str] = &[
    "{}",
    r#"{"path": "/.policy", "cidrs": ["127.0.0.1/32"]}"#,
    r#"{"path": "/ops/live", "cidrs": ["10.0.0.0/8", "fd00::/8"], "service_name": "edge"}"#,
    r#"{"service_name": null}"#,
    r#"{"$schema": "admin.schema.json", "unknown_keys": "warn"}"#,
];

pub(super) const BAD: &[&str] = &[
    r#"{"path": "/"}"#,
    r#"{"path": "/a/"}"#,
    r#"{"path": "a"}"#,
    r#"{"path": ""}"#,
    r#"{"path": "/a?b"}"#,
    r#"{"path": "/a#b"}"#,
    r#"{"path": "/a b"}"#,
    r#"{"path": null}"#,
    r#"{"path": ["/a"]}"#,
    r#"{"cidrs": []}"#,
    r#"{"cidrs": null}"#,
    r#"{"cidrs": "127.0.0.1/32"}"#,
    r#"{"cidrs": ["127.0.0.1"]}"#,
    r#"{"cidrs": ["localhost/32"]}"#,
    r#"{"cidrs": [1]}"#,
    r#"{"service_name": ""}"#,
    r#"{"mode": "enforce"}"#,
    r#"{"default": {}}"#,
    r#"{"Path": "/a"}"#,
];

pub(super) const BAD_BEYOND_THE_SCHEMA: &[&str] =
    &[r#"{"cidrs": ["10.0.0.1/8"]}"#, r#"{"path": "/a", "path": "/b"}"#];

fn read(config: &str) -> Result<(), Faults> {
    Admin::load(&Node::read(config.as_bytes())?).map(drop)
}

#[test]
fn schema_and_reader_agree_on_admin() {
    agree_on(&admin_schema(), read, GOOD, BAD, BAD_BEYOND_THE_SCHEMA);
    let long = |length: usize| format!(r#"{{"path": "/{}"}}"#, "x".repeat(length - 1));
    agree_on(&admin_schema(), read, &[&long(256)], &[&long(257)], &[]);
}

#[test]
fn the_file_of_admin_is_that_of_the_declarations() {
    assert!(
        admin_schema() == include_str!("../../../../../schemas/admin.schema.json"),
        "schemas/ is not what the declarations give; write it with the binary `schemas`"
    );
}
