//! What a GET shows.

use super::{
    body, breaker, fail, met, outcomes, running, shown, strikes_with, succeed, the_breaker, three_strikes,
};
use host::{Answer, Host, Route, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

#[test]
fn before_any_request_there_is_nothing_to_show() {
    let host = running(three_strikes());
    let shown = shown(host.worker(0));
    assert_eq!(shown["complete"], true);
    assert_eq!(shown["breakers"], json!([]));
    assert_eq!(shown["retry_budgets"], json!([]));
    assert_eq!(shown["version"], "0.1.0");
}

#[test]
fn a_closed_breaker_shows_what_it_counted() {
    let slow = json!({ "percent": 90, "slower_than": "1s", "window": { "calls": 100 }, "min_calls": 50 });
    let rate = json!({ "percent": 90, "window": "60s", "min_calls": 50 });
    let trip = json!({ "consecutive_failures": 5, "failure_rate": rate, "slow_rate": slow });
    let host = running(strikes_with(json!({ "trip": trip })));
    fail(host.worker(0), 2);
    let mut breaker = the_breaker(host.worker(1));
    assert_eq!(breaker["configuration"].as_str().map(str::len), Some(16));
    breaker["configuration"].take();
    let expected = json!({
        "id": "any/downstream/cluster/upstream", "breaker": "upstream", "key": "cluster", "direction": "any",
        "position": "downstream", "state": "closed", "since": null, "since_ms": null, "generation": 1, "reopenings": 0,
        "open": null, "probes": null, "forced": null,
        "window": {
            "consecutive_failures": 2,
            "failures": { "window_ms": 60_000, "calls": 2, "hits": 2 },
            "slow": { "window_calls": 100, "calls": 2, "hits": 0 },
        },
        "configuration": null, "plugin_version": "0.1.0",
    });
    assert_eq!(breaker, expected, "{breaker:#}");
}

#[test]
fn an_open_breaker_shows_until_when_and_a_half_open_one_its_probes() {
    let host = running(three_strikes());
    fail(host.worker(0), 3);
    host.advance(secs(4));
    let breaker = the_breaker(host.worker(1));
    assert_eq!(breaker["state"], "open");
    assert_eq!(
        (&breaker["since_ms"], &breaker["generation"]),
        (&json!(4_000), &json!(2))
    );
    assert_eq!(breaker["open"]["left_ms"], 6_000);
    assert_eq!(shown(host.worker(0))["timestamp"], "2026-01-01T00:00:04.000Z");
    assert_eq!(breaker["since"], "2026-01-01T00:00:00.000Z");
    assert_eq!(breaker["open"]["until"], "2026-01-01T00:00:10.000Z");
    assert_eq!(breaker["window"], Value::Null);

    host.advance(secs(6));
    let probe = host.worker(1).get("/orders").expect_forwarded();
    let breaker = the_breaker(host.worker(0));
    assert_eq!(breaker["state"], "half_open");
    assert_eq!(breaker["probes"], json!({ "in_flight": 1, "succeeded": 0 }));
    assert_eq!(breaker["open"], Value::Null);
    probe.answer(200);
    let breaker = the_breaker(host.worker(0));
    assert_eq!(
        (&breaker["state"], &breaker["generation"]),
        (&json!("closed"), &json!(4))
    );
    assert_eq!(breaker["since_ms"], 0);
}

#[test]
fn what_has_opened_again_says_how_often() {
    let host = running(three_strikes());
    fail(host.worker(0), 3);
    host.advance(secs(10));
    fail(host.worker(1), 1);
    let breaker = the_breaker(host.worker(0));
    assert_eq!(breaker["reopenings"], 1);
    assert_eq!(breaker["open"]["left_ms"], 20_000);
}

#[test]
fn budgets_show_what_is_left_of_them() {
    let host = met();
    let retried = host.worker(1).get("/orders").send();
    let retried = retried.begin_answer(Answer::new(503)).expect_retried();
    retried.begin_answer(Answer::new(200));
    host.advance(secs(1));
    let mut budgets = shown(host.worker(0))["retry_budgets"].clone();
    let budget = &mut budgets[0];
    assert_eq!(budget["configuration"].as_str().map(str::len), Some(16));
    budget["configuration"].take();
    let expected = json!([{
        "cluster": "upstream", "interval_ms": 10_000, "requests": 2, "retries": 1, "remaining": 99,
        "configuration": null, "plugin_version": "0.1.0",
    }]);
    assert_eq!(budgets, expected, "{budgets:#}");
}

#[test]
fn each_worker_shows_the_same_in_the_order_of_the_ids() {
    let routes = ["zebra", "apple", "mango"].map(|name| Route::new(name).prefix(&format!("/{name}")));
    let host = running(strikes_with(json!({ "key": "route" }))).routes(routes);
    for (worker, path) in [(0, "/zebra"), (1, "/mango"), (0, "/apple")] {
        host.worker(worker).get(path).answered_with(200);
    }
    let shown = [0, 1].map(|worker| shown(host.worker(worker)));
    assert_eq!(shown[0], shown[1]);
    let ids: Vec<&Value> = shown[0]["breakers"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|breaker| &breaker["breaker"])
        .collect();
    assert_eq!(ids, ["apple", "mango", "zebra"]);
}

#[test]
fn one_breaker_can_be_asked_for_by_its_name_or_id() {
    let routes = ["zebra", "apple"].map(|name| Route::new(name).prefix(&format!("/{name}")));
    let host = running(strikes_with(json!({ "key": "route" }))).routes(routes);
    for path in ["/zebra", "/apple"] {
        host.get(path).answered_with(200);
    }
    for wanted in [
        "apple",
        "any/downstream/route/apple",
        "any%2fdownstream%2Froute%2Fapple",
    ] {
        let exchange = host.get(format!("/.policy?breaker={wanted}")).run(500);
        let shown = body(exchange.expect_status(200));
        assert_eq!(shown["breakers"].as_array().map(Vec::len), Some(1), "{wanted}");
        assert_eq!(shown["breakers"][0]["breaker"], "apple");
        assert_eq!(shown.get("retry_budgets"), None);
    }
    let exchange = host.get("/.policy?breaker=pear").run(500);
    assert_eq!(body(exchange.expect_status(200))["breakers"], json!([]));
    assert_eq!(outcomes(&host, "shown"), 4);
}

#[test]
fn it_is_as_short_as_a_person_reads_it_a_line_for_each() {
    let host = met();
    let exchange = host.get("/.policy").run(500);
    let text = String::from_utf8(exchange.body()).expect("it is text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(
        lines[2].starts_with("  {\"id\":\"any/downstream/cluster/upstream\""),
        "{text}"
    );
    assert!(text.ends_with("\n}\n"));
}

#[test]
fn the_same_configuration_has_one_hash_and_another_has_another() {
    let hash = |host: &Host| {
        succeed(host.worker(0));
        the_breaker(host.worker(0))["configuration"].clone()
    };
    let one = hash(&running(three_strikes()));
    assert_eq!(hash(&running(three_strikes())), one);
    let other = hash(&running(strikes_with(json!({ "max_keys": 7 }))));
    assert_ne!(other, one);

    let as_text = r#"{"default":{"ramp":null,"half_open":{"successes":1,"max_calls":1.0},"open":{"jitter":0,"for":"10s"},
        "trip":{"failure_rate":null,"consecutive_failures":3}}}"#;
    let other_order = host::Plugin::new(CIRCUIT_BREAKER.module()).config(as_text);
    let host = Host::chain([super::admin(json!({})), other_order]);
    assert_eq!(hash(&host), one);
}

#[test]
fn a_new_configuration_is_seen_with_the_next_request() {
    let host = met();
    let before = the_breaker(host.worker(0));
    host.update(
        "circuit-breaker",
        json!({ "default": strikes_with(json!({ "max_keys": 7 })) }),
    )
    .expect("it is accepted");
    assert_eq!(the_breaker(host.worker(0)), before);
    succeed(host.worker(1));
    let after = the_breaker(host.worker(0));
    assert_ne!(after["configuration"], before["configuration"]);
}

#[test]
fn an_attempts_breaker_stands_beside_that_of_requests() {
    let in_cluster = breaker(three_strikes()).name("in-the-cluster");
    let host = running(three_strikes()).clusters([host::Cluster::new("upstream").filters([in_cluster])]);
    succeed(host.worker(0));
    let breakers = shown(host.worker(0))["breakers"].clone();
    assert_eq!(breakers[0]["id"], "any/downstream/cluster/upstream");
    assert_eq!(breakers[1]["id"], "any/upstream/cluster/upstream");
    assert_eq!(breakers[1]["position"], "upstream");
}

#[test]
fn a_head_is_answered_as_a_get() {
    let host = met();
    let exchange = host.request("HEAD", "/.policy").run(500);
    exchange.expect_status(200).header("cache-control", "no-store");
    assert!(!exchange.reached_upstream());
}

#[test]
fn other_paths_pass_through_untouched() {
    let host = running(three_strikes());
    for path in ["/", "/.policyx", "/x/.policy", "/%2Epolicy", "/orders?x=/.policy"] {
        let exchange = host.get(path).answered_with(200);
        assert!(exchange.reached_upstream(), "{path}");
    }
    assert_eq!(
        host.metrics().keys().find(|name| name.starts_with("admin_")),
        None
    );
}
