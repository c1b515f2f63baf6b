//! Exchanges of one configuration on one Envoy.

use super::{seen, world};
use crate::stand::Stand;
use host_tests::exchange::{Exchange, Made};
use host_tests::plugin::Plugin;
use live::wait;
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// Numbers may come a little later than responses.
const SETTLE: Duration = Duration::from_secs(20);

/// What became of them there.
pub struct Run {
    /// Of which modules the plugins are.
    pub made: Made,
    /// What was seen of each by client and upstream.
    pub seen: Vec<String>,
    /// The access log's entry of each.
    entries: Vec<Value>,
    stand: Stand,
}

impl Run {
    /// Runs them, one after the other.
    pub fn of(plugin: &Plugin, exchanges: &[Exchange], made: Made) -> Self {
        let first = exchanges.first().expect("there is an exchange");
        let stand = world::stand(plugin, first, made);
        let each = exchanges.iter();
        let seen = each.map(|exchange| seen::render(seen::on_envoy(&stand, exchange)));
        let seen = seen.collect();
        // Each has an entry, and so have those before it.
        let mut last = Vec::new();
        for exchange in exchanges {
            let before = last.last().map_or(0, |last| last + 1);
            last.push(before + exchange.before.len());
        }
        let count = last.last().map_or(0, |last| last + 1);
        let log = stand.envoy.access_log_of(count).expect("each exchange is logged");
        assert_eq!(log.len(), count, "{}: entries of the access log", plugin.name);
        let entries = last.iter().map(|index| log[*index].clone()).collect();
        Self {
            made,
            seen,
            entries,
            stand,
        }
    }

    /// What was seen and logged of this one.
    pub fn all(&self, index: usize, exchange: &Exchange) -> String {
        let mut text = self.seen[index].clone();
        for (name, value) in self.entries[index].as_object().into_iter().flatten() {
            let _ = writeln!(text, "log: {name}: {value}");
        }
        exchange.mask(&text)
    }

    /// Whether the plugins have counted the same in both; else what they have counted.
    pub fn counts_as(&self, other: &Self) -> Result<(), (String, String)> {
        let mut both = (self.counted(), other.counted());
        let same = wait::until(SETTLE, "the same being counted", || {
            both = (self.counted(), other.counted());
            Ok((both.0 == both.1).then_some(()))
        });
        same.map_err(|_| both)
    }

    /// The plugins' counters, a line each.
    fn counted(&self) -> String {
        let statistics = self.stand.envoy.stats().expect("Envoy tells its statistics");
        let counters = statistics
            .iter()
            .filter(|(name, _)| name.starts_with("wasmcustom.") && name.contains("_total"));
        counters.fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name} {value}");
            text
        })
    }
}
