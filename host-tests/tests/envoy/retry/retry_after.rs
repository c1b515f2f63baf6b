//! When callers are told to come back, and when the proxy itself does.

use super::stage::Stage;
use live::client::Request;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[track_caller]
fn told(stage: &Stage, request: &Request) -> Vec<String> {
    let response = stage.send(request).response;
    let values = response.values("retry-after");
    values
        .iter()
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

#[test]
fn a_429_and_a_503_tell_callers_to_come_back_the_later_the_more_often_they_tried() {
    let stage = Stage::new(&json!({ "attempts": 1, "retry_after": { "jitter": 0 } }));
    for path in ["/status/429", "/status/503"] {
        for (attempt, seconds) in [
            ("1", "1"),
            ("2", "2"),
            ("3", "4"),
            ("5", "16"),
            ("6", "30"),
            ("99999999999", "30"),
            ("x", "1"),
        ] {
            let request = Request::get(path).header("x-envoy-attempt-count", attempt);
            assert_eq!(told(&stage, &request), [seconds], "{path}, attempt {attempt}");
        }
    }
    for path in ["/status/200", "/status/404", "/status/500", "/status/504"] {
        assert_eq!(told(&stage, &Request::get(path)).len(), 0, "{path}");
    }
    assert_eq!(
        told(&stage, &Request::get("/nowhere/orders")),
        ["1"],
        "the proxy's own"
    );
}

#[test]
fn a_retry_after_of_the_upstream_is_kept_be_it_seconds_or_a_date() {
    let stage = Stage::new(&json!({ "attempts": 1 }));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for value in ["7", date] {
        let path = format!(
            "/orders?status=503&header=retry-after:{}",
            value.replace(' ', "%20")
        );
        assert_eq!(told(&stage, &Request::get(path)), [value]);
    }
}

#[test]
fn callers_do_not_come_back_all_at_once() {
    let stage = Stage::new(&json!({ "attempts": 1, "retry_after": { "base": "10s", "jitter": 0.5 } }));
    let seconds: BTreeSet<u32> = (0..40)
        .flat_map(|_| told(&stage, &Request::get("/status/503")))
        .map(|seconds| seconds.parse().expect("it is a number"))
        .collect();
    assert!(seconds.len() > 1, "{seconds:?}");
    assert!(
        seconds.iter().all(|seconds| (10..=15).contains(seconds)),
        "{seconds:?}"
    );
}

const RETRIES: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/2/route/retry_policy";

#[test]
fn the_proxy_comes_back_when_the_upstream_says_and_else_on_its_own_schedule() {
    let stage = Stage::of(&json!({ "default": { "attempts": 2 } }), |tree| {
        *tree.pointer_mut(RETRIES).expect("there is a schedule") = json!({
            "retry_back_off": { "base_interval": "0.005s", "max_interval": "0.020s" },
            "rate_limited_retry_back_off": { "reset_headers": [{ "name": "retry-after", "format": "SECONDS" }], "max_interval": "30s" },
        });
    });
    let backed_off = |kind: &str| {
        let statistics = stage.envoy.stats().expect("Envoy tells its statistics");
        let value = statistics.get(&format!("cluster.upstream.upstream_rq_retry_backoff_{kind}"));
        value.copied().unwrap_or_default()
    };
    let start = Instant::now();
    assert_eq!(
        stage.tries(&Request::get("/orders?status=503&header=retry-after:1")),
        2
    );
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "it waited {:?}",
        start.elapsed()
    );
    assert_eq!((backed_off("ratelimited"), backed_off("exponential")), (1, 0));
    assert_eq!(stage.tries(&Request::get("/status/503")), 2);
    assert_eq!((backed_off("ratelimited"), backed_off("exponential")), (1, 1));
}

/// The waits of many requests, the first ones and the second ones, with this schedule.
fn waits(schedule: &Value) -> [Vec<Duration>; 2] {
    const REQUESTS: usize = 30;
    let stage = Stage::of(&json!({ "default": { "attempts": 3 } }), |tree| {
        *tree.pointer_mut(RETRIES).expect("there is a schedule") = json!({ "retry_back_off": schedule });
    });
    let mut all = [Vec::new(), Vec::new()];
    for _ in 0..REQUESTS {
        let received = stage.send(&Request::get("/status/503")).received;
        let [first, second, third] = &received[..] else {
            panic!("{} attempts", received.len());
        };
        all[0].push(second.at - first.at);
        all[1].push(third.at - second.at);
    }
    all
}

#[test]
fn waits_are_drawn_from_nothing_up_to_the_interval_which_doubles() {
    let [first, second] = waits(&json!({ "base_interval": "0.100s", "max_interval": "1s" }));
    let base = Duration::from_millis(100);
    // A wait that was drawn is never cut short, and thirty draws that all miss half of what they are drawn from come
    // once in a billion times.
    let longest = |waits: &[Duration]| waits.iter().max().copied().unwrap_or_default();
    let shortest = |waits: &[Duration]| waits.iter().min().copied().unwrap_or_default();
    assert!(longest(&first) >= base / 2, "{first:?}");
    assert!(longest(&second) >= base, "{second:?}");
    assert!(
        shortest(&first) < base && shortest(&second) < base,
        "{first:?} {second:?}"
    );
}
