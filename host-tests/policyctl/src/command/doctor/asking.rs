//! Asks the plugin itself, in the host, what comes of a request: that depends on its rules, which only it knows.

use crate::document::Node;
use crate::modules::Modules;
use crate::proxy::{Filter, Listener, Route};
use host::{Answer, Cluster, Direction, Edge, Host, RetryPolicy};
use std::time::Duration;

/// Longer than all attempts take, with the times between them.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes an answer.
type Made = fn() -> Answer;

/// What a POST can be answered with on which a route may say to try again, and how that is told.
const ANSWERS: [(&str, Made); 4] = [
    ("503", || Answer::new(503)),
    ("500", || Answer::new(500)),
    ("409", || Answer::new(409)),
    ("a reset", Answer::reset),
];

/// A plugin that can be asked.
pub(super) struct Asked {
    plugin: host::Plugin,
    direction: Direction,
}

impl Asked {
    /// The plugin in this filter; `None`: its module is not at hand.
    pub(super) fn of(filter: &Filter<'_>, listener: &Listener<'_>, modules: &Modules) -> Option<Self> {
        let plugin = filter.installed.as_ref()?.to_host(modules).ok()??;
        let direction = match listener.direction() {
            "INBOUND" => Direction::Inbound,
            "OUTBOUND" => Direction::Outbound,
            _ => Direction::Unspecified,
        };
        Some(Self { plugin, direction })
    }

    /// On what a POST on this route is tried again, because the route's own policy says so and although the plugin is there;
    /// `None`: on nothing, or nothing that the plugin does not say itself, or it is only looking on, or refuses to start.
    pub(super) fn tried_again(&self, route: &Route<'_>, policy: &Node<'_>) -> Option<&'static str> {
        if self.is_silent(route) {
            return None;
        }
        let statuses = policy.all("retriable_status_codes");
        let statuses: Vec<u16> = statuses
            .iter()
            .filter_map(|status| status.value().as_u64()?.try_into().ok())
            .collect();
        let own = || RetryPolicy::on(policy.text("retry_on")).statuses(statuses.clone());
        let (told, _) = ANSWERS.into_iter().find(|(_, answer)| {
            self.attempts(route, Some(own()), *answer) > self.attempts(route, None, *answer)
        })?;
        Some(told)
    }

    /// Whether the plugin leaves even those headers alone that it overwrites whoever sent them: it is switched off, or
    /// shadows; or it does not start.
    fn is_silent(&self, route: &Route<'_>) -> bool {
        let Some(host) = self.host(route, Some(RetryPolicy::on("connect-failure")), || {
            Answer::new(503)
        }) else {
            return true;
        };
        let exchange = request(&host, route)
            .header("x-envoy-retry-on", "5xx")
            .header("x-envoy-max-retries", "3")
            .send();
        host.advance(PATIENCE);
        exchange.attempts().len() == 4
    }

    fn attempts(&self, route: &Route<'_>, policy: Option<RetryPolicy>, answer: Made) -> usize {
        let Some(host) = self.host(route, policy, answer) else {
            return 0;
        };
        let exchange = request(&host, route).send();
        host.advance(PATIENCE);
        exchange.attempts().len()
    }

    /// An Envoy with this plugin and this route alone, before an upstream that always answers so.
    fn host(&self, route: &Route<'_>, policy: Option<RetryPolicy>, answer: Made) -> Option<Host> {
        let cluster = route.clusters().first().copied().unwrap_or("upstream");
        let mut named = host::Route::new(route.name())
            .virtual_host(route.virtual_host.text("name"))
            .cluster(cluster);
        let metadata = route.node.at("metadata.filter_metadata");
        if let Some(metadata) = metadata.filter(|metadata| metadata.value().is_object()) {
            named = named.metadata(metadata.value().clone());
        }
        if let Some(policy) = policy {
            named = named.retry(policy.num_retries(3));
        }
        // What internal clients send is not taken away before any filter.
        let edge = Edge::default().use_remote_address(true).internal_clients(true);
        let host = Host::new(self.plugin.clone())
            .edge(edge.direction(self.direction))
            .allow_vm_death()
            .allow_memory_growth()
            .routes([named])
            .clusters([Cluster::new(cluster).answers([answer()])]);
        host.try_start().ok()?;
        Some(host)
    }
}

/// A POST as the route matches it.
fn request(host: &Host, route: &Route<'_>) -> host::Request {
    let domains = route.virtual_host.all("domains");
    let named = domains
        .iter()
        .filter_map(|domain| domain.value().as_str())
        .find(|domain| !domain.contains('*'));
    let path = ["path", "prefix", "path_separated_prefix"]
        .map(|key| route.node.text(&format!("match.{key}")))
        .into_iter()
        .find(|path| path.starts_with('/'));
    let mut request = host
        .post(path.unwrap_or("/"))
        .host(named.unwrap_or("doctor.invalid"));
    for header in route.node.all("match.headers") {
        let (name, value) = (header.text("name"), header.text("string_match.exact"));
        if !name.starts_with(':') && !name.is_empty() && !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request
}
