//! Routes: which requests they take, what a request's route facts are, and where it goes.

mod matching;
mod redirect;
mod virtual_host;

use crate::header_map::HeaderMap;
use crate::retry::RetryPolicy;

pub(crate) use matching::HeaderMatch;
use matching::{PathMatch, QueryMatch};
pub use redirect::Redirect;
pub use virtual_host::VirtualHost;
pub(crate) use virtual_host::{Chosen, RouteTable};

/// One route. A request takes the first that matches; without any, Envoy answers 404.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, Route};
/// let host = Host::new(plugin).routes([
///     Route::new("tea").path("/tea").direct_response(418, "short and stout"),
///     Route::new("canary").prefix("/orders").when_header("x-canary", "1").cluster("orders-canary"),
///     Route::new("orders").prefix("/orders").cluster("orders").timeout_ms(250),
/// ]);
/// host.get("/tea").header("x-api-key", "k").expect_rejected(418).expect_body("short and stout");
/// host.get("/elsewhere").header("x-api-key", "k").expect_rejected(404);
/// ```
#[derive(Clone, Debug)]
pub struct Route {
    pub(crate) name: String,
    path: PathMatch,
    headers: Vec<HeaderMatch>,
    query: Vec<QueryMatch>,
    cluster: ClusterName,
    pub(crate) virtual_host: String,
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    pub(crate) direct_response: Option<(u16, Vec<u8>)>,
    /// The response code details of that.
    pub(crate) details: String,
    pub(crate) redirect: Option<Redirect>,
    pub(crate) timeout_ms: u64,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) counts_in_request: bool,
    pub(crate) counts_in_response: bool,
    upgrades: Vec<String>,
}

#[derive(Clone, Debug)]
enum ClusterName {
    Fixed(String),
    InHeader(String),
}

impl Route {
    /// A route of this name that takes every path of every host to the cluster `upstream`, in the virtual host
    /// `all`, with Envoy's default time-out of 15 s.
    pub fn new(name: &str) -> Route {
        Route {
            name: name.to_owned(),
            path: PathMatch::Prefix(b"/".to_vec()),
            headers: Vec::new(),
            query: Vec::new(),
            cluster: ClusterName::Fixed("upstream".to_owned()),
            virtual_host: "all".to_owned(),
            metadata: serde_json::Map::new(),
            direct_response: None,
            details: "direct_response".to_owned(),
            redirect: None,
            timeout_ms: 15_000,
            retry: None,
            counts_in_request: false,
            counts_in_response: false,
            upgrades: Vec::new(),
        }
    }

    /// Matches paths that begin so.
    pub fn prefix(mut self, prefix: &str) -> Route {
        self.path = PathMatch::Prefix(prefix.as_bytes().to_vec());
        self
    }

    /// Matches this path and all below it: `/orders` and `/orders/7`, but not `/orders7`.
    pub fn path_separated_prefix(mut self, prefix: &str) -> Route {
        self.path = PathMatch::SeparatedPrefix(prefix.as_bytes().to_vec());
        self
    }

    /// Matches this path (before `?`) alone.
    pub fn path(mut self, path: &str) -> Route {
        self.path = PathMatch::Exact(path.as_bytes().to_vec());
        self
    }

    /// Matches paths (before `?`) that this regular expression matches from end to end.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn regex(mut self, regex: &str) -> Route {
        self.path = PathMatch::regex(regex);
        self
    }

    /// Matches only requests that carry this header with this value; one that is repeated, if any of its values is
    /// this. Pseudo headers count: `:method`, for one.
    pub fn when_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Route {
        self.headers.push(HeaderMatch::exact(name, value));
        self
    }

    /// Matches only requests that carry this header.
    pub fn when_header_present(mut self, name: &str) -> Route {
        self.headers.push(HeaderMatch::present(name));
        self
    }

    /// Matches only requests whose query has this parameter with this value; of one that is repeated the first counts.
    pub fn when_query(mut self, name: &str, value: &str) -> Route {
        self.query.push(QueryMatch::new(name, value));
        self
    }

    /// The cluster: property `xds.cluster_name`.
    pub fn cluster(mut self, cluster: &str) -> Route {
        self.cluster = ClusterName::Fixed(cluster.to_owned());
        self
    }

    /// The cluster is the one that this request header names. Without it, and if it names none of
    /// [`crate::Host::clusters`] and none of other routes, Envoy answers 503.
    pub fn cluster_header(mut self, name: &str) -> Route {
        self.cluster = ClusterName::InHeader(name.to_owned());
        self
    }

    /// The virtual host's name: property `xds.virtual_host_name`. For routes that are in no [`VirtualHost`].
    pub fn virtual_host(mut self, name: &str) -> Route {
        self.virtual_host = name.to_owned();
        self
    }

    /// The route's `filter_metadata`: an object of namespaces, each an object.
    ///
    /// # Panics
    /// When it is not an object.
    #[track_caller]
    pub fn metadata(mut self, filter_metadata: serde_json::Value) -> Route {
        let serde_json::Value::Object(namespaces) = filter_metadata else {
            panic!("filter_metadata is an object of namespaces, not {filter_metadata}");
        };
        self.metadata = namespaces;
        self
    }

    /// Envoy answers itself, with this status and body.
    pub fn direct_response(mut self, status: u16, body: impl AsRef<[u8]>) -> Route {
        self.direct_response = Some((status, body.as_ref().to_vec()));
        self
    }

    /// The response code details of a direct response (default: `direct_response`). So it stands for the reply of one of
    /// Envoy's other filters behind the plugins: `rate_limited`, `ext_authz_denied`.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, Route};
    /// let limited = Route::new("limited").direct_response(429, "").details("rate_limited");
    /// let exchange = Host::new(plugin).routes([limited]).get("/").header("x-api-key", "k").expect_rejected(429);
    /// assert_eq!(exchange.details(), "rate_limited");
    /// ```
    pub fn details(mut self, details: &str) -> Route {
        self.details = details.to_owned();
        self
    }

    /// Envoy answers itself, with the place where the client is to ask instead.
    pub fn redirect(mut self, redirect: Redirect) -> Route {
        self.redirect = Some(redirect);
        self
    }

    /// The route's time-out in milliseconds; 0 is none. It shows as `x-envoy-expected-rq-timeout-ms`.
    pub fn timeout_ms(mut self, timeout_ms: u64) -> Route {
        self.timeout_ms = timeout_ms;
        self
    }

    /// When a request is tried again (default: only if its own headers ask for it).
    pub fn retry(mut self, policy: RetryPolicy) -> Route {
        self.retry = Some(policy);
        self
    }

    /// Lets clients change to another protocol, such as `websocket` (default: none; Envoy answers 403).
    pub fn upgrade(mut self, protocol: &str) -> Route {
        self.upgrades.push(protocol.to_owned());
        self
    }

    /// The virtual host's `include_request_attempt_count`: the upstream gets `x-envoy-attempt-count` (default: no).
    pub fn include_request_attempt_count(mut self) -> Route {
        self.counts_in_request = true;
        self
    }

    /// The virtual host's `include_attempt_count_in_response`: filters and the client get `x-envoy-attempt-count`
    /// (default: no).
    pub fn include_attempt_count_in_response(mut self) -> Route {
        self.counts_in_response = true;
        self
    }

    /// Whether a request with these headers and this path (before `?`) and query takes it.
    pub(crate) fn matches(&self, path: &[u8], query: &[u8], request: &HeaderMap) -> bool {
        self.path.matches(path)
            && self.headers.iter().all(|header| header.matches(request))
            && self.query.iter().all(|parameter| parameter.matches(query))
    }

    pub(crate) fn allows_upgrade(&self, protocol: &[u8]) -> bool {
        let mut allowed = self.upgrades.iter();
        allowed.any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(protocol))
    }

    /// Whether it goes to this cluster whatever the request says.
    pub(crate) fn is_to(&self, cluster: &str) -> bool {
        matches!(&self.cluster, ClusterName::Fixed(name) if name == cluster)
    }

    /// The cluster that a request with these headers goes to.
    pub(crate) fn cluster_for(&self, request: &HeaderMap) -> Option<String> {
        if self.direct_response.is_some() || self.redirect.is_some() {
            return None;
        }
        match &self.cluster {
            ClusterName::Fixed(name) => Some(name.clone()),
            ClusterName::InHeader(header) => {
                let value = request.first(header.as_bytes())?;
                Some(String::from_utf8_lossy(value).into_owned()).filter(|name| !name.is_empty())
            }
        }
    }
}
