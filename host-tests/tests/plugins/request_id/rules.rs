//! Which policy a request meets: rules, profiles, route metadata.

use super::{counted, host};
use crate::lines;
use host::{Direction, Edge, Exchange, Host, Request, Route};
use serde_json::{Value, json};

/// The policy that writes the id into this response header, which tells which policy was met.
fn marking(header: &str) -> Value {
    json!({ "response_headers": [header] })
}

fn routes() -> [Route; 3] {
    [
        Route::new("orders").prefix("/orders").virtual_host("shop"),
        Route::new("strict")
            .prefix("/strict")
            .metadata(json!({ "policy": { "request-id": "strict" } })),
        Route::new("other"),
    ]
}

/// Whether a rule with this `match` takes the request.
#[track_caller]
fn check(condition: &Value, request: impl Fn(&Host) -> Request, met: bool) {
    let rule = json!({ "match": condition, "policy": marking("x-met") });
    let host = host(json!({ "routes": [rule] })).routes(routes());
    let exchange = request(&host).run(200);
    let (there, absent) = if met {
        ("x-met", "x-request-id")
    } else {
        ("x-request-id", "x-met")
    };
    exchange.no_header(absent);
    exchange.response_header(there).value();
}

#[test]
fn a_rule_by_route() {
    check(&json!({ "route": "orders" }), |host| host.get("/orders/1"), true);
    check(&json!({ "route": "orders" }), |host| host.get("/"), false);
    check(&json!({ "route": "Orders" }), |host| host.get("/orders"), false);
    // Without a route there is no name.
    let nowhere = host(json!({ "routes": [{ "match": { "route": "orders" }, "policy": marking("x-met") }] }))
        .routes([]);
    nowhere
        .get("/orders")
        .expect_rejected(404)
        .no_header("x-met")
        .response_header("x-request-id")
        .value();
}

#[test]
fn a_rule_by_host() {
    for (pattern, host, met) in [
        ("shop.example", "shop.example", true),
        ("shop.example", "SHOP.example:8443", true),
        ("SHOP.example", "shop.example", true),
        ("shop.example", "a.shop.example", false),
        ("*.shop.example", "a.shop.example", true),
        ("*.shop.example", "a.b.shop.example:80", true),
        ("*.shop.example", "shop.example", false),
        ("*.shop.example", "ashop.example", false),
    ] {
        check(
            &json!({ "host": pattern }),
            |hosts| hosts.get("/").host(host),
            met,
        );
    }
}

#[test]
fn a_rule_by_path() {
    for (key, pattern, path, met) in [
        ("path", "/orders", "/orders", true),
        ("path", "/orders", "/orders?q=1", true),
        ("path", "/orders", "/orders/", false),
        ("path", "/a%2Fb", "/a/b", false),
        ("path_prefix", "/orders", "/orders", true),
        ("path_prefix", "/orders", "/orders/1?q", true),
        ("path_prefix", "/orders", "/ordersx", false),
        ("path_prefix", "/orders/", "/orders", false),
        ("path_prefix", "/orders/", "/orders/1", true),
        ("path_prefix", "/", "/anything", true),
        ("path_template", "/orders/{id}", "/orders/7", true),
        ("path_template", "/orders/{id}", "/orders/7?q=/", true),
        ("path_template", "/orders/{id}", "/orders/", false),
        ("path_template", "/orders/{id}", "/orders/7/lines", false),
        ("path_template", "/{a}/x/{b}", "/1/x/2", true),
    ] {
        check(&json!({ key: pattern }), |host| host.get(path), met);
    }
}

#[test]
fn a_rule_by_method_and_headers() {
    check(
        &json!({ "methods": ["POST", "PUT"] }),
        |host| host.request("PUT", "/"),
        true,
    );
    check(
        &json!({ "methods": ["POST", "PUT"] }),
        |host| host.get("/"),
        false,
    );
    let gold = json!({ "headers": { "X-Tier": "gold" } });
    check(&gold, |host| host.get("/").header("x-tier", "gold"), true);
    check(
        &gold,
        |host| host.get("/").header("x-tier", "silver").header("x-tier", "gold"),
        true,
    );
    check(&gold, |host| host.get("/").header("x-tier", "Gold"), false);
    check(&gold, |host| host.get("/"), false);
    let both = json!({ "headers": { "x-tier": "gold", "x-zone": "b" } });
    check(&both, |host| host.get("/").header("x-tier", "gold"), false);
    check(
        &both,
        |host| host.get("/").header("x-tier", "gold").header("x-zone", "b"),
        true,
    );
}

#[test]
fn a_rule_by_direction() {
    for (asked, direction, met) in [
        ("inbound", Direction::Inbound, true),
        ("inbound", Direction::Outbound, false),
        ("inbound", Direction::Unspecified, false),
        ("outbound", Direction::Outbound, true),
        ("outbound", Direction::Inbound, false),
        ("any", Direction::Unspecified, true),
        ("any", Direction::Inbound, true),
    ] {
        let rule = json!({ "match": { "direction": asked }, "policy": marking("x-met") });
        let host = host(json!({ "routes": [rule] })).edge(Edge::default().direction(direction));
        let exchange = host.get("/").answered_with(200);
        assert_eq!(
            exchange.response_header("x-met").option().is_some(),
            met,
            "{asked}\n{exchange}"
        );
    }
}

#[test]
fn all_that_is_given_must_match() {
    let all = json!({
        "route": "orders", "host": "*.example", "path_prefix": "/orders", "methods": ["POST"], "headers": { "x-tier": "gold" },
    });
    let request = |host: &Host| {
        host.post("/orders/7")
            .host("shop.example")
            .header("x-tier", "gold")
    };
    check(&all, request, true);
    check(&all, |host| request(host).host("shop.test"), false);
    check(
        &all,
        |host| {
            host.get("/orders/7")
                .host("shop.example")
                .header("x-tier", "gold")
        },
        false,
    );
    check(&all, |host| host.post("/orders/7").host("shop.example"), false);
}

#[test]
fn the_first_rule_that_matches_wins_however_it_is_found() {
    let host = host(json!({
        "routes": [
            { "match": { "path_prefix": "/a" }, "policy": marking("x-first") },
            { "match": { "path": "/a" }, "policy": marking("x-second") },
            { "match": { "path": "/b" }, "policy": marking("x-third") },
            { "match": {}, "policy": marking("x-last") },
        ],
    }));
    for (path, header) in [
        ("/a", "x-first"),
        ("/a/b", "x-first"),
        ("/b", "x-third"),
        ("/c", "x-last"),
    ] {
        host.get(path).answered_with(200).response_header(header).value();
    }
}

/// The number of characters to which ids are bounded where the rule is met.
fn bounded(host: &Host, path: &str) -> usize {
    let taken = |length: &usize| {
        host.advance(host::secs(1));
        let id = "i".repeat(*length);
        let exchange = host.get(path).header("x-request-id", &id).answered_with(200);
        exchange.upstream_header("x-request-id").value() == id.as_bytes()
    };
    (1..=9).rev().find(taken).unwrap_or(0)
}

#[test]
fn layers_are_laid_over_each_other() {
    let host = host(json!({
        "default": { "max_length": 4, "response_headers": ["x-default"] },
        "profiles": { "wide": { "max_length": 8 }, "empty": {} },
        "routes": [
            { "match": { "path": "/profile" }, "profile": "wide" },
            { "match": { "path": "/both" }, "profile": "wide", "policy": { "max_length": 6 } },
            { "match": { "path": "/policy" }, "policy": { "response_headers": [] } },
            { "match": { "path": "/empty" }, "profile": "empty" },
        ],
    }));
    for (path, longest) in [
        ("/", 4),
        ("/profile", 8),
        ("/both", 6),
        ("/policy", 4),
        ("/empty", 4),
    ] {
        assert_eq!(bounded(&host, path), longest, "{path}");
    }
    host.get("/both")
        .answered_with(200)
        .response_header("x-default")
        .value();
    host.get("/policy")
        .answered_with(200)
        .no_header("x-default")
        .no_header("x-request-id");
}

#[test]
fn without_a_default_only_what_a_rule_picks_is_touched() {
    let host = host(json!({
        "default": null,
        "log": { "requests": true },
        "explain": "all",
        "routes": [{ "match": { "path": "/a" }, "policy": { "max_length": 3 } }],
    }));
    let alone = host
        .get("/")
        .header("x-request-id", "a;b")
        .header("traceparent", "nonsense")
        .answered_with(200);
    alone
        .upstream_header("x-request-id")
        .is("a;b")
        .upstream_header("traceparent")
        .is("nonsense");
    alone
        .no_header("x-request-id")
        .filter_state("policy.request_id")
        .is_absent();
    alone.filter_state("policy.explain").is_absent();
    assert!(alone.logs().is_empty(), "{alone}");
    assert_eq!(counted(&host)[1], 0);
    let picked = host.get("/a").header("x-request-id", "abc").answered_with(200);
    picked.header("x-request-id", "abc");
}

/// A route whose metadata for request-id is this, in a configuration with the profile `strict` and a rule.
fn by_metadata(metadata: Value, configuration: Value) -> (Host, Exchange) {
    let mut configuration = configuration;
    configuration["profiles"] = json!({ "strict": marking("x-strict") });
    configuration["routes"] = json!([{ "match": { "path": "/" }, "policy": marking("x-rule") }]);
    let host = host(configuration)
        .routes([Route::new("r").metadata(json!({ "policy": { "request-id": metadata } }))]);
    let exchange = host.get("/").answered_with(200);
    (host, exchange)
}

const UNKNOWN: &str = "policy_degradations_total.plugin=request-id;.what=unknown_profile;";

#[test]
fn the_metadata_of_the_route_beats_the_rules() {
    let on = || json!({ "route_metadata": true });
    let (host, strict) = by_metadata(json!("strict"), on());
    strict.no_header("x-rule").response_header("x-strict").value();
    assert_eq!(host.metric(UNKNOWN), 0);
    for off in [json!("disabled"), json!(false)] {
        let (host, disabled) = by_metadata(off, on());
        disabled
            .no_header("x-rule")
            .no_header("x-strict")
            .upstream_header("x-request-id")
            .is_absent();
        assert_eq!((host.metric(UNKNOWN), counted(&host)[1]), (0, 0));
    }
    let (_, not_asked) = by_metadata(json!("strict"), json!({}));
    not_asked.no_header("x-strict").response_header("x-rule").value();
    let (host, disabled) = by_metadata(
        json!("strict"),
        json!({ "route_metadata": true, "mode": "disabled" }),
    );
    disabled.no_header("x-strict").no_header("x-rule");
    assert_eq!(counted(&host)[1], 0);
}

#[test]
fn metadata_that_names_no_profile_is_counted_and_the_rules_apply() {
    for unknown in [json!("tpyo"), json!(""), json!(true), json!(7), json!("default")] {
        let (host, exchange) = by_metadata(unknown.clone(), json!({ "route_metadata": true }));
        exchange.no_header("x-strict").response_header("x-rule").value();
        assert_eq!(host.metric(UNKNOWN), 1, "{unknown}");
        let line = lines::only(&exchange);
        assert_eq!(
            (&line["event"], &line["what"]),
            (&json!("degradation"), &json!("unknown_profile"))
        );
        assert_eq!(
            (&line["plugin"], &line["severity"]),
            (&json!("request-id"), &json!("WARN"))
        );
    }
}

#[test]
fn a_route_without_metadata_meets_the_rules() {
    let host = host(json!({ "route_metadata": true, "profiles": { "strict": marking("x-strict") } }))
        .routes(routes());
    host.get("/strict")
        .answered_with(200)
        .response_header("x-strict")
        .value();
    host.get("/orders")
        .answered_with(200)
        .no_header("x-strict")
        .response_header("x-request-id")
        .value();
    assert_eq!(host.metric(UNKNOWN), 0);
}
