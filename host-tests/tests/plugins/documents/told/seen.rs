//! What the plugins tell in every exchange of the list.

use host::{Host, Status};
use host_tests::exchange::{Exchange, circuit_breaker, error_envelope, request_id, retry};
use host_tests::plugin::{ALL, CIRCUIT_BREAKER, ERROR_ENVELOPE, Plugin, REQUEST_ID, RETRY};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    /// The labels of each metric.
    pub(super) metrics: BTreeMap<String, BTreeSet<String>>,
    /// The plugin and the event of each log line.
    pub(super) events: BTreeSet<(String, String)>,
    /// Which of the names that were asked for somebody wrote.
    pub(super) filter_state: BTreeSet<String>,
}

impl Seen {
    /// All of it. Filter state is looked up by these names.
    pub(super) fn everything(filter_state: &BTreeSet<String>) -> Self {
        let mut seen = Self::default();
        let lists = lists();
        for (plugin, exchanges) in lists {
            for exchange in exchanges {
                seen.run(plugin, exchange, filter_state);
            }
        }
        seen.recovery();
        for plugin in ALL {
            for unknown_keys in ["refuse", "warn"] {
                let configuration = json!({ "unknown_keys": unknown_keys, "tpyo": 1 });
                let host = Host::new(plugin.module()).config(configuration);
                assert_eq!(host.try_start().is_ok(), unknown_keys == "warn");
                seen.look_at(&host);
            }
        }
        seen
    }

    /// What was given up on where every host call failed in turn, in some of the exchanges.
    pub(super) fn degraded() -> BTreeSet<String> {
        let mut whats = BTreeSet::new();
        for (plugin, exchanges) in lists() {
            for exchange in exchanges.into_iter().step_by(12).map(talkative) {
                let run = |host: &Host| {
                    exchange.run(host);
                    host.advance(host::secs(2));
                };
                let clean = exchange.host(plugin);
                run(&clean);
                for call in 0..clean.host_calls().len() {
                    let host = exchange
                        .host(plugin)
                        .fail_host_call(call, Status::INTERNAL_FAILURE);
                    // A configuration that cannot be read is no degradation.
                    if host.try_start().is_err() {
                        continue;
                    }
                    run(&host);
                    let names = host.metrics().into_keys();
                    whats.extend(names.filter_map(|name| what(&name)));
                }
            }
        }
        whats
    }

    fn run(&mut self, plugin: &Plugin, exchange: Exchange, filter_state: &BTreeSet<String>) {
        let exchange = talkative(exchange);
        let host = exchange.host(plugin);
        let finished = exchange.run(&host);
        for name in filter_state {
            if finished.filter_state(name).option().is_some() {
                self.filter_state.insert(name.clone());
            }
        }
        // What waits for a tick is told, too.
        host.advance(host::secs(2));
        self.look_at(&host);
    }

    /// A breaker that opens, and closes again.
    fn recovery(&mut self) {
        let policy = json!({ "trip": { "consecutive_failures": 1 }, "open": { "for": "1s", "jitter": 0 } });
        let host = Host::new(CIRCUIT_BREAKER.module()).config(json!({ "default": policy }));
        host.get("/").answered_with(503);
        host.advance(host::secs(2));
        host.get("/").answered_with(200);
        host.get("/").answered_with(200);
        host.advance(host::secs(2));
        self.look_at(&host);
    }

    fn look_at(&mut self, host: &Host) {
        for raw in host.metrics().into_keys() {
            let Some((name, labels)) = raw.split_once('.').filter(|(_, labels)| labels.contains('=')) else {
                continue;
            };
            let labels = labels
                .split(';')
                .filter_map(|label| label.trim_start_matches('.').split_once('='));
            let labels = labels.map(|(label, _)| label.to_owned());
            self.metrics.entry(name.to_owned()).or_default().extend(labels);
        }
        for line in host.logs() {
            let line: Value = serde_json::from_str(&line.message).expect("a line is JSON");
            let text = |key: &str| line[key].as_str().expect("it is a text").to_owned();
            self.events.insert((text("plugin"), text("event")));
        }
    }
}

/// The exchanges of each plugin.
fn lists() -> [(&'static Plugin, Vec<Exchange>); 4] {
    [
        (&REQUEST_ID, request_id::exchanges()),
        (&ERROR_ENVELOPE, error_envelope::exchanges()),
        (&CIRCUIT_BREAKER, circuit_breaker::exchanges()),
        (&RETRY, retry::exchanges()),
    ]
}

/// The exchange with a plugin that logs and explains all it can.
fn talkative(mut exchange: Exchange) -> Exchange {
    let configuration = exchange.configuration.as_object_mut().expect("an object");
    configuration.insert("log".to_owned(), json!({ "requests": true, "errors": "all" }));
    configuration.insert("explain".to_owned(), json!("all"));
    exchange
}

/// The label `what` of a metric of degradations.
fn what(metric: &str) -> Option<String> {
    let labels = metric.strip_prefix("policy_degradations_total.")?;
    let what = labels.split_once("what=")?.1.split(';').next()?;
    Some(what.to_owned())
}
