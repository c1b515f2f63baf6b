//! Which ports a run needs, whether they are free, and how to choose others.

use super::{Arguments, Failure};
use live::{Collector, Sample, Upstream};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// Where everything of a run is to listen; port 0: wherever the system chooses.
pub(super) struct Plan {
    listener: SocketAddr,
    admin: SocketAddr,
    upstream: Option<SocketAddr>,
    collector: Option<SocketAddr>,
    sample: String,
}

/// Where everything of a run listens.
pub(super) struct Running {
    /// Where to send requests.
    pub(super) listener: Option<SocketAddr>,
    /// Envoy's administration interface.
    pub(super) admin: SocketAddr,
    /// The demo upstream, where the sample has a cluster `upstream`.
    pub(super) upstream: Option<SocketAddr>,
    /// The collector of traces, where the sample has a cluster `collector`.
    pub(super) collector: Option<SocketAddr>,
}

/// The sample with the ports that were asked for.
pub(super) fn moved(mut sample: Sample, arguments: &Arguments) -> Result<Sample, Failure> {
    if let Some(port) = arguments.listener_port {
        let listener = sample
            .ports()
            .into_iter()
            .find_map(|port| port.listener)
            .unwrap_or_default();
        sample = sample.listener_port(&listener, port)?;
    }
    if let Some(port) = arguments.admin_port {
        sample = sample.admin_port(port)?;
    }
    if let (Some(port), Some(address)) = (arguments.upstream_port, sample.endpoint("upstream")) {
        sample = sample.upstream(SocketAddr::new(address.ip(), port))?;
    }
    Ok(sample)
}

/// Where a run of `sample` is to listen.
pub(super) fn plan(sample: &Sample, file: &Path) -> Result<Plan, Failure> {
    let name = file.display().to_string();
    let missing = |what: &str| Failure::Sample {
        sample: name.clone(),
        rule: format!("has no {what} with an address"),
    };
    let address = |is_admin: bool| {
        let port = sample
            .ports()
            .into_iter()
            .find(|port| port.listener.is_none() == is_admin)?;
        format!("{}:{}", port.address, port.port).parse().ok()
    };
    Ok(Plan {
        listener: address(false).ok_or_else(|| missing("listener"))?,
        admin: address(true).ok_or_else(|| missing("administration interface"))?,
        upstream: sample.endpoint("upstream"),
        collector: sample.endpoint("collector"),
        sample: name.clone(),
    })
}

impl Plan {
    /// Checks that all ports are free. Envoy would say of a taken one only that it could not bind, and of one that
    /// another Envoy listens on nothing at all: it would share it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let wanted = [
            (
                "the listener",
                Some(self.listener),
                Some(("LISTENER_PORT", "--listener-port")),
            ),
            (
                "the administration interface",
                Some(self.admin),
                Some(("ADMIN_PORT", "--admin-port")),
            ),
            (
                "the demo upstream",
                self.upstream,
                Some(("UPSTREAM_PORT", "--upstream-port")),
            ),
            ("the collector of traces", self.collector, None),
        ];
        let mut faults = Vec::new();
        for (what, address, choice) in wanted {
            let Some(address) = address else { continue };
            let Err(error) = TcpListener::bind(address) else {
                continue;
            };
            let remedy = match choice {
                Some((variable, flag)) => {
                    format!(
                        "free it, or choose another: `make run {variable}=<port>` (`live run {flag} <port>`)"
                    )
                }
                None => format!("free it, or choose another in {}", self.sample),
            };
            faults.push(format!(
                "{address}, where {what} of {} would listen: {error}\n  {remedy}",
                self.sample
            ));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Failure::PortTaken(faults.join("\n")))
        }
    }

    /// The demo upstream and the collector, where this run has them.
    pub(super) fn start_servers(&self) -> Result<(Option<Upstream>, Option<Collector>), Failure> {
        let upstream = self
            .upstream
            .map(|address| Upstream::start_on(address.port()))
            .transpose()?;
        let collector = self
            .collector
            .map(|address| Collector::start_on(address.port()))
            .transpose()?;
        Ok((upstream, collector))
    }

    /// `text` with the addresses of this plan, which is a sample's own, replaced by those of what runs.
    pub(super) fn replaced(&self, text: &str, running: &Running) -> String {
        let pairs = [
            (Some(self.listener), running.listener),
            (Some(self.admin), Some(running.admin)),
            (self.upstream, running.upstream),
        ];
        let pairs = pairs.into_iter().filter_map(|(before, after)| before.zip(after));
        pairs.fold(text.to_owned(), |text, (before, after)| {
            text.replace(&before.to_string(), &after.to_string())
        })
    }
}
