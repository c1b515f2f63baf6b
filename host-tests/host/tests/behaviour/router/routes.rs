//! The route table: what a request finds there, and what filters learn of it.

use host::{Cluster, Host, Module, Redirect, Route, VirtualHost};

use crate::guest::{guest, notes};

/// Notes the cluster and the virtual host of a request, each as the status of reading it and what was read.
fn reader() -> Module {
    guest(
        r#"(data (i32.const 2000) "xds\00cluster_name")
           (data (i32.const 2100) "xds\00virtual_host_name")
           (func $read (param $at i32) (param $length i32)
               (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 0))
               (call $note (call $property (local.get $at) (local.get $length) (i32.const 0) (i32.const 4)))
               (call $note_bytes))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $read (i32.const 2000) (i32.const 16)) (call $read (i32.const 2100) (i32.const 21)) (i32.const 0))"#,
    )
}

#[test]
fn a_virtual_host_without_a_matching_route_is_still_known_to_filters() {
    let host = Host::new(reader()).virtual_hosts([
        VirtualHost::new("a").domains(["a.test"]),
        VirtualHost::new("b")
            .domains(["b.test"])
            .routes([Route::new("r")]),
    ]);
    host.get("/").host("a.test").expect_rejected(404).expect_body("");
    host.get("/").host("b.test").answered_with(200);
    let nowhere = host.get("/").host("c.test").expect_rejected(404);
    assert_eq!(
        (nowhere.details().as_str(), nowhere.flags().as_str()),
        ("route_not_found", "NR")
    );
    assert_eq!(notes(&host).join(" "), "1  0 a 0 upstream 0 b 1  1 ");
}

#[test]
fn a_header_can_name_the_cluster() {
    let host = Host::new(reader())
        .routes([Route::new("r").cluster_header("x-cluster")])
        .clusters([Cluster::new("blue").answers([200])]);
    host.get("/")
        .header("x-cluster", "blue")
        .send()
        .expect_status(200);
    for request in [
        host.get("/"),
        host.get("/").header("x-cluster", ""),
        host.get("/").header("x-cluster", "green"),
    ] {
        let exchange = request.expect_rejected(503);
        exchange.expect_body("").no_header("content-type");
        assert_eq!(
            (exchange.details().as_str(), exchange.flags().as_str()),
            ("cluster_not_found", "NC")
        );
        assert!(exchange.attempts().is_empty());
    }
    assert_eq!(notes(&host).join(" "), "0 blue 0 all 1  0 all 1  0 all 1  0 all");
}

#[test]
fn a_redirect_is_envoys_own_reply() {
    let location = |redirect: Redirect, authority: &str, path: &str| {
        let host = Host::new(guest("")).routes([Route::new("r").redirect(redirect)]);
        let exchange = host.get(path).host(authority).run(200);
        assert_eq!(
            (exchange.details().as_str(), exchange.flags().as_str()),
            ("direct_response", "-")
        );
        exchange.no_header("content-type").header("content-length", "0");
        (exchange.status(), exchange.response_header("location").text())
    };
    let to = |status, location: &str| (status, location.to_owned());
    let new = Redirect::new;
    assert_eq!(
        location(new().path("/new"), "a.test", "/a?b=c"),
        to(301, "http://a.test/new?b=c")
    );
    assert_eq!(
        location(new().path("/new?q=1"), "a.test", "/a?b=c"),
        to(301, "http://a.test/new?q=1")
    );
    assert_eq!(
        location(new().host("o.test"), "h:8080", "/a?b=c"),
        to(301, "http://o.test/a?b=c")
    );
    assert_eq!(
        location(new().https().status(302), "h:80", "/a?b=c"),
        to(302, "https://h/a?b=c")
    );
    assert_eq!(
        location(new().https(), "h:8080", "/a?b=c"),
        to(301, "https://h:8080/a?b=c")
    );
    assert_eq!(
        location(new().https().host("o.test:81"), "h:8080", "/a"),
        to(301, "https://o.test:81/a")
    );
}

#[test]
fn a_redirect_of_a_request_that_still_comes_in_closes_its_connection() {
    let host = Host::new(guest("")).routes([Route::new("r").redirect(Redirect::new().path("/new"))]);
    host.post("/")
        .body("x")
        .expect_rejected(301)
        .header("connection", "close");
}

#[test]
#[should_panic(expected = "is no regular expression")]
fn a_regular_expression_that_is_none_fails_where_it_is_given() {
    Route::new("r").regex("(");
}
