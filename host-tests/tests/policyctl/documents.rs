//! What the documents show of the program is what it prints.
//!
//! A block ` ```console policyctl ` has commands behind `$ ` and below each what it prints. They are run in order, in a folder
//! that has what is in the repository; what they write goes there and not into the repository.

use crate::called::policyctl;
use host_tests::document::Document;
use host_tests::document::console::{Step, matches, steps};
use host_tests::document::root;
use std::path::Path;
use std::process::Command;

/// A folder that looks like the repository: to read from, not to write to.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(root()).expect("the repository can be read") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name != "target" && name != ".git" {
            std::os::unix::fs::symlink(entry.path(), folder.path().join(name)).expect("a link");
        }
    }
    folder
}

/// What a command prints, results and asides alike.
fn printed(line: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_policyctl"));
    let tools = program.parent().expect("it is in a folder").display();
    let path = std::env::var("PATH").expect("there is a PATH");
    let output = Command::new("bash")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", format!("{tools}:{path}"))
        .output()
        .expect("a shell can be started");
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn what_the_documents_show_is_what_the_program_prints() {
    let mut shown = 0;
    let mut faults = Vec::new();
    for document in Document::all() {
        let folder = folder();
        for step in document
            .blocks_of("console policyctl")
            .iter()
            .flat_map(|block| steps(block))
        {
            let Step::Command { line, prints } = step else {
                continue;
            };
            shown += 1;
            let printed = printed(&line, folder.path());
            if !matches(&prints, &printed) {
                let place = document.path.display();
                faults.push(format!("{place}: $ {line}\nprints\n{printed}\nand not\n{prints}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(shown >= 1, "no document shows the program");
}

#[test]
fn the_scenarios_that_the_documents_show_hold_what_they_expect() {
    let documents = Document::all();
    let scenarios = documents
        .iter()
        .flat_map(|document| document.blocks_of("yaml scenario"));
    let mut played = 0;
    for scenario in scenarios {
        let called = policyctl(["run", "-"]).input(scenario).ends_with(0);
        assert!(
            called.out.contains("✓") && !called.out.contains("✗"),
            "{}",
            called.out
        );
        played += 1;
    }
    assert!(played >= 1, "no document shows a scenario");
}
