//! A scenario file: what clients do, what upstreams do, which plugins stand between, and what is expected of it all.
//!
//! One declaration is the reader, its faults and the JSON Schema (`schemas/scenario.schema.json`), so that they cannot
//! drift. It is YAML, because people write it, and JSON is YAML. A plugin's configuration is a value in it that goes to
//! the plugin's module as it is: what is right there only the module knows.

mod clients;
mod expectations;
mod places;
mod plugins;
mod read;
mod sense;
mod statuses;
#[cfg(test)]
mod tests;
mod units;
mod upstreams;

pub(crate) use crate::document::Place;
pub(crate) use clients::{Arrivals, Client, Retries, TriesOn};
pub(crate) use expectations::{
    AnswersWanted, AttemptsWanted, Expectation, Ids, IdsWanted, MetricWanted, Repeats, RepeatsWanted, State,
    StateWanted, TransitionsWanted,
};
pub(crate) use plugins::{Change, FailurePolicy, Filter};
pub(crate) use read::{called, read, source, value_in_file};
pub(crate) use sense::{client_name, name_of};
pub(crate) use units::{At, Bound, Time, in_words};
pub(crate) use upstreams::{Answer, Cluster, Otherwise, Phase, RetryPolicy, Route};

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A scenario for `policyctl run`: clients, upstreams, the plugins between them, and what is expected of it all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Where this schema is, for editors.
    #[serde(default, rename = "$schema")]
    #[expect(dead_code, reason = "it is for editors")]
    schema: Option<String>,
    /// What it is called.
    pub(crate) title: String,
    /// What it shows, in a few sentences.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// How long it takes, by its own clock (default: 1m). What is under way then still comes to its end.
    #[serde(default = "a_minute", rename = "for")]
    pub(crate) lasts: Time,
    /// What all that is drawn by chance is drawn from (default: 1). The same number gives the same result.
    #[serde(default = "one")]
    pub(crate) seed: u64,
    /// How many workers the proxy has, 1 to 16 (default: 2). Requests go to them in turn.
    #[serde(default = "two")]
    pub(crate) workers: usize,
    /// The configuration of all plugins as one module, a section for each: what `policies.wasm` is configured with.
    #[serde(default)]
    pub(crate) policies: Option<At<serde_json::Value>>,
    /// The file with that, JSON or YAML, relative to this one.
    #[serde(default)]
    pub(crate) policies_file: Option<At<String>>,
    /// Instead of `policies`: the plugins of an Envoy's configuration, or of manifests for Istio or Envoy Gateway, in a file
    /// relative to this one; those of clusters, too.
    #[serde(default)]
    pub(crate) bootstrap: Option<At<String>>,
    /// Of which listener in it (default: the first with plugins).
    #[serde(default)]
    pub(crate) listener: Option<At<String>>,
    /// Instead of `policies`: the filters before the router one by one, in the order in which requests meet them.
    #[serde(default)]
    pub(crate) filters: Vec<At<Filter>>,
    /// The routes; the first that matches counts (default: one, `default`, from everything to the cluster `upstream`).
    #[serde(default)]
    pub(crate) routes: Vec<At<Route>>,
    /// What the upstream of the cluster `upstream` does, phase by phase (default: 200 after 5ms, all the time).
    #[serde(default)]
    pub(crate) upstream: Vec<At<Phase>>,
    /// Further clusters by name, and what `upstream` needs beside its phases.
    #[serde(default)]
    pub(crate) clusters: BTreeMap<String, At<Cluster>>,
    /// Who sends requests.
    pub(crate) clients: Vec<At<Client>>,
    /// What changes on the way: configurations, and workers that die.
    #[serde(default)]
    pub(crate) changes: Vec<At<Change>>,
    /// What must hold. Without any, the scenario only shows what happens.
    #[serde(default)]
    pub(crate) expect: Vec<At<Expectation>>,
}

/// The name of the cluster to which everything goes unless a route says otherwise.
pub(crate) const UPSTREAM: &str = "upstream";

/// The name of the filter that `policies` is.
pub(crate) const POLICIES: &str = "policies";

/// The JSON Schema of a scenario file.
pub(crate) fn schema() -> String {
    let schema = schemars::schema_for!(Scenario);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn a_minute() -> Time {
    Time::from_millis(60_000)
}

fn one() -> u64 {
    1
}

fn two() -> usize {
    2
}
