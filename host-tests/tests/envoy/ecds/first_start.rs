//! An Envoy that starts while its files are not what they should be.

use super::fleet::{FILTERS, Filters, Fleet, eventually, file, of_service, sample, start};
use live::client::Request;
use live::{Error, Upstream};
use serde_json::{Value, json};

/// For each filter this text.
fn all(text: impl Fn(&'static str) -> String) -> Filters {
    Filters::of(FILTERS.map(|filter| (filter, text(filter))))
}

fn upstream() -> Upstream {
    Upstream::start().expect("an upstream can be started")
}

#[test]
fn it_serves_by_the_defaults_until_good_ones_come() {
    for first in [
        |_| "resources: []".to_owned(),
        |filter| of_service(filter, json!(7)),
    ] {
        let upstream = upstream();
        let fleet = Fleet::new(all(first), upstream.address());
        fleet.errors_are_of("edge-by-default");
        assert_eq!(fleet.get("/orders").values("x-request-id").len(), 1);
        // This breaker only looks: all requests reach the upstream.
        upstream.take_received();
        for _ in 0..60 {
            fleet.get("/status/503");
        }
        assert_eq!(upstream.take_received().len(), 60);
        for filter in FILTERS {
            assert_eq!(fleet.counted(filter, "config_fail"), 1);
        }
        for filter in FILTERS {
            fleet.filters.put(filter, &file(filter));
        }
        fleet.errors_are_of("edge");
        eventually("rejections by the breaker that was open already", || {
            let response = fleet.get("/orders");
            (response.values("x-error-code") == [b"CIRCUIT_OPEN"]).then_some(())
        });
    }
}

#[test]
fn without_a_default_every_request_is_answered_500_until_a_good_one_comes() {
    let upstream = upstream();
    let filters = all(|_| "resources: []".to_owned());
    let mut sample = sample(&filters, upstream.address());
    let chain = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let chain = sample.tree().pointer_mut(chain).and_then(Value::as_array_mut);
    for filter in chain.expect("it has filters") {
        if let Some(discovery) = filter.get_mut("config_discovery").and_then(Value::as_object_mut) {
            discovery.remove("default_config");
            discovery.remove("apply_default_config_without_warming");
        }
    }
    let envoy = start(&sample).unwrap_or_else(|error| panic!("{error}"));
    let fleet = Fleet { envoy, filters };
    let response = fleet.get("/orders");
    assert_eq!((response.status, response.text().as_str()), (500, ""));
    for filter in FILTERS {
        fleet.filters.put(filter, &file(filter));
    }
    eventually("requests being served", || {
        (fleet.get("/orders").status == 200).then_some(())
    });
}

#[test]
fn without_its_file_it_does_not_start_whatever_the_default() {
    let upstream = upstream();
    let filters = Filters::of(FILTERS.into_iter().skip(1).map(|filter| (filter, file(filter))));
    match start(&sample(&filters, upstream.address())) {
        Err(Error::EnvoyEnded { log, .. }) => {
            assert!(log.contains("must refer to an existing path"), "{log}");
        }
        Err(error) => panic!("{error}"),
        Ok(envoy) => panic!("it serves: {:?}", envoy.send(&Request::get("/orders"))),
    }
}

#[test]
fn validation_does_not_look_into_the_files() {
    let upstream = upstream();
    let bad = all(|filter| of_service(filter, json!(7)));
    let said = live::validate(&sample(&bad, upstream.address()).to_yaml()).expect("Envoy ends");
    assert!(said.accepted, "{}", said.output);
}
