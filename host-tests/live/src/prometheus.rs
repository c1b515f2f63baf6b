//! A real Prometheus, with the configuration, rules and alerts of `envoy/observability/prometheus`.
//!
//! The files are those that users copy. Only what a test must have otherwise is changed in them: which Envoy is
//! scraped, and how often, so that a test takes seconds.

use crate::client::{self, Request};
use crate::{Error, Process, Result, Sample, repository, wait};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long it may take to be ready, and a number to arrive in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Prometheus: one that scrapes one Envoy and evaluates its rules each second until it is dropped, or any other.
#[derive(Debug)]
pub struct Prometheus {
    // Where it was started here: the process, which ends before its folder goes.
    _started: Option<(Process, TempDir)>,
    address: SocketAddr,
}

/// What an expression gives: a number for each set of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The labels; the name of the series is `__name__`.
    pub labels: BTreeMap<String, String>,
    /// The number; not a number where something was divided by nothing.
    pub value: f64,
}

/// What an expression gave over time, for one set of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The labels; the name of the series is `__name__`.
    pub labels: BTreeMap<String, String>,
    /// When, in seconds since 1970, and which number.
    pub points: Vec<(f64, f64)>,
}

impl Prometheus {
    /// Starts it, and returns when it serves.
    ///
    /// # Errors
    /// [`Error::NoPrometheus`] without a binary, [`Error::Late`] with its log if it is not ready within a minute.
    pub fn scraping(envoy: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(Error::io("making a folder for Prometheus"))?;
        let at = |name: &str| folder.path().join(name);
        let configuration = configuration(envoy)?;
        std::fs::write(at("prometheus.yaml"), format!("{configuration:#}"))
            .map_err(Error::io("writing Prometheus's configuration"))?;
        let log = File::create(at("log")).map_err(Error::io("creating Prometheus's log"))?;
        let mut command = Command::new(binary()?);
        command
            .arg("--config.file")
            .arg(at("prometheus.yaml"))
            .arg("--storage.tsdb.path")
            .arg(at("data"))
            // The system chooses the port, and the log tells it.
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let process = Process::start("Prometheus", &mut command)?;
        let read = || std::fs::read_to_string(at("log")).unwrap_or_default();
        let address = wait::until(PATIENCE, "Prometheus being ready", || {
            Ok(address(&read()).filter(|address| {
                client::send(*address, &Request::get("/-/ready")).is_ok_and(|answer| answer.status == 200)
            }))
        });
        let address = address.map_err(|error| match error {
            Error::Late { what, bound } => Error::Late {
                what: format!("{what}; its log:\n{}", read()),
                bound,
            },
            other => other,
        })?;
        Ok(Prometheus {
            _started: Some((process, folder)),
            address,
        })
    }

    /// One that runs already, and goes on.
    pub fn at(address: SocketAddr) -> Self {
        Prometheus {
            _started: None,
            address,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What an expression gives now.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what it says, where it is none.
    pub fn query(&self, expression: &str) -> Result<Vec<Measured>> {
        let encoded = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let data = self.get(&format!("/api/v1/query?query={encoded}"))?;
        let result = data["result"].as_array().cloned().unwrap_or_default();
        // A scalar is a time and a number, and no list of series.
        if data["resultType"] == "scalar" {
            let value = number(result.get(1));
            return Ok(value
                .map(|value| Measured {
                    labels: BTreeMap::new(),
                    value,
                })
                .into_iter()
                .collect());
        }
        let measured = result.iter().filter_map(|series| {
            Some(Measured {
                labels: labels(series)?,
                value: number(series["value"].get(1))?,
            })
        });
        Ok(measured.collect())
    }

    /// What an expression gave over time: each series with its numbers, and when they were, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what it says, where it is none.
    pub fn query_range(&self, expression: &str, from: f64, to: f64, step: f64) -> Result<Vec<Course>> {
        let encoded = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let data = self.get(&format!(
            "/api/v1/query_range?query={encoded}&start={from}&end={to}&step={step}"
        ))?;
        let series = data["result"].as_array().cloned().unwrap_or_default();
        let courses = series.iter().filter_map(|series| {
            let points = series["values"].as_array()?.iter();
            Some(Course {
                labels: labels(series)?,
                points: points
                    .filter_map(|point| Some((point.get(0)?.as_f64()?, number(point.get(1))?)))
                    .collect(),
            })
        });
        Ok(courses.collect())
    }

    /// What an expression gives, once it gives something: numbers come with the next scrapes.
    ///
    /// # Errors
    /// [`Error::Late`] if it gives nothing within a minute.
    pub fn query_until_found(&self, expression: &str) -> Result<Vec<Measured>> {
        wait::until(PATIENCE, &format!("data for `{expression}`"), || {
            Ok(Some(self.query(expression)?).filter(|found| !found.is_empty()))
        })
    }

    /// Its rules, recording and alerting, with their expressions, state and health, as its API has them.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it does not tell.
    pub fn rules(&self) -> Result<Vec<Value>> {
        let data = self.get("/api/v1/rules")?;
        let groups = data["groups"].as_array().cloned().unwrap_or_default();
        Ok(groups
            .iter()
            .filter_map(|group| group["rules"].as_array().cloned())
            .flatten()
            .collect())
    }

    /// What its API answers to a GET of `path`: the `data` of it.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what it says, where it does not succeed.
    pub fn get(&self, path: &str) -> Result<Value> {
        let response = client::send(self.address, &Request::get(path))?;
        let text = response.text();
        let malformed = |rule: String| Error::Malformed {
            what: format!("Prometheus's answer to GET {path}"),
            rule,
        };
        let answer: Value =
            serde_json::from_str(&text).map_err(|error| malformed(format!("{error}: {text}")))?;
        match answer["status"] == "success" {
            true => Ok(answer["data"].clone()),
            false => Err(malformed(text)),
        }
    }
}

/// The configuration, with this Envoy and each second.
fn configuration(envoy: SocketAddr) -> Result<Value> {
    let folder = repository().join("envoy/observability/prometheus");
    let mut sample = Sample::open(&folder.join("prometheus.yaml"))?
        .set("/global/scrape_interval", json!("1s"))?
        .set("/global/evaluation_interval", json!("1s"))?
        .set(
            "/scrape_configs/0/static_configs/0/targets",
            json!([envoy.to_string()]),
        )?;
    for file in sample.tree()["rule_files"].as_array_mut().into_iter().flatten() {
        let path = folder.join(file.as_str().unwrap_or_default());
        *file = json!(path.display().to_string());
    }
    Ok(sample.tree().clone())
}

/// Where it says that it listens.
fn address(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(r#"msg="Listening on""#))?;
    let (_, rest) = line.split_once("address=")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The labels of a series.
fn labels(series: &Value) -> Option<BTreeMap<String, String>> {
    let labels = series["metric"].as_object()?.iter();
    Some(
        labels
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
    )
}

/// A number of the API is text.
fn number(value: Option<&Value>) -> Option<f64> {
    value?.as_str()?.parse().ok()
}

/// The binary that the environment variable `PROMETHEUS` names, else the one that `make tools` installed.
fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("PROMETHEUS")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let path = named.unwrap_or_else(|| repository().join(".tools/prometheus/usr/bin/prometheus"));
    match path.is_file() {
        true => Ok(path),
        false => Err(Error::NoPrometheus { path }),
    }
}
