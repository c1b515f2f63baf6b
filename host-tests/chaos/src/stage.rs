//! An Envoy with its three listeners, and the upstreams behind them.

use crate::configuration::{Limits, Listeners, all_shipped, bootstrap};
use crate::death;
use crate::load::{Kind, Load};
use crate::metrics::sum;
use crate::upstream::{BROKEN, HANGING, Upstream};
use crate::variant::Variant;
use crate::{Error, Result};
use live::client::{self, Request};
use live::{Envoy, wait};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Far beyond what anything here takes, for a machine that has much else to do.
pub(crate) const BOUND: Duration = Duration::from_secs(30);
/// What an update replaces is gone after so many seconds.
const DRAIN_SECONDS: u32 = 2;

/// All of it, until it is dropped.
pub(crate) struct Stage {
    pub(crate) envoy: Envoy,
    pub(crate) upstreams: Vec<(Variant, Upstream)>,
    folder: TempDir,
    listeners: Listeners,
    /// So many requests for what is broken were made by this one itself, beside the load.
    asked: AtomicU64,
}

impl Stage {
    /// Starts it, and opens the breakers of what is broken.
    ///
    /// # Errors
    /// Where Envoy does not start, or a breaker does not open.
    pub(crate) fn start(seed: u64, limits: Limits) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(Error::io("making a folder"))?;
        let mut upstreams = Vec::new();
        for variant in Variant::ALL {
            upstreams.push((variant, Upstream::start(seed)?));
        }
        let addresses: Vec<_> = upstreams
            .iter()
            .map(|(variant, upstream)| (*variant, upstream.address()))
            .collect();
        let path = folder.path().join("listeners.json");
        let first = Listeners {
            service_name: "chaos".into(),
            fault: None,
            limits,
            modules: if limits.mortal {
                death::write_all(folder.path())?
            } else {
                all_shipped()?
            },
        };
        fs::write(&path, first.text()?).map_err(Error::io("writing the listeners"))?;
        let envoy = Envoy::with(&bootstrap(&path, &addresses, limits)?)
            .concurrency(2)
            .drain_seconds(DRAIN_SECONDS)
            .start()?;
        let stage = Stage {
            envoy,
            upstreams,
            folder,
            listeners: first,
            asked: AtomicU64::new(0),
        };
        stage.open_broken()?;
        Ok(stage)
    }

    /// Clients begin to ask all listeners, those with plugins in this way.
    ///
    /// # Errors
    /// Where a listener is missing.
    pub(crate) fn load(&self, kind: Kind) -> Result<Vec<(Variant, Load)>> {
        let load = |variant: Variant| {
            let address = self.envoy.listener(variant.name())?;
            let kind = if variant == Variant::Plain {
                Kind::default()
            } else {
                kind
            };
            Ok((variant, Load::start(variant, address, kind)))
        };
        Variant::ALL.into_iter().map(load).collect()
    }

    /// The upstream of this variant.
    pub(crate) fn upstream(&self, variant: Variant) -> Option<&Upstream> {
        let found = self.upstreams.iter().find(|(other, _)| *other == variant);
        found.map(|(_, upstream)| upstream)
    }

    /// The listeners that it was started with.
    pub(crate) fn listeners(&self) -> Listeners {
        self.listeners.clone()
    }

    /// Replaces the file of listeners.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn put(&self, listeners: &Listeners) -> Result<()> {
        let next: PathBuf = self.folder.path().join("next.json");
        fs::write(&next, listeners.text()?).map_err(Error::io("writing the listeners"))?;
        fs::rename(&next, self.folder.path().join("listeners.json"))
            .map_err(Error::io("moving the listeners into place"))
    }

    /// Waits until the breakers are in this state: 0 closed, 1 open.
    ///
    /// # Errors
    /// [`live::Error::Late`] with the breaker that does not come to it.
    pub(crate) fn breaker_reaches(&self, breaker: &str, state: u64) -> Result<()> {
        let series = format!("circuit_breaker_state{{breaker=\"{breaker}\"}}");
        let what = format!("{series} being {state}");
        Ok(wait::until(BOUND, &what, || {
            Ok((self.envoy.metric(&series)? == Some(state)).then_some(()))
        })?)
    }

    /// How often this breaker has gone over to this state.
    ///
    /// # Errors
    /// Where Envoy does not tell its metrics.
    pub(crate) fn transitions(&self, breaker: &str, to: &str) -> Result<u64> {
        let labels = [format!("breaker=\"{breaker}\""), format!("to=\"{to}\"")];
        let labels = labels.each_ref().map(String::as_str);
        Ok(sum(
            &self.envoy.prometheus()?,
            "circuit_breaker_transitions_total",
            &labels,
        ))
    }

    /// Asks for what is broken on a new connection, and returns the error code and the service's name of the answer.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) fn ask_broken(&self, variant: Variant) -> live::Result<[String; 2]> {
        self.ask(variant, BROKEN)
    }

    fn ask(&self, variant: Variant, path: &str) -> live::Result<[String; 2]> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let request = Request::get(path).header("x-request-id", format!("beside-{number}"));
        let response = client::send(self.envoy.listener(variant.name())?, &request)?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |member: &str| {
            body.get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(["error_code", "service_name"].map(text))
    }

    /// How often that was, in all.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    fn open_broken(&self) -> Result<()> {
        for (variant, upstream) in self
            .upstreams
            .iter()
            .filter(|(variant, _)| *variant != Variant::Plain)
        {
            let variant = *variant;
            self.ask(variant, HANGING)?;
            // From now on only probes come.
            upstream.most_hanging();
            wait::until(BOUND, "what is broken being rejected", || {
                let [code, _] = self.ask_broken(variant)?;
                Ok((code == "CIRCUIT_OPEN").then_some(()))
            })?;
            self.breaker_reaches(&crate::configuration::broken_breaker(variant), 1)?;
        }
        Ok(())
    }
}
