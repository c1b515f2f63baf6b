//! Whose answer it is: only what the upstream did counts.

use super::three_strikes;
use host::{Host, Plugin};
use host_tests::plugin::{CIRCUIT_BREAKER, PUPPET};
use serde_json::json;

#[test]
fn another_filters_denial_is_no_failure_though_it_hands_on_the_service_time_of_whom_it_asked() {
    let denial = json!({ "request_headers": [
        ["send_local_response", 503, "ext_authz_denied", "", [["x-envoy-upstream-service-time", "0"]], -1],
        ["returns", 1],
    ] });
    let host = Host::chain([
        Plugin::new(CIRCUIT_BREAKER.module()).config(json!({ "default": three_strikes() })),
        Plugin::new(PUPPET.module()).name("other").config(denial),
    ]);
    for _ in 0..4 {
        assert_eq!(
            host.get("/orders").expect_rejected(503).details(),
            "ext_authz_denied"
        );
    }
}
