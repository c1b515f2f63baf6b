//! Whatever any one host call answers, nothing traps, hangs or loses the request.
//!
//! The exchanges are those that host and Envoy agree on. They are dealt out to several tests, which run in parallel.

use crate::metrics::assert_declared;
use host::faults::inject_everywhere;
use host::{Answer, Cluster, Host, secs};
use host_tests::exchange::{Exchange, circuit_breaker, error_envelope, request_id, retry};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, Plugin, REQUEST_ID, RETRY};
use serde_json::json;

/// Tests among which the exchanges of a plugin are dealt out.
const PARTS: usize = 8;

#[track_caller]
fn part(plugin: &Plugin, exchanges: Vec<Exchange>, part: usize) {
    let mine: Vec<_> = exchanges.into_iter().skip(part).step_by(PARTS).collect();
    assert!(!mine.is_empty(), "there are fewer exchanges than parts");
    for exchange in mine {
        let report = inject_everywhere(
            || exchange.host(plugin),
            |host| {
                exchange.run(host);
                assert_declared(host);
            },
        );
        assert!(report.runs > report.calls, "{}: {report}", exchange.name);
        // Nothing but a configuration that cannot be read keeps the plugin from starting.
        let clean = exchange.host(plugin);
        clean.start();
        let calls = clean.host_calls();
        let reading = calls.iter().filter(|call| call.name == "proxy_get_buffer_bytes");
        let refused: usize = reading.map(|call| call.other_statuses().len()).sum();
        assert_eq!(report.refused, refused, "{}: {report}", exchange.name);
    }
}

macro_rules! parts {
    ($($name:ident $part:literal),*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn request_id_survives() {
                part(&REQUEST_ID, request_id::exchanges(), $part);
            }

            #[test]
            fn error_envelope_survives() {
                part(&ERROR_ENVELOPE, error_envelope::exchanges(), $part);
            }

            #[test]
            fn circuit_breaker_survives() {
                part(&CIRCUIT_BREAKER, circuit_breaker::exchanges(), $part);
            }

            #[test]
            fn retry_survives() {
                part(&RETRY, retry::exchanges(), $part);
            }
        }
    )*};
}

parts! {
    every_fault_part_1 0, every_fault_part_2 1, every_fault_part_3 2, every_fault_part_4 3,
    every_fault_part_5 4, every_fault_part_6 5, every_fault_part_7 6, every_fault_part_8 7
}

#[test]
fn no_fault_is_fatal_where_everything_is_on_and_two_workers_serve() {
    let report = inject_everywhere(
        || crate::cost::everything_on().workers(2),
        |host| {
            for worker in [0, 1] {
                host.worker(worker)
                    .get("/r")
                    .header("x-correlation-id", "a;b")
                    .header("x-user", b"\xff")
                    .run(503);
            }
            assert_declared(host);
        },
    );
    assert!(report.runs > report.calls, "{report}");
}

/// Every part of a breaker in use: each of its two workers sees it open, re-route and probe.
fn breaker() -> Host {
    let plugin = host::Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .vm_id("circuit")
        .config(json!({
            "service_name": "orders", "explain": "all", "route_metadata": true,
            "log": { "requests": true, "errors": "all", "max_per_second": 10_000 },
            "default": {
                "key": { "header": "x-tenant" }, "max_keys": 1, "evict_idle": "1s", "known": ["known"],
                "trip": {
                    "consecutive_failures": 3,
                    "failure_rate": { "percent": 50, "window": { "calls": 10 }, "min_calls": 2 },
                    "slow_rate": { "percent": 80, "slower_than": "1s", "window": "10s", "min_calls": 2 },
                },
                "open": { "for": "1s", "max": "5s", "honor_retry_after": true },
                "half_open": { "max_calls": 1, "successes": 1, "lease": "2s", "max_wait": "4s" },
                "ramp": { "over": "2s", "from_percent": 50 },
                "reject": { "reroute": { "header": "x-fallback", "value": "1" } },
            },
            "routes": [{ "match": { "path": "/grpc" }, "policy": { "reject": { "reroute": null } } }],
        }));
    Host::chain([plugin.clone()])
        .workers(2)
        .routes([
            host::Route::new("fallback")
                .when_header("x-fallback", "1")
                .direct_response(200, "yesterday's"),
            host::Route::new("").timeout_ms(0),
        ])
        .clusters([Cluster::new("upstream").filters([plugin.name("in-the-cluster")])])
}

/// What the breaker meets: in each worker failures, a slow answer, rejections, a probe, a client that leaves, and ticks.
fn a_life(host: &Host) {
    let failing = || Answer::new(503).header("retry-after", "1");
    for worker in [0, 1, 0] {
        host.worker(worker)
            .get("/")
            .header("x-tenant", "known")
            .run(failing());
    }
    for tenant in ["known", "one", "two"] {
        host.worker(1)
            .grpc("/grpc")
            .header("x-tenant", tenant)
            .run(Answer::grpc(14));
    }
    host.advance(secs(2));
    for worker in [0, 1] {
        let probe = host.worker(worker).get("/").header("x-tenant", "known").send();
        host.worker(1 - worker)
            .get("/")
            .header("x-tenant", "known")
            .run(200);
        host.advance(secs(2));
        match probe.is_at_upstream() {
            true => drop(probe.answer(Answer::new(200).pieces(["a", "b"]))),
            false => drop(probe),
        }
    }
    let left = host.worker(1).get("/").header("x-tenant", "one").send();
    host.advance(secs(3));
    drop(left);
}

#[test]
fn no_fault_is_fatal_to_a_breaker_with_everything_on() {
    let report = inject_everywhere(breaker, |host| {
        a_life(host);
        assert_declared(host);
    });
    assert!(report.runs > report.calls, "{report}");
}

#[test]
fn no_fault_wedges_a_breaker() {
    let make = || {
        Host::new(CIRCUIT_BREAKER.module())
            .config(json!({ "default": {
                "trip": { "consecutive_failures": 1 },
                "open": { "for": "1s", "max": "1s" },
                "half_open": { "max_calls": 1, "successes": 1, "lease": "2s", "max_wait": "2s" },
                "ramp": { "over": "1s" },
            } }))
            .workers(2)
    };
    let report = inject_everywhere(make, |host| {
        host.get("/").run(503);
        host.advance(secs(2));
        // A probe that comes to nothing.
        drop(host.worker(1).get("/").send());
        // Where the upstream works it closes after a while, whatever has failed.
        let serves = |worker: usize| host.worker(worker).get("/").run(200).reached_upstream();
        let closes = (0..5).any(|_| {
            host.advance(secs(3));
            serves(1) && serves(0)
        });
        assert!(closes, "it is wedged");
    });
    assert!(report.runs > report.calls, "{report}");
}

/// Every part of retry in use, before the router and in the cluster, with a breaker before it.
fn retrying() -> Host {
    let configuration = json!({
        "service_name": "orders", "explain": "all", "route_metadata": true,
        "log": { "errors": "all", "max_per_second": 10_000 },
        "default": {
            "statuses": ["500-504"], "timeout": "5s", "per_try_timeout": "2s",
            "deadline_headers": ["x-deadline", "grpc-timeout"],
            "idempotency_key": { "unlocks": ["POST"], "required_for": ["PATCH"] },
            "budget": { "percent": 10, "interval": "2s", "min_retry_rate": { "count": 3, "interval": "1s" } },
        },
        "routes": [{ "match": { "path": "/grpc" }, "policy": { "route_policy": true } }],
    });
    let retry = host::Plugin::new(RETRY.module())
        .name("retry")
        .config(configuration);
    let breaker = host::Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "default": { "trip": { "consecutive_failures": 4 }, "open": { "for": "1s", "max": "1s" } } }));
    Host::chain([breaker, retry.clone()])
        .workers(2)
        .clusters([Cluster::new("upstream").filters([retry.name("in-the-cluster")])])
}

/// What it meets: in each worker failures, retries, refusals, nonsense, a client that leaves, and ticks.
fn a_life_of_retries(host: &Host) {
    let all = |mut exchange: host::Exchange, status: u16| {
        while exchange.is_at_upstream() {
            exchange = exchange.begin_answer(status);
            if !exchange.is_finished() {
                host.advance(secs(1));
            }
        }
    };
    for worker in [0, 1, 0] {
        let worker = host.worker(worker);
        all(worker.get("/").header("x-deadline", "9000").send(), 503);
        all(worker.post("/").header("idempotency-key", "a").send(), 502);
        worker.request("PATCH", "/").run(200);
        worker.get("/").header("x-deadline", "0").run(200);
        worker
            .get("/")
            .header("x-deadline", "soon")
            .header("x-envoy-attempt-count", "2")
            .run(429);
        worker
            .grpc("/grpc")
            .header("grpc-timeout", "3S")
            .run(Answer::grpc_headers_only(14));
        host.advance(secs(2));
    }
    let left = host.worker(1).get("/").send();
    host.advance(secs(3));
    drop(left);
}

#[test]
fn no_fault_is_fatal_to_retries_with_everything_on() {
    let report = inject_everywhere(retrying, |host| {
        a_life_of_retries(host);
        assert_declared(host);
    });
    assert!(report.runs > report.calls, "{report}");
}

/// Requests of two workers that are under way at once, and of whose retries the budget in the cluster refuses some.
fn a_burst_of_retries(host: &Host) {
    let burst: Vec<_> = [0, 1, 0]
        .map(|worker| host.worker(worker).get("/").header("x-deadline", "9000").send())
        .into();
    for mut exchange in burst {
        while exchange.is_at_upstream() {
            exchange = exchange.begin_answer(503);
            if !exchange.is_finished() {
                host.advance(secs(1));
            }
        }
        assert!(exchange.is_finished(), "it comes to nothing\n{exchange}");
        assert_eq!(exchange.status(), 503, "{exchange}");
    }
}

#[test]
fn no_fault_is_fatal_to_retries_that_are_charged_one_by_one() {
    let configuration = json!({ "default": {
        "deadline_headers": ["x-deadline"],
        "budget": { "percent": 0, "interval": "1m", "min_retry_rate": { "count": 1, "interval": "1m" } },
    } });
    let retry = host::Plugin::new(RETRY.module()).config(configuration);
    let make = || {
        Host::chain([retry.clone().name("retry")])
            .workers(2)
            .clusters([Cluster::new("upstream").filters([retry.clone().name("in-the-cluster")])])
    };
    let clean = make();
    a_burst_of_retries(&clean);
    let spent = "retry_suppressed_total.route=default;.reason=budget;.mode=enforce;";
    assert_eq!(clean.metric(spent), 3, "{:?}", clean.metrics());
    let report = inject_everywhere(make, a_burst_of_retries);
    assert!(report.runs > report.calls, "{report}");
}
