//! Files that cannot be checked end with 2, and say what is wrong and what helps.

use crate::called::policyctl;
use serde_json::{Value, json};

/// This file is not checked, and this is said of it.
#[track_caller]
fn unread(bytes: &[u8], line: Option<u64>, says: &str) {
    let folder = tempfile::tempdir().expect("there is room for a file");
    std::fs::write(folder.path().join("f.yaml"), bytes).expect("there is room for a file");
    let called = policyctl(["check", "--json", "f.yaml"])
        .within(folder.path())
        .ends_with(2);
    assert_eq!(called.err, "");
    let found = called.json();
    let finding = &found["findings"][0];
    assert_eq!(found["unread"], 1, "{found:#}");
    assert_eq!(finding["line"], json!(line), "{found:#}");
    assert!(
        finding["message"]
            .as_str()
            .is_some_and(|message| message.contains(says)),
        "{found:#}"
    );
}

#[test]
fn each_kind_is_told_apart() {
    unread(b"", None, "is empty");
    unread(b"# nothing\n---\n", None, "is empty");
    unread(b"\0asm\x01\0\0\0", Some(1), "is no YAML");
    unread(b"a: 1\nb: \xff\xfe\n", Some(2), "not UTF-8");
    unread(b"{\n  \"mode\": \"shadow\",\n", Some(3), "is no JSON");
    unread(b"a:\n  - b: [1,\n", Some(3), "is no YAML");
    unread(b"a: 1\na: 2\n", Some(2), "`a` is given twice");
    unread(b"[1, 2]", None, "installs no plugin");
    unread(b"just words", Some(1), "which plugin is this for?");
    unread(
        b"kind: Deployment\napiVersion: apps/v1\n",
        None,
        "installs no plugin",
    );
    unread(b"static_resources: {}\n", None, "installs no plugin");
}

#[test]
fn a_few_bytes_cannot_keep_it_busy() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    unread(bomb.as_bytes(), Some(7), "stands for too many nodes");
    unread("[".repeat(100_000).as_bytes(), Some(1), "");
    unread("- ".repeat(50_000).as_bytes(), Some(1), "");
    unread(
        format!("{{\"a\": {}", "[".repeat(100_000)).as_bytes(),
        Some(1),
        "is no JSON",
    );
}

#[test]
fn one_that_is_not_there_keeps_no_other_from_being_checked() {
    let called = policyctl(["check", "--json", "/nowhere.yaml", "envoy", "envoy/retry.yaml"]).ends_with(2);
    let found = called.json();
    let messages: Vec<&Value> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|each| &each["message"])
        .collect();
    assert_eq!(messages[1], "is a folder");
    assert!(
        messages[0]
            .as_str()
            .is_some_and(|message| message.starts_with("No such file")),
        "{found:#}"
    );
    assert_eq!(found["plugins"].as_array().map(Vec::len), Some(2));
}

#[test]
fn another_plugins_configuration_is_left_alone() {
    let foreign = json!({ "resources": [{ "name": "waf", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": { "vm_config": { "code": { "local": { "filename": "coraza.wasm" } } } }
    } }] });
    let called = policyctl(["check", "-"]).input(foreign.to_string()).ends_with(2);
    assert!(
        called.out.contains("installs none of our plugins, but `waf`"),
        "{}",
        called.out
    );
}

#[test]
fn a_configuration_of_the_wrong_kind_is_the_modules_to_refuse() {
    for text in ["[1]", "7", "\"x\"", "null"] {
        let text = format!("{{\"retry\": {text}}}");
        let found = policyctl(["check", "--json", "-"])
            .input(text)
            .ends_with(1)
            .json();
        assert_eq!(found["findings"][0]["path"], "retry", "{found:#}");
    }
}
