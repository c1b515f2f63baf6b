//! What operators see of errors: bounded logs, secrets kept, labels bounded.

use super::configured;
use live::Answer;
use live::client::Request;
use serde_json::json;

#[test]
fn a_flood_of_errors_is_counted_and_its_lines_are_bounded() {
    let stand = configured(&json!({ "log": { "max_per_second": 1 } }), false);
    for _ in 0..40 {
        stand.get("/nobody");
    }
    let series = "errors_total{error_code=\"UPSTREAM_UNAVAILABLE\",class=\"server_error\",origin=\"local\",mode=\"enforce\"}";
    stand.envoy.metric_reaches(series, 40).expect("each is counted");
    let log = stand.envoy.stop().expect("Envoy stops").log;
    let lines = log
        .lines()
        .filter(|line| line.contains("\"event\":\"error\""))
        .count();
    // The forty take far less than their number in seconds.
    assert!((1..20).contains(&lines), "{lines} lines");
}

#[test]
fn no_line_says_what_the_upstream_said_or_what_a_header_held() {
    let stand = configured(
        &json!({ "log": { "errors": "all", "max_per_second": 100 }, "default": { "passthrough": "never" } }),
        false,
    );
    for status in [404, 500] {
        let answer = Answer::status(status)
            .and_then(|answer| answer.header("content-type", "text/plain"))
            .and_then(|answer| answer.header("set-cookie", "hunter2"));
        stand
            .upstream
            .answer("/secret", answer.expect("it is an answer").body("swordfish"));
        stand.send(
            &Request::get("/secret?token=hunter2")
                .header("authorization", "Bearer hunter2")
                .header("cookie", "hunter2"),
        );
    }
    stand
        .envoy
        .log_with("\"error_code\":\"INTERNAL_SERVER_ERROR\"")
        .expect("both are logged");
    let log = stand.envoy.log().expect("Envoy has a log");
    assert!(log.contains("\"error_code\":\"NOT_FOUND\""), "{log}");
    let lines = log
        .lines()
        .filter(|line| line.contains("\"plugin\":\"error-envelope\""));
    for line in lines {
        assert!(!line.contains("swordfish") && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn a_code_that_an_upstream_made_up_makes_no_metric() {
    let stand = configured(&json!({}), false);
    for n in 0..5 {
        let answer =
            Answer::status(404).and_then(|answer| answer.header("x-error-code", format!("MADE_UP_{n}")));
        stand
            .upstream
            .answer("/own", answer.expect("it is an answer").body("mine"));
        assert_eq!(stand.get("/own").response.body, b"mine");
    }
    let other =
        "errors_total{error_code=\"OTHER\",class=\"client_error\",origin=\"upstream\",mode=\"enforce\"}";
    stand
        .envoy
        .metric_reaches(other, 5)
        .expect("they are counted together");
    assert!(
        !stand
            .envoy
            .prometheus()
            .expect("Envoy tells its metrics")
            .contains("MADE_UP")
    );
}

#[test]
fn shadow_mode_changes_nothing_and_counts() {
    let stand = configured(&json!({ "mode": "shadow" }), false);
    let response = stand.get("/nobody").response;
    assert_eq!(
        (response.status, response.text()),
        (503, "no healthy upstream".to_owned())
    );
    let series = "errors_total{error_code=\"UPSTREAM_UNAVAILABLE\",class=\"server_error\",origin=\"local\",mode=\"shadow\"}";
    stand.envoy.metric_reaches(series, 1).expect("it is counted");
}
