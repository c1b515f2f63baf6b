//! The route table.

use serde_json::{Value, json};

use crate::scenario::{Answer, CONNECTION_MANAGER, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let reads = || {
        let facts = json!([
            ["get_property", ["xds", "route_name"]],
            ["get_property", ["xds", "cluster_name"]],
            ["get_property", ["xds", "virtual_host_name"]],
        ]);
        json!({ "request_headers": facts, "response_headers": facts })
    };
    let redirect = |name: &'static str, redirect: host::Redirect, envoy: Value| {
        let route = Route::new("moved").set(
            |host| host.redirect(redirect),
            |route| {
                route
                    .as_object_mut()
                    .expect("a route is an object")
                    .remove("route");
                route["redirect"] = envoy;
            },
        );
        Scenario::new(name)
            .script(reads())
            .route(route)
            .request(Request::get("/a?b=c"))
    };
    let matching = |name: &'static str, set: fn(host::Route) -> host::Route, envoy: Value, paths: &[&str]| {
        let route = Route::new("r").set(set, |route| route["match"] = envoy);
        let scenario = Scenario::new(name).script(reads()).route(route);
        paths.iter().fold(scenario, |scenario, path| {
            scenario.request(Request::get(path)).answer(200)
        })
    };
    let in_header = |name: &'static str, request: Request| {
        let route = Route::new("r").set(
            |host| host.cluster_header("x-cluster"),
            |route| route["route"] = json!({ "cluster_header": "x-cluster" }),
        );
        Scenario::new(name)
            .script(reads())
            .route(route)
            .other([Answer::new(200)])
            .request(request)
    };
    vec![
        redirect("a redirect", host::Redirect::new().path("/new"), json!({ "path_redirect": "/new" })),
        redirect(
            "a redirect to another host and scheme",
            host::Redirect::new().https().host("o.test:81").status(308),
            json!({ "https_redirect": true, "host_redirect": "o.test:81", "response_code": "PERMANENT_REDIRECT" }),
        ),
        matching(
            "a route by regular expression",
            |host| host.regex("/r[0-9]+/x"),
            json!({ "safe_regex": { "regex": "/r[0-9]+/x" } }),
            &["/r12/x", "/r12/x?q", "/r12/xy"],
        ),
        matching(
            "a route by whole segments",
            |host| host.path_separated_prefix("/sep"),
            json!({ "path_separated_prefix": "/sep" }),
            &["/sep", "/sep/a", "/sepa", "/sep?a"],
        ),
        matching(
            "a route by query",
            |host| host.when_query("a", "1"),
            json!({ "prefix": "/", "query_parameters": [{ "name": "a", "string_match": { "exact": "1" } }] }),
            &["/?a=1", "/?b=2&a=1", "/?a=2&a=1", "/"],
        ),
        Scenario::new("a route by a header that is repeated")
            .script(reads())
            .route(Route::new("r").when_header("x-h", "1"))
            .request(Request::get("/").header("x-h", "2").header("x-h", "1"))
            .answer(200)
            .request(Request::get("/").header("x-h", "2,1")),
        in_header("a cluster by header", Request::get("/").header("x-cluster", "other")),
        in_header("a cluster by a header that names none", Request::get("/").header("x-cluster", "nowhere")),
        in_header("a cluster by a header that is not there", Request::get("/")),
        Scenario::new("the virtual host whose domain fits best").script(reads()).knob(
            |host| {
                host.virtual_hosts([
                    host::VirtualHost::new("any").routes([host::Route::new("any")]),
                    host::VirtualHost::new("suffix").domains(["*.test"]).routes([host::Route::new("only").path("/only")]),
                ])
            },
            |listener| {
                let manager = listener.pointer_mut(CONNECTION_MANAGER).expect("it is there");
                let to = json!({ "cluster": "upstream" });
                manager["route_config"]["virtual_hosts"] = json!([
                    { "name": "any", "domains": ["*"], "routes": [{ "name": "any", "match": { "prefix": "/" }, "route": to }] },
                    { "name": "suffix", "domains": ["*.test"], "routes": [{ "name": "only", "match": { "path": "/only" }, "route": to }] },
                ]);
            },
        )
        .request(Request::get("/only"))
        .answer(200)
        .request(Request::get("/else")),
    ]
}
