//! The routes of an Envoy's configuration, as the test host has them; and those that are said on the command line.

use super::asked::Asked;
use super::chain::Chain;
use crate::document::Node;
use crate::installed::{Installed, Stands};
use crate::problem::Problem;
use host::{Direction, Edge, RetryPolicy, Route, VirtualHost};
use std::collections::BTreeSet;
use std::time::Duration;

/// Which way requests go.
pub(super) struct Table {
    /// Of the file; `None`: what is said on the command line counts.
    hosts: Option<Vec<VirtualHost>>,
    said: Route,
    clusters: BTreeSet<String>,
    edge: Edge,
    notes: Vec<String>,
}

impl Table {
    /// The routes of the chain's listener, or those that were asked for.
    ///
    /// # Errors
    /// A request that cannot be sent.
    pub(super) fn of(chain: &Chain, asked: &Asked) -> Result<Self, Problem> {
        asked.check()?;
        let cluster = asked.cluster.as_deref().unwrap_or("upstream");
        let said = Route::new(asked.route.as_deref().unwrap_or("default"))
            .cluster(cluster)
            .virtual_host(asked.virtual_host.as_deref().unwrap_or("all"));
        let mut table = Self {
            hosts: None,
            said: match &asked.metadata {
                Some(metadata) => said.metadata(metadata.clone()),
                None => said,
            },
            clusters: BTreeSet::from([cluster.to_owned()]),
            edge: Edge::default(),
            notes: Vec::new(),
        };
        let Some(first) = chain.first() else {
            return Ok(table);
        };
        let Some(manager) = manager(first) else {
            return Ok(table);
        };
        table.listen(&manager);
        if !asked.says_route() {
            table.read(&manager);
        }
        Ok(table)
    }

    pub(super) fn virtual_hosts(&self) -> Option<Vec<VirtualHost>> {
        self.hosts.clone()
    }

    pub(super) fn route(&self) -> Route {
        self.said.clone()
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().map(String::as_str)
    }

    pub(super) fn edge(&self) -> Edge {
        self.edge.clone()
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How the listener and its connection manager are set up.
    fn listen(&mut self, manager: &Node<'_>) {
        let flag = |name: &str| manager.flag(name);
        let edge = Edge::default()
            .generate_request_id(flag("generate_request_id").unwrap_or(true))
            .preserve_external_request_id(flag("preserve_external_request_id").unwrap_or(false))
            .use_remote_address(flag("use_remote_address").unwrap_or(false));
        let chains = ["/filter_chains/", "/default_filter_chain/"];
        let around = chains
            .iter()
            .find_map(|chain| manager.pointer().split_once(chain));
        let listener = around.and_then(|(listener, _)| manager.document().node(listener));
        let direction = listener.map_or("", |listener| listener.text("traffic_direction"));
        self.edge = match direction {
            "INBOUND" => edge.direction(Direction::Inbound),
            "OUTBOUND" => edge.direction(Direction::Outbound),
            _ => edge,
        };
    }

    fn read(&mut self, manager: &Node<'_>) {
        let named = manager.text("rds.route_config_name");
        let is_named = |node: &Node<'_>| node.get("virtual_hosts").is_some() && node.text("name") == named;
        let config = manager.get("route_config").or_else(|| {
            let root = manager.document().root();
            (!named.is_empty()).then(|| find(root, &is_named)).flatten()
        });
        let Some(config) = config else {
            self.notes.push(
                "the file has no routes for it: --route, --cluster and --virtual-host say them".to_owned(),
            );
            return;
        };
        let clusters = manager.document().root().all("static_resources.clusters");
        let names = clusters.iter().map(|cluster| cluster.text("name").to_owned());
        self.clusters.extend(names);
        let hosts = config
            .all("virtual_hosts")
            .into_iter()
            .map(|host| self.virtual_host(&host));
        self.hosts = Some(hosts.collect());
    }

    fn virtual_host(&mut self, host: &Node<'_>) -> VirtualHost {
        let domains = host.all("domains");
        let domains: Vec<&str> = domains
            .iter()
            .filter_map(|domain| domain.value().as_str())
            .collect();
        let routes: Vec<Route> = host
            .all("routes")
            .iter()
            .filter_map(|route| self.route_of(host, route))
            .collect();
        VirtualHost::new(host.text("name"))
            .domains(domains)
            .routes(routes)
    }

    fn route_of(&mut self, host: &Node<'_>, node: &Node<'_>) -> Option<Route> {
        let Some(mut route) = node
            .get("match")
            .and_then(|matched| matching(&matched, node.text("name")))
        else {
            let place = node.told_place();
            self.notes.push(format!(
                "{place}: this route asks for what cannot be tried here, and was left out"
            ));
            return None;
        };
        if let Some(metadata) = node
            .at("metadata.filter_metadata")
            .map(|found| found.value().clone())
            && metadata
                .as_object()
                .is_some_and(|spaces| spaces.values().all(serde_json::Value::is_object))
        {
            route = route.metadata(metadata);
        }
        if host.flag("include_request_attempt_count") == Some(true) {
            route = route.include_request_attempt_count();
        }
        if host.flag("include_attempt_count_in_response") == Some(true) {
            route = route.include_attempt_count_in_response();
        }
        Some(self.action(host, node, route))
    }

    /// Where the route leads.
    fn action(&mut self, host: &Node<'_>, node: &Node<'_>, route: Route) -> Route {
        if let Some(direct) = node.get("direct_response") {
            let status = direct.number("status").unwrap_or(200.0).clamp(200.0, 599.0) as u16;
            return route.direct_response(status, direct.text("body.inline_string"));
        }
        let Some(action) = node.get("route") else {
            let place = node.told_place();
            self.notes.push(format!(
                "{place}: where this route leads cannot be tried here: it answers 301"
            ));
            return route.direct_response(301, "");
        };
        let weighted = action.all("weighted_clusters.clusters");
        let cluster = weighted
            .first()
            .map_or_else(|| action.text("cluster"), |first| first.text("name"));
        if weighted.len() > 1 {
            let place = action.told_place();
            self.notes.push(format!(
                "{place}: of the clusters with weights, the first is taken"
            ));
        }
        self.clusters.insert(cluster.to_owned());
        let header = action.text("cluster_header");
        let route = match header.is_empty() {
            true => route.cluster(cluster),
            false => route.cluster_header(header),
        };
        let route = match duration(action.text("timeout")) {
            Some(timeout) => route.timeout_ms(timeout.as_millis().try_into().unwrap_or(u64::MAX)),
            None => route,
        };
        let retries = action.get("retry_policy").or_else(|| host.get("retry_policy"));
        match retries {
            Some(policy) => route.retry(retry(&policy)),
            None => route,
        }
    }
}

/// The connection manager that the filter is in; of a filter in a cluster, the first of the file.
fn manager(installed: &Installed) -> Option<Node<'_>> {
    const MANAGER: &str = "http_connection_manager.v3.HttpConnectionManager";
    if matches!(installed.stands, Stands::Cluster(_)) {
        return find(installed.document.root(), &|node| node.is_type(MANAGER));
    }
    let manager = installed.list()?.strip_suffix("/http_filters")?;
    installed.document.node(manager)
}

/// The first node of which this holds.
fn find<'d>(node: Node<'d>, is_it: &dyn Fn(&Node<'d>) -> bool) -> Option<Node<'d>> {
    if is_it(&node) {
        return Some(node);
    }
    let members = node.members().into_iter().map(|(_, below)| below);
    let below: Vec<Node<'d>> = members.chain(node.items()).collect();
    below.into_iter().find_map(|below| find(below, is_it))
}

/// A route that matches so; `None`: it asks for something that cannot be tried here.
fn matching(matched: &Node<'_>, name: &str) -> Option<Route> {
    let mut route = Route::new(name);
    for (key, node) in matched.members() {
        let text = node.value().as_str().unwrap_or_default();
        route = match key {
            "prefix" => route.prefix(text),
            "path" => route.path(text),
            "path_separated_prefix" | "pathSeparatedPrefix" => route.path_separated_prefix(text),
            "headers" => node
                .items()
                .iter()
                .try_fold(route, |route, header| with_header(route, header))?,
            "query_parameters" | "queryParameters" => {
                node.items().iter().try_fold(route, |route, parameter| {
                    let exact = parameter.at("string_match.exact")?.value().as_str()?;
                    Some(route.when_query(parameter.text("name"), exact))
                })?
            }
            "case_sensitive" | "caseSensitive" if node.value().as_bool() == Some(true) => route,
            _ => return None,
        };
    }
    Some(route)
}

fn with_header(route: Route, header: &Node<'_>) -> Option<Route> {
    let name = header.text("name");
    if header.flag("invert_match") == Some(true) {
        return None;
    }
    if header.flag("present_match") == Some(true) {
        return Some(route.when_header_present(name));
    }
    let exact = header
        .at("string_match.exact")
        .or_else(|| header.get("exact_match"))?;
    Some(route.when_header(name, exact.value().as_str()?))
}

fn retry(policy: &Node<'_>) -> RetryPolicy {
    let mut retries = RetryPolicy::on(policy.text("retry_on"));
    if let Some(number) = policy.number("num_retries") {
        retries = retries.num_retries(number as u32);
    }
    if let Some(timeout) = duration(policy.text("per_try_timeout")) {
        retries = retries.per_try_timeout(timeout);
    }
    let statuses = policy.all("retriable_status_codes");
    let statuses = statuses
        .iter()
        .filter_map(|status| status.value().as_u64()?.try_into().ok());
    retries = retries.statuses(statuses.collect::<Vec<u16>>());
    let base = duration(policy.text("retry_back_off.base_interval"));
    if let Some(base) = base.filter(|base| !base.is_zero()) {
        let max = duration(policy.text("retry_back_off.max_interval"));
        retries = retries.back_off(base, max.unwrap_or(base.saturating_mul(10)).max(base));
    }
    retries
}

/// `1.5s`, as protobuf has it.
fn duration(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
