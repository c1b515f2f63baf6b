//! A route's metadata chooses what several plugins do with its requests.

use super::{assert_metric, assert_nothing_given_up, body, get, load_built_modules, stand, text};
use crate::stand::Stand;
use live::{Sample, Upstream, repository};
use serde_json::{Value, json};

const FILE: &str = "route-metadata.yaml";

/// What so many requests come to: each status, and how often it was tried; nothing where it was not.
#[track_caller]
fn outcomes(stand: &Stand, path: &str, times: usize) -> Vec<(u16, String)> {
    let each = (0..times).map(|_| {
        let response = get(stand, path);
        if response.status == 503 {
            assert_error_code(&response, "CIRCUIT_OPEN");
        }
        (response.status, text(&response, "x-envoy-attempt-count"))
    });
    each.collect()
}

#[track_caller]
fn assert_error_code(response: &live::client::Response, code: &str) {
    assert_eq!(body(response)["error_code"], json!(code));
}

fn tried(status: u16, times: &str) -> (u16, String) {
    (status, times.to_owned())
}

#[test]
fn without_metadata_the_defaults_apply() {
    let stand = stand(FILE);
    let [failed, rejected] = [tried(502, "3"), tried(503, "")];
    assert_eq!(
        outcomes(&stand, "/orders/status/502", 4),
        [failed.clone(), failed.clone(), failed, rejected]
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn a_profile_that_the_metadata_names_beats_the_rule_for_that_route() {
    let stand = stand(FILE);
    assert_eq!(
        outcomes(&stand, "/payments/status/502", 2),
        [tried(502, "1"), tried(503, "")]
    );
    assert_eq!(stand.upstream.received().len(), 1);
    assert_nothing_given_up(&stand);
}

#[test]
fn errors_of_one_route_have_one_form_and_others_keep_the_upstreams() {
    let stand = stand(FILE);
    let uniform = get(&stand, "/payments/status/404");
    assert_eq!(
        (uniform.status, text(&uniform, "x-error-code")),
        (404, "NOT_FOUND".to_owned())
    );
    assert_error_code(&uniform, "NOT_FOUND");
    let own = get(&stand, "/orders/status/404");
    assert_eq!(
        (own.status, &body(&own)["path"]),
        (404, &json!("/status/404")),
        "the upstream's echo"
    );
}

#[test]
fn what_is_disabled_is_left_alone() {
    let stand = stand(FILE);
    assert_eq!(
        outcomes(&stand, "/reports/status/502", 5),
        vec![tried(502, "1"); 5]
    );
    assert_eq!(
        stand
            .envoy
            .metric("circuit_breaker_state{breaker=\"reports\"}")
            .expect("Envoy tells its metrics"),
        None
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn an_unknown_name_is_counted_and_the_rules_apply() {
    let stand = stand(FILE);
    let [failed, rejected] = [tried(502, "3"), tried(503, "")];
    assert_eq!(
        outcomes(&stand, "/legacy/status/502", 3),
        [failed.clone(), failed, rejected]
    );
    let unknown = "policy_degradations_total{plugin=\"circuit-breaker\",what=\"unknown_profile\"}";
    assert_metric(&stand, unknown, 3);
}

#[test]
fn yamls_off_disables_and_its_on_is_no_name() {
    // As text, because it is Envoy that has to read the words.
    let text = std::fs::read_to_string(repository().join("envoy").join(FILE)).expect("the sample is there");
    for (word, outcome) in [
        ("off", vec![tried(502, "1"); 4]),
        ("on", {
            let failed = tried(502, "3");
            vec![failed.clone(), failed.clone(), failed, tried(503, "")]
        }),
    ] {
        let metadata = "policy: { circuit-breaker: disabled, retry: disabled }";
        assert!(text.contains(metadata));
        let text = text.replace(
            metadata,
            &format!("policy: {{ circuit-breaker: {word}, retry: {word} }}"),
        );
        let upstream = Upstream::start().expect("an upstream can be started");
        let text = moved(text, &upstream);
        let envoy = live::Envoy::with(&text)
            .concurrency(2)
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        let stand = Stand { envoy, upstream };
        assert_eq!(outcomes(&stand, "/reports/status/502", 4), outcome, "{word}");
    }
}

/// The text of a sample on free ports, in front of this upstream, with the modules that were just built.
fn moved(text: String, upstream: &Upstream) -> String {
    let mut modules: Vec<Value> = Sample::parse(FILE, &text)
        .expect("it is YAML")
        .modules()
        .iter()
        .map(|path| json!(path.display().to_string()))
        .collect();
    modules.dedup();
    let text = text.replace("port_value: 10000", "port_value: 0").replace(
        "port_value: 9000",
        &format!("port_value: {}", upstream.address().port()),
    );
    modules.into_iter().fold(text, |text, shipped| {
        let mut built = shipped.clone();
        load_built_modules(&mut built);
        let path = |value: &Value| value.as_str().expect("a path").to_owned();
        text.replace(&path(&shipped), &path(&built))
    })
}
