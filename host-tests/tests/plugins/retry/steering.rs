//! What a request tells the router.

use super::policy;
use serde_json::json;

#[test]
fn a_get_is_tried_three_times_in_all() {
    let host = policy(json!({}));
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    let exchange = exchange.begin_answer(503).expect_retried();
    exchange.answer(503).expect_status(503);
}

#[test]
fn a_post_is_not_tried_again_once_the_upstream_has_seen_it() {
    let host = policy(json!({}));
    host.post("/orders").answered_with(503).expect_status(503);
}
