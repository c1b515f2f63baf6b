//! Errors that the proxy makes itself.

use super::{body, host};
use host::{Answer, Route};
use serde_json::json;

#[test]
fn each_reason_of_the_proxy_has_a_code_of_its_own() {
    for (answer, status, code) in [
        (Answer::timeout(), 504, "UPSTREAM_TIMEOUT"),
        (Answer::no_healthy_upstream(), 503, "UPSTREAM_UNAVAILABLE"),
        (Answer::connection_failure(), 503, "UPSTREAM_CONNECT_FAILURE"),
        (Answer::reset(), 503, "UPSTREAM_RESET"),
    ] {
        let exchange = host(json!({})).get("/").run(answer);
        exchange.expect_status(status).header("x-error-code", code);
        println!("{exchange}");
        assert_eq!(body(&exchange)["error_code"], code);
    }
    let lost = host(json!({})).routes([]).get("/lost").expect_rejected(404);
    println!("{lost}");
    assert_eq!(body(&lost)["error_code"], "ROUTE_NOT_FOUND");
    let direct = host(json!({})).routes([Route::new("m").direct_response(403, "not on Sundays")]);
    let direct = direct.get("/").expect_rejected(403);
    assert_eq!(body(&direct)["message"], "not on Sundays");
}
