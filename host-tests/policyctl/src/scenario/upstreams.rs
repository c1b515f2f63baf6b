//! What stands behind the proxy: routes, clusters, and what their upstreams do over time.

use super::plugins::Filter;
use super::units::{At, Percent, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// What an upstream does from a moment on, until the next phase begins.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phase {
    /// When it begins (default: 0s). Phases stand in the order of their times.
    #[serde(default = "at_once")]
    pub(crate) from: Time,
    /// What it answers (default: 200).
    #[serde(default)]
    pub(crate) answer: Answer,
    /// How long that takes (default: 5ms).
    #[serde(default = "a_while")]
    pub(crate) after: Time,
    /// Up to so much longer, drawn for each answer (default: 0s).
    #[serde(default = "at_once")]
    pub(crate) jitter: Time,
    /// Headers of the answer.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The answer's body (default: none).
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// How many of the attempts it answers so, in percent (default: 100). The rest is answered as `otherwise` says.
    #[serde(default = "all")]
    pub(crate) percent: Percent,
    /// Turns between this answer and the one of `otherwise`, again and again.
    #[serde(default)]
    pub(crate) flaps: Option<Flaps>,
    /// How many attempts it can take within a second (default: any number). What is beyond that is answered `overloaded`.
    #[serde(default)]
    pub(crate) capacity: Option<u32>,
    /// Whether what is beyond its capacity costs it as much as what it answers (default: false, it sheds load at no cost).
    /// One that collapses answers nobody as long as it gets too much.
    #[serde(default)]
    pub(crate) collapses: bool,
    /// What it answers beyond its capacity (default: 503 at once).
    #[serde(default)]
    pub(crate) overloaded: Option<Otherwise>,
    /// What it answers to the rest (default: 200 after 5ms).
    #[serde(default)]
    pub(crate) otherwise: Option<Otherwise>,
}

/// How an upstream comes and goes.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flaps {
    /// So long it answers as the phase says,
    #[serde(rename = "for")]
    pub(crate) lasts: Time,
    /// and then as `otherwise` says, until so much time has passed since the last turn began.
    pub(crate) every: Time,
}

/// Another answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Otherwise {
    /// What it answers (default: 200).
    #[serde(default)]
    pub(crate) answer: Answer,
    /// How long that takes (default: 5ms; beyond the capacity 0s).
    #[serde(default)]
    pub(crate) after: Option<Time>,
    /// Headers of the answer.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The answer's body (default: none).
    #[serde(default)]
    pub(crate) body: Option<String>,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A response with this status.
    Status(u16),
    /// The connection is refused, so nothing reaches the upstream.
    Refuse,
    /// The upstream closes the connection before it answers.
    Reset,
    /// The upstream takes the request and never answers.
    Never,
    /// The cluster has no healthy host.
    NoHost,
}

impl Default for Answer {
    fn default() -> Answer {
        Answer::Status(200)
    }
}

/// The words for those that are no status.
const WORDS: &[(&str, Answer)] = &[
    ("refuse", Answer::Refuse),
    ("reset", Answer::Reset),
    ("never", Answer::Never),
    ("no_host", Answer::NoHost),
];

impl Display for Answer {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match (self, WORDS.iter().find(|(_, answer)| answer == self)) {
            (Answer::Status(status), _) => write!(to, "{status}"),
            (_, Some((word, _))) => to.write_str(word),
            (_, None) => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Answer, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Answer;

            fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
                to.write_str("a status from 200 to 599, or refuse, reset, never or no_host")
            }

            fn visit_u64<E: Error>(self, status: u64) -> Result<Answer, E> {
                match u16::try_from(status) {
                    Ok(status @ 200..=599) => Ok(Answer::Status(status)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(status), &self)),
                }
            }

            fn visit_i64<E: Error>(self, status: i64) -> Result<Answer, E> {
                self.visit_u64(u64::try_from(status).unwrap_or(0))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Answer, E> {
                let known = WORDS.iter().find(|(known, _)| *known == word);
                let answer = known.map(|(_, answer)| *answer);
                answer.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(word), &self))
            }
        }
        from.deserialize_any(Read)
    }
}

/// For the defaults in the schema.
impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Answer::Status(status) => to.serialize_u16(*status),
            word => to.collect_str(word),
        }
    }
}

impl JsonSchema for Answer {
    fn schema_name() -> Cow<'static, str> {
        "Answer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        json_schema!({
            "description": "A status; refuse: the connection is refused; reset: the connection is closed before the answer; \
                            never: the request is taken and never answered; no_host: the cluster has no healthy host.",
            "anyOf": [{ "type": "integer", "minimum": 200, "maximum": 599 }, { "enum": words }],
        })
    }
}

/// A cluster and its upstream.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    /// What its upstream does, phase by phase (default: 200 after 5ms, all the time).
    #[serde(default)]
    pub(crate) phases: Vec<At<Phase>>,
    /// Filters of the cluster itself, which see each attempt.
    #[serde(default)]
    pub(crate) filters: Vec<At<Filter>>,
    /// How many retries to it may be under way at once (Envoy's `max_retries`, default: 3).
    #[serde(default)]
    pub(crate) max_retries: Option<u32>,
    /// Instead: as a part of the requests under way (Envoy's `retry_budget`).
    #[serde(default)]
    pub(crate) retry_budget: Option<RetryBudget>,
}

/// Envoy's own budget of retries.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBudget {
    /// So many percent of the requests under way may be retries,
    pub(crate) percent: Percent,
    /// and so many in any case (default: 3).
    #[serde(default = "three")]
    pub(crate) at_least: u32,
}

/// A route.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// Its name, by which plugins know it.
    pub(crate) name: String,
    /// It takes the paths that begin so (default: /).
    #[serde(default)]
    pub(crate) prefix: Option<String>,
    /// It takes this path alone.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// It takes only requests with these headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Where to (default: upstream).
    #[serde(default = "upstream")]
    pub(crate) cluster: String,
    /// How long a request may take in all (default: 15s, as in Envoy; 0s: without end).
    #[serde(default)]
    pub(crate) timeout: Option<Time>,
    /// When the route itself has requests tried again (default: never). Plugins may ask for more, by headers.
    #[serde(default)]
    pub(crate) retry: Option<RetryPolicy>,
    /// The route's `filter_metadata`.
    #[serde(default)]
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
}

/// A route's `retry_policy`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryPolicy {
    /// On what (Envoy's `retry_on`), with commas between: 5xx, gateway-error, reset, connect-failure, … (default: nothing, so
    /// that only the back-off counts).
    #[serde(default)]
    pub(crate) on: String,
    /// How often at most (Envoy's `num_retries`, default: 1).
    #[serde(default)]
    pub(crate) retries: Option<u32>,
    /// How long one attempt may take (default: as long as the request).
    #[serde(default)]
    pub(crate) per_try_timeout: Option<Time>,
    /// The first wait between attempts is a random part of this (default: 25ms), the next of its double,
    #[serde(default)]
    pub(crate) back_off: Option<Time>,
    /// up to this (default: ten times that).
    #[serde(default)]
    pub(crate) max_back_off: Option<Time>,
}

pub(super) fn at_once() -> Time {
    Time::ZERO
}

fn a_while() -> Time {
    Time::from_millis(5)
}

fn all() -> Percent {
    Percent::ALL
}

fn three() -> u32 {
    3
}

fn upstream() -> String {
    super::UPSTREAM.to_owned()
}
