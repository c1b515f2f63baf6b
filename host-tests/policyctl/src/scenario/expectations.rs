//! What must hold in a scenario. Each is a map of one key, which says of what.

use super::statuses::Statuses;
use super::units::{Bound, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// What must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Expectation {
    /// The state of a breaker at a moment, by a moment, or all the time between two.
    State(StateWanted),
    /// The states that a breaker goes through.
    Transitions(TransitionsWanted),
    /// What clients get.
    Answers(AnswersWanted),
    /// How often upstreams are asked.
    Attempts(AttemptsWanted),
    /// The ids of requests.
    Ids(IdsWanted),
    /// How many requests an upstream carries out more than once.
    Repeats(RepeatsWanted),
    /// A metric at the end.
    Metric(MetricWanted),
}

/// A breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Closed,
    Open,
    HalfOpen,
}

impl State {
    /// The state that modules call so.
    pub(crate) fn named(name: &str) -> Option<State> {
        match name {
            "closed" => Some(State::Closed),
            "open" => Some(State::Open),
            "half_open" => Some(State::HalfOpen),
            _ => None,
        }
    }

    /// What modules call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }
}

impl Display for State {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            State::HalfOpen => "half-open",
            state => state.name(),
        })
    }
}

/// The state of a breaker: with `at` just then, with `by` at the latest then, with `from` and `until` all that time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateWanted {
    /// Which breaker, as metrics and log lines call it (default: upstream).
    #[serde(default = "upstream")]
    pub(crate) breaker: String,
    /// Its state.
    pub(crate) is: State,
    /// At this moment.
    #[serde(default)]
    pub(crate) at: Option<Time>,
    /// At this moment or before, but not before `from`.
    #[serde(default)]
    pub(crate) by: Option<Time>,
    /// All the time from here
    #[serde(default)]
    pub(crate) from: Option<Time>,
    /// until here.
    #[serde(default)]
    pub(crate) until: Option<Time>,
}

/// The states that a breaker goes through.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransitionsWanted {
    /// Which breaker (default: upstream).
    #[serde(default = "upstream")]
    pub(crate) breaker: String,
    /// The states that it goes to, in order: all of them.
    #[serde(default)]
    pub(crate) to: Option<Vec<State>>,
    /// The reasons for that, in order, as the log says them: consecutive_failures, failure_rate, open_elapsed, …
    #[serde(default)]
    pub(crate) because: Option<Vec<String>>,
    /// How many there are.
    #[serde(default)]
    pub(crate) count: Option<Bound>,
    /// From here (default: the beginning)
    #[serde(default)]
    pub(crate) from: Option<Time>,
    /// until here (default: the end).
    #[serde(default)]
    pub(crate) until: Option<Time>,
}

/// What clients get. Counted are tries that begin in the time; those that are `status`, `error_code` and `rejected` as given
/// must be as many as `percent`, `count` and `per_second` say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswersWanted {
    /// Of which client (default: all).
    #[serde(default)]
    pub(crate) client: Option<String>,
    /// A status, such as 200, or 5xx, or none: no answer.
    #[serde(default)]
    pub(crate) status: Option<Statuses>,
    /// The error code that error-envelope gives it.
    #[serde(default)]
    pub(crate) error_code: Option<String>,
    /// Whether a plugin answered without asking an upstream.
    #[serde(default)]
    pub(crate) rejected: Option<bool>,
    /// Counts requests by what came of their last try, instead of every try (default: false).
    #[serde(default)]
    pub(crate) in_the_end: bool,
    /// The answer takes not longer than this.
    #[serde(default)]
    pub(crate) within: Option<Time>,
    /// How many of the tries in this time, in percent.
    #[serde(default)]
    pub(crate) percent: Option<Bound>,
    /// How many.
    #[serde(default)]
    pub(crate) count: Option<Bound>,
    /// From here (default: the beginning)
    #[serde(default)]
    pub(crate) from: Option<Time>,
    /// until here (default: the end).
    #[serde(default)]
    pub(crate) until: Option<Time>,
}

/// How often upstreams are asked. An attempt is a request as it leaves the proxy; a retry of the proxy is a further one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttemptsWanted {
    /// Which cluster (default: all).
    #[serde(default)]
    pub(crate) cluster: Option<String>,
    /// How many.
    #[serde(default)]
    pub(crate) count: Option<Bound>,
    /// How many in a second, on the average of this time.
    #[serde(default)]
    pub(crate) per_second: Option<Bound>,
    /// How many for each request of a client that began in this time, tries of the same request counted together.
    #[serde(default)]
    pub(crate) per_request: Option<Bound>,
    /// How many for the one try that had the most.
    #[serde(default)]
    pub(crate) of_one_try: Option<Bound>,
    /// From here (default: the beginning)
    #[serde(default)]
    pub(crate) from: Option<Time>,
    /// until here (default: the end).
    #[serde(default)]
    pub(crate) until: Option<Time>,
}

/// The ids of requests, in the header `x-request-id`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdsWanted {
    /// Of which client (default: all).
    #[serde(default)]
    pub(crate) client: Option<String>,
    /// present: every answer has one; unique: and no two tries have the same, those apart to which the client gave the
    /// same; kept: and it is the one that the client sent.
    pub(crate) are: Ids,
}

/// What ids must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ids {
    Present,
    Unique,
    Kept,
}

/// Requests that an upstream carries out more than once: it got them whole, and answers with a status below 400, whether the
/// client gets that or not.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepeatsWanted {
    /// Of which client (default: all).
    #[serde(default)]
    pub(crate) client: Option<String>,
    /// repeated: every request counts; without_key: only those without an idempotency key, by which an upstream could have
    /// known them again (default: repeated).
    #[serde(default)]
    pub(crate) of: Repeats,
    /// How many.
    pub(crate) count: Bound,
}

/// Which requests count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Repeats {
    #[default]
    Repeated,
    WithoutKey,
}

/// A counter or gauge at the end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricWanted {
    /// Its name, with labels as Prometheus writes them: `errors_total{error_code="CIRCUIT_OPEN"}`. All that have these labels
    /// are summed up.
    pub(crate) name: String,
    /// Its value.
    pub(crate) is: Bound,
}

fn upstream() -> String {
    super::UPSTREAM.to_owned()
}
