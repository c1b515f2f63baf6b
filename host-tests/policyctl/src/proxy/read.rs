//! Reads an Envoy's parts out of a bootstrap, or out of a dump.

use super::sources::is_manifest;
use super::{Cluster, Filter, Listener, Manager, Proxy, Routes, Sources, Unseen, manifest};
use crate::document::Node;
use crate::installed::Stands;
use crate::modules::Modules;
use std::path::Path;

/// What is found of an Envoy, before it is put together.
#[derive(Default)]
struct Found<'d> {
    bootstrap: Option<Node<'d>>,
    labels: Option<Node<'d>>,
    listeners: Vec<Node<'d>>,
    clusters: Vec<Node<'d>>,
    discovered: Discovered<'d>,
    refused: Vec<(Node<'d>, &'d str)>,
}

/// What listeners refer to by name.
#[derive(Default)]
pub(super) struct Discovered<'d> {
    routes: Vec<Node<'d>>,
    /// Of a dump: filters with their names.
    filters: Vec<Node<'d>>,
    /// Of files, by their paths.
    files: Vec<(&'d Path, Node<'d>)>,
}

impl<'d> Discovered<'d> {
    /// Of these filters with their names.
    pub(super) fn of(filters: Vec<Node<'d>>) -> Self {
        Self {
            filters,
            ..Self::default()
        }
    }

    /// The typed configuration of the filter of this name, which comes from this file, if from any.
    pub(super) fn filter(&self, name: &str, path: &str) -> Option<Node<'d>> {
        let of_files = self.files.iter().filter(|(file, _)| *file == Path::new(path));
        let of_files = of_files.flat_map(|(_, node)| node.all("resources"));
        let all = self.filters.iter().cloned().chain(of_files);
        let mut named = all.filter(|filter| filter.text("name") == name);
        named.find_map(|filter| filter.get("typed_config"))
    }
}

/// What the sources tell of an Envoy.
pub(super) fn proxy<'d>(sources: &'d Sources, modules: &Modules) -> Proxy<'d> {
    let mut found = Found::default();
    let files = sources.discovered.iter();
    found.discovered.files = files
        .map(|(path, document)| (path.as_path(), document.root()))
        .collect();
    let mut manifests = Vec::new();
    for document in &sources.documents {
        let root = document.root();
        if is_manifest(&root) {
            manifests.push(root);
        } else if let Some(configs) = root.get("configs") {
            for dump in configs.items() {
                of_dump(&dump, &mut found);
            }
        } else if root.get("stats_config").is_some() && root.get("static_resources").is_none() {
            found.labels = Some(root);
        } else {
            of_bootstrap(root.get("bootstrap").unwrap_or(root), &mut found);
        }
    }
    let mut proxy = Proxy {
        labels: found.labels.or_else(|| found.bootstrap.clone()),
        manifests: Vec::new(),
        bootstrap: found.bootstrap,
        listeners: Vec::new(),
        clusters: Vec::new(),
        unseen: Vec::new(),
        refused: found.refused,
    };
    for node in found.listeners {
        let managers = managers(&node, &found.discovered, modules, &mut proxy.unseen);
        proxy.listeners.push(Listener { node, managers });
    }
    for node in found.clusters {
        let filters = attempts(&node, &found.discovered, modules, &mut proxy.unseen);
        proxy.clusters.push(Cluster { node, filters });
    }
    for manifest in manifests {
        manifest::add(manifest, modules, &mut proxy);
    }
    proxy
}

fn of_bootstrap<'d>(bootstrap: Node<'d>, found: &mut Found<'d>) {
    found
        .listeners
        .extend(bootstrap.all("static_resources.listeners"));
    found.clusters.extend(bootstrap.all("static_resources.clusters"));
    found.bootstrap = Some(bootstrap);
}

/// A part of a dump. What the bootstrap holds of listeners and clusters stands in their own parts once more.
fn of_dump<'d>(dump: &Node<'d>, found: &mut Found<'d>) {
    let all = |list: &str, path: &str| {
        let items = dump.all(list).into_iter();
        items.filter_map(|item| item.at(path)).collect::<Vec<_>>()
    };
    let kind = dump.value().get("@type").and_then(|kind| kind.as_str());
    match kind.and_then(|kind| kind.rsplit('.').next()).unwrap_or_default() {
        "BootstrapConfigDump" => found.bootstrap = dump.get("bootstrap"),
        "ListenersConfigDump" => {
            found.listeners.extend(all("static_listeners", "listener"));
            found
                .listeners
                .extend(all("dynamic_listeners", "active_state.listener"));
            found.refuse(dump, "dynamic_listeners");
        }
        "ClustersConfigDump" => {
            found.clusters.extend(all("static_clusters", "cluster"));
            found.clusters.extend(all("dynamic_active_clusters", "cluster"));
            found.refuse(dump, "dynamic_warming_clusters");
        }
        "RoutesConfigDump" => {
            let routes = &mut found.discovered.routes;
            routes.extend(all("static_route_configs", "route_config"));
            routes.extend(all("dynamic_route_configs", "route_config"));
            found.refuse(dump, "dynamic_route_configs");
        }
        "EcdsConfigDump" => {
            found
                .discovered
                .filters
                .extend(all("ecds_filters", "ecds_filter"));
            found.refuse(dump, "ecds_filters");
        }
        _ => {}
    }
}

impl<'d> Found<'d> {
    /// Notes what Envoy was given and refused.
    fn refuse(&mut self, dump: &Node<'d>, list: &str) {
        for item in dump.all(list) {
            let reason = item.text("error_state.details");
            if !reason.is_empty() {
                self.refused.push((item, reason));
            }
        }
    }
}

fn managers<'d>(
    listener: &Node<'d>,
    discovered: &Discovered<'d>,
    modules: &Modules,
    unseen: &mut Vec<Unseen<'d>>,
) -> Vec<Manager<'d>> {
    let mut chains = listener.all("filter_chains");
    chains.extend(listener.get("default_filter_chain"));
    let filters = chains.iter().flat_map(|chain| chain.all("filters"));
    let configured = filters.filter_map(|filter| filter.get("typed_config"));
    let all = configured.chain(listener.at("api_listener.api_listener"));
    let stands = Stands::Listener(listener.text("name").to_owned());
    all.filter(|config| config.is_type("HttpConnectionManager"))
        .map(|node| {
            let filters = node.all("http_filters").into_iter();
            let filters = filters
                .map(|filter| Filter::read(filter, &stands, discovered, modules, unseen))
                .collect();
            Manager {
                routes: routes(&node, discovered, unseen),
                node,
                is_whole: true,
                filters,
            }
        })
        .collect()
}

fn routes<'d>(manager: &Node<'d>, discovered: &Discovered<'d>, unseen: &mut Vec<Unseen<'d>>) -> Routes<'d> {
    if let Some(inline) = manager.get("route_config") {
        return Routes::Seen(inline);
    }
    let name = manager.text("rds.route_config_name");
    let mut all = discovered.routes.iter().rev();
    // What came last is in force.
    let found = all.find(|routes| routes.text("name") == name);
    match found {
        Some(found) => Routes::Seen(found.clone()),
        None => {
            unseen.push(Unseen {
                node: manager.clone(),
                what: match name {
                    "" => "the routes".to_owned(),
                    name => format!("the routes {name}"),
                },
            });
            Routes::Unseen
        }
    }
}

fn attempts<'d>(
    cluster: &Node<'d>,
    discovered: &Discovered<'d>,
    modules: &Modules,
    unseen: &mut Vec<Unseen<'d>>,
) -> Vec<Filter<'d>> {
    let stands = Stands::Cluster(cluster.text("name").to_owned());
    let options = cluster.get("typed_extension_protocol_options");
    let options = options.map(|options| options.members()).unwrap_or_default();
    let filters = options.iter().flat_map(|(_, option)| option.all("http_filters"));
    filters
        .map(|filter| Filter::read(filter, &stands, discovered, modules, unseen))
        .collect()
}
