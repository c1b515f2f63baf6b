//! Commands of `make` in the documents.

use host_tests::document::Document;
use regex::Regex;

/// The targets that `make` is given in this text.
fn targets(text: &str) -> Vec<String> {
    let command = Regex::new(r"(?m)(?:^|`|\$ )make ([a-z-]+)").expect("it is an expression");
    let targets = command.captures_iter(text).map(|found| found[1].to_owned());
    targets.collect()
}

#[test]
fn every_make_command_in_the_documents_is_a_target() {
    let makefile = Document::open("Makefile");
    for document in Document::all() {
        for command in targets(document.text()) {
            let target = Regex::new(&format!("(?m)^{command}:.*## ")).expect("it is an expression");
            assert!(
                target.is_match(makefile.text()),
                "{}: `make {command}` is no target that `make help` lists",
                document.path.display()
            );
        }
    }
}

#[test]
fn the_readme_names_the_commands_that_a_newcomer_needs() {
    let commands = targets(Document::open("README.md").text());
    for expected in ["run", "test", "wasm", "help"] {
        assert!(
            commands.iter().any(|command| command == expected),
            "make {expected}"
        );
    }
}
