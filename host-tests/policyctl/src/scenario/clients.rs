//! Who sends requests, how often, and what they do about what comes back.

use super::units::{Percent, Time};
use super::upstreams::at_once;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A kind of client: many callers that behave alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// What to call it (default: client; further ones client-2, client-3, …).
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// How many requests it makes in a second (default: 1). Tries of the same request come on top.
    #[serde(default = "once_a_second")]
    pub(crate) rate: f64,
    /// Other rates from later moments on.
    #[serde(default)]
    pub(crate) rates: Vec<Rate>,
    /// Requests that are made all at once.
    #[serde(default)]
    pub(crate) bursts: Vec<Burst>,
    /// When it begins (default: 0s),
    #[serde(default = "at_once")]
    pub(crate) from: Time,
    /// and when it makes its last request (default: at the end).
    #[serde(default)]
    pub(crate) until: Option<Time>,
    /// How requests are spread (default: even).
    #[serde(default)]
    pub(crate) arrivals: Arrivals,
    /// How many requests it has under way at most; further ones wait for one to end (default: any number).
    #[serde(default)]
    pub(crate) at_most: Option<usize>,
    /// The method (default: GET).
    #[serde(default = "get")]
    pub(crate) method: String,
    /// The path (default: /). `{n}` in it is the request's number, counted from 1.
    #[serde(default = "root")]
    pub(crate) path: String,
    /// The authority (default: host.test).
    #[serde(default)]
    pub(crate) host: Option<String>,
    /// Headers of each request. `{n}` in a value is the request's number.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body of each request (default: none).
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// Each request has an `idempotency-key` of its own, and keeps it when it is tried again (default: false).
    #[serde(default)]
    pub(crate) idempotency_key: bool,
    /// Each request has an `x-request-id` of its own, and keeps it when it is tried again (default: false).
    #[serde(default)]
    pub(crate) sends_id: bool,
    /// How long it waits for an answer, and then goes away (default: as long as it takes).
    #[serde(default)]
    pub(crate) gives_up_after: Option<Time>,
    /// How it tries again (default: not at all).
    #[serde(default)]
    pub(crate) retries: Option<Retries>,
    /// What its network loses (default: nothing).
    #[serde(default)]
    pub(crate) loses: Losses,
}

/// How requests are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrivals {
    /// At the same distance.
    #[default]
    Even,
    /// At random, as callers come that do not know of each other.
    Random,
}

/// A rate from a moment on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// From when.
    pub(crate) from: Time,
    /// How many requests in a second.
    pub(crate) rate: f64,
}

/// Many requests at once.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Burst {
    /// When.
    pub(crate) at: Time,
    /// How many.
    pub(crate) requests: u32,
}

/// How a client tries again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retries {
    /// How often at most, beside the first try.
    pub(crate) at_most: u32,
    /// On what (default: 5xx, 429 and what got no answer).
    #[serde(default = "usual")]
    pub(crate) on: Vec<TriesOn>,
    /// How long it waits before the second try (default: 100ms),
    #[serde(default = "first_wait")]
    pub(crate) wait: Time,
    /// how many times longer before each further one (default: 2),
    #[serde(default = "double")]
    pub(crate) multiplier: f64,
    /// at most (default: 10s),
    #[serde(default = "longest_wait")]
    pub(crate) longest: Time,
    /// and up to which part of that longer, drawn each time (default: 0.5).
    #[serde(default = "half")]
    pub(crate) jitter: f64,
    /// Waits as long as the answer's `Retry-After` says, where there is one (default: true).
    #[serde(default = "yes")]
    pub(crate) honor_retry_after: bool,
    /// So many percent of its requests it tries again at most (default: all of them).
    #[serde(default = "all")]
    pub(crate) budget_percent: Percent,
}

/// On what a client tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TriesOn {
    /// Any status from 500 on.
    ServerErrors,
    /// This status.
    Status(u16),
    /// No answer: it was lost, or the connection was, or the client gave up.
    NoAnswer,
}

impl<'de> Deserialize<'de> for TriesOn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TriesOn, D::Error> {
        let word = Value::deserialize(from)?;
        let status = word.as_u64().and_then(|status| u16::try_from(status).ok());
        match (word.as_str(), status) {
            (Some("5xx"), _) => Ok(TriesOn::ServerErrors),
            (Some("no_answer"), _) => Ok(TriesOn::NoAnswer),
            (None, Some(status @ 200..=599)) => Ok(TriesOn::Status(status)),
            _ => Err(D::Error::custom(format!(
                "{word} is not 5xx, no_answer, or a status from 200 to 599"
            ))),
        }
    }
}

/// For the defaults in the schema.
impl Serialize for TriesOn {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            TriesOn::ServerErrors => to.serialize_str("5xx"),
            TriesOn::NoAnswer => to.serialize_str("no_answer"),
            TriesOn::Status(status) => to.serialize_u16(*status),
        }
    }
}

impl JsonSchema for TriesOn {
    fn schema_name() -> Cow<'static, str> {
        "TriesOn".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "5xx: any status from 500 on; a status; no_answer: it was lost, or the connection was, or the client gave up.",
            "anyOf": [{ "type": "integer", "minimum": 200, "maximum": 599 }, { "enum": ["5xx", "no_answer"] }],
        })
    }
}

/// What the network between a client and the proxy loses.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Losses {
    /// So many percent of the answers never reach the client. The proxy does not know.
    #[serde(default = "none")]
    pub(crate) answers: Percent,
    /// So many percent of the connections break while the request is under way: a millisecond after it was sent.
    #[serde(default = "none")]
    pub(crate) connections: Percent,
    /// So many percent of the requests break off in the middle of their body.
    #[serde(default = "none")]
    pub(crate) bodies: Percent,
}

impl Default for Losses {
    fn default() -> Losses {
        let none = Percent::NONE;
        Losses {
            answers: none,
            connections: none,
            bodies: none,
        }
    }
}

fn once_a_second() -> f64 {
    1.0
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn usual() -> Vec<TriesOn> {
    vec![TriesOn::ServerErrors, TriesOn::Status(429), TriesOn::NoAnswer]
}

fn first_wait() -> Time {
    Time::from_millis(100)
}

fn longest_wait() -> Time {
    Time::from_millis(10_000)
}

fn double() -> f64 {
    2.0
}

fn half() -> f64 {
    0.5
}

fn yes() -> bool {
    true
}

fn all() -> Percent {
    Percent::ALL
}

fn none() -> Percent {
    Percent::NONE
}
