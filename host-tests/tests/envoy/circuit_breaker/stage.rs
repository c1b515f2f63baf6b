//! The sample with two workers, before an upstream that answers when the test says so: what waits there is what is in
//! flight, to the last request.

use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, REQUEST_ID};
use live::client::Request;
use live::wire::{Acceptor, Attempt, Kind, Message, Peer};
use live::{Builder, Envoy, Sample, wait};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);
/// The connection manager of the sample's listener.
pub const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Envoy with two workers, and the upstream of its one cluster.
pub struct Stage {
    pub envoy: Envoy,
    upstream: Acceptor,
}

/// A policy that opens after three failures in a row, for a second, and lets one probe through. But for these settings.
pub fn three_strikes(but: &Value) -> Value {
    let mut policy = json!({
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "1s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    });
    for (part, settings) in but.as_object().into_iter().flatten() {
        match (policy[part].as_object_mut(), settings) {
            (Some(part), Value::Object(settings)) => part.extend(settings.clone()),
            _ => policy[part] = settings.clone(),
        }
    }
    policy
}

/// This policy for all requests, and no log line for each that is rejected.
pub fn configuration(policy: &Value) -> Value {
    json!({ "default": policy, "log": { "errors": "none" } })
}

/// The sample on free ports with the modules that were just built, this configuration of the breaker, and patience.
pub fn sample(configuration: &Value, upstream: SocketAddr) -> Sample {
    let load = || {
        let mut sample = Sample::load("circuit-breaker.yaml")?
            .on_free_ports()
            .cluster("upstream", upstream)?
            .configuration(CIRCUIT_BREAKER.name, configuration)?;
        for plugin in [&CIRCUIT_BREAKER, &ERROR_ENVELOPE, &REQUEST_ID] {
            sample = sample.module(plugin.name, plugin.path())?;
        }
        Ok(sample)
    };
    let mut sample: Sample = load().unwrap_or_else(|error: live::Error| panic!("{error}"));
    let routes = sample
        .tree()
        .pointer_mut(&format!("{MANAGER}/route_config/virtual_hosts/0/routes"));
    for route in routes.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(action) = route.get_mut("route") {
            action["timeout"] = json!("60s");
        }
    }
    sample
}

/// The same without the other plugins, which take their time to start, and without what relies on them.
pub fn alone(configuration: &Value, upstream: SocketAddr) -> Sample {
    let sample = sample(configuration, upstream).without_filter(ERROR_ENVELOPE.name);
    let sample = sample.and_then(|sample| sample.without_filter(REQUEST_ID.name));
    let sample = sample.and_then(|sample| sample.set(&format!("{MANAGER}/local_reply_config"), Value::Null));
    sample.expect("the sample has these plugins")
}

/// Starts it with two workers.
pub fn start(sample: &Sample) -> Envoy {
    let envoy = Envoy::with(&sample.to_yaml()).concurrency(2).start();
    envoy.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait::until(BOUND, what, || Ok(look())).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether the breaker answered this, and not the upstream.
pub fn is_rejection(message: &Message) -> bool {
    live::values(&message.headers, "x-error-code") == [b"CIRCUIT_OPEN"]
}

/// The answer to a request, once it is there.
#[track_caller]
pub fn answer_to(client: &Peer) -> Message {
    eventually("an answer", || answered(client))
}

/// The answer to a request, if it is there.
pub fn answered(client: &Peer) -> Option<Message> {
    client
        .received(Kind::Response { head: false })
        .filter(|message| message.complete)
}

/// The series of a breaker's transitions.
pub fn transitions(from: &str, to: &str, reason: &str) -> String {
    let labels = format!("breaker=\"upstream\",from=\"{from}\",to=\"{to}\",reason=\"{reason}\"");
    format!("circuit_breaker_transitions_total{{{labels}}}")
}

/// The series of a breaker's calls.
pub fn calls(outcome: &str) -> String {
    format!("circuit_breaker_calls_total{{breaker=\"upstream\",outcome=\"{outcome}\",mode=\"enforce\"}}")
}

impl Stage {
    /// The sample, with this policy for all requests.
    pub fn new(policy: &Value) -> Self {
        Self::of(policy, |sample| sample)
    }

    /// The changed sample, with this policy for all requests.
    pub fn of(policy: &Value, change: impl FnOnce(Sample) -> Sample) -> Self {
        Self::started(policy, change, |envoy| envoy)
    }

    /// The same, started in this way.
    pub fn started(
        policy: &Value,
        change: impl FnOnce(Sample) -> Sample,
        how: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let upstream = Acceptor::start().expect("an upstream can listen");
        // A connection for each request: so each can be answered for itself, whenever that is wanted.
        let options = json!({ PROTOCOL_OPTIONS: {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": { "max_requests_per_connection": 1 },
            "explicit_http_config": { "http_protocol_options": {} },
        } });
        let sample = alone(&configuration(policy), upstream.address())
            .set(
                "/static_resources/clusters/0/typed_extension_protocol_options",
                options,
            )
            .expect("the sample has a cluster");
        let envoy = how(Envoy::with(&change(sample).to_yaml()).concurrency(2)).start();
        let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
        Self { envoy, upstream }
    }

    /// A new connection.
    pub fn connect(&self) -> Peer {
        Peer::connect(self.envoy.address().expect("the sample has a listener")).expect("Envoy listens")
    }

    /// A request on a new connection.
    pub fn get(&self) -> Peer {
        let client = self.connect();
        Self::get_on(&client);
        client
    }

    /// A request on this connection.
    pub fn get_on(client: &Peer) {
        client.send(&Request::get("/orders").to_bytes());
    }

    /// Requests on so many new connections, all sent before any answer is looked at. Returns when each of them was
    /// rejected or has reached the upstream, and says how many did.
    #[track_caller]
    pub fn burst(&self, count: usize) -> Burst {
        let before = self.reached();
        let clients: Vec<_> = (0..count).map(|_| self.get()).collect();
        let reached = eventually("each request being rejected or at the upstream", || {
            let rejected = clients.iter().filter(|client| answered(client).is_some()).count();
            let reached = self.reached() - before;
            (rejected + reached == count).then_some(reached)
        });
        Burst { clients, reached }
    }

    /// How many requests have reached the upstream.
    pub fn reached(&self) -> usize {
        self.upstream.attempts().len()
    }

    /// The upstream answers the request that had so many before it, once that is whole. Returns when Envoy has taken it
    /// in, and all its filters with it.
    #[track_caller]
    pub fn answer(&self, number: usize, status: u16) {
        let Attempt::Http1(peer) = self.attempt(number) else {
            panic!("the upstream of the sample speaks HTTP/1.1");
        };
        peer.send(format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n").as_bytes());
        // Each connection is for one request.
        eventually("the end of the connection", || peer.ending());
    }

    /// The upstream resets the connection of this request.
    #[track_caller]
    pub fn reset(&self, number: usize) {
        self.attempt(number).reset();
    }

    #[track_caller]
    fn attempt(&self, number: usize) -> Attempt {
        eventually("a request at the upstream", || {
            let attempt = self.upstream.attempts().into_iter().nth(number)?;
            attempt.request()?.complete.then_some(attempt)
        })
    }

    /// Lets so many requests be answered with this status, one after the other.
    #[track_caller]
    pub fn tell(&self, status: u16, times: usize) {
        for _ in 0..times {
            let number = self.reached();
            let client = self.get();
            self.answer(number, status);
            assert_eq!(answer_to(&client).status(), status);
        }
    }

    /// A new connection to this worker, 0 or 1.
    #[track_caller]
    pub fn connect_to(&self, worker: usize) -> Peer {
        // The system deals connections out at random: this bound is never reached.
        for _ in 0..200 {
            let before = self.connections();
            let client = self.connect();
            let after = eventually("a connection being counted", || {
                Some(self.connections()).filter(|after| *after != before)
            });
            if after[worker] > before[worker] {
                return client;
            }
            client.close();
        }
        panic!("no connection reaches worker {worker}");
    }

    /// How many connections each worker has taken.
    pub fn connections(&self) -> [u64; 2] {
        let statistics = self.envoy.stats().expect("Envoy tells its statistics");
        [0, 1].map(|worker| {
            let name = format!("listener.127.0.0.1_0.worker_{worker}.downstream_cx_total");
            statistics.get(&name).copied().unwrap_or_default()
        })
    }

    /// Waits until time has moved the breaker on to half-open.
    #[track_caller]
    pub fn half_open(&self) {
        self.metric("circuit_breaker_state{breaker=\"upstream\"}", 2);
    }

    /// The transitions that the log tells of, in their order: from, to, reason.
    pub fn transition_lines(&self) -> Vec<[String; 3]> {
        let log = self.envoy.log().expect("Envoy has a log");
        let lines = log
            .lines()
            .filter(|line| line.contains("\"event\":\"transition\""));
        let told = lines.map(|line| {
            assert!(line.contains("[warning][wasm]"), "{line}");
            let object = &line[line.find('{').expect("the line has an object")..];
            let object: Value = serde_json::from_str(object).expect("it is JSON");
            ["from", "to", "reason"].map(|member| object[member].as_str().unwrap_or_default().to_owned())
        });
        told.collect()
    }

    /// Waits until a series has this value.
    #[track_caller]
    pub fn metric(&self, series: &str, value: u64) {
        self.envoy
            .metric_reaches(series, value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Requests that were sent at once.
pub struct Burst {
    pub clients: Vec<Peer>,
    /// How many of them have reached the upstream.
    pub reached: usize,
}

impl Burst {
    /// How many of them were answered by the breaker.
    pub fn rejected(&self) -> usize {
        let answers = self.clients.iter().filter_map(answered);
        answers.filter(is_rejection).count()
    }

    /// Their clients go away.
    pub fn leave(&self) {
        self.clients.iter().for_each(Peer::close);
    }
}
