//! A client of the `admin` plugin: what the breakers and budgets of a running Envoy are in.

mod table;

pub(crate) use table::table;

use crate::problem::Problem;
use clap::Args;
use serde_json::Value;
use std::time::Duration;
use ureq::http::Uri;

/// Longer than an Envoy at work takes, and short enough to wait for at a desk.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a thousand breakers take.
const MOST_BYTES: u64 = 64 << 20;

/// Which Envoy is asked.
#[derive(Args)]
pub(crate) struct Admin {
    /// Where the admin plugin answers: the address of its listener, and its path.
    #[arg(
        long = "admin",
        value_name = "URL",
        env = "POLICYCTL_ADMIN",
        default_value = "http://127.0.0.1:10002/.policy"
    )]
    url: String,
}

/// What it said no with.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// Its body, which is one of the standard form where the plugin made it.
    pub(crate) body: Value,
}

impl Admin {
    /// What there is; of this breaker alone, if one is named.
    pub(crate) fn state(&self, breaker: Option<&str>) -> Result<Result<Value, Refused>, Problem> {
        let query = breaker.map(|breaker| ("breaker", breaker));
        self.ask("GET", "", query.as_slice())
    }

    /// Changes something: `force` or `reset`.
    pub(crate) fn change(
        &self,
        what: &str,
        query: &[(&str, &str)],
    ) -> Result<Result<Value, Refused>, Problem> {
        self.ask("POST", what, query)
    }

    fn ask(
        &self,
        method: &str,
        below: &str,
        query: &[(&str, &str)],
    ) -> Result<Result<Value, Refused>, Problem> {
        let url = self.url.trim_end_matches('/');
        let is_url = url
            .parse::<Uri>()
            .is_ok_and(|url| url.scheme_str() == Some("http") && url.query().is_none());
        if !is_url {
            return Err(
                Problem::new(format!("--admin {url}: is no address of the admin plugin"))
                    .cure("give it as http://<address>:<port>/<path>"),
            );
        }
        let joint = if below.is_empty() { "" } else { "/" };
        let configuration = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            // The plugin answers no proxy.
            .proxy(None)
            .max_redirects(0)
            .build();
        let agent = ureq::Agent::new_with_config(configuration);
        let asked = format!("{url}{joint}{below}");
        let answer = match method {
            "POST" => agent.post(&asked).query_pairs(query.iter().copied()).send_empty(),
            _ => agent.get(&asked).query_pairs(query.iter().copied()).call(),
        };
        let mut answer = answer.map_err(|error| {
            Problem::new(format!("{asked}: {error}"))
                .cure("is Envoy running, with a listener for the admin plugin (docs/live-state.md)? Name it with --admin")
        })?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string();
        let text = text.map_err(|error| Problem::new(format!("{asked}: {error}")))?;
        let body: Option<Value> = serde_json::from_str(&text).ok();
        let is_plugins = |body: &Value| match status {
            200 => body.get("breakers").is_some_and(Value::is_array),
            _ => body.get("error_code").is_some_and(Value::is_string),
        };
        match body.filter(is_plugins) {
            Some(body) if status == 200 => Ok(Ok(body)),
            Some(body) => Ok(Err(Refused { status, body })),
            None => Err(Problem::new(format!(
                "{asked}: answered {status}, but that was not the admin plugin"
            ))
            .cure("name its listener and path with --admin (docs/live-state.md)")),
        }
    }
}

impl Refused {
    /// What it says, for people: the reason, everything that is wrong, and what there is instead.
    pub(crate) fn told(&self) -> String {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut told = format!("{} ({}, {})", text("message"), text("error_code"), self.status);
        let listed = |pointer: &str| {
            self.body
                .pointer(pointer)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        for fault in listed("/context/faults") {
            let of = |name: &str| fault.get(name).and_then(Value::as_str).unwrap_or_default();
            told += &format!("\n  {}: {}", of("parameter"), of("fault"));
        }
        for (index, breaker) in listed("/context/breakers").enumerate() {
            let first = if index == 0 { "\n  there are: " } else { ", " };
            told += first;
            told += breaker.as_str().unwrap_or_default();
        }
        told
    }
}
