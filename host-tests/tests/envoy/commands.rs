//! The commands that the documents show, run as they are written, and what they print compared with what is shown.
//!
//! A block ` ```console envoy/<sample>.yaml ` has commands behind `$ ` and below each what it prints, where `…` stands for
//! what varies and a line of `…` for any lines. All blocks of a document for one sample are run in order, against one
//! Envoy. A block ` ```json log envoy/<sample>.yaml ` has lines that its log has by then, ` ```json access … ` members of
//! an entry of its access log, and ` ```json explained … ` what one of those explains.

pub(crate) mod make;
mod session;

use host_tests::document::Document;
use host_tests::document::console::{Step, matches, steps};
use session::Session;
use std::collections::BTreeMap;
use std::thread;

/// The blocks of a document for each sample.
fn samples(document: &Document) -> BTreeMap<String, Vec<Step>> {
    let mut samples: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for block in document.blocks() {
        let (kind, sample) = match block.info.split(' ').collect::<Vec<_>>()[..] {
            ["console", sample] if sample != "policyctl" => ("console", sample),
            ["json", kind @ ("log" | "access" | "explained"), sample] => (kind, sample),
            _ => continue,
        };
        let lines = || block.text.lines().map(str::to_owned);
        let steps = match kind {
            "console" => steps(&block.text),
            "log" => lines().map(Step::Logged).collect(),
            "access" => lines().map(Step::Accessed).collect(),
            _ => vec![Step::Explained(block.text.clone())],
        };
        samples.entry(sample.to_owned()).or_default().extend(steps);
    }
    samples
}

#[test]
fn what_the_documents_show_is_what_the_commands_print() {
    let documents = Document::all();
    let sessions: Vec<_> = documents
        .iter()
        .flat_map(|document| {
            samples(document)
                .into_iter()
                .map(move |samples| (document, samples))
        })
        .collect();
    assert!(sessions.len() >= 5, "{}", sessions.len());
    let faults: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = sessions
            .iter()
            .map(|(document, (sample, steps))| {
                scope.spawn(move || {
                    let faults = Session::start(sample).run(steps);
                    let place = document.path.display();
                    faults
                        .into_iter()
                        .map(move |fault| format!("{place}: {sample}: {fault}"))
                })
            })
            .collect();
        let faults = running
            .into_iter()
            .map(|thread| thread.join().expect("it does not panic"));
        faults.flatten().collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn no_block_of_commands_is_left_out() {
    for document in Document::all() {
        for block in document.blocks() {
            // Those of the desk tool that need no Envoy have a test of their own.
            let is_run = block.info.starts_with("console envoy/") || block.info == "console policyctl";
            assert!(
                is_run || !block.info.starts_with("console") && !block.text.starts_with("$ "),
                "{}: nobody runs\n{}",
                document.path.display(),
                block.text
            );
        }
    }
}

#[test]
fn what_varies_is_all_that_may_differ() {
    let shown = "200 in … ms\n…\nlast\n";
    for same in [
        "200 in 1 ms\nlast\n",
        "200 in  ms\na\nb\nlast\n",
        "200 in 12 ms\n\nlast",
    ] {
        assert!(matches(shown, same), "{same}");
    }
    for other in [
        "",
        "200 in 1 ms\n",
        "201 in 1 ms\nlast\n",
        "200 in 1 ms\nlast\nmore\n",
        "200 in 1\n ms\nlast\n",
    ] {
        assert!(!matches(shown, other), "{other}");
    }
}
