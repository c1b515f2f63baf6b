//! The manifests for meshes and gateways: each is what its resource's definition allows, and each plugin loads its
//! configuration from each.
//!
//! What only a control plane could show (that it makes of a manifest what this says) is not shown here. The patches for
//! Envoy itself are tried on the real one, in the other tests.

mod definitions;
mod emitted;
mod envoy_gateway;
mod loaded;
mod places;
mod spoiled;
mod traffic_extension;

use live::Sample;
use serde_json::Value;
use std::path::PathBuf;

/// A resource in one of the files.
struct Document {
    /// Its file, and what it is called there.
    place: String,
    kind: String,
    tree: Value,
}

/// Every resource of every manifest.
fn documents() -> Vec<Document> {
    let documents: Vec<Document> = files().into_iter().flat_map(in_file).collect();
    assert!(documents.len() >= 17, "only {}", documents.len());
    documents
}

/// The resources of this kind.
fn of_kind(kind: &str) -> Vec<Document> {
    let mut documents = documents();
    documents.retain(|document| document.kind == kind);
    assert!(!documents.is_empty(), "no {kind}");
    documents
}

fn files() -> Vec<PathBuf> {
    let folders = ["envoy/istio", "envoy/envoy-gateway"].map(|folder| live::repository().join(folder));
    let entries = folders
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("there are manifests"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn in_file(path: PathBuf) -> Vec<Document> {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    in_text(&path.display().to_string(), &text)
}

/// The resources in the text of a file of this name. Comments alone are none.
fn in_text(name: &str, text: &str) -> Vec<Document> {
    let is_said = |part: &&str| {
        part.lines()
            .any(|line| !line.is_empty() && !line.starts_with('#'))
    };
    let documents = text.split("\n---\n").filter(is_said).map(|part| {
        let tree = Sample::parse(name, part)
            .unwrap_or_else(|error| panic!("{error}"))
            .tree()
            .clone();
        let text = |pointer: &str| {
            tree.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let kind = text("/kind");
        Document {
            place: format!("{name}: {kind} {}", text("/metadata/name")),
            kind,
            tree,
        }
    });
    documents.collect()
}

#[test]
fn every_manifest_is_what_its_definition_allows() {
    for document in documents() {
        let faults = definitions::faults(&document.tree);
        assert!(faults.is_empty(), "{}: {faults:#?}", document.place);
    }
}

#[test]
fn no_two_resources_of_a_kind_have_the_same_name() {
    let mut names: Vec<String> = documents()
        .iter()
        .map(|document| {
            let metadata = &document.tree["metadata"];
            format!("{} {}/{}", document.kind, metadata["namespace"], metadata["name"])
        })
        .collect();
    names.sort();
    let all = names.clone();
    names.dedup();
    assert_eq!(names, all);
}
