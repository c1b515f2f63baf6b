//! The rate limits.

use super::{
    MANAGER, assert_error, assert_metric, behind_a_load_balancer, body, calls, get, send, stand, stand_with,
    text,
};
use crate::stand::Stand;
use live::client::{Connection, Request, Response};
use serde_json::json;
use std::time::{Duration, Instant};

/// Sends until one is refused, and returns that. A bucket of `tokens` is refilled evenly, by one in `refill`.
#[track_caller]
fn used_up(stand: &Stand, request: &Request, tokens: u128, refill: Duration) -> Response {
    let began = Instant::now();
    let mut admitted = 0;
    loop {
        let response = send(stand, request);
        if response.status == 429 {
            assert!(admitted >= tokens, "only {admitted}");
            return response;
        }
        assert_eq!(response.status, 200, "{}", response.text());
        admitted += 1;
        let most = tokens + 1 + began.elapsed().as_millis() / refill.as_millis();
        assert!(admitted <= most, "{admitted} in {:?}", began.elapsed());
    }
}

const LOGIN: Duration = Duration::from_secs(12);
const ANY: Duration = Duration::from_millis(600);

#[test]
fn a_client_logs_in_five_times_a_minute() {
    let stand = stand();
    let login = Request::new("POST", "/login");
    let refused = used_up(&stand, &login, 5, LOGIN);
    assert_error(&refused, 429, "TOO_MANY_LOGINS");
    assert_eq!(text(&refused, "retry-after"), "12");
    let body = body(&refused);
    assert_eq!(
        (&body["retry_after"], &body["retryable"]),
        (&12.into(), &true.into())
    );
    let reset: u64 = text(&refused, "x-ratelimit-reset").parse().expect("seconds");
    assert!(reset <= 12, "Envoy says the same: {reset}");
    assert_eq!(get(&stand, "/orders").status, 200, "and nothing else is refused");
}

#[test]
fn a_client_sends_a_hundred_a_minute_and_the_breaker_knows_nothing_of_the_rest() {
    let stand = stand();
    let refused = used_up(&stand, &Request::get("/orders"), 100, ANY);
    assert_error(&refused, 429, "RATE_LIMITED");
    assert_eq!(text(&refused, "retry-after"), "1");
    assert_eq!(body(&refused)["retry_after"], 1);
    let reached = super::reached(&stand, "/orders");
    assert_metric(&stand, &calls("upstream", "success"), reached as u64);
    assert_eq!(
        stand
            .envoy
            .metric(&calls("upstream", "ignored"))
            .expect("a number"),
        None
    );
}

#[test]
fn no_client_uses_up_what_another_has() {
    let stand = behind_a_load_balancer();
    let from = |client: &str| Request::new("POST", "/login").header("x-forwarded-for", client);
    used_up(&stand, &from("203.0.113.7"), 5, LOGIN);
    assert_eq!(send(&stand, &from("203.0.113.8")).status, 200);
    used_up(&stand, &from("2001:db8:1:2::7"), 5, LOGIN);
    // Of the same /64: nothing is left, but for what has come back meanwhile.
    used_up(&stand, &from("2001:db8:1:2::8"), 0, LOGIN);
    assert_eq!(send(&stand, &from("2001:db8:1:3::8")).status, 200);
}

#[test]
fn counted_for_each_connection_a_client_has_more_with_another_one() {
    let login = format!("{MANAGER}/route_config/virtual_hosts/0/routes/1/typed_per_filter_config");
    let login = format!("{login}/envoy.filters.http.local_ratelimit");
    let stand = stand_with(|sample| {
        sample.set(
            &format!("{login}/local_rate_limit_per_downstream_connection"),
            json!(true),
        )
    });
    let address = stand.envoy.address().expect("it has a listener");
    for _ in 0..2 {
        let mut connection = Connection::open(address).expect("it listens");
        let statuses: Vec<u16> = (0..6)
            .map(|_| connection.send(&Request::new("POST", "/login")))
            .map(|response| response.expect("it is answered").status)
            .collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    }
}
