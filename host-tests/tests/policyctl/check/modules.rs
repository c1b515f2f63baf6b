//! Modules that are given, and those that are no good.

use super::{check, findings};
use crate::called::policyctl;

/// The path of a file with these bytes.
fn file(folder: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("there is room for a file");
    path.display().to_string()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// A module that does this when it gets its configuration.
fn module(folder: &tempfile::TempDir, name: &str, configure: &str) -> String {
    let text = format!(
        r#"(module (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "proxy_on_configure") (param i32 i32) (result i32) {configure}))"#
    );
    file(folder, name, wat::parse_str(text).expect("it is a module"))
}

#[test]
fn a_given_module_is_the_one_that_is_asked() {
    let policies = host_tests::document::root()
        .join("dist/policies.wasm")
        .display()
        .to_string();
    let found = check(
        "{\"mode\": \"x\"}",
        &["--plugin", "retry", "--module", &policies],
        1,
    );
    assert_eq!(findings(&found)[0].3, "mode");
    assert_eq!(found["plugins"][0]["module"], policies);
    // Its name says for which plugin a configuration is.
    let retry = host_tests::document::root()
        .join("dist/retry.wasm")
        .display()
        .to_string();
    assert_eq!(
        check("{}", &["--module", &retry], 0)["plugins"][0]["plugin"],
        "retry"
    );
}

#[test]
fn one_that_is_no_module_is_told() {
    let folder = folder();
    for (name, bytes) in [
        ("text.wasm", &b"hello"[..]),
        ("empty.wasm", b""),
        ("bare.wasm", b"\0asm\x01\0\0\0"),
    ] {
        let path = file(&folder, name, bytes);
        let called = policyctl(["check", "envoy/retry.yaml", "--module", &path]).ends_with(2);
        assert!(
            called.err.contains("is no module that a proxy could load"),
            "{name}: {}",
            called.err
        );
    }
    let called = policyctl(["check", "envoy/retry.yaml", "--module", "/nowhere.wasm"]).ends_with(2);
    assert!(
        called.err.starts_with("error: /nowhere.wasm: No such file"),
        "{}",
        called.err
    );
    let called = policyctl(["check", "envoy/retry.yaml", "--module", "envoy"]).ends_with(2);
    assert!(called.err.starts_with("error: envoy: "), "{}", called.err);
    // As a configuration names it, it is a fault of that.
    let path = file(&folder, "retry.wasm", b"hello");
    let text = format!(
        "typed_config:\n  '@type': x/envoy.extensions.filters.http.wasm.v3.Wasm\n  config:\n    vm_config: {{ code: {{ local: {{ filename: {path} }} }} }}\n"
    );
    let found = check(&text, &[], 1);
    assert!(
        findings(&found)[0]
            .4
            .contains("is no module that a proxy could load"),
        "{found:#}"
    );
    assert_eq!(findings(&found)[0].1, 4);
}

#[test]
fn one_that_dies_hangs_or_says_nothing_is_told() {
    let folder = folder();
    for (name, configure, says) in [
        (
            "dies.wasm",
            "unreachable",
            "the module died over this configuration: ",
        ),
        (
            "hangs.wasm",
            "(loop (br 0)) (i32.const 1)",
            "the module died over this configuration: ",
        ),
        (
            "silent.wasm",
            "(i32.const 0)",
            "the module refuses this configuration and does not say why",
        ),
    ] {
        let path = module(&folder, name, configure);
        let found = check("{}", &["--plugin", "retry", "--module", &path], 1);
        assert!(findings(&found)[0].4.starts_with(says), "{found:#}");
    }
    let path = module(&folder, "fine.wasm", "(i32.const 1)");
    check("{}", &["--plugin", "retry", "--module", &path], 0);
}

#[test]
fn there_is_no_plugin_of_another_name() {
    let called = policyctl(["check", "--plugin", "breaker", "-"])
        .input("{}")
        .ends_with(2);
    assert!(
        called.err.starts_with("error: there is no plugin `breaker`"),
        "{}",
        called.err
    );
}
