//! A sample in the real Envoy, in front of an upstream that records what it receives.

use host_tests::plugin::{self, ERROR_ENVELOPE, Plugin, REQUEST_ID};
use live::client::{Request, Response};
use live::{Envoy, Received, Sample, Upstream};
use serde_json::Value;

/// An Envoy and its upstream.
pub struct Stand {
    pub envoy: Envoy,
    pub upstream: Upstream,
}

/// What one request came to.
pub struct Outcome {
    pub response: Response,
    /// What the upstream received; `None` if it was not reached.
    pub received: Option<Received>,
}

/// The sample of request-id, on free ports, in front of an upstream, with the module that was just built.
pub fn sample(upstream: &Upstream) -> Sample {
    sample_of(&REQUEST_ID, upstream)
}

/// The sample of this plugin, likewise.
pub fn sample_of(plugin: &Plugin, upstream: &Upstream) -> Sample {
    let load = || {
        let sample = Sample::load(&format!("{}.yaml", plugin.name))?
            .on_free_ports()
            .cluster("upstream", upstream.address())?
            .module("request-id", plugin::REQUEST_ID.path())?;
        if plugin.name == ERROR_ENVELOPE.name {
            sample
                .cluster("full", upstream.address())?
                .module(plugin.name, plugin.path())
        } else {
            Ok(sample)
        }
    };
    load().unwrap_or_else(|error: live::Error| panic!("{error}"))
}

impl Stand {
    /// The sample as it is.
    pub fn new() -> Self {
        Self::with(|sample| sample)
    }

    /// The sample with another configuration of the plugin.
    pub fn configured(configuration: Value) -> Self {
        Self::with(|sample| {
            sample
                .configuration("request-id", &configuration)
                .expect("the sample has the plugin")
        })
    }

    /// The changed sample, with one worker.
    pub fn with(change: impl FnOnce(Sample) -> Sample) -> Self {
        Self::of(&REQUEST_ID, change)
    }

    /// The changed sample of this plugin, with one worker.
    pub fn of(plugin: &Plugin, change: impl FnOnce(Sample) -> Sample) -> Self {
        let upstream = Upstream::start().expect("an upstream can be started");
        let sample = change(sample_of(plugin, &upstream));
        let envoy = Envoy::with(&sample.to_yaml())
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        Self { envoy, upstream }
    }

    /// Sends a request on a connection of its own.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Outcome {
        let response = self
            .envoy
            .send(request)
            .unwrap_or_else(|error| panic!("{request:?}: {error}"));
        let received = self.upstream.take_received();
        assert!(
            received.len() <= 1,
            "one request reached the upstream {} times",
            received.len()
        );
        Outcome {
            response,
            received: received.into_iter().next(),
        }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Outcome {
        self.send(&Request::get(path))
    }

    /// Asserts that the plugin never died and gave up on nothing, and that it still serves.
    #[track_caller]
    pub fn assert_sound(&self) {
        let log = self.envoy.log().expect("Envoy has a log");
        assert!(
            !["panicked", "Wasm VM failed", "Uncaught RuntimeError"]
                .iter()
                .any(|death| log.contains(death)),
            "a module died:\n{log}"
        );
        let prometheus = self.envoy.prometheus().expect("Envoy tells its metrics");
        assert!(
            !prometheus.contains("policy_degradations_total"),
            "something was given up on:\n{prometheus}"
        );
        self.get("/after").id();
    }
}

impl Outcome {
    /// The one id of the exchange: on the response, and the same one at the upstream if that was reached.
    #[track_caller]
    pub fn id(&self) -> String {
        let on_response = self.response.values("x-request-id");
        let [id] = on_response.as_slice() else {
            panic!(
                "{} ids on the response {}",
                on_response.len(),
                self.response.status
            );
        };
        let id = String::from_utf8(id.to_vec()).expect("an id is text");
        assert!(is_valid(&id), "{id:?} is no valid id");
        if let Some(received) = &self.received {
            assert_eq!(
                received.values("x-request-id"),
                [id.as_bytes()],
                "the upstream has the response's id, once"
            );
        }
        id
    }

    /// What the upstream received; it must have been reached.
    #[track_caller]
    pub fn received(&self) -> &Received {
        self.received
            .as_ref()
            .unwrap_or_else(|| panic!("{}: the upstream was not reached", self.response.status))
    }
}

/// Visible ASCII without quotes, backslashes, commas or semicolons, and not too long.
fn is_valid(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'`\\,;".contains(&byte))
}

/// Whether an id is a UUID of this version, in lower case.
pub fn is_uuid(id: &str, version: char) -> bool {
    id.len() == 36
        && id.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            14 => character == version,
            19 => matches!(character, '8' | '9' | 'a' | 'b'),
            _ => matches!(character, '0'..='9' | 'a'..='f'),
        })
}

/// The metrics come to this series with this value.
#[track_caller]
pub fn assert_metric(stand: &Stand, series: &str, value: u64) {
    stand
        .envoy
        .metric_reaches(series, value)
        .unwrap_or_else(|error| panic!("{error}\n{:?}", stand.envoy.prometheus()));
}

/// No plugin has died, and none has given up on anything.
#[track_caller]
pub fn assert_nothing_given_up(stand: &Stand) {
    let log = stand.envoy.log().expect("Envoy has a log");
    assert!(
        !["panicked", "Wasm VM failed", "Uncaught RuntimeError"]
            .iter()
            .any(|death| log.contains(death)),
        "{log}"
    );
    let prometheus = stand.envoy.prometheus().expect("Envoy tells its metrics");
    assert!(!prometheus.contains("policy_degradations_total"), "{prometheus}");
}
