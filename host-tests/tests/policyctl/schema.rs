//! `policyctl schema`.

use crate::called::policyctl;

#[test]
fn each_plugins_schema_is_the_one_that_is_checked_in() {
    let names = policyctl(["schema"]).ends_with(0).out;
    assert!(names.lines().count() >= 5, "{names}");
    for name in names.lines() {
        let file = host_tests::document::root().join(format!("schemas/{name}.schema.json"));
        let file = std::fs::read_to_string(file).expect("there is a schema of it");
        assert_eq!(policyctl(["schema", name]).ends_with(0).out, file, "{name}");
    }
    let listed = policyctl(["schema", "--json"]).ends_with(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(names.lines().count()));
}

#[test]
fn an_unknown_plugin_is_told_those_that_there_are() {
    let called = policyctl(["schema", "breaker"]).ends_with(2);
    assert!(
        called
            .err
            .starts_with("error: there is no plugin `breaker`\nhelp: one of: admin, circuit-breaker, "),
        "{}",
        called.err
    );
}
