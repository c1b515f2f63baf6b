//! What all workers share is not the VM's: with one worker, all VMs that there are die, and it is still there.

use chaos::mortal::{Place, header, module};
use host_tests::plugin::{self, Plugin};
use live::client::Request;
use live::{Envoy, Sample, Upstream, wait};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);

/// Values of headers have no label of their own.
const OPENED: &str = "circuit_breaker_transitions_total{breaker=\"other\",from=\"closed\",to=\"open\",reason=\"consecutive_failures\"}";

/// In the order in which they die.
const CHAIN: [&Plugin; 4] = [
    &plugin::RETRY,
    &plugin::CIRCUIT_BREAKER,
    &plugin::REQUEST_ID,
    &plugin::ERROR_ENVELOPE,
];

/// The sample with mortal modules, a breaker for each tenant, and two retries a minute.
fn sample(upstream: &Upstream, folder: &Path) -> live::Result<Sample> {
    let breaker = json!({ "default": {
        "key": { "header": "x-tenant" },
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "1000s", "max": "1000s" },
    } });
    let budget =
        json!({ "percent": 0, "interval": "60s", "min_retry_rate": { "count": 2, "interval": "60s" } });
    let mut sample = Sample::load("envoy.yaml")?
        .on_free_ports()
        .cluster("upstream", upstream.address())?
        .configuration("circuit-breaker", &breaker)?
        .configuration("retry", &json!({ "default": { "budget": budget } }))?;
    for plugin in CHAIN {
        let path = folder.join(plugin.name);
        let mortal = module(&plugin.bytes(), &header(plugin.name)).expect("it is a module");
        fs::write(&path, mortal).expect("a file can be written");
        sample = sample.module(plugin.name, &path)?;
    }
    Ok(sample)
}

#[test]
fn the_breaker_in_a_slot_stays_open_the_budget_spent_and_the_counters_whoever_dies() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let sample = sample(&upstream, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let envoy = Envoy::with(&sample.to_yaml()).start();
    let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
    let get = |path: &str, tenant: &str| {
        let response = envoy.send(&Request::get(path).header("x-tenant", tenant));
        response.unwrap_or_else(|error| panic!("{error}"))
    };
    let mut attempts = Vec::new();
    // With the first, the tenant has its place; three in a row open its breaker.
    for _ in 0..4 {
        assert_eq!(get("/status/503", "acme").status, 503);
        attempts.push(upstream.take_received().len());
    }
    assert_eq!(attempts, [3, 1, 1, 1], "the first has spent both retries");
    assert_eq!(get("/orders", "acme").values("x-error-code"), [b"CIRCUIT_OPEN"]);
    for (deaths, dying) in CHAIN.into_iter().enumerate() {
        let request = Request::get("/orders").header("x-tenant", "other");
        let request = request.header(header(dying.name), Place::Response.name());
        assert_eq!(
            envoy.send(&request).map(|response| response.status).ok(),
            Some(503)
        );
        wait::until(BOUND, "the plugin being alive again", || {
            Ok((get("/orders", "other").status == 200).then_some(()))
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let log = envoy.log().expect("Envoy has a log");
        assert_eq!(log.matches("Uncaught RuntimeError").count(), deaths + 1, "{log}");
        upstream.take_received();

        let rejected = get("/orders", "acme");
        assert_eq!(
            rejected.values("x-error-code"),
            [b"CIRCUIT_OPEN"],
            "{} died",
            dying.name
        );
        assert_eq!(get("/status/503", "other").status, 503);
        assert_eq!(
            upstream.take_received().len(),
            1,
            "{} died: nothing is tried again",
            dying.name
        );
        // Nobody has counted that again: what the dead one has counted is the process's.
        envoy
            .metric_reaches(OPENED, 1)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
