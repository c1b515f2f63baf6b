//! Where it is read what an Envoy is configured to: files, and what its administration interface answers.

mod admin;

use crate::document::{Document, Node};
use crate::problem::Problem;
use std::path::{Path, PathBuf};

/// What tells of an Envoy.
pub(crate) struct Sources {
    /// The configuration: a bootstrap or an answer of `/config_dump`; or manifests.
    pub(crate) documents: Vec<Document>,
    /// Files that it names, of filters that come by extension discovery.
    pub(crate) discovered: Vec<(PathBuf, Document)>,
    /// What a running Envoy says beside its configuration.
    pub(crate) told: Option<Told>,
}

/// What a running Envoy says beside its configuration.
pub(crate) struct Told {
    /// Where it was asked.
    pub(crate) address: String,
    /// Counters and gauges of its own, by their full names.
    pub(crate) numbers: Vec<(String, u64)>,
}

impl Sources {
    /// Reads a file, or asks the administration interface at this address.
    ///
    /// # Errors
    /// What cannot be read, or is none of what an Envoy is configured with.
    pub(crate) fn read(given: &str) -> Result<Self, Problem> {
        if given.starts_with("http://") {
            let (documents, told) = admin::ask(given)?;
            return Ok(Self {
                documents,
                discovered: Vec::new(),
                told: Some(told),
            });
        }
        if given.starts_with("https://") {
            return Err(
                Problem::new(format!("{given}: only http is spoken here")).cure(
                    "Envoy's administration interface has no TLS: give http://127.0.0.1:9901, or save its /config_dump",
                ),
            );
        }
        let documents = Document::read_all(Path::new(given))?;
        let is_known = |document: &Document| {
            let root = document.root();
            let tops = ["static_resources", "dynamic_resources", "configs", "bootstrap"];
            tops.iter().any(|top| root.get(top).is_some()) || is_manifest(&root)
        };
        if let Some(other) = documents.iter().find(|document| !is_known(document)) {
            let problem = Problem::new(format!(
                "{}: is neither an Envoy's configuration nor a dump of one",
                other.told_place("")
            ));
            return Err(problem.cure(
                "give a bootstrap, what `curl http://127.0.0.1:9901/config_dump?include_eds` answers, manifests for Istio or \
                 Envoy Gateway, or the address of the administration interface",
            ));
        }
        // A gateway's manifest has a part of a bootstrap as a text.
        let within = documents
            .iter()
            .filter_map(|document| document.embedded("/spec/bootstrap/value"))
            .filter(|document| document.root().get("stats_config").is_some());
        let within: Vec<Document> = within.collect();
        Self::with_files(documents.into_iter().chain(within).collect())
    }

    /// With the files that the documents name.
    fn with_files(documents: Vec<Document>) -> Result<Self, Problem> {
        let mut named = Vec::new();
        for document in &documents {
            paths(&document.root(), &mut named);
        }
        let mut discovered = Vec::new();
        for (path, beside) in named {
            if discovered.iter().any(|(known, _)| *known == path) {
                continue;
            }
            // As Envoy finds it, from where it is started; or from where the configuration is.
            let found = [path.clone(), beside.join(&path)]
                .into_iter()
                .find(|path| path.is_file());
            if let Some(found) = found {
                let read = Document::read_all(&found)?;
                discovered.extend(read.into_iter().map(|document| (path.clone(), document)));
            }
        }
        Ok(Self {
            documents,
            discovered,
            told: None,
        })
    }
}

/// Whether it is a manifest.
pub(super) fn is_manifest(root: &Node<'_>) -> bool {
    !root.text("kind").is_empty() && !root.text("apiVersion").is_empty()
}

/// The files from which filters are to be read, each with the folder of the document that names it.
fn paths(node: &Node<'_>, found: &mut Vec<(PathBuf, PathBuf)>) {
    if let Some(discovery) = node.get("config_discovery") {
        let path = discovery.text("config_source.path_config_source.path");
        if !path.is_empty() {
            let document = Path::new(&*node.document().name);
            let beside = document.parent().unwrap_or(Path::new(""));
            found.push((path.into(), beside.into()));
        }
    }
    for (_, below) in node.members() {
        paths(&below, found);
    }
    for item in node.items() {
        paths(&item, found);
    }
}
