//! Random traffic with a secret in every header, for modules whose configuration names none of them.
//!
//! A round is one host with random plugins, a random configuration, and a handful of requests that take random ways: they
//! are rejected, refused, tried again, answered with errors, reset, given up, and in some rounds a host call fails. All
//! that a peer sends in headers, but valid ids, is guarded: the host fails the round where a plugin tells a part of it.
//! Every round follows from its number, so one that fails can be played again.

#![forbid(unsafe_code)]

mod configuration;
mod traffic;
mod value;

use fastrand::Rng;
use host::{Host, Plugin, RetryPolicy, Route, Status, secs};
use host_tests::plugin::{
    ADMIN, CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, Plugin as Built, REQUEST_ID, RETRY,
};
use serde_json::Value;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What rounds came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// How many rounds.
    pub rounds: u64,
    /// How many requests they had.
    pub requests: u64,
    /// How many secrets those requests and their answers carried.
    pub secrets: u64,
    /// How many times plugins handed bytes to the host, in which secrets were searched for.
    pub outputs: u64,
}

impl AddAssign for Played {
    fn add_assign(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.requests += other.requests;
        self.secrets += other.secrets;
        self.outputs += other.outputs;
    }
}

/// Plays the round of this number.
///
/// # Errors
/// What a plugin told of which header, with the exchange; or what else failed.
pub fn play(round: u64) -> Result<Played, String> {
    let played = catch_unwind(AssertUnwindSafe(|| of(round)));
    played.map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "a panic without a text".to_owned(),
        },
    })
}

fn of(round: u64) -> Played {
    let mut random = Rng::with_seed(round);
    let host = host(&mut random, round);
    let mut played = Played {
        rounds: 1,
        ..Played::default()
    };
    // A host call that fails may be one of the start: then Envoy does not start.
    if host.try_start().is_ok() {
        for _ in 0..random.u32(3..12) {
            played.requests += 1;
            played.secrets += traffic::exchange(&host, &mut random);
            if random.u32(..4) == 0 {
                host.advance(secs(random.u64(1..20)));
            }
        }
        host.advance(secs(60));
    }
    played.outputs = host.outputs_searched();
    played
}

fn host(random: &mut Rng, round: u64) -> Host {
    let host = Host::chain(chain(random))
        .workers(random.usize(1..3))
        .seed(round)
        .routes([
            Route::new("orders")
                .prefix("/orders")
                .retry(RetryPolicy::on("5xx")),
            Route::new("gone").path("/gone").direct_response(410, "gone"),
            Route::new("other").prefix("/"),
        ]);
    if random.u32(..3) > 0 {
        return host;
    }
    let statuses = [Status::BAD_ARGUMENT, Status::INTERNAL_FAILURE, Status::NOT_FOUND];
    let number = random.usize(200..2_000);
    host.fail_host_call(number, random.choice(statuses).unwrap_or(Status::BAD_ARGUMENT))
}

/// The plugins of a round, in the order of the chain.
fn chain(random: &mut Rng) -> Vec<Plugin> {
    let policies = [&ERROR_ENVELOPE, &REQUEST_ID, &CIRCUIT_BREAKER, &RETRY];
    let configured = |random: &mut Rng, built: &Built| {
        let configuration = configuration::of(random, built.name);
        Plugin::new(built.module()).name(built.name).config(configuration)
    };
    match random.u32(..10) {
        0..4 => policies.map(|built| configured(random, built)).into(),
        4..7 => {
            let sections =
                policies.map(|built| (built.name.to_owned(), configuration::of(random, built.name)));
            let all = Value::Object(sections.into_iter().collect());
            vec![
                Plugin::new(POLICIES.module())
                    .name("policies")
                    .root_id("policies")
                    .config(all),
            ]
        }
        7 => vec![configured(random, &ADMIN), configured(random, &CIRCUIT_BREAKER)],
        _ => random
            .choice(policies)
            .map(|built| configured(random, built))
            .into_iter()
            .collect(),
    }
}
