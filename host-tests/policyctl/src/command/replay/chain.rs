//! The plugins that a configuration installs, as the host takes them.

use crate::document::Document;
use crate::installed::{self, Installed, Stands};
use crate::modules::Modules;
use crate::problem::Problem;
use host::Plugin;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The plugins of a listener, and those of clusters.
pub(super) struct Chain {
    pub(super) plugins: Vec<Plugin>,
    pub(super) of_clusters: BTreeMap<String, Vec<Plugin>>,
}

impl Chain {
    /// The plugins in these files. `listener`: which one, where they are in several.
    pub(super) fn read(
        files: &[PathBuf],
        modules: &Modules,
        plugin: Option<&str>,
        listener: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for file in files {
            let documents = Document::read_all(file)?;
            found.extend(installed::find_all(&documents, modules, plugin)?);
        }
        found.retain(|installed| installed.plugin.is_some());
        let listener = choose(&found, listener)?;
        let mut chain = Self {
            plugins: Vec::new(),
            of_clusters: BTreeMap::new(),
        };
        for installed in &found {
            let place = match &installed.stands {
                Stands::Cluster(cluster) => chain.of_clusters.entry(cluster.clone()).or_default(),
                Stands::Listener(name) if listener.as_ref().is_some_and(|listener| listener != name) => {
                    continue;
                }
                Stands::Listener(_) | Stands::Unsaid => &mut chain.plugins,
            };
            place.extend(installed.to_host(modules)?);
        }
        match chain.plugins.is_empty() {
            true => Err(none_in(files)),
            false => Ok(chain),
        }
    }
}

fn none_in(files: &[PathBuf]) -> Problem {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Problem::new(format!(
        "{}: no plugin stands before a router there",
        files.join(", ")
    ))
    .cure("give a plugin's configuration, or an Envoy's whose listener has one of them as a filter")
}

/// The listener whose plugins are meant; `None` where they are in none.
fn choose(found: &[Installed], listener: Option<&str>) -> Result<Option<String>, Problem> {
    let mut names: Vec<&str> = found
        .iter()
        .filter_map(|installed| match &installed.stands {
            Stands::Listener(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.dedup();
    match (listener, names.as_slice()) {
        (None, [] | [_]) => Ok(names.first().map(|name| (*name).to_owned())),
        (Some(given), _) if names.contains(&given) => Ok(Some(given.to_owned())),
        (Some(given), _) => Err(
            Problem::new(format!("there is no listener `{given}` with plugins"))
                .cure(format!("one of: {}", names.join(", "))),
        ),
        (None, _) => Err(Problem::new("there are plugins in several listeners".to_owned())
            .cure(format!("say with --listener which one: {}", names.join(", ")))),
    }
}

/// A plugin refused what it was given.
pub(super) fn refused(files: &[PathBuf], refused: &host::Refused) -> Problem {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let said: Vec<&str> = refused.log().iter().map(|line| line.message.as_str()).collect();
    let said = match said.is_empty() {
        true => refused.to_string(),
        false => said.join("\n"),
    };
    Problem::new(format!(
        "{}: {} refuses its configuration:\n{said}",
        files.join(", "),
        refused.plugin()
    ))
    .cure(format!("policyctl check {} says where", files.join(" ")))
}
