//! A great many requests that have as little in common as strangers can manage.

use crate::Held;
use crate::modules::Modules;
use crate::traffic::{answer, at_once, browser};
use host::{Answer, Exchange, Host, Route, Worker, millis};
use serde_json::{Value, json};

/// What is held after so many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// So many requests were sent.
    pub requests: u64,
    /// What is held then.
    pub held: Held,
}

/// Requests between two looks at the clock.
const ROUND: u64 = 1_000;

/// Sends so many requests by two workers to all plugins in one pass, and looks ten times at what they hold. `sent` is told
/// how many have been sent.
pub fn growth(modules: &Modules, requests: u64, mut sent: impl FnMut(u64)) -> Vec<Growth> {
    const WORKERS: u64 = 2;
    let host = host(modules).workers(WORKERS as usize).without_records();
    let mut seen = Vec::new();
    let mut done = 0;
    while done < requests {
        let round = ROUND.min(requests - done);
        host.in_parallel(|worker| {
            let mine = (done..done + round).filter(|number| number % WORKERS == worker.number() as u64);
            for number in mine {
                stranger(worker, number);
            }
        });
        done += round;
        // So records age, are idle, and are handed over.
        host.advance(millis(1_300));
        host.take_logs();
        sent(done);
        if done * 10 / requests > (done - round) * 10 / requests {
            seen.push(Growth {
                requests: done,
                held: Held::of(&host),
            });
        }
    }
    seen
}

/// Everything that keys can be made of, and everything told.
fn configuration() -> Value {
    let by_host = json!({ "match": { "path_prefix": "/h" }, "policy": { "key": "host" } });
    let by_route = json!({ "match": { "path_prefix": "/r" }, "policy": { "key": "route" } });
    let by_cluster = json!({ "match": { "path_prefix": "/c" }, "policy": { "key": "cluster" } });
    json!({
        "error-envelope": {
            "explain": "all", "log": { "errors": "all" },
            "default": { "passthrough": "never" },
        },
        "request-id": {
            "explain": "all", "log": { "requests": true },
            "default": { "trace_context": "create", "sampled": true, "request_headers": ["x-request-id", "x-correlation-id"] },
        },
        "circuit-breaker": {
            "explain": "all", "log": { "errors": "all" },
            "default": {
                "key": { "header": "x-tenant" }, "max_keys": 200, "evict_idle": "10s", "known": ["gold", "silver"],
                "trip": { "consecutive_failures": 5 }, "open": { "for": "2s", "max": "4s" },
            },
            "routes": [by_host, by_route, by_cluster],
        },
        "retry": {
            "explain": "all", "log": { "errors": "all" },
            "default": { "deadline_headers": ["x-deadline"], "idempotency_key": { "unlocks": ["POST"] } },
        },
    })
}

const ROUTES: u64 = 8;

fn host(modules: &Modules) -> Host {
    let route = |number| Route::new(&format!("route-{number}")).cluster(&format!("cluster-{}", number / 2));
    let routes = (0..ROUTES).map(|number| {
        let route: Route = route(number);
        route.when_query("route", &number.to_string()).retry(at_once())
    });
    let last = Route::new("").retry(at_once());
    modules
        .host("policies", configuration())
        .routes(routes.chain([last]).collect::<Vec<_>>())
}

/// A request that differs from the others in all that a stranger can choose, and its answer.
fn stranger(worker: Worker<'_>, number: u64) -> Option<Exchange> {
    // The same for the same number, whichever worker has it.
    let mut dice = fastrand::Rng::with_seed(number);
    let invented = |dice: &mut fastrand::Rng| {
        let length = dice.usize(1..40);
        (0..length).map(|_| dice.alphanumeric()).collect::<String>()
    };
    let way = ["h", "r", "c", "t"][dice.usize(..4)];
    let path = format!(
        "/{way}/{}?route={}&x={}",
        invented(&mut dice),
        dice.u64(..ROUTES + 2),
        number
    );
    let method = *dice.choice(&["GET", "GET", "GET", "POST", "PUT", "DELETE"])?;
    let host = format!("{}.{}.example", invented(&mut dice), number % 7);
    let tenant = match dice.u32(..4) {
        0 => "gold".to_owned(),
        1 => format!("returning-{}", dice.u32(..400)),
        _ => invented(&mut dice),
    };
    let request = browser(worker.request(method, path))
        .host(host)
        .header("x-tenant", tenant)
        .header("x-correlation-id", invented(&mut dice))
        .header("x-deadline", dice.u32(..100_000).to_string())
        .header("idempotency-key", invented(&mut dice))
        .header(
            format!("x-{}", invented(&mut dice).to_lowercase()),
            invented(&mut dice),
        );
    let mut exchange = request.send();
    for _ in 0..4 {
        if !exchange.is_at_upstream() {
            return Some(exchange);
        }
        if dice.u32(..50) == 0 {
            return Some(exchange.client_aborts());
        }
        exchange = exchange.begin_answer(stranger_answer(&mut dice));
    }
    Some(exchange)
}

fn stranger_answer(dice: &mut fastrand::Rng) -> Answer {
    let status = match dice.u32(..3) {
        0 => dice.u16(400..600),
        _ => 200,
    };
    match dice.u32(..8) {
        0 => Answer::no_healthy_upstream(),
        1 => Answer::new(status)
            .header("content-type", "application/json")
            .body(format!(
                "{{\"error\":{{\"code\":\"C{}\",\"message\":\"m\"}}}}",
                dice.u32(..)
            )),
        2 => Answer::new(status),
        _ => answer(status).header("retry-after", dice.u32(..100).to_string()),
    }
}
