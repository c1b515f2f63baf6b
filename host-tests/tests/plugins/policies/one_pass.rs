//! Plugins in one pass do what they do in a chain, byte for byte: every exchange of every plugin, each way.

use host_tests::exchange::{Exchange, Made, circuit_breaker, error_envelope, request_id, retry};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, Plugin, REQUEST_ID, RETRY};
use regex::Regex;
use std::fmt::Write as _;

/// Everything that anybody can see of an exchange and of its plugins, of whichever modules they are.
fn seen(exchange: &Exchange, plugin: &Plugin, made: Made) -> String {
    let host = exchange.host_made(plugin, made);
    let all = exchange.run(&host).to_string();
    // What it took differs, and nobody but the host sees that.
    let (text, _) = all.split_once("host calls:\n").expect("it tells of them last");
    let mut text = text.to_owned();
    for (name, value) in host.metrics() {
        let _ = writeln!(text, "in all: {name} = {value}");
    }
    // Before each line of the log stands the name of the filter, which is not the plugin's here.
    let filter = Regex::new(r"(?m)^(  \[\w+\] \[[^\]]+\]) [a-z-]+: ").expect("it is an expression");
    filter.replace_all(&exchange.mask(&text), "$1 ").into_owned()
}

#[track_caller]
fn no_other_way_differs(plugin: &Plugin, exchanges: Vec<Exchange>, at_least: usize) {
    assert!(exchanges.len() >= at_least, "{} exchanges", exchanges.len());
    for exchange in exchanges {
        let chain = seen(&exchange, plugin, Made::OfTheirOwn);
        for made in [Made::ByRootId, Made::InOnePass] {
            pretty(&exchange, made, &chain, &seen(&exchange, plugin, made));
        }
    }
}

#[track_caller]
fn pretty(exchange: &Exchange, made: Made, chain: &str, other: &str) {
    let differing = |of: &str, from: &str| -> Vec<String> {
        let lines = of
            .lines()
            .filter(|line| !from.lines().any(|other| other == *line));
        lines.map(str::to_owned).collect()
    };
    assert!(
        chain == other,
        "{}, {made:?}\nonly in the chain: {:#?}\nonly so: {:#?}\n\n{other}",
        exchange.name,
        differing(chain, other),
        differing(other, chain)
    );
}

#[test]
fn request_id_does_the_same_each_way() {
    no_other_way_differs(&REQUEST_ID, request_id::exchanges(), 45);
}

#[test]
fn error_envelope_does_the_same_each_way() {
    no_other_way_differs(&ERROR_ENVELOPE, error_envelope::exchanges(), 65);
}

#[test]
fn circuit_breaker_does_the_same_each_way() {
    no_other_way_differs(&CIRCUIT_BREAKER, circuit_breaker::exchanges(), 55);
}

#[test]
fn retry_does_the_same_each_way() {
    no_other_way_differs(&RETRY, retry::exchanges(), 70);
}
