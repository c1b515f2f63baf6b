//! The scenarios that the program brings along.

use crate::called::policyctl;
use expect_test::{expect, expect_file};
use host_tests::document::root;
use serde_json::Value;

/// The names of those in `scenarios/`, sorted.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(root().join("scenarios")).expect("there are scenarios");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").path())
        .map(|path| {
            path.file_stem()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn file(name: &str) -> String {
    format!("scenarios/{name}.yaml")
}

#[test]
fn the_program_brings_along_what_is_in_the_folder() {
    let listed = policyctl(["run", "--list", "--json"]).ends_with(0).json();
    let listed = listed.as_array().expect("a list");
    let mut listed: Vec<&str> = listed.iter().filter_map(|one| one["name"].as_str()).collect();
    listed.sort_unstable();
    assert_eq!(listed, names());
    for name in names() {
        let text = std::fs::read_to_string(root().join(file(&name))).expect("it can be read");
        assert_eq!(policyctl(["run", "--print", &name]).ends_with(0).out, text);
    }
}

#[test]
fn what_is_expected_of_each_holds() {
    let files: Vec<String> = names().iter().map(|name| file(name)).collect();
    let called = policyctl(
        ["run", "--samples", "0"]
            .into_iter()
            .chain(files.iter().map(String::as_str)),
    )
    .run();
    assert_eq!(called.code, 0, "{}{}", called.out, called.err);
    for file in &files {
        assert!(
            called.out.contains(&format!("✓ {file}: ")),
            "{file}\n{}",
            called.out
        );
    }
}

/// A scenario with one of its expectations turned into one that cannot hold.
fn spoiled(name: &str) -> (String, usize) {
    let text = std::fs::read_to_string(root().join(file(name))).expect("it can be read");
    let (before, _) = text.split_once("\nexpect:\n").expect("it expects something");
    let before = before.trim_end();
    let line = before.lines().count() + 3;
    let never = "\nexpect:\n  - answers: { status: 418, percent: { at_least: 1 } }\n";
    (format!("{before}\n{never}"), line)
}

#[test]
fn one_expectation_that_does_not_hold_fails_each_and_is_told_with_its_place() {
    for name in names() {
        let (scenario, line) = spoiled(&name);
        let called = policyctl(["run", "-"]).input(scenario).ends_with(1);
        let place = format!("<standard input>:{line}:5: 0 of ");
        assert!(
            called.out.contains(&place),
            "{name}: no {place} in\n{}",
            called.out
        );
    }
}

#[test]
fn the_same_scenario_gives_the_same_result() {
    let played = |name: &str| policyctl(["run", "--json", name]).ends_with(0).out;
    for name in ["lossy-edge-client", "flapping-upstream"] {
        assert!(played(name) == played(name), "{name} differs from itself");
    }
}

#[test]
fn an_outage_as_a_text() {
    let told = policyctl(["run", "scenarios/outage-and-recovery.yaml"])
        .ends_with(0)
        .out;
    expect_file![root().join("host-tests/golden/outage-and-recovery.txt")].assert_eq(&told);
}

#[test]
fn a_roll_out_as_a_text() {
    let told = policyctl(["run", "scenarios/shadow-roll-out.yaml"])
        .ends_with(0)
        .out;
    expect_file![root().join("host-tests/golden/shadow-roll-out.txt")].assert_eq(&told);
}

#[test]
fn an_outage_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("outage.svg");
    let to = to.to_str().expect("its name is text");
    policyctl(["run", "outage-and-recovery", "--svg", to]).ends_with(0);
    let svg = std::fs::read_to_string(to).expect("it was written");
    expect_file![root().join("docs/images/outage-and-recovery.svg")].assert_eq(&svg);
    assert!(!svg.contains("<script"));
}

#[test]
fn pictures_of_several_go_into_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("pictures");
    let path = to.to_str().expect("its name is text");
    policyctl(["run", "black-hole", "slow-upstream", "--svg", path]).ends_with(0);
    for name in ["black-hole.svg", "slow-upstream.svg"] {
        let svg = std::fs::read_to_string(to.join(name)).expect("it was written");
        assert!(svg.starts_with("<svg"), "{name}");
    }
}

#[test]
fn the_pair_of_storms_shows_what_a_budget_is_for() {
    let attempts = |name: &str| -> usize {
        let known = policyctl(["run", "--json", name]).ends_with(0).json();
        let columns = known["timeline"]["rows"]["attempts"].as_array().cloned();
        let columns = columns.expect("there is a timeline");
        // A column is a second: from a minute on, when the cause is over for 20 seconds.
        assert_eq!(known["timeline"]["column_ms"], 1000.0);
        columns.iter().skip(60).filter_map(Value::as_u64).sum::<u64>() as usize
    };
    let seen = ["retry-storm-without-budget", "retry-storm-with-budget"].map(attempts);
    // 40 requests in each of 60 seconds: three attempts for each, but for one attempt that its delay takes past the end,
    // and one.
    assert_eq!(seen, [7199, 2400]);
}

#[test]
fn the_schema_is_that_of_the_reader() {
    let schema = policyctl(["schema", "scenario"]).ends_with(0).out;
    expect_file![root().join("schemas/scenario.schema.json")].assert_eq(&schema);
    expect!["https://json-schema.org/draft/2020-12/schema"].assert_eq(
        serde_json::from_str::<Value>(&schema).expect("JSON")["$schema"]
            .as_str()
            .expect("text"),
    );
}
