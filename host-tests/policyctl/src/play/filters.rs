//! The filters of a scenario: those that it writes down, and those that an Envoy's configuration installs.

use crate::document::Document;
use crate::installed::{self, Stands};
use crate::modules::{self, Modules};
use crate::problem::Problem;
use crate::scenario::{self, At, FailurePolicy, Filter, POLICIES, Scenario};
use host::Plugin;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Filters and where they stand.
#[derive(Default)]
pub(super) struct Standing {
    /// Before the router.
    pub(super) chain: Vec<Plugin>,
    /// In clusters, by their names.
    pub(super) in_clusters: BTreeMap<String, Vec<Plugin>>,
    /// What those are called.
    pub(super) of_clusters: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Standing {
    fn add(&mut self, cluster: &str, name: String, plugin: Plugin) {
        self.of_clusters.insert(name);
        self.in_clusters
            .entry(cluster.to_owned())
            .or_default()
            .push(plugin);
    }

    /// A filter's name, with a number behind it where another has it already.
    fn free_name(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}-{number}");
            number += 1;
        }
        free
    }
}

fn listener_of(stands: &Stands) -> Option<&str> {
    match stands {
        Stands::Listener(name) => Some(name),
        Stands::Unsaid => Some(""),
        Stands::Cluster(_) => None,
    }
}

/// Reads what filters are made of.
pub(super) struct Filters<'a> {
    pub(super) modules: &'a Modules,
    /// The scenario's file.
    pub(super) file: &'a Path,
}

impl Filters<'_> {
    /// All filters of a scenario.
    pub(super) fn all(&self, scenario: &Scenario) -> Result<Standing, Problem> {
        let mut standing = match &scenario.bootstrap {
            Some(file) => self.installed(file, scenario.listener.as_ref())?,
            None => Standing {
                chain: self.chain(scenario)?,
                ..Standing::default()
            },
        };
        for (cluster, set) in &scenario.clusters {
            for filter in &set.filters {
                let name = scenario::name_of(filter, Some(cluster));
                let plugin = self.plugin(filter, &name)?;
                standing.add(cluster, name, plugin);
            }
        }
        Ok(standing)
    }

    /// The filters that an Envoy's configuration, or manifests, install.
    fn installed(&self, file: &At<String>, listener: Option<&At<String>>) -> Result<Standing, Problem> {
        let path = self.beside(file);
        let documents = Document::read_all(&path)?;
        let all = installed::find_all(&documents, self.modules, None)?;
        let listeners: Vec<&str> = all.iter().filter_map(|one| listener_of(&one.stands)).collect();
        let wanted = listener.map(|name| name.as_str()).or(listeners.first().copied());
        if let Some(name) = listener
            && !listeners.contains(&name.as_str())
        {
            let said = format!("{}: no listener `{}` has plugins", path.display(), name.as_str());
            return Err(Problem::new(said).cure(format!("there is {}", listeners.join(", "))));
        }
        let mut standing = Standing::default();
        for one in &all {
            let name = standing.free_name(&one.name);
            let Some(plugin) = one.to_host(self.modules)? else {
                let said = format!(
                    "{}: the module of the filter {} is not here",
                    one.told_place(),
                    one.name
                );
                return Err(
                    Problem::new(said).cure("give its .wasm file where the configuration says that it is")
                );
            };
            let plugin = plugin
                .name(&name)
                .failure_policy(match one.failure_policy.as_deref() {
                    Some("FAIL_RELOAD") => host::FailurePolicy::Reload,
                    Some("FAIL_OPEN") => host::FailurePolicy::Open,
                    _ => host::FailurePolicy::Closed,
                });
            match &one.stands {
                Stands::Cluster(cluster) => standing.add(cluster, name, plugin),
                stands if listener_of(stands) == wanted => standing.chain.push(plugin),
                _ => {}
            }
        }
        match standing.chain.is_empty() {
            true => Err(Problem::new(format!(
                "{}: installs no plugin before the router",
                path.display()
            ))),
            false => Ok(standing),
        }
    }

    fn chain(&self, scenario: &Scenario) -> Result<Vec<Plugin>, Problem> {
        let whole = match (&scenario.policies, &scenario.policies_file) {
            (Some(policies), _) => Some(policies.value.clone()),
            (None, Some(file)) => Some(scenario::value_in_file(&self.beside(file))?),
            (None, None) => None,
        };
        if let Some(configuration) = whole {
            let module = self.module(POLICIES, None)?;
            let plugin = Plugin::new(module)
                .name(POLICIES)
                .root_id(POLICIES)
                .vm_id(POLICIES);
            let plugin = plugin.failure_policy(host::FailurePolicy::Reload);
            return Ok(vec![plugin.config(configuration)]);
        }
        let filters = scenario.filters.iter();
        filters
            .map(|filter| self.plugin(filter, &scenario::name_of(filter, None)))
            .collect()
    }

    fn plugin(&self, filter: &Filter, name: &str) -> Result<Plugin, Problem> {
        let module = self.module(&filter.plugin, filter.module.as_ref())?;
        let plugin = Plugin::new(module)
            .name(name)
            .root_id(filter.root_id.as_deref().unwrap_or(&filter.plugin))
            .vm_id(filter.vm_id.as_deref().unwrap_or(POLICIES))
            .failure_policy(match filter.failure_policy {
                FailurePolicy::Closed => host::FailurePolicy::Closed,
                FailurePolicy::Open => host::FailurePolicy::Open,
                FailurePolicy::Reload => host::FailurePolicy::Reload,
            });
        let configuration = match (&filter.config, &filter.config_file) {
            (Some(configuration), _) => Some(configuration.clone()),
            (None, Some(file)) => Some(scenario::value_in_file(&self.beside(file))?),
            (None, None) => None,
        };
        Ok(match configuration {
            Some(configuration) => plugin.config(configuration),
            None => plugin,
        })
    }

    fn module(&self, name: &str, file: Option<&At<String>>) -> Result<host::Module, Problem> {
        match file {
            Some(file) => Modules::in_file(&self.beside(file)),
            None => self.modules.named(name).ok_or_else(|| {
                let names: Vec<&str> = self.modules.names().collect();
                modules::unknown(name, &names)
            }),
        }
    }

    /// A path that the scenario gives is relative to its file.
    fn beside(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }
}
