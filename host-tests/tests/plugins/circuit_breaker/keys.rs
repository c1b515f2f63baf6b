//! Which requests share a breaker, and which never do.

mod slots;

use super::{host, policy, three_strikes};
use host::{Cluster, Direction, Edge, Host, Plugin, Request, RetryPolicy, Route, VirtualHost, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

/// Three strikes, with more settings.
fn with(more: Value) -> Value {
    let mut policy = three_strikes();
    let members = policy.as_object_mut().expect("a policy is an object");
    members.extend(more.as_object().expect("so is what is laid over it").clone());
    policy
}

fn keyed(key: impl Into<Value>) -> Host {
    policy(with(json!({ "key": key.into() })))
}

/// Lets requests fail, which an upstream has answered before, until their breaker opens.
#[track_caller]
fn open(request: impl Fn() -> Request) {
    request().answered_with(200);
    for _ in 0..3 {
        request().answered_with(503);
    }
    request().expect_rejected(503);
}

/// The breaker that a rejected request met.
#[track_caller]
fn met(request: Request) -> String {
    request.expect_rejected(503).filter_state("policy.circuit").text()
}

#[test]
fn a_cluster_has_a_breaker_whatever_route_leads_to_it() {
    let host = keyed("cluster").routes([
        Route::new("a").prefix("/a").cluster("orders"),
        Route::new("b").prefix("/b").cluster("orders"),
        Route::new("c").prefix("/c").cluster("payments"),
    ]);
    open(|| host.get("/a"));
    assert_eq!(met(host.get("/b")), "orders:open");
    host.get("/c").answered_with(200);
}

#[test]
fn a_route_has_a_breaker_by_its_name() {
    let host = keyed("route").routes([
        Route::new("a").prefix("/a"),
        Route::new("b").prefix("/b"),
        Route::new("a").prefix("/c"),
    ]);
    open(|| host.get("/a"));
    assert_eq!(met(host.get("/c")), "a:open");
    host.get("/b").answered_with(200);
}

#[test]
fn routes_without_a_name_of_their_own_are_told_by_virtual_host_and_cluster() {
    for name in ["", "default"] {
        let to = |path: &str, cluster: &str| Route::new(name).prefix(path).cluster(cluster);
        let host = keyed("route").virtual_hosts([
            VirtualHost::new("shop").domains(["shop.example"]).routes([
                to("/a", "orders"),
                to("/b", "orders"),
                to("/c", "payments"),
            ]),
            VirtualHost::new("mall").routes([to("/", "orders")]),
        ]);
        let shop = |path: &str| host.get(path).host("shop.example");
        open(|| shop("/a"));
        assert_eq!(met(shop("/b")), "shop/orders:open");
        shop("/c").answered_with(200);
        host.get("/a").answered_with(200);
    }
}

#[test]
fn a_host_is_told_without_case_and_port() {
    for (named, same, other) in [
        ("shop.example", "SHOP.Example:8443", "mall.example"),
        ("[2001:db8::1]", "[2001:DB8::1]:443", "[2001:db8::2]"),
        ("192.0.2.7:80", "192.0.2.7", "192.0.2.70"),
    ] {
        let host = keyed("host");
        open(|| host.get("/").host(named));
        host.get("/").host(same).expect_rejected(503);
        host.get("/").host(other).answered_with(200);
    }
}

#[test]
fn a_header_has_a_breaker_for_each_value() {
    let host = keyed(json!({ "header": "x-tenant" }));
    open(|| host.get("/").header("x-tenant", "acme"));
    assert_eq!(met(host.get("/").header("x-tenant", "acme")), "acme:open");
    host.get("/").header("x-tenant", "ACME").answered_with(200);
    host.get("/").answered_with(200);
}

#[test]
fn requests_without_the_header_share_one_named_none() {
    let host = keyed(json!({ "header": "x-tenant" }));
    open(|| host.get("/"));
    assert_eq!(met(host.get("/").header("x-tenant", "")), "none:open");
    for value in ["none", "acme", "other"] {
        host.get("/").header("x-tenant", value).answered_with(200);
    }
    assert_eq!(host.metric("circuit_breaker_state.breaker=none;"), 1);
}

#[test]
fn a_value_that_is_no_plain_token_is_told_by_its_hash() {
    let host = keyed(json!({ "header": "x-tenant" }));
    for value in [&b"a b"[..], b"\xff\xfe", b"a;b", b"none", b"other", &[b'x'; 129]] {
        open(|| host.get("/").header("x-tenant", value));
        let circuit = met(host.get("/").header("x-tenant", value));
        let hash = circuit
            .strip_prefix('#')
            .and_then(|rest| rest.strip_suffix(":open"));
        let is_hash =
            hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(is_hash, "{}: {circuit}", value.escape_ascii());
    }
    host.get("/").header("x-tenant", "a.b").answered_with(200);
    // As long as a value may be that stands for itself.
    let long = "x".repeat(128);
    open(|| host.get("/").header("x-tenant", &long));
    assert_eq!(
        met(host.get("/").header("x-tenant", &long)),
        format!("{long}:open")
    );
}

#[test]
fn a_name_is_one_breaker_for_all() {
    let host = keyed(json!({ "name": "payments" })).routes([
        Route::new("a").prefix("/a").cluster("one"),
        Route::new("b").prefix("/b").cluster("two"),
    ]);
    open(|| host.get("/a"));
    assert_eq!(met(host.get("/b").host("elsewhere.example")), "payments:open");
}

#[test]
fn rules_that_share_a_breaker_judge_it_each_by_its_own_policy() {
    let host = host(json!({
        "default": with(json!({ "trip": { "consecutive_failures": 5, "failure_rate": null } })),
        "routes": [{ "match": { "path_prefix": "/strict" }, "policy": { "trip": { "consecutive_failures": 2 } } }],
    }));
    host.get("/lenient").answered_with(503);
    host.get("/lenient").answered_with(503);
    host.get("/lenient").answered_with(503);
    host.get("/strict").answered_with(503);
    assert_eq!(met(host.get("/lenient")), "upstream:open");
}

#[test]
fn a_name_keeps_rules_apart() {
    let named = |name: &str| json!({ "key": { "name": name } });
    let host = host(json!({
        "default": with(named("all")),
        "routes": [{ "match": { "path_prefix": "/pay" }, "policy": named("pay") }],
    }));
    open(|| host.get("/pay"));
    assert_eq!(met(host.get("/pay/1")), "pay:open");
    host.get("/orders").answered_with(200);
}

/// Two plugins, the first for `/a` and the second for `/b`, which name the same breaker.
fn two(vm_ids: [&str; 2]) -> Host {
    let plugin = |name: &str, path: &str, vm_id: &str| {
        Plugin::new(CIRCUIT_BREAKER.module()).name(name).vm_id(vm_id).config(json!({
            "default": null,
            "routes": [{ "match": { "path_prefix": path }, "policy": with(json!({ "key": { "name": "payments" } })) }],
        }))
    };
    Host::chain([
        plugin("first", "/a", vm_ids[0]),
        plugin("second", "/b", vm_ids[1]),
    ])
}

#[test]
fn two_plugins_that_give_the_same_name_share_a_breaker() {
    let host = two(["circuit", "circuit"]);
    open(|| host.get("/a"));
    assert_eq!(met(host.get("/b")), "payments:open");
}

#[test]
fn plugins_of_different_vm_ids_share_nothing() {
    let host = two(["circuit", "another"]);
    open(|| host.get("/a"));
    host.get("/b").answered_with(200);
}

/// All records of one direction's breakers by cluster, of those that need no more than one slot.
fn records(host: &Host, direction: &str) -> Vec<(u32, Vec<u8>)> {
    let record = |slot| {
        host.shared_data(format!(
            "circuit_breaker/1/{direction}/downstream/cluster/#{slot}"
        ))
    };
    (0..1000).filter_map(|slot| Some((slot, record(slot)?))).collect()
}

/// A host takes one listener. So what the listeners of one Envoy would share, the shared data, is carried over.
#[test]
fn inbound_and_outbound_never_share() {
    let listener = |direction| keyed("cluster").edge(Edge::default().direction(direction));
    let inbound = listener(Direction::Inbound);
    open(|| inbound.get("/"));
    let open_ones = records(&inbound, "inbound");
    assert_eq!((open_ones.len(), records(&inbound, "outbound").len()), (1, 0));
    let carry_over = |host: &Host| {
        for (slot, record) in &open_ones {
            host.set_shared_data(
                format!("circuit_breaker/1/inbound/downstream/cluster/#{slot}"),
                record,
            );
        }
    };
    for (direction, name) in [(Direction::Outbound, "outbound"), (Direction::Unspecified, "any")] {
        let another = listener(direction);
        carry_over(&another);
        another.get("/").answered_with(503);
        assert_eq!(records(&another, name).len(), 1);
    }
    let same = listener(Direction::Inbound);
    carry_over(&same);
    same.get("/").expect_rejected(503);
}

#[test]
fn breakers_before_the_router_and_behind_it_never_share() {
    let plugin = |strikes: u64| {
        Plugin::new(CIRCUIT_BREAKER.module())
            .vm_id("circuit")
            .config(json!({ "default": with(json!({
            "key": { "name": "payments" }, "trip": { "consecutive_failures": strikes, "failure_rate": null },
        })) }))
    };
    let host = Host::chain([plugin(100).name("downstream")])
        .routes([Route::new("orders").retry(RetryPolicy::on("5xx"))])
        .clusters([Cluster::new("upstream").filters([plugin(2).name("upstream")])]);
    host.get("/").answered_with(503).expect_retried().answer(503);
    let rejected = host.get("/").expect_rejected(503);
    rejected
        .filter_state("policy.circuit_upstream")
        .is("payments:open");
    rejected.filter_state("policy.circuit").is_absent();
}

/// The metrics of breakers.
fn breakers_of_metrics(host: &Host) -> Vec<String> {
    host.advance(secs(2));
    let mut breakers: Vec<String> = host
        .metrics()
        .keys()
        .filter_map(|name| name.split_once(".breaker=")?.1.split_once(";"))
        .map(|(breaker, _)| breaker.to_owned())
        .collect();
    breakers.sort();
    breakers.dedup();
    breakers
}

#[test]
fn hosts_and_values_of_headers_are_labels_only_where_they_are_known() {
    for key in [json!("host"), json!({ "header": "x-tenant" })] {
        let host = policy(with(json!({ "key": key, "known": ["shop.example"] })));
        let of = |value: &str| host.get("/").host(value).header("x-tenant", value);
        for number in 0..50 {
            open(|| of(&format!("tenant-{number}.example")));
        }
        open(|| of("shop.example"));
        assert_eq!(breakers_of_metrics(&host), ["other", "shop.example"]);
        assert_eq!(host.metric("circuit_breaker_state.breaker=shop.example;"), 1);
    }
}

#[test]
fn names_of_clusters_and_routes_are_labels() {
    for (key, breaker) in [
        (json!("cluster"), "orders"),
        (json!("route"), "a"),
        (json!({ "name": "n/1" }), "n/1"),
    ] {
        let host = keyed(key).routes([Route::new("a").cluster("orders")]);
        open(|| host.get("/"));
        assert_eq!(breakers_of_metrics(&host), [breaker]);
        assert_eq!(
            host.metric(&format!("circuit_breaker_state.breaker={breaker};")),
            1
        );
    }
}
