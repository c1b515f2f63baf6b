//! What came of one request.

use super::asked::Asked;
use host::{Exchange, Host};
use serde_json::{Value, json};
use std::time::Duration;

/// Nothing that a proxy waits for takes longer, unless it was told to wait without end.
const LONGEST: Duration = Duration::from_secs(300);
/// How finely time moves meanwhile.
const STEP: Duration = Duration::from_millis(5);

/// What came of one request.
pub(super) struct Record {
    /// From 1.
    pub(super) number: u32,
    /// What the client got; 0: nothing.
    pub(super) status: u16,
    /// Where it came from, in Envoy's words.
    pub(super) details: String,
    pub(super) route: Option<(String, String)>,
    /// How long it took; `None`: it never ended.
    pub(super) lasted: Option<Duration>,
    pub(super) attempts: Vec<Attempt>,
    /// What each plugin says, as it stands in `policy.explain`.
    pub(super) explained: Vec<Value>,
    /// What the upstream got, against what the client sent; `None`: it got nothing.
    pub(super) upstream: Option<Vec<Change>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) filter_state: Vec<(String, String)>,
    pub(super) logs: Vec<String>,
    /// What was counted: the metric, its value, and by how much it moved.
    pub(super) metrics: Vec<(String, u64, i64)>,
}

/// An attempt to have the upstream answer.
pub(super) struct Attempt {
    pub(super) cluster: String,
    pub(super) after: Duration,
    pub(super) came_to: String,
}

/// A header of the request on its way.
pub(super) struct Change {
    /// `+` added, `-` removed, `~` another value.
    pub(super) what: char,
    pub(super) name: String,
    pub(super) value: String,
}

impl Record {
    /// Sends the request and waits for what comes of it.
    pub(super) fn of(host: &Host, asked: &Asked, number: u32) -> Self {
        let before = host.metrics();
        let exchange = asked.request(host).send();
        let mut waited = Duration::ZERO;
        while !exchange.is_finished() && waited < LONGEST {
            host.advance(STEP);
            waited += STEP;
        }
        let metrics = host.metrics().into_iter().filter_map(|(name, value)| {
            let moved = value.wrapping_sub(before.get(&name).copied().unwrap_or(0)) as i64;
            (moved != 0).then_some((name, value, moved))
        });
        let metrics: Vec<_> = metrics.collect();
        let states = exchange.filter_states();
        let (explained, others): (Vec<_>, Vec<_>) =
            states.into_iter().partition(|(name, _)| name == "policy.explain");
        let explained = explained
            .first()
            .and_then(|(_, value)| serde_json::from_slice::<Value>(value).ok());
        Self {
            number,
            status: exchange.status(),
            details: exchange.details(),
            route: exchange.route(),
            lasted: exchange.lasted(),
            attempts: attempts(&exchange),
            explained: explained
                .and_then(|all| all.as_array().cloned())
                .unwrap_or_default(),
            upstream: exchange
                .reached_upstream()
                .then(|| changes(&asked.sent(), &exchange.upstream_headers())),
            headers: exchange
                .response_headers()
                .into_iter()
                .map(|(name, value)| (name, shown(&value)))
                .collect(),
            body: shown(&exchange.body()),
            filter_state: others
                .into_iter()
                .map(|(name, value)| (name, shown(&value)))
                .collect(),
            logs: exchange.logs().iter().map(|line| line.message.clone()).collect(),
            metrics,
        }
    }

    /// The rule and the decision of each plugin, in one line for each request.
    pub(super) fn in_short(&self) -> String {
        let decided = self.explained.iter().filter_map(|each| {
            let plugin = each.get("plugin")?.as_str()?;
            let words = ["state", "decision", "because"];
            let mut words: Vec<&str> = words
                .iter()
                .filter_map(|word| each.get(*word)?.as_str())
                .collect();
            // What is open is rejected because it is open.
            if words.first() == words.last() {
                words.truncate(words.len().max(2) - 1);
            }
            (!words.is_empty()).then(|| format!("{plugin} {}", words.join(" ")))
        });
        decided.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn json(&self) -> Value {
        let millis = |time: Duration| time.as_millis() as u64;
        let attempts = self.attempts.iter().map(|attempt| {
            json!({
                "cluster": attempt.cluster, "after_ms": millis(attempt.after), "came_to": attempt.came_to,
            })
        });
        let upstream = self.upstream.as_ref().map(|changes| {
            let told = |change: &Change| {
                let what = match change.what {
                    '+' => "added",
                    '-' => "removed",
                    _ => "changed",
                };
                json!({ "header": change.name, "what": what, "value": change.value })
            };
            changes.iter().map(told).collect::<Vec<_>>()
        });
        let pairs = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>()
        };
        json!({
            "number": self.number,
            "status": self.status,
            "details": self.details,
            "virtual_host": self.route.as_ref().map(|(host, _)| host),
            "route": self.route.as_ref().map(|(_, route)| route),
            "lasted_ms": self.lasted.map(millis),
            "attempts": attempts.collect::<Vec<_>>(),
            "explain": self.explained,
            "upstream_headers": upstream,
            "headers": pairs(&self.headers),
            "body": self.body,
            "filter_state": pairs(&self.filter_state),
            "log": self.logs.iter().map(|line| serde_json::from_str(line).unwrap_or(json!(line))).collect::<Vec<_>>(),
            "metrics": self.metrics.iter().map(|(name, value, moved)| {
                json!({ "name": name, "value": value, "moved": moved })
            }).collect::<Vec<_>>(),
        })
    }
}

fn attempts(exchange: &Exchange) -> Vec<Attempt> {
    let all = exchange.attempts().into_iter().map(|attempt| Attempt {
        cluster: attempt.cluster(),
        after: attempt.after(),
        came_to: attempt.came_to(),
    });
    all.collect()
}

/// What differs, by name.
fn changes(sent: &[(String, Vec<u8>)], got: &[(String, Vec<u8>)]) -> Vec<Change> {
    let all = |pairs: &[(String, Vec<u8>)], name: &str| -> Vec<String> {
        let named = pairs.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| shown(value)).collect()
    };
    let mut names: Vec<&String> = sent.iter().chain(got).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let change = |name: &String| {
        let (before, after) = (all(sent, name), all(got, name));
        let what = match (before.is_empty(), after.is_empty()) {
            _ if before == after => return None,
            (true, _) => '+',
            (_, true) => '-',
            _ => '~',
        };
        let value = if what == '-' { before } else { after };
        Some(Change {
            what,
            name: name.clone(),
            value: value.join(", "),
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// Bytes of strangers, harmless on a terminal.
fn shown(bytes: &[u8]) -> String {
    let harmless = |character: char| match character.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    };
    String::from_utf8_lossy(bytes).chars().map(harmless).collect()
}
