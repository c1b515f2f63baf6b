//! What this repository ships is fine.

use crate::called::policyctl;
use host_tests::document::root;
use std::path::{Path, PathBuf};

/// Routes and settings of a mesh and a gateway, and a filter of Envoy's own: no plugin is in them.
const WITHOUT_PLUGINS: [&str; 3] = [
    "envoy/envoy-gateway/proxy.yaml",
    "envoy/envoy-gateway/traffic.yaml",
    "envoy/istio/routes.yaml",
];

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() && !path.ends_with("observability") {
            files(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            all.push(path);
        }
    }
}

#[test]
fn every_sample_and_manifest_is_fine() {
    let mut all = Vec::new();
    files(&root().join("envoy"), &mut all);
    let names = all.iter().map(|path| {
        path.strip_prefix(root())
            .expect("it is below")
            .display()
            .to_string()
    });
    let mut names: Vec<String> = names
        .filter(|name| !WITHOUT_PLUGINS.contains(&name.as_str()))
        .collect();
    names.sort();
    let arguments = ["check", "--strict", "--json"]
        .into_iter()
        .chain(names.iter().map(String::as_str));
    let found = policyctl(arguments).ends_with(0).json();
    // The manifests leave a place for the digest, and that is noted.
    for finding in found["findings"].as_array().expect("it is a list") {
        assert_eq!(finding["severity"], "note", "{finding:#}");
        let message = finding["message"].as_str().expect("it is a text");
        assert!(
            message.starts_with("this digest is only a place for one"),
            "{finding:#}"
        );
    }
    let plugins = found["plugins"].as_array().expect("it is a list");
    for name in names {
        assert!(
            plugins.iter().any(|plugin| plugin["file"] == name.as_str()),
            "{name}"
        );
    }
}

#[test]
fn a_file_without_a_plugin_is_told_what_is_in_it() {
    for name in WITHOUT_PLUGINS {
        let called = policyctl(["check", name]).ends_with(2);
        assert!(called.out.contains("installs no"), "{name}: {}", called.out);
    }
}
