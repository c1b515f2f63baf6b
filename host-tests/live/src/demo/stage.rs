//! The Envoy on which the demo takes place: one of its own, or the one that `make run` has started.

use super::Failure;
use live::client::{self, Request, Response};
use live::{Envoy, Error, Result, Sample, Serving, Upstream};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// The sample, as `make run` starts it.
const SAMPLE: &str = "envoy/envoy.yaml";
/// Its listener.
const LISTENER: &str = "edge";
/// How many requests, retries included, Envoy has sent to the upstream. Its own number: it is none of the plugins'.
const REACHED: &str = "cluster.upstream.upstream_rq_total";

/// An Envoy that serves, and what else the demo has started for it.
pub(super) struct Stage {
    listener: SocketAddr,
    admin: SocketAddr,
    own: Option<Own>,
}

/// What ends with the demo.
struct Own {
    envoy: Envoy,
    _upstream: Option<Upstream>,
}

impl Stage {
    /// An Envoy that is there, by its administration port, or one that is started now.
    pub(super) fn set(
        admin_port: Option<u16>,
        upstream_port: Option<u16>,
    ) -> std::result::Result<Self, Failure> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match admin_port {
            Some(port) => Ok(Self::found(local(port))?),
            None => Self::started(upstream_port.map(local)),
        }
    }

    fn found(admin: SocketAddr) -> Result<Self> {
        let serving = Serving::on(admin)?;
        let edge = serving.listeners.iter().find(|(name, _)| name == LISTENER);
        let (_, listener) = edge.ok_or_else(|| Error::Sample {
            sample: format!("the Envoy with its administration on {admin}"),
            rule: format!("has no listener {LISTENER}: start {SAMPLE} with `make run`"),
        })?;
        Ok(Stage {
            listener: *listener,
            admin,
            own: None,
        })
    }

    fn started(upstream: Option<SocketAddr>) -> std::result::Result<Self, Failure> {
        let sample = Sample::open(Path::new(SAMPLE))?;
        if let Some(missing) = sample.modules().into_iter().find(|module| !module.is_file()) {
            return Err(Failure::NoModule(missing));
        }
        let (own, address) = match upstream {
            Some(address) => (None, address),
            None => {
                let own = Upstream::start()?;
                let address = own.address();
                (Some(own), address)
            }
        };
        let sample = sample.on_free_ports().upstream(address)?;
        // As many workers as `make run` has: what is shown is no matter of one.
        let envoy = Envoy::with(&sample.to_yaml()).concurrency(2).start()?;
        Ok(Stage {
            listener: envoy.listener(LISTENER)?,
            admin: envoy.admin(),
            own: Some(Own {
                envoy,
                _upstream: own,
            }),
        })
    }

    /// Where it is.
    pub(super) fn described(&self) -> String {
        let (listener, admin) = (self.listener, self.admin);
        match &self.own {
            Some(own) => format!(
                "A real Envoy (process {}) has just been started for this, with {SAMPLE} as it is. It listens on \
                 http://{listener}, its administration on http://{admin}.",
                own.envoy.process_id()
            ),
            None => format!(
                "This is the Envoy that listens on http://{listener}, its administration on http://{admin}."
            ),
        }
    }

    /// Sends a request, over a connection of its own.
    pub(super) fn send(&self, request: &Request) -> Result<Response> {
        client::send(self.listener, request)
    }

    /// How many requests Envoy has sent to the upstream so far.
    pub(super) fn reached(&self) -> Result<u64> {
        let text = self.administration(&format!("/stats?filter=^{REACHED}$"))?;
        let number = text
            .trim()
            .strip_prefix(REACHED)
            .and_then(|rest| rest.strip_prefix(": "));
        number
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| Error::Malformed {
                what: "Envoy's statistics".into(),
                rule: format!("no {REACHED} in {text:?}"),
            })
    }

    /// All metrics, as Prometheus collects them.
    pub(super) fn metrics(&self) -> Result<String> {
        self.administration("/stats/prometheus")
    }

    fn administration(&self, path: &str) -> Result<String> {
        let response = client::send(self.admin, &Request::get(path))?;
        match response.status {
            200 => Ok(response.text()),
            status => Err(Error::Malformed {
                what: format!("Envoy's answer to GET {path}"),
                rule: format!("status {status}"),
            }),
        }
    }
}
