//! Routes: by which a request comes to a cluster.

use crate::document::Node;

/// The routes of a connection manager.
pub(crate) enum Routes<'d> {
    /// The route configuration.
    Seen(Node<'d>),
    /// It comes from elsewhere, and the file does not hold it.
    Unseen,
}

/// A route, with the virtual host that it is in.
#[derive(Clone)]
pub(crate) struct Route<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) virtual_host: Node<'d>,
}

impl<'d> Routes<'d> {
    /// The virtual hosts.
    pub(crate) fn virtual_hosts(&self) -> Vec<Node<'d>> {
        match self {
            Self::Seen(configuration) => configuration.all("virtual_hosts"),
            Self::Unseen => Vec::new(),
        }
    }

    /// All routes, in order.
    pub(crate) fn all(&self) -> Vec<Route<'d>> {
        let hosts = self.virtual_hosts().into_iter();
        let routes = hosts.flat_map(|virtual_host| {
            let routes = virtual_host.all("routes").into_iter();
            routes.map(move |node| Route {
                node,
                virtual_host: virtual_host.clone(),
            })
        });
        routes.collect()
    }
}

impl<'d> Route<'d> {
    pub(crate) fn name(&self) -> &'d str {
        self.node.text("name")
    }

    /// How it is called in a finding: by its name, or by what it matches.
    pub(crate) fn told(&self) -> String {
        let matched = || {
            let by = ["prefix", "path", "path_separated_prefix", "safe_regex.regex"];
            by.map(|key| self.node.text(&format!("match.{key}")))
                .into_iter()
                .find(|text| !text.is_empty())
                .map_or_else(|| "without a name".to_owned(), |text| format!("for {text}"))
        };
        match self.name() {
            "" => format!("route {}", matched()),
            name => format!("route {name}"),
        }
    }

    /// Whether requests go to an upstream by it.
    pub(crate) fn forwards(&self) -> bool {
        self.node.get("route").is_some()
    }

    /// The clusters that it leads to, as far as it says.
    pub(crate) fn clusters(&self) -> Vec<&'d str> {
        let one = self.node.text("route.cluster");
        let weighted = self.node.all("route.weighted_clusters.clusters");
        let weighted = weighted.iter().map(|cluster| cluster.text("name"));
        std::iter::once(one)
            .chain(weighted)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The retry policy that holds for it: its own, or the virtual host's.
    pub(crate) fn retry_policy(&self) -> Option<Node<'d>> {
        let own = self.node.at("route.retry_policy");
        own.or_else(|| self.virtual_host.get("retry_policy"))
    }

    /// The hedging that holds for it.
    pub(crate) fn hedge_policy(&self) -> Option<Node<'d>> {
        let own = self.node.at("route.hedge_policy");
        own.or_else(|| self.virtual_host.get("hedge_policy"))
    }
}
