//! Virtual hosts: a request goes to the one whose domain fits best, and takes the first of its routes that matches.

use super::Route;
use crate::header_map::HeaderMap;

/// A virtual host: its domains, and its routes in order.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, Route, VirtualHost};
/// let host = Host::new(plugin).virtual_hosts([
///     VirtualHost::new("shop").domains(["shop.example", "*.shop.example"]).routes([Route::new("orders").path("/orders")]),
///     VirtualHost::new("rest").routes([Route::new("gone").direct_response(410, "")]),
/// ]);
/// let get = |name: &str, path: &str| host.get(path).host(name).header("x-api-key", "k");
/// get("eu.shop.example", "/orders").answered_with(200);
/// // No other virtual host is tried where the best has no route.
/// get("shop.example", "/stock").expect_rejected(404);
/// get("else.example", "/orders").expect_rejected(410);
/// ```
#[derive(Clone, Debug)]
pub struct VirtualHost {
    name: String,
    domains: Vec<String>,
    routes: Vec<Route>,
}

impl VirtualHost {
    /// A virtual host of this name (property `xds.virtual_host_name`) for every domain, without routes.
    pub fn new(name: &str) -> VirtualHost {
        VirtualHost {
            name: name.to_owned(),
            domains: vec!["*".to_owned()],
            routes: Vec::new(),
        }
    }

    /// The authorities that it is for, in place of every one: `shop.example`, `shop.example:8080`, `*.example`,
    /// `*-shop.example`, `shop.*`, or `*`. An exact one is best, then the longest that ends so, then the longest that
    /// begins so. The port is part of the name.
    pub fn domains<D: AsRef<str>>(mut self, domains: impl IntoIterator<Item = D>) -> VirtualHost {
        let domains = domains.into_iter();
        self.domains = domains
            .map(|domain| domain.as_ref().to_ascii_lowercase())
            .collect();
        self
    }

    /// Its routes. The first that matches is taken.
    pub fn routes(mut self, routes: impl IntoIterator<Item = Route>) -> VirtualHost {
        let own = |route: Route| route.virtual_host(&self.name);
        self.routes = routes.into_iter().map(own).collect();
        self
    }

    /// How well one of its domains fits: the better, the larger.
    fn fit(&self, authority: &str) -> Option<(u8, usize)> {
        let fits = self.domains.iter().filter_map(|domain| fit(domain, authority));
        fits.max()
    }
}

fn fit(domain: &str, authority: &str) -> Option<(u8, usize)> {
    if domain == "*" {
        return Some((0, 0));
    }
    if domain == authority {
        return Some((3, 0));
    }
    // A star stands for at least one character.
    let longer = authority.len() >= domain.len();
    if let Some(end) = domain.strip_prefix('*') {
        return (longer && authority.ends_with(end)).then_some((2, end.len()));
    }
    let start = domain.strip_suffix('*')?;
    (longer && authority.starts_with(start)).then_some((1, start.len()))
}

/// All virtual hosts.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable(Vec<VirtualHost>);

/// What the table has for a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) virtual_host: Option<String>,
    pub(crate) route: Option<Route>,
}

impl RouteTable {
    pub(crate) fn new(virtual_hosts: impl IntoIterator<Item = VirtualHost>) -> RouteTable {
        RouteTable(virtual_hosts.into_iter().collect())
    }

    /// One virtual host for all; a route keeps the name that it gives it.
    pub(crate) fn of_routes(routes: impl IntoIterator<Item = Route>) -> RouteTable {
        let routes: Vec<Route> = routes.into_iter().collect();
        RouteTable(vec![VirtualHost {
            routes,
            ..VirtualHost::new("all")
        }])
    }

    /// Whether a route goes to this cluster whatever the request says.
    pub(crate) fn names_cluster(&self, name: &str) -> bool {
        let mut routes = self.0.iter().flat_map(|host| &host.routes);
        routes.any(|route| route.is_to(name))
    }

    /// What a request with these headers takes.
    pub(crate) fn choose(&self, request: &HeaderMap) -> Chosen {
        self.find(request).unwrap_or_default()
    }

    fn find(&self, request: &HeaderMap) -> Option<Chosen> {
        // Envoy finds no route for a request that lost its path or the scheme it came by.
        let path = request.first(b":path").filter(|path| !path.is_empty())?;
        request
            .first(b"x-forwarded-proto")
            .filter(|scheme| !scheme.is_empty())?;
        let authority = request.first(b":authority").unwrap_or_default();
        let authority = String::from_utf8_lossy(authority).to_ascii_lowercase();
        let hosts = self.0.iter().rev();
        let fits = hosts.filter_map(|host| Some((host.fit(&authority)?, host)));
        let (_, host) = fits.max_by_key(|(fit, _)| *fit)?;
        let mut parts = path.splitn(2, |&byte| byte == b'?');
        let (path, query) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let route = host
            .routes
            .iter()
            .find(|route| route.matches(path, query, request));
        Some(Chosen {
            virtual_host: Some(route.map_or(&host.name, |route| &route.virtual_host).clone()),
            route: route.cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, RouteTable, VirtualHost};
    use crate::header_map::HeaderMap;

    fn request(headers: &[(&str, &str)]) -> HeaderMap {
        let mut request = HeaderMap::request();
        for (name, value) in headers {
            request.add(name.as_bytes(), value.as_bytes());
        }
        request
    }

    // The expectations of this module are what Envoy 1.40.0 chose with the same tables.
    #[test]
    fn the_domain_that_fits_best_is_taken() {
        let hosts = [
            ("any", "*"),
            ("exact", "shop.example"),
            ("port", "shop.example:8080"),
            ("suffix", "*.example"),
            ("longsuffix", "*.shop.example"),
            ("prefix", "api.*"),
            ("dash", "*-x.example"),
        ];
        let table = RouteTable::new(hosts.map(|(name, domain)| VirtualHost::new(name).domains([domain])));
        for (authority, expected) in [
            ("shop.example", "exact"),
            ("SHOP.example", "exact"),
            ("shop.example:8080", "port"),
            ("shop.example:9", "any"),
            ("a.shop.example", "longsuffix"),
            ("b.example", "suffix"),
            ("api.b.example", "suffix"),
            ("api.test", "prefix"),
            ("x.y.example", "suffix"),
            ("q-x.example", "dash"),
            (".example", "any"),
            ("api.", "any"),
            ("example", "any"),
        ] {
            let headers = [
                (":path", "/"),
                (":authority", authority),
                ("x-forwarded-proto", "http"),
            ];
            let chosen = table.choose(&request(&headers));
            assert_eq!(chosen.virtual_host.as_deref(), Some(expected), "{authority}");
        }
    }

    #[track_caller]
    fn check(routes: &[Route], path: &str, extra: &[(&str, &str)], expected: Option<&str>) {
        let mut headers = vec![(":path", path), (":method", "GET"), ("x-forwarded-proto", "http")];
        headers.extend_from_slice(extra);
        let chosen = RouteTable::of_routes(routes.to_vec()).choose(&request(&headers));
        assert_eq!(
            chosen.route.map(|route| route.name).as_deref(),
            expected,
            "{path}"
        );
        assert_eq!(chosen.virtual_host.as_deref(), Some("all"));
    }

    #[test]
    fn the_first_route_that_matches_is_taken() {
        let routes = [
            Route::new("exact").path("/exact"),
            Route::new("regex").regex("/r[0-9]+/x"),
            Route::new("separated").path_separated_prefix("/sep"),
            Route::new("query").prefix("/q").when_query("a", "1"),
            Route::new("header").prefix("/h").when_header_present("x-h"),
            Route::new("value").prefix("/v").when_header("X-H", "1"),
            Route::new("method").prefix("/m").when_header(":method", "GET"),
        ];
        check(&routes, "/exact", &[], Some("exact"));
        check(&routes, "/exact?x", &[], Some("exact"));
        check(&routes, "/exact/", &[], None);
        check(&routes, "/r12/x", &[], Some("regex"));
        check(&routes, "/r12/x?q", &[], Some("regex"));
        check(&routes, "/r12/xy", &[], None);
        check(&routes, "/sep", &[], Some("separated"));
        check(&routes, "/sep/a", &[], Some("separated"));
        check(&routes, "/sep?a", &[], Some("separated"));
        check(&routes, "/sepa", &[], None);
        check(&routes, "/q?a=1", &[], Some("query"));
        check(&routes, "/q?a=2&a=1", &[], None);
        check(&routes, "/h", &[("x-h", "")], Some("header"));
        check(&routes, "/h", &[], None);
        let twice = [("x-h", "2"), ("x-h", "1")];
        check(&routes, "/v", &twice, Some("value"));
        check(&routes, "/v", &[("x-h", "1,2")], None);
        check(&routes, "/m", &[], Some("method"));
    }

    #[test]
    fn a_request_that_lost_its_path_or_scheme_has_no_route() {
        let table = RouteTable::of_routes([Route::new("all")]);
        for headers in [
            &[(":path", ""), ("x-forwarded-proto", "http")][..],
            &[("x-forwarded-proto", "http")],
            &[(":path", "/")],
        ] {
            assert!(table.choose(&request(headers)).route.is_none());
        }
    }
}
