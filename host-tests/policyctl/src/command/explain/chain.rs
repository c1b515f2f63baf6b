//! The filters that the request passes, as the file installs them.

use super::asked::Asked;
use super::record::Record;
use super::routes::Table;
use crate::installed::{Given, Installed, Stands};
use crate::modules::Modules;
use crate::problem::Problem;
use host::{Cluster, Host, Module};
use serde_json::{Value, json};
use std::path::Path;

/// A filter, and the module that it runs.
pub(super) struct Member {
    pub(super) installed: Installed,
    pub(super) module: Module,
}

/// The filters that the request passes.
pub(super) struct Chain {
    before_the_router: Vec<Member>,
    in_clusters: Vec<(String, Member)>,
    notes: Vec<String>,
}

impl Chain {
    /// The chain of the listener of this name, or the first, with the filters of all clusters.
    ///
    /// # Errors
    /// There is none, or a module that cannot be loaded.
    pub(super) fn of(
        all: &[Installed],
        listener: Option<&str>,
        module: Option<&Path>,
        modules: &Modules,
    ) -> Result<Self, Problem> {
        let mut notes = Vec::new();
        let ours = all.iter().filter(|each| each.plugin.is_some());
        let (in_clusters, before): (Vec<_>, Vec<_>) =
            ours.partition(|each| matches!(each.stands, Stands::Cluster(_)));
        let mut chains: Vec<(Option<String>, Vec<&Installed>)> = Vec::new();
        for installed in before {
            let chain = installed.chain();
            match chains.iter_mut().find(|(known, _)| *known == chain) {
                Some((_, members)) => members.push(installed),
                None => chains.push((chain, vec![installed])),
            }
        }
        let names: Vec<String> = chains.iter().map(|(_, members)| name(members)).collect();
        let chosen = match listener {
            None => 0,
            Some(listener) => names.iter().position(|name| name == listener).ok_or_else(|| {
                Problem::new(format!("there is no chain of a listener `{listener}`"))
                    .cure(format!("one of: {}", names.join(", ")))
            })?,
        };
        if chains.is_empty() && in_clusters.is_empty() {
            return Err(Problem::new("there is no plugin of ours in it")
                .cure("give a file with a filter of the Wasm type, or a plugin's configuration"));
        }
        let members = chains.get(chosen).map(|(_, members)| members.as_slice());
        let members = members.unwrap_or_default();
        if names.len() > 1 {
            let others: Vec<&str> = names.iter().map(String::as_str).collect();
            notes.push(format!(
                "there are {} chains ({}): this is {}; --listener takes another",
                names.len(),
                others.join(", "),
                names.get(chosen).map(String::as_str).unwrap_or_default()
            ));
        }
        for installed in all.iter().filter(|each| each.plugin.is_none()) {
            notes.push(format!("{} is none of ours, and was left out", installed.name));
        }
        let member = |installed: &Installed| -> Result<Member, Problem> {
            let module = match module {
                Some(file) => Some(modules.file(file)?),
                None => installed.module(modules)?,
            };
            let module =
                module.ok_or_else(|| Problem::new(format!("there is no module for {}", installed.name)))?;
            let installed = installed.clone();
            Ok(Member { installed, module })
        };
        let before_the_router = members
            .iter()
            .map(|each| member(each))
            .collect::<Result<_, _>>()?;
        let in_clusters = in_clusters.into_iter().map(|each| {
            let Stands::Cluster(cluster) = &each.stands else {
                return Err(Problem::new("a filter of no cluster"));
            };
            Ok((cluster.clone(), member(each)?))
        });
        Ok(Self {
            before_the_router,
            in_clusters: in_clusters.collect::<Result<_, _>>()?,
            notes,
        })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        let in_clusters = self.in_clusters.iter().map(|(_, member)| member);
        self.before_the_router.iter().chain(in_clusters)
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The plugins that say nothing of this request.
    pub(super) fn silent(&self, record: &Record) -> Vec<&'static str> {
        let says = |plugin: &str| record.explained.iter().any(|each| each["plugin"] == plugin);
        let all = self.members().flat_map(|member| member.installed.runs());
        let mut silent: Vec<&'static str> = all.filter(|plugin| !says(plugin)).collect();
        silent.dedup();
        silent
    }

    /// The first of those before the router, by which the listener is found; of those in clusters, if there is none.
    pub(super) fn first(&self) -> Option<&Installed> {
        self.members().next().map(|member| &member.installed)
    }

    /// A host with these filters, each of which explains all that it does.
    pub(super) fn host(&self, table: &Table, asked: &Asked) -> Host {
        self.host_with(table, asked, |installed| explaining(installed, None))
    }

    /// The same, where the plugin of this name has this for its rules.
    pub(super) fn host_with_rules(&self, table: &Table, asked: &Asked, plugin: &str, rules: &Value) -> Host {
        self.host_with(table, asked, |installed| {
            explaining(installed, Some((plugin, rules)))
        })
    }

    fn host_with(&self, table: &Table, asked: &Asked, given: impl Fn(&Installed) -> Given) -> Host {
        let plugin = |member: &Member| {
            let given = given(&member.installed);
            let installed = Installed {
                given,
                ..member.installed.clone()
            };
            installed.with_module(member.module.clone())
        };
        let clusters = table.clusters().map(|name| {
            let within = self.in_clusters.iter().filter(|(cluster, _)| cluster == name);
            Cluster::new(name)
                .answers([asked.answer()])
                .filters(within.map(|(_, member)| plugin(member)))
        });
        let clusters: Vec<Cluster> = clusters.collect();
        let host = match self.before_the_router.is_empty() {
            true => Host::of_clusters(clusters),
            false => Host::chain(self.before_the_router.iter().map(plugin)).clusters(clusters),
        };
        let host = host
            .edge(asked.edge(table.edge()))
            .allow_vm_death()
            .allow_memory_growth();
        match table.virtual_hosts() {
            Some(hosts) => host.virtual_hosts(hosts),
            None => host.routes([table.route()]),
        }
    }
}

/// The listener's name.
fn name(members: &[&Installed]) -> String {
    match members.first().map(|first| &first.stands) {
        Some(Stands::Listener(name)) if !name.is_empty() => name.clone(),
        _ => members
            .first()
            .map(|first| first.name.clone())
            .unwrap_or_default(),
    }
}

/// Its configuration with "explain": "all", and with other rules where it is the plugin of this name.
fn explaining(installed: &Installed, rules: Option<(&str, &Value)>) -> Given {
    const ALL: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];
    let change = |plugin: &str, section: &mut Value| {
        // Others decide nothing about requests, and have no such setting.
        if !ALL.contains(&plugin) {
            return;
        }
        if let Some(members) = section.as_object_mut() {
            members.insert("explain".to_owned(), json!("all"));
            if let Some((_, rules)) = rules.filter(|(wanted, _)| *wanted == plugin) {
                members.insert("routes".to_owned(), (*rules).clone());
            }
        }
    };
    let plugin = installed.plugin.unwrap_or_default();
    let of_all = plugin == "policies";
    let mut tree = match (&installed.configuration, of_all) {
        (Some(document), _) => (*document.tree).clone(),
        (None, false) => json!({}),
        // Nothing at all asks for all of them.
        (None, true) => ALL
            .iter()
            .map(|name| ((*name).to_owned(), json!({})))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    };
    match (of_all, tree.as_object_mut()) {
        (true, Some(sections)) => {
            for name in ALL {
                if let Some(section) = sections.get_mut(name) {
                    change(name, section);
                }
            }
        }
        _ => change(plugin, &mut tree),
    }
    match installed.given {
        Given::Struct(_) => Given::Struct(tree),
        Given::Nothing | Given::Text(_) => Given::Text(tree.to_string()),
    }
}
