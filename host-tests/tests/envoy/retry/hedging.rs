//! Hedging: the router sends a request again while the upstream is still at work on it, on whatever it was told to retry.

use super::stage::{Stage, eventually};
use live::client::Request;
use serde_json::json;

const ROUTES: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes";

/// Attempts take at most 300 ms. Whoever asks for it, callers or the route, each that does is followed by another.
fn stage(route_hedges: bool) -> Stage {
    let policy =
        json!({ "attempts": 2, "per_try_timeout": "300ms", "idempotency_key": { "unlocks": ["PATCH"] } });
    Stage::of(&json!({ "default": policy }), |tree| {
        if route_hedges {
            let route = tree
                .pointer_mut(&format!("{ROUTES}/2/route"))
                .expect("there is a route");
            route["hedge_policy"] = json!({ "hedge_on_per_try_timeout": true });
        }
    })
}

fn asking(request: Request) -> Request {
    request
        .header("x-envoy-hedge-on-per-try-timeout", "true")
        .header("x-envoy-retry-on", "5xx,reset")
}

#[test]
fn a_post_is_never_hedged_whoever_asks_for_it() {
    for route_hedges in [false, true] {
        let stage = stage(route_hedges);
        for method in ["POST", "PATCH"] {
            let outcome = stage.send(&asking(Request::new(method, "/slow/1500")));
            assert_eq!(
                (outcome.response.status, outcome.received.len()),
                (504, 1),
                "{method}, {route_hedges}"
            );
        }
        let call = Request::post("/slow/1500", "\0\0\0\0\0").header("content-type", "application/grpc");
        assert_eq!(
            stage.send(&asking(call)).received.len(),
            1,
            "gRPC, {route_hedges}"
        );
    }
}

#[test]
fn what_does_no_harm_twice_is_hedged_where_the_route_says_so_and_not_where_its_caller_does() {
    let hedged = stage(true).send(&Request::get("/slow/1500"));
    assert_eq!(
        (hedged.response.status, hedged.received.len()),
        (200, 2),
        "the first answer comes through"
    );

    let stage = stage(false);
    let outcome = stage.send(&asking(Request::get("/slow/1500")));
    assert_eq!(outcome.response.status, 504, "each was given up");
    eventually("the other attempt", || {
        let more = stage.upstream.received().len();
        (outcome.received.len() + more == 2).then_some(())
    });
}
