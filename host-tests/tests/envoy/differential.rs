//! The same exchanges in the host and on the real Envoy must give the same status, headers and body, to the client and
//! at the upstream. This is what makes the host worth trusting.
//!
//! And on Envoy they must come to the same whether the plugins are four modules in a chain or one module in one pass:
//! the same for client and upstream, in the access log and in the metrics.

mod modules;
mod run;
mod seen;
mod world;

use host_tests::exchange::{Exchange, Made, circuit_breaker, error_envelope, request_id, retry};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, Plugin, REQUEST_ID, RETRY};
use run::Run;
use std::fmt::Write;
use std::thread;

#[test]
fn host_and_envoy_in_a_chain_and_in_one_pass_agree_on_every_exchange_of_request_id() {
    agree(&REQUEST_ID, request_id::exchanges(), 45);
}

#[test]
fn host_and_envoy_in_a_chain_and_in_one_pass_agree_on_every_exchange_of_error_envelope() {
    agree(&ERROR_ENVELOPE, error_envelope::exchanges(), 65);
}

#[test]
fn host_and_envoy_in_a_chain_and_in_one_pass_agree_on_every_exchange_of_circuit_breaker() {
    agree(&CIRCUIT_BREAKER, circuit_breaker::exchanges(), 55);
}

#[test]
fn host_and_envoy_in_a_chain_and_in_one_pass_agree_on_every_exchange_of_retry() {
    agree(&RETRY, retry::exchanges(), 70);
}

/// There are at least so many exchanges, and nobody differs on any of them.
#[track_caller]
fn agree(plugin: &Plugin, mut exchanges: Vec<Exchange>, at_least: usize) {
    assert!(exchanges.len() >= at_least, "{} exchanges", exchanges.len());
    let mut differences = String::new();
    let mut ways = vec![Made::OfTheirOwn, Made::InOnePass, Made::ByRootId];
    // An Envoy for each configuration, place and way.
    while let Some(first) = exchanges.first().cloned() {
        let (same, other) = exchanges.into_iter().partition(|exchange| {
            exchange.configuration == first.configuration && exchange.place == first.place
        });
        exchanges = other;
        compare(plugin, &same, &ways, &mut differences);
        // How a plugin is picked by its root id does not hang on its configuration: once is enough.
        ways.truncate(2);
    }
    assert!(differences.is_empty(), "they differ:\n{differences}");
}

/// Compares the first way with the host, and the others with the first.
fn compare(plugin: &Plugin, exchanges: &[Exchange], ways: &[Made], differences: &mut String) {
    let runs: Vec<Run> = thread::scope(|scope| {
        let start = |made| scope.spawn(move || Run::of(plugin, exchanges, made));
        let threads: Vec<_> = ways.iter().map(|made| start(*made)).collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|run| run.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let Some((chain, others)) = runs.split_first() else {
        return;
    };
    for (index, exchange) in exchanges.iter().enumerate() {
        let host = exchange.mask(&seen::render(seen::in_host(plugin, exchange)));
        let envoys = exchange.mask(&chain.seen[index]);
        differ(differences, exchange.name, ("envoy", &envoys), ("host", &host));
        for other in others {
            let names = ("in a chain", &*format!("{:?}", other.made));
            let (left, right) = (chain.all(index, exchange), other.all(index, exchange));
            differ(differences, exchange.name, (names.0, &left), (names.1, &right));
        }
    }
    for other in others {
        if let Err((left, right)) = chain.counts_as(other) {
            let (name, way) = ("what is counted", format!("{:?}", other.made));
            differ(differences, name, ("in a chain", &left), (&way, &right));
        }
    }
}

/// Notes what only one of two texts has.
fn differ(differences: &mut String, name: &str, left: (&str, &str), right: (&str, &str)) {
    if left.1 == right.1 {
        return;
    }
    let only = |(who, text): (&str, &str), other: &str| -> String {
        let lines = text.lines().filter(|line| !other.lines().any(|o| o == *line));
        lines.fold(String::new(), |all, line| all + "  " + who + ": " + line + "\n")
    };
    let _ = writeln!(
        differences,
        "{name}\n{}{}",
        only(left, right.1),
        only(right, left.1)
    );
}
