//! A worker's VM dies in the middle of half-open, with every probe: the places come back, and the breaker closes.

use super::mortal;
use super::stage::{
    MANAGER, Stage, answer_to, configuration, eventually, is_rejection, three_strikes, transitions,
};
use host_tests::plugin::{CIRCUIT_BREAKER, POLICIES, Plugin};
use live::Sample;
use live::client::Request;
use live::wire::Peer;
use serde_json::json;
use std::fs;

const PROBES: &str = "circuit_breaker_probes_total{breaker=\"upstream\"}";

/// A stage whose breaker dies of the trailers of a request, of its own module or of all plugins in one pass.
fn stage(module: &Plugin) -> (Stage, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("mortal.wasm");
    fs::write(&path, mortal::module(module)).expect("a module can be written");
    let policy = three_strikes(&json!({ "half_open": { "max_calls": 3, "successes": 3, "lease": "6s" } }));
    let stage = Stage::of(&policy, |sample| {
        let change = |sample: Sample| {
            let trailers = format!("{MANAGER}/http_protocol_options");
            let sample = sample
                .module(CIRCUIT_BREAKER.name, &path)?
                .set(&trailers, json!({ "enable_trailers": true }))?;
            if module.name != POLICIES.name {
                return Ok(sample);
            }
            let sections = json!({
                "error-envelope": {}, "request-id": {}, "circuit-breaker": configuration(&policy),
                "retry": { "default": { "attempts": 1 } },
            });
            let root_id = format!("{MANAGER}/http_filters/0/typed_config/config/root_id");
            sample
                .configuration(CIRCUIT_BREAKER.name, &sections)?
                .set(&root_id, json!(POLICIES.name))
        };
        change(sample).unwrap_or_else(|error: live::Error| panic!("{error}"))
    });
    (stage, folder)
}

/// Begins a request, whose body is not over.
fn begin(client: &Peer) {
    client.send(
        &Request::new("POST", "/orders")
            .header("transfer-encoding", "chunked")
            .to_bytes(),
    );
    client.send(b"4\r\nbody\r\n");
}

#[test]
fn probes_that_die_with_their_worker_give_their_places_back_and_it_closes() {
    die_and_close(&CIRCUIT_BREAKER);
}

#[test]
fn probes_that_die_with_all_plugins_in_one_pass_do_so_too() {
    die_and_close(&POLICIES);
}

#[track_caller]
fn die_and_close(module: &Plugin) {
    let (stage, _folder) = stage(module);
    let [dying, other] = [0, 1];
    stage.tell(503, 3);
    stage.half_open();
    let before = stage.reached();
    let probes: Vec<_> = (0..3).map(|_| stage.connect_to(dying)).collect();
    let afterwards = [stage.connect_to(other), stage.connect_to(other)];
    probes.iter().for_each(begin);
    eventually("three probes at the upstream", || {
        (stage.reached() == before + 3).then_some(())
    });
    Stage::get_on(&afterwards[0]);
    assert!(is_rejection(&answer_to(&afterwards[0])), "all places are taken");

    probes[0].send(b"0\r\nx-last: words\r\n\r\n");
    stage
        .envoy
        .log_with("proxy_on_request_trailers failed")
        .expect("the VM dies");
    Stage::get_on(&afterwards[1]);
    assert!(
        is_rejection(&answer_to(&afterwards[1])),
        "nobody has told that the probes are lost"
    );
    assert_eq!(stage.reached(), before + 3);

    // The places come back with the end of the leases, on a VM that has the record of the one before it.
    let mut admitted = 0;
    eventually("three probes that are answered", || {
        let client = stage.connect_to(dying);
        let number = stage.reached();
        Stage::get_on(&client);
        let is_probe = eventually("the request being answered or at the upstream", || {
            let is_admitted = stage.reached() > number;
            (is_admitted || super::stage::answered(&client).is_some()).then_some(is_admitted)
        });
        if is_probe {
            stage.answer(number, 200);
            assert_eq!(answer_to(&client).status(), 200);
            admitted += 1;
        }
        (admitted == 3).then_some(())
    });
    stage.metric(&transitions("half_open", "closed", "probes_succeeded"), 1);
    assert_eq!(stage.burst(48).reached, 48);
    stage.metric(PROBES, 6);
    let log = stage.envoy.log().expect("Envoy has a log");
    assert_eq!(log.matches("Uncaught RuntimeError").count(), 1, "{log}");
    // By which the alert PluginReloaded knows of it.
    stage.metric("envoy_wasm_vm_reload_success{plugin=\"circuit-breaker\"}", 1);
    let prometheus = stage.envoy.prometheus().expect("Envoy tells its metrics");
    assert!(
        !prometheus.contains("to=\"open\",reason=\"half_open_timeout\""),
        "{prometheus}"
    );
}
