//! The route table: what a request's route facts are, and where it goes.

use crate::header_map::HeaderMap;
use crate::retry::RetryPolicy;

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
    matcher: Matcher,
    host: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) cluster: String,
    pub(crate) virtual_host: String,
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    pub(crate) direct_response: Option<(u16, Vec<u8>)>,
    pub(crate) timeout_ms: u64,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) counts_in_request: bool,
    pub(crate) counts_in_response: bool,
}

#[derive(Clone, Debug)]
enum Matcher {
    Prefix(Vec<u8>),
    Path(Vec<u8>),
}

impl Route {
    /// A route of this name that takes every path of every host to the cluster `upstream`, in the virtual host
    /// `all`, with Envoy's default time-out of 15 s.
    pub fn new(name: &str) -> Route {
        Route {
            name: name.to_owned(),
            matcher: Matcher::Prefix(b"/".to_vec()),
            host: "*".to_owned(),
            headers: Vec::new(),
            cluster: "upstream".to_owned(),
            virtual_host: "all".to_owned(),
            metadata: serde_json::Map::new(),
            direct_response: None,
            timeout_ms: 15_000,
            retry: None,
            counts_in_request: false,
            counts_in_response: false,
        }
    }

    /// Matches paths that begin so.
    pub fn prefix(mut self, prefix: &str) -> Route {
        self.matcher = Matcher::Prefix(prefix.as_bytes().to_vec());
        self
    }

    /// Matches this path (before `?`) alone.
    pub fn path(mut self, path: &str) -> Route {
        self.matcher = Matcher::Path(path.as_bytes().to_vec());
        self
    }

    /// Matches this authority alone; `*` (the default) matches all.
    pub fn host(mut self, host: &str) -> Route {
        self.host = host.to_owned();
        self
    }

    /// Matches only requests that carry this header with this value.
    pub fn when_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Route {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The cluster: property `xds.cluster_name`.
    pub fn cluster(mut self, cluster: &str) -> Route {
        self.cluster = cluster.to_owned();
        self
    }

    /// The virtual host's name: property `xds.virtual_host_name`.
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

    /// The first route that a request with these headers takes.
    pub(crate) fn choose(routes: &[Route], request: &HeaderMap) -> Option<Route> {
        // Envoy finds no route for a request that lost its path or the scheme it came by.
        let path = request.first(b":path").filter(|path| !path.is_empty())?;
        request
            .first(b"x-forwarded-proto")
            .filter(|scheme| !scheme.is_empty())?;
        let path = path.split(|&byte| byte == b'?').next().unwrap_or(path);
        let host = request.first(b":authority").unwrap_or_default();
        routes
            .iter()
            .find(|route| route.matches(path, host, request))
            .cloned()
    }

    fn matches(&self, path: &[u8], host: &[u8], request: &HeaderMap) -> bool {
        let path_matches = match &self.matcher {
            Matcher::Prefix(prefix) => path.starts_with(prefix),
            Matcher::Path(exact) => path == exact,
        };
        let host_matches = self.host == "*" || self.host.as_bytes().eq_ignore_ascii_case(host);
        path_matches
            && host_matches
            && self
                .headers
                .iter()
                .all(|(name, value)| request.first(name.as_bytes()) == Some(value.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::Route;
    use crate::header_map::HeaderMap;

    #[track_caller]
    fn check(routes: &[Route], headers: &[(&str, &str)], expected: Option<&str>) {
        let mut request = HeaderMap::request();
        for (name, value) in headers {
            request.add(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(
            Route::choose(routes, &request).map(|route| route.name).as_deref(),
            expected
        );
    }

    #[test]
    fn the_first_route_that_matches_is_taken() {
        let routes = [
            Route::new("exact").path("/orders"),
            Route::new("header").when_header("x-r", "1"),
            Route::new("host").host("Shop.example"),
            Route::new("prefix").prefix("/o"),
        ];
        let with = |path, host, extra: &[(&'static str, &'static str)]| {
            let mut all = vec![
                (":path", path),
                (":authority", host),
                ("x-forwarded-proto", "http"),
            ];
            all.extend_from_slice(extra);
            all
        };
        check(&routes, &with("/orders?x=1", "a", &[]), Some("exact"));
        check(&routes, &with("/z", "a", &[("x-r", "1")]), Some("header"));
        check(&routes, &with("/z", "shop.example", &[]), Some("host"));
        check(&routes, &with("/other", "a", &[]), Some("prefix"));
        check(&routes, &with("/z", "a", &[]), None);
    }

    #[test]
    fn a_request_that_lost_its_path_or_scheme_has_no_route() {
        check(
            &[Route::new("all")],
            &[(":path", ""), ("x-forwarded-proto", "http")],
            None,
        );
        check(&[Route::new("all")], &[("x-forwarded-proto", "http")], None);
        check(&[Route::new("all")], &[(":path", "/")], None);
    }
}
