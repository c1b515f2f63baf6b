//! What the sample says to try.

use super::stage::start;
use host_tests::plugin::RETRY;
use live::client::{Request, Response};
use live::{Envoy, Sample, Upstream};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

fn sample() -> (Envoy, Upstream) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let load = || {
        let mut sample = Sample::load("retry.yaml")?
            .on_free_ports()
            .cluster("upstream", upstream.address())?
            .module(RETRY.name, RETRY.path())?;
        // In the cluster, too.
        let cluster = "/static_resources/clusters/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters/0";
        let code = format!("{cluster}/typed_config/config/vm_config/code/local/filename");
        let code = sample
            .tree()
            .pointer_mut(&code)
            .expect("the plugin stands in the cluster, too");
        *code = Value::String(RETRY.path().display().to_string());
        Ok(sample)
    };
    let mut sample: Sample = load().unwrap_or_else(|error: live::Error| panic!("{error}"));
    (start(sample.tree(), |envoy| envoy), upstream)
}

#[track_caller]
fn send(envoy: &Envoy, request: &Request) -> Response {
    let response = envoy.send(request);
    response.unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

#[test]
fn how_often_the_sample_tries_what_is_as_it_says() {
    let (envoy, upstream) = sample();
    let post = |path: &str| Request::new("POST", path);
    for (request, status, attempts) in [
        (Request::get("/status/503"), 503, 3),
        (post("/status/503"), 503, 1),
        (post("/orders/status/503").header("idempotency-key", "42"), 503, 3),
        (post("/orders/status/503"), 503, 1),
        (
            post("/payments/status/503").header("idempotency-key", "42"),
            503,
            3,
        ),
        (
            Request::get("/status/503").header("x-envoy-attempt-count", "2"),
            503,
            1,
        ),
        (
            Request::get("/slow/3000").header("x-request-deadline-ms", "500"),
            504,
            1,
        ),
        (Request::get("/legacy/status/503"), 503, 3),
        (post("/legacy/status/503"), 503, 1),
    ] {
        let response = send(&envoy, &request);
        let told = response.values("x-envoy-attempt-count");
        let received = upstream.take_received().len();
        assert_eq!(
            (response.status, received, told),
            (status, attempts, vec![attempts.to_string().as_bytes()]),
            "{request:?}"
        );
        assert_eq!(
            response.values("retry-after").len(),
            usize::from(status == 503),
            "{request:?}"
        );
    }
    for (request, status, code) in [
        (post("/payments/status/503"), 400, "IDEMPOTENCY_KEY_MISSING"),
        (
            Request::get("/slow/3000").header("x-request-deadline-ms", "0"),
            504,
            "DEADLINE_PASSED",
        ),
    ] {
        let response = send(&envoy, &request);
        assert_eq!(
            (
                response.status,
                response.values("x-error-code"),
                upstream.take_received().len()
            ),
            (status, vec![code.as_bytes()], 0)
        );
    }
}

#[test]
fn the_sample_tells_the_upstream_what_is_left_and_comes_back_when_that_says() {
    let (envoy, upstream) = sample();
    send(
        &envoy,
        &Request::get("/anything").header("x-request-deadline-ms", "60000"),
    );
    let received = upstream.take_received();
    let left = received[0].values("x-request-deadline-ms");
    let left: u64 = String::from_utf8_lossy(left[0]).parse().expect("it is a number");
    assert!((50_000..=60_000).contains(&left), "{left}");

    let start = Instant::now();
    send(&envoy, &Request::get("/status/503?header=retry-after:1"));
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(upstream.take_received().len(), 3);
}

#[test]
fn of_a_hundred_that_fail_the_sample_tries_the_later_ones_once() {
    let (envoy, upstream) = sample();
    let address = envoy.address().expect("the sample has a listener");
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..10 {
                    live::client::send(address, &Request::get("/status/503")).expect("there is an answer");
                }
            });
        }
    });
    let seen = upstream.take_received().len();
    // 20 % of them, ten a second of ten seconds, and what was on its way when those were used up.
    assert!((100..=240).contains(&seen), "{seen} attempts of 100 requests");
    let suppressed = "retry_suppressed_total{route=\"everything-else\",reason=\"budget\",mode=\"enforce\"}";
    assert!(
        envoy.metric(suppressed).expect("there are metrics") > Some(0),
        "{seen} attempts"
    );
}
