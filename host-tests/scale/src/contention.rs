//! Many workers at one record.

use crate::modules::Modules;
use crate::traffic::{after_failures, answer, at_once, browser};
use host::{Cluster, Host, Route, Worker, secs};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the workers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// A closed breaker, and successes: nothing is written.
    Successes,
    /// One request of a hundred fails: as long as the window shows it, each success is written at once.
    Few,
    /// A closed breaker, and failures: each is written.
    Failures,
    /// A half-open breaker with three places: whoever finds them taken is rejected.
    FewProbes,
    /// A half-open breaker with a place for each: it is taken, and given back.
    Probes,
    /// Each request is tried twice: each takes one from retry's budget.
    Retries,
    /// One request of a hundred is tried twice.
    FewRetries,
}

/// All of them.
pub const MIXES: [Mix; 7] = [
    Mix::Successes,
    Mix::Few,
    Mix::Failures,
    Mix::FewProbes,
    Mix::Probes,
    Mix::Retries,
    Mix::FewRetries,
];

impl Mix {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Successes => "closed, all succeed",
            Self::Few => "closed, 1 % fail",
            Self::Failures => "closed, all fail",
            Self::FewProbes => "half-open, 3 places",
            Self::Probes => "half-open, 100 places",
            Self::Retries => "retry, all tried twice",
            Self::FewRetries => "retry, 1 % tried twice",
        }
    }

    fn plugin(self) -> &'static str {
        match self {
            Self::Retries | Self::FewRetries => "retry",
            _ => "circuit-breaker",
        }
    }

    fn record(self) -> &'static str {
        match self.plugin() {
            "retry" => "retry_budget/",
            _ => "circuit_breaker/",
        }
    }

    fn configuration(self) -> Value {
        let policy = match self {
            // It stays closed, whatever comes.
            Self::Successes | Self::Few | Self::Failures => json!({
                "trip": { "failure_rate": { "percent": 100, "min_calls": 1_000_000 } },
            }),
            // It stays half-open for as long as the workers need.
            Self::FewProbes | Self::Probes => json!({
                "trip": { "consecutive_failures": 1, "failure_rate": null },
                "open": { "for": "1s", "max": "1s", "jitter": 0 },
                "half_open": { "max_calls": if self == Self::Probes { 100 } else { 3 }, "successes": 1000 },
            }),
            Self::Retries | Self::FewRetries => json!({
                "budget": { "min_retry_rate": { "count": 1_000_000 } },
            }),
        };
        json!({ "default": policy })
    }

    /// What a worker's request with this number is answered.
    fn send(self, worker: Worker<'_>, number: usize) -> host::Exchange {
        let request = browser(worker.get("/orders"));
        let is_one_of_hundred = (number + worker.number() * 7).is_multiple_of(100);
        match self {
            Self::Successes | Self::FewProbes | Self::Probes => request.run(answer(200)),
            Self::Few => request.run(answer(if is_one_of_hundred { 503 } else { 200 })),
            Self::Failures => request.run(answer(503)),
            Self::Retries => after_failures(request.send(), 1),
            Self::FewRetries => after_failures(request.send(), usize::from(is_one_of_hundred)),
        }
    }
}

/// How the workers take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// Before each call to the host the turn goes to a worker drawn by this seed. So it would be if each had a processor
    /// of its own and did nothing but call the host: more contention than a real proxy can have. Every run is the same.
    Drawn(u64),
    /// Threads, truly at once: on a machine with few processors, few of them. Runs differ.
    Free,
}

/// What the workers did to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contention {
    /// Requests of all workers.
    pub requests: u64,
    /// Writes of the record that stand.
    pub written: u64,
    /// Writes that were refused because another worker had been faster, and were tried again.
    pub overtaken: u64,
    /// Changes that were given up after 16 tries. Each is counted as a degradation.
    pub gave_up: u64,
    /// Calls to the host.
    pub calls: u64,
    /// Fuel.
    pub fuel: u64,
}

/// So many workers send so many requests each, all to the same breaker.
pub fn contention(modules: &Modules, mix: Mix, workers: usize, requests: usize, turns: Turns) -> Contention {
    let host = modules
        .host(mix.plugin(), mix.configuration())
        .workers(workers)
        .routes([Route::new("orders").retry(at_once())])
        // The plugin's budget bounds retries, not the cluster's own limit.
        .clusters([Cluster::new("upstream").max_retries(1_000_000)]);
    prepare(mix, &host, workers);
    let (calls, fuel) = (AtomicU64::new(0), AtomicU64::new(0));
    let record = record(mix, &host);
    let before = host.shared_data_writes(&record);
    let work = |worker: Worker<'_>| {
        for number in 1..=requests {
            let cost = mix.send(worker, number).cost();
            calls.fetch_add(cost.calls(), Ordering::Relaxed);
            fuel.fetch_add(cost.fuel(), Ordering::Relaxed);
        }
    };
    match turns {
        Turns::Free => host.in_parallel(work),
        Turns::Drawn(seed) => {
            let mut dice = fastrand::Rng::with_seed(seed);
            // A worker that has finished is passed over, so more turns than there are calls do no harm.
            let turns = workers * requests * MOST_CALLS;
            host.step((0..turns).map(|_| dice.usize(..workers)), work);
        }
    }
    let after = host.shared_data_writes(&record);
    let degradations = format!(
        "policy_degradations_total.plugin={};.what=shared_data_contention;",
        mix.plugin()
    );
    Contention {
        requests: (workers * requests) as u64,
        written: after.written - before.written,
        overtaken: after.overtaken - before.overtaken,
        gave_up: host.metric(&degradations),
        calls: calls.into_inner(),
        fuel: fuel.into_inner(),
    }
}

/// More calls to the host than a request makes, attempts to write included.
const MOST_CALLS: usize = 120;

/// Every worker has met the breaker, which is in the state that is wanted.
fn prepare(mix: Mix, host: &Host, workers: usize) {
    for number in 0..workers {
        browser(host.worker(number).get("/orders")).run(answer(200));
    }
    host.advance(secs(2));
    if matches!(mix, Mix::FewProbes | Mix::Probes) {
        browser(host.get("/orders")).run(answer(503));
        host.advance(secs(2));
    }
}

/// The one record that they share.
fn record(mix: Mix, host: &Host) -> Vec<u8> {
    let all = host.all_shared_data();
    let is_own = |name: &Vec<u8>| {
        let name = String::from_utf8_lossy(name);
        let is_shared_by_all = name.contains("/register/") || name.contains("/gauges/");
        name.starts_with(mix.record()) && !is_shared_by_all
    };
    let mut own = all.into_keys().filter(is_own);
    let record = own.next().expect("it was met");
    assert_eq!(own.next(), None);
    record
}
