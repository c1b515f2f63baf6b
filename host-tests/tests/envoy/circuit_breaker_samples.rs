//! The samples of circuit-breaker do what their comments say, with two workers.

mod well_known;

use crate::stand::{Stand, assert_metric, assert_nothing_given_up};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, REQUEST_ID};
use live::client::{Request, Response};
use live::{Envoy, Sample, Upstream, wait};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

/// A sample with the modules that were just built, on free ports, with two workers.
#[track_caller]
fn stand_of(file: &str, change: impl FnOnce(Sample) -> live::Result<Sample>) -> Stand {
    let upstream = Upstream::start().expect("an upstream can be started");
    let start = || {
        let mut sample = Sample::load(file)?
            .on_free_ports()
            .cluster("upstream", upstream.address())?
            .module(CIRCUIT_BREAKER.name, CIRCUIT_BREAKER.path())?;
        if file == "circuit-breaker.yaml" {
            for plugin in [&ERROR_ENVELOPE, &REQUEST_ID] {
                sample = sample.module(plugin.name, plugin.path())?;
            }
        }
        Envoy::with(&change(sample)?.to_yaml()).concurrency(2).start()
    };
    let envoy = start().unwrap_or_else(|error| panic!("{error}"));
    Stand { envoy, upstream }
}

/// The sample as it is.
#[track_caller]
fn stand(file: &str) -> Stand {
    stand_of(file, Ok)
}

/// The sample, but open for a second only.
#[track_caller]
fn soon_half_open(file: &str, filters: &str) -> Stand {
    stand_of(file, |mut sample| {
        let filters = sample.tree().pointer(filters).and_then(Value::as_array);
        let plugin = filters
            .and_then(|filters| {
                filters
                    .iter()
                    .find(|filter| filter["name"] == CIRCUIT_BREAKER.name)
            })
            .expect("the plugin is among these filters");
        let text = plugin["typed_config"]["config"]["configuration"]["value"].as_str();
        let mut configuration: Value =
            serde_json::from_str(text.expect("it has a configuration")).expect("which is JSON");
        configuration["default"]["open"] = json!({ "for": "1s", "jitter": 0 });
        sample.configuration(CIRCUIT_BREAKER.name, &configuration)
    })
}

const DOWNSTREAM: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const UPSTREAM: &str = "/static_resources/clusters/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters";

/// The statuses that so many requests for this get, one after the other.
#[track_caller]
fn statuses(stand: &Stand, request: &Request, times: usize) -> Vec<u16> {
    (0..times).map(|_| send(stand, request).status).collect()
}

#[track_caller]
fn send(stand: &Stand, request: &Request) -> Response {
    stand
        .envoy
        .send(request)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A rejection: its code, and the seconds after which to come back.
#[track_caller]
fn rejected(response: &Response) -> u64 {
    assert_eq!(response.status, 503, "{}", response.text());
    assert_eq!(response.values("x-error-code"), [b"CIRCUIT_OPEN"]);
    let body: Value = serde_json::from_slice(&response.body).expect("the body is JSON");
    assert_eq!(
        (&body["error_code"], &body["status_code"]),
        (&json!("CIRCUIT_OPEN"), &json!(503))
    );
    let seconds = body["retry_after"].as_u64().expect("it says when to come back");
    assert_eq!(response.values("retry-after"), [seconds.to_string().as_bytes()]);
    seconds
}

/// Waits for a request that is answered 200.
#[track_caller]
fn until_ok(stand: &Stand, request: &Request) {
    wait::until(Duration::from_secs(10), "a request that is admitted", || {
        Ok((send(stand, request).status == 200).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn three_failures_open_the_breaker_of_the_cluster() {
    let stand = stand("circuit-breaker.yaml");
    let failing = Request::get("/status/500");
    assert_eq!(statuses(&stand, &failing, 3), [500, 500, 500]);
    let response = send(&stand, &Request::get("/orders"));
    let seconds = rejected(&response);
    // Ten, up to a tenth longer, and up to a tenth of that longer for this client.
    assert!((10..=13).contains(&seconds), "{seconds}");
    assert_eq!(stand.upstream.received().len(), 3, "the fourth did not reach it");

    let entry = &stand.envoy.access_log_of(4).expect("each exchange is logged")[3];
    assert_eq!(
        (&entry["circuit"], &entry["details"], &entry["error_code"]),
        (
            &json!("upstream:open"),
            &json!("circuit_breaker_open"),
            &json!("CIRCUIT_OPEN")
        ),
        "{entry}"
    );
    assert_eq!(
        response.values("x-request-id"),
        [entry["request_id"].as_str().unwrap_or_default().as_bytes()]
    );
    assert_metric(&stand, "circuit_breaker_state{breaker=\"upstream\"}", 1);
    assert_nothing_given_up(&stand);
}

#[test]
fn one_probe_closes_the_breaker_of_the_cluster() {
    let stand = soon_half_open("circuit-breaker.yaml", DOWNSTREAM);
    assert_eq!(
        statuses(&stand, &Request::get("/status/500"), 4),
        [500, 500, 500, 503]
    );
    until_ok(&stand, &Request::get("/orders"));
    assert_eq!(statuses(&stand, &Request::get("/orders"), 4), [200; 4]);
    let went = |from: &str, to: &str, reason: &str| {
        format!(
            "circuit_breaker_transitions_total{{breaker=\"upstream\",from=\"{from}\",to=\"{to}\",reason=\"{reason}\"}}"
        )
    };
    assert_metric(&stand, &went("closed", "open", "consecutive_failures"), 1);
    assert_metric(&stand, &went("open", "half_open", "open_elapsed"), 1);
    assert_metric(&stand, &went("half_open", "closed", "probes_succeeded"), 1);
    assert_metric(&stand, "circuit_breaker_probes_total{breaker=\"upstream\"}", 1);
    let success = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"success\",mode=\"enforce\"}";
    assert_metric(&stand, success, 5);
    assert_nothing_given_up(&stand);
}

#[test]
fn what_is_rejected_can_go_another_way_which_no_client_can_choose() {
    let stand = stand("circuit-breaker.yaml");
    let failing = Request::get("/recommendations/status/500");
    assert_eq!(statuses(&stand, &failing, 3), [500, 500, 500]);
    let fallback = send(&stand, &failing);
    assert_eq!(
        (fallback.status, fallback.text()),
        (200, "bestsellers".to_owned())
    );
    let choosing = Request::get("/recommendations/orders").header("x-fallback", "bestsellers");
    assert_eq!(
        send(&stand, &choosing).text(),
        "bestsellers",
        "it is open for this one too"
    );
    assert_eq!(stand.upstream.received().len(), 3);
    let rejected =
        "circuit_breaker_calls_total{breaker=\"recommendations\",outcome=\"rejected\",mode=\"enforce\"}";
    assert_metric(&stand, rejected, 2);
    let elsewhere = Request::get("/orders").header("x-fallback", "bestsellers");
    assert!(
        send(&stand, &elsewhere).text().contains("\"path\": \"/orders\""),
        "the upstream's echo"
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn each_tenant_has_a_breaker() {
    let stand = stand("circuit-breaker.yaml");
    let failing = Request::get("/tenants/status/500").header("x-tenant", "acme");
    assert_eq!(statuses(&stand, &failing, 4), [500, 500, 500, 503]);
    let other = Request::get("/tenants/orders").header("x-tenant", "umbrella");
    assert_eq!(statuses(&stand, &other, 1), [200]);
    assert_metric(&stand, "circuit_breaker_state{breaker=\"acme\"}", 1);
    assert_eq!(
        stand
            .envoy
            .metric("circuit_breaker_state{breaker=\"upstream\"}")
            .expect("Envoy tells its metrics"),
        None,
        "of these requests the cluster has none"
    );
}

#[test]
fn in_the_shadow_it_only_counts() {
    let stand = stand("circuit-breaker.yaml");
    assert_eq!(statuses(&stand, &Request::get("/shadow/status/500"), 5), [500; 5]);
    assert_eq!(stand.upstream.received().len(), 5);
    let calls = |outcome: &str| {
        format!("circuit_breaker_calls_total{{breaker=\"shadow\",outcome=\"{outcome}\",mode=\"shadow\"}}")
    };
    assert_metric(&stand, &calls("failure"), 3);
    assert_metric(&stand, &calls("rejected"), 2);
}

#[test]
fn what_is_forced_open_reaches_nobody() {
    let stand = stand("circuit-breaker.yaml");
    rejected(&send(&stand, &Request::get("/closed-for-today")));
    assert!(stand.upstream.received().is_empty());
}

#[test]
fn time_outs_and_resets_are_failures() {
    let timing_out = stand("circuit-breaker.yaml");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(send(&timing_out, &Request::get("/slow/3000")).status, 504));
        }
    });
    rejected(&send(&timing_out, &Request::get("/orders")));

    let resetting = stand("circuit-breaker.yaml");
    assert_eq!(statuses(&resetting, &Request::get("/reset"), 2), [503, 503]);
    // It breaks off, which a client may take for an error.
    drop(resetting.envoy.send(&Request::get("/reset-after-headers")));
    rejected(&send(&resetting, &Request::get("/orders")));
    assert_eq!(resetting.upstream.received().len(), 3);
}

#[test]
fn in_a_cluster_it_sees_attempts_and_ends_the_retries() {
    let stand = soon_half_open("circuit-breaker-per-attempt.yaml", UPSTREAM);
    let failing = Request::get("/status/503");
    assert_eq!(statuses(&stand, &failing, 1), [503]);
    assert_eq!(
        stand.upstream.take_received().len(),
        4,
        "all attempts of the route's policy"
    );
    rejected(&send(&stand, &failing));
    assert_eq!(
        stand.upstream.take_received().len(),
        1,
        "the fifth failure opened it"
    );
    let entry = &stand.envoy.access_log_of(2).expect("each exchange is logged")[1];
    assert_eq!(
        (&entry["attempts"], &entry["circuit"], &entry["details"]),
        (&json!(2), &json!("upstream:open"), &json!("circuit_breaker_open")),
        "{entry}"
    );
    until_ok(&stand, &Request::get("/orders"));
    let calls = |outcome: &str| {
        let labels =
            format!("breaker=\"upstream\",position=\"upstream\",outcome=\"{outcome}\",mode=\"enforce\"");
        format!("circuit_breaker_calls_total{{{labels}}}")
    };
    assert_metric(&stand, &calls("failure"), 5);
    assert_metric(&stand, &calls("success"), 1);
    assert_nothing_given_up(&stand);
}
