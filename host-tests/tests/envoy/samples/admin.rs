//! The live state on a listener of its own: the records that other modules share with it under one `vm_id`.

use super::{
    assert_metric, assert_nothing_given_up, body, eventually, get, stand, stand_with, statuses, text,
};
use crate::stand::Stand;
use host_tests::plugin::POLICIES;
use live::client::{self, Request, Response};
use serde_json::{Value, json};

const FILE: &str = "admin.yaml";
const OPERATORS: &str = "/static_resources/listeners/1/filter_chains/0/filters/0/typed_config";

/// Sends it to the listener for operators.
#[track_caller]
fn ask(stand: &Stand, request: &Request) -> Response {
    let listener = stand.envoy.listener("operators").expect("the sample has it");
    client::send(listener, request).unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

#[track_caller]
fn post(stand: &Stand, path: &str) -> Response {
    ask(stand, &Request::new("POST", path))
}

/// What it shows.
#[track_caller]
fn shown(stand: &Stand) -> Value {
    let response = ask(stand, &Request::get("/.policy"));
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(text(&response, "content-type"), "application/json");
    assert_eq!(text(&response, "cache-control"), "no-store");
    body(&response)
}

/// What it shows of the only breaker.
#[track_caller]
fn breaker(stand: &Stand) -> Value {
    let shown = shown(stand);
    assert_eq!(shown["breakers"].as_array().map(Vec::len), Some(1), "{shown:#}");
    shown["breakers"][0].clone()
}

#[track_caller]
fn assert_refused(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(text(response, "x-error-code"), code);
    assert_eq!(text(response, "cache-control"), "no-store");
    assert_eq!(body(response)["error_code"], code);
}

const FORCE_OPEN: &str = "/.policy/force?breaker=upstream&state=open&for=30s&reason=a+drill";

#[test]
fn it_shows_what_other_modules_have_met() {
    let stand = stand(FILE);
    assert_eq!(shown(&stand)["breakers"], json!([]));
    assert_eq!(get(&stand, "/orders").status, 200);
    let breaker = breaker(&stand);
    assert_eq!(breaker["id"], "any/downstream/cluster/upstream", "{breaker:#}");
    assert_eq!(breaker["state"], "closed");
    assert_eq!(breaker["plugin_version"], "0.1.0");
    let budgets = shown(&stand)["retry_budgets"].clone();
    assert_eq!(budgets[0]["cluster"], "upstream", "{budgets:#}");
    assert_eq!(budgets[0]["remaining"], 100);
    assert_nothing_given_up(&stand);
}

#[test]
fn forced_open_every_worker_rejects_and_says_what_is_left() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    let answer = post(&stand, FORCE_OPEN);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let forced = &body(&answer)["breakers"][0];
    assert_eq!(
        (&forced["state"], &forced["forced"]["reason"]),
        (&json!("open"), &json!("a drill"))
    );
    // Each on a connection of its own: both workers get some.
    for _ in 0..20 {
        let rejected = get(&stand, "/orders");
        assert_eq!(rejected.status, 503, "{}", rejected.text());
        assert_eq!(text(&rejected, "x-error-code"), "CIRCUIT_OPEN");
        let seconds: u64 = text(&rejected, "retry-after").parse().expect("a number");
        assert!((1..=33).contains(&seconds), "{seconds}");
    }
    assert_metric(
        &stand,
        "circuit_breaker_transitions_total{breaker=\"upstream\",from=\"closed\",to=\"open\",reason=\"forced\"}",
        1,
    );
    assert_metric(&stand, "admin_requests_total{outcome=\"forced\"}", 1);
    assert_metric(&stand, "circuit_breaker_state{breaker=\"upstream\"}", 1);

    let answer = post(&stand, "/.policy/reset?breaker=upstream&reason=drill+is+over");
    assert_eq!(body(&answer)["breakers"][0]["state"], "closed");
    assert_eq!(statuses(&stand, "/orders", 10), [200; 10]);
    let log = stand.envoy.log().expect("Envoy has a log");
    for event in [
        "\"event\":\"forced\"",
        "\"event\":\"reset\"",
        "\"reason\":\"a drill\"",
        "\"source\":\"127.0.0.1\"",
    ] {
        assert!(log.contains(event), "{event}: {log}");
    }
    assert_nothing_given_up(&stand);
}

#[test]
fn a_force_ends_by_time_alone_and_then_it_finds_out() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    let force = "/.policy/force?breaker=upstream&state=open&for=1s&reason=x";
    assert_eq!(post(&stand, force).status, 200);
    assert_eq!(get(&stand, "/orders").status, 503);
    eventually("its end", || {
        (breaker(&stand)["forced"] == Value::Null).then_some(())
    });
    eventually("the upstream being asked again", || {
        (get(&stand, "/orders").status == 200).then_some(())
    });
    assert_eq!(breaker(&stand)["state"], "closed");
}

#[test]
fn forced_closed_it_counts_and_does_not_open() {
    let stand = stand(FILE);
    let failing = Request::new("POST", "/status/500");
    let fail =
        |times: usize| -> Vec<u16> { (0..times).map(|_| super::send(&stand, &failing).status).collect() };
    assert_eq!(fail(3), [500; 3]);
    let answer = ask(&stand, &Request::get("/.policy?breaker=upstream"));
    let shown = &body(&answer)["breakers"][0];
    assert_eq!(shown["state"], "open");
    let left = shown["open"]["left_ms"].as_u64().expect("a number");
    assert!((1..=11_000).contains(&left), "{left}");
    assert_eq!(
        post(
            &stand,
            "/.policy/force?breaker=upstream&state=closed&for=5m&reason=we+know"
        )
        .status,
        200
    );
    assert_eq!(fail(5), [500; 5]);
    let shown = breaker(&stand);
    assert_eq!(shown["state"], "closed", "{shown:#}");
    assert_eq!(shown["window"]["consecutive_failures"], 5);
    assert_eq!(shown["forced"]["state"], "closed");
}

#[test]
fn what_makes_no_sense_is_told_and_changes_nothing() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    let answer = post(&stand, "/.policy/force?breaker=orders&state=ajar");
    assert_refused(&answer, 400, "BAD_REQUEST");
    let faults = body(&answer)["context"]["faults"].clone();
    let parameters: Vec<&Value> = faults
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| &fault["parameter"])
        .collect();
    assert_eq!(parameters, ["reason", "state", "for"]);
    let answer = post(&stand, "/.policy/reset?breaker=orders&reason=x");
    assert_refused(&answer, 404, "BREAKER_UNKNOWN");
    let answer = ask(&stand, &Request::get("/.policy/reset?breaker=upstream&reason=x"));
    assert_refused(&answer, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(text(&answer, "allow"), "POST");
    assert_eq!(breaker(&stand)["forced"], Value::Null);
    // And what is not for it gets the listener's own answer.
    for path in ["/", "/.policyx", "/%2epolicy"] {
        let other = ask(&stand, &Request::get(path));
        assert_eq!(
            (other.status, text(&other, "x-error-code").as_str()),
            (404, ""),
            "{path}"
        );
    }
    assert_nothing_given_up(&stand);
}

#[test]
fn a_post_with_a_body_and_a_head_are_answered_as_those_without() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    let answer = ask(&stand, &Request::post(FORCE_OPEN, "x".repeat(100_000)));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = ask(&stand, &Request::new("HEAD", "/.policy"));
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn whoever_names_another_peer_is_refused() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "10.0.0.1, 127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        let answer = ask(&stand, &Request::get("/.policy").header(name, value));
        assert_refused(&answer, 403, "ACCESS_DENIED");
        let answer = ask(&stand, &Request::new("POST", FORCE_OPEN).header(name, value));
        assert_refused(&answer, 403, "ACCESS_DENIED");
    }
    assert_eq!(get(&stand, "/orders").status, 200);
    assert_metric(&stand, "admin_requests_total{outcome=\"access_denied\"}", 10);
}

#[test]
fn a_web_page_changes_nothing() {
    let stand = stand(FILE);
    get(&stand, "/orders");
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = ask(&stand, &Request::new("POST", FORCE_OPEN).header(name, value));
        assert_refused(&answer, 403, "ACCESS_DENIED");
    }
    assert_eq!(get(&stand, "/orders").status, 200);
}

#[test]
fn another_network_is_refused_also_where_the_listener_believes_what_a_request_says() {
    let cidrs = json!({ "cidrs": ["10.0.0.0/8"] });
    let strict = stand_with(FILE, |sample| sample.configuration("admin", &cidrs));
    assert_refused(&ask(&strict, &Request::get("/.policy")), 403, "ACCESS_DENIED");

    // Envoy takes the address that a request names for its peer's: what it names is refused all the same.
    let believing = stand_with(FILE, |sample| {
        sample
            .configuration("admin", &cidrs)?
            .set(&format!("{OPERATORS}/use_remote_address"), json!(false))?
            .set(&format!("{OPERATORS}/skip_xff_append"), json!(false))
    });
    let named = Request::get("/.policy").header("x-forwarded-for", "10.0.0.1");
    let refused = ask(&believing, &named);
    assert_refused(&refused, 403, "ACCESS_DENIED");
    eventually("the line that says who was taken for the peer", || {
        let log = believing.envoy.log().ok()?;
        log.contains("\"source\":\"10.0.0.1\"").then_some(())
    });
}

#[test]
fn without_skip_xff_append_everybody_is_refused_and_told_why() {
    let stand = stand_with(FILE, |sample| {
        sample.set(&format!("{OPERATORS}/skip_xff_append"), json!(false))
    });
    let answer = ask(&stand, &Request::get("/.policy"));
    assert_refused(&answer, 403, "ACCESS_DENIED");
    assert!(answer.text().contains("skip_xff_append"), "{}", answer.text());
}

/// Everything but the times.
fn without_times(mut shown: Value) -> Value {
    shown["timestamp"].take();
    for breaker in shown["breakers"].as_array_mut().into_iter().flatten() {
        for name in ["since", "since_ms"] {
            breaker[name].take();
        }
        for part in ["open", "forced"] {
            for name in ["until", "left_ms"] {
                if breaker[part].is_object() {
                    breaker[part][name].take();
                }
            }
        }
    }
    shown
}

#[test]
fn of_single_modules_and_of_the_module_of_all_the_same_is_shown_and_forced() {
    let single = stand(FILE);
    // The traffic's listener has the module of all, and picks its plugins by root ids.
    let of_all = stand_with(FILE, |mut sample| {
        let module = POLICIES.path().display().to_string();
        let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
        let filters = sample.tree().pointer_mut(filters).and_then(Value::as_array_mut);
        for filter in filters.expect("there are filters") {
            let name = filter["name"].clone();
            // The router has none.
            if let Some(config) = filter.pointer_mut("/typed_config/config") {
                config["vm_config"]["code"]["local"]["filename"] = json!(module);
                config["root_id"] = name;
            }
        }
        Ok(sample)
    });
    let life = |stand: &Stand| {
        get(stand, "/orders");
        let before = without_times(shown(stand));
        let forced = without_times(body(&post(stand, FORCE_OPEN)));
        assert_eq!(get(stand, "/orders").status, 503);
        // What a worker counts for the budget is there with its next tick.
        let after = eventually("the tick", || {
            let shown = without_times(shown(stand));
            (shown["retry_budgets"][0]["requests"] == 1).then_some(shown)
        });
        assert_nothing_given_up(stand);
        (before["breakers"].clone(), forced, after)
    };
    assert_eq!(life(&of_all), life(&single));
}
