//! What Envoy's administration interface tells.

use super::{Envoy, SETTLE};
use crate::client::{self, Request};
use crate::{Error, Result, wait};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// An administration interface on a port that the system chooses, as a configuration of its own.
pub(super) const ON_A_FREE_PORT: &str =
    r#"{"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}}"#;

impl Envoy {
    /// What the administration interface answers to a GET of `path`.
    ///
    /// # Errors
    /// Those of [`client::send`], and [`Error::Malformed`] for a status other than 200.
    pub fn admin_get(&self, path: &str) -> Result<String> {
        get(self.serving.admin, path)
    }

    /// The names of its statistics; none where it does not answer at once, because a test has frozen it.
    pub(super) fn statistics(&self) -> Option<Vec<u8>> {
        let connection = client::Connection::open(self.serving.admin).ok()?;
        let mut connection = connection.patience(Duration::from_secs(1));
        let response = connection.send(&Request::get("/stats?usedonly")).ok()?;
        Some(response.body)
    }

    /// Counters and gauges by their full names. Those that were never used are left out.
    ///
    /// # Errors
    /// Those of [`Envoy::admin_get`].
    pub fn stats(&self) -> Result<BTreeMap<String, u64>> {
        let text = self.admin_get("/stats?usedonly")?;
        // Texts and histograms have values of other shapes.
        let number = |line: &str| {
            let (name, value) = line.rsplit_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(text.lines().filter_map(number).collect())
    }

    /// Everything as Prometheus scrapes it.
    ///
    /// # Errors
    /// Those of [`Envoy::admin_get`].
    pub fn prometheus(&self) -> Result<String> {
        self.admin_get("/stats/prometheus")
    }

    /// The value of a series as Prometheus scrapes it, such as `request_ids_total{source="accepted"}`; `None` if
    /// there is none of exactly that name and labels.
    ///
    /// # Errors
    /// Those of [`Envoy::admin_get`].
    pub fn metric(&self, series: &str) -> Result<Option<u64>> {
        let text = self.prometheus()?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        Ok(value)
    }

    /// Waits until that series has `value`: numbers may come a little later than responses.
    ///
    /// # Errors
    /// [`Error::Late`] if it has another value after ten seconds; the error says which.
    pub fn metric_reaches(&self, series: &str, value: u64) -> Result<()> {
        let mut last = None;
        let found = wait::until(SETTLE, series, || {
            last = self.metric(series)?;
            Ok((last == Some(value)).then_some(()))
        });
        found.map_err(|error| match error {
            Error::Late { bound, .. } => {
                let last = last.map_or("absent".to_owned(), |last| last.to_string());
                Error::Late {
                    what: format!("{series} being {value} (it is {last})"),
                    bound,
                }
            }
            other => other,
        })
    }
}

/// Where a serving Envoy listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Its administration interface.
    pub admin: SocketAddr,
    /// Its listeners, by name, in the order of the configuration, but for those inside Envoy itself.
    pub listeners: Vec<(String, SocketAddr)>,
}

impl Serving {
    /// Asks the Envoy that was started with `--admin-address-path file`; `None` as long as it does not serve.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it serves, and tells something else than its listeners.
    pub fn at(file: &Path) -> Result<Option<Self>> {
        let address = std::fs::read_to_string(file)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        match address.filter(|address| get(*address, "/ready").is_ok()) {
            Some(admin) => Self::on(admin).map(Some),
            None => Ok(None),
        }
    }

    /// Asks the Envoy whose administration interface is there.
    ///
    /// # Errors
    /// [`Error::Io`] when nobody listens there, [`Error::Malformed`] when it tells something else than its listeners.
    pub fn on(admin: SocketAddr) -> Result<Self> {
        Ok(Serving {
            admin,
            listeners: listeners(admin)?,
        })
    }
}

fn listeners(admin: SocketAddr) -> Result<Vec<(String, SocketAddr)>> {
    let text = get(admin, "/listeners?format=json")?;
    let malformed = |rule: String| Error::Malformed {
        what: "Envoy's list of listeners".into(),
        rule,
    };
    let list: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let statuses = list.get("listener_statuses").and_then(Value::as_array);
    let listener = |status: &Value| {
        let socket = status.pointer("/local_address/socket_address")?;
        let ip: IpAddr = socket.get("address")?.as_str()?.parse().ok()?;
        let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
        Some((
            status.get("name")?.as_str()?.to_owned(),
            SocketAddr::new(ip, port),
        ))
    };
    // Those inside Envoy have no address that anybody could connect to.
    let each = statuses
        .into_iter()
        .flatten()
        .filter(|status| status.pointer("/local_address/envoy_internal_address").is_none());
    each.map(|status| listener(status).ok_or_else(|| malformed(format!("no address in {status}"))))
        .collect()
}

fn get(admin: SocketAddr, path: &str) -> Result<String> {
    let response = client::send(admin, &Request::get(path))?;
    match response.status {
        200 => Ok(response.text()),
        status => {
            let rule = format!("status {status}: {}", response.text().trim());
            Err(Error::Malformed {
                what: format!("Envoy's answer to GET {path}"),
                rule,
            })
        }
    }
}
