//! The request that is asked about, and the upstream's part.

use crate::problem::Problem;
use clap::{Args, ValueEnum};
use host::{Answer, Direction, Edge, Host, Request};
use serde_json::Value;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// The request that is asked about, and the upstream's part.
#[derive(Args)]
pub(super) struct Asked {
    /// The method, GET for example.
    method: String,
    /// The path, with its query if it has one.
    path: String,
    /// A header; give it again for each.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    /// The authority that the client asks for.
    #[arg(long, value_name = "NAME", default_value = "shop.example")]
    host: String,
    /// The client's address.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    from: IpAddr,
    /// The name of the route that it takes, whatever routes the file has.
    #[arg(long, value_name = "NAME")]
    pub(super) route: Option<String>,
    /// The cluster that this route leads to [default: upstream].
    #[arg(long, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    /// The virtual host of this route [default: all].
    #[arg(long, value_name = "NAME")]
    pub(super) virtual_host: Option<String>,
    /// The filter_metadata of this route: {"policy": {"circuit-breaker": "strict"}}.
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    pub(super) metadata: Option<Value>,
    /// The listener's direction [default: as the file says].
    #[arg(long, value_enum)]
    direction: Option<Way>,
    /// What the upstream answers: a status from 200 to 599, or no-healthy-upstream, refused, reset, stream-reset,
    /// refused-stream, overflow, protocol-error, or time-out.
    #[arg(long, value_name = "ANSWER", default_value = "200", value_parser = Answered::from_str)]
    answer: Answered,
    /// After how long it answers, 300ms or 2s for example.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    after: Duration,
    /// How many such requests there are, one after the other. The last is shown in full.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: u32,
    /// How long it is from the end of one to the next.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    every: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Inbound,
    Outbound,
}

#[derive(Clone, Debug)]
struct Header {
    name: String,
    value: String,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').ok_or("a header is NAME: VALUE")?;
        let is_word = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(is_word) {
            return Err(format!("`{name}` is no name of a header"));
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            value: value.trim().to_owned(),
        })
    }
}

/// A time by the host's clock, which goes no further than some centuries.
fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let most = Duration::from_secs(24 * 60 * 60);
    (time <= most)
        .then_some(time)
        .ok_or_else(|| "is longer than a day".to_owned())
}

fn metadata(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let is_good = value
        .as_object()
        .is_some_and(|spaces| spaces.values().all(Value::is_object));
    is_good
        .then_some(value)
        .ok_or_else(|| "is an object of namespaces, each an object".to_owned())
}

/// What comes of the upstream's part.
#[derive(Clone, Copy, Debug)]
enum Answered {
    Status(u16),
    Failure(Makes),
}

/// Makes an answer.
type Makes = fn() -> Answer;

/// What may come instead of a status. A time-out is Envoy's: the upstream never answers.
const FAILURES: [(&str, Makes); 8] = [
    ("no-healthy-upstream", Answer::no_healthy_upstream),
    ("refused", Answer::connection_failure),
    ("reset", Answer::reset),
    ("stream-reset", Answer::stream_reset),
    ("refused-stream", Answer::refused_stream),
    ("overflow", Answer::overflow),
    ("protocol-error", Answer::protocol_error),
    ("time-out", Answer::never),
];

impl FromStr for Answered {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, failure)) = FAILURES.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Failure(*failure));
        }
        let names: Vec<&str> = FAILURES.iter().map(|(name, _)| *name).collect();
        let status = text.parse().ok().filter(|status| (200..=599).contains(status));
        status
            .map(Self::Status)
            .ok_or_else(|| format!("is no status from 200 to 599, and none of {}", names.join(", ")))
    }
}

impl Asked {
    pub(super) fn times(&self) -> u32 {
        self.times
    }

    pub(super) fn every(&self) -> Duration {
        self.every
    }

    /// The answer of every upstream, to each attempt.
    pub(super) fn answer(&self) -> Answer {
        let answer = match self.answer {
            Answered::Status(status) => Answer::new(status),
            Answered::Failure(failure) => failure(),
        };
        answer.after(self.after)
    }

    /// The request, not yet sent.
    pub(super) fn request(&self, host: &Host) -> Request {
        let port = 50_000;
        let peer = std::net::SocketAddr::new(self.from, port).to_string();
        let request = host
            .request(&self.method, &self.path)
            .host(&self.host)
            .from(&peer);
        let add = |request: Request, header: &Header| request.header(&header.name, &header.value);
        self.headers.iter().fold(request, add)
    }

    /// The headers as the client sends them, pseudo headers first.
    pub(super) fn sent(&self) -> Vec<(String, Vec<u8>)> {
        let pseudo = [
            (":authority", &self.host),
            (":path", &self.path),
            (":method", &self.method),
        ];
        let pseudo = pseudo
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.clone().into_bytes()));
        let own = self
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.value.clone().into_bytes()));
        pseudo.chain(own).collect()
    }

    /// `GET /orders to shop.example`
    pub(super) fn told(&self) -> String {
        format!("{} {} to {}", self.method, self.path, self.host)
    }

    /// The listener, with the direction that was said.
    pub(super) fn edge(&self, edge: Edge) -> Edge {
        match self.direction {
            None => edge,
            Some(Way::Inbound) => edge.direction(Direction::Inbound),
            Some(Way::Outbound) => edge.direction(Direction::Outbound),
        }
    }

    /// Whether the route is said here, and not by the file.
    pub(super) fn says_route(&self) -> bool {
        self.route.is_some()
            || self.cluster.is_some()
            || self.virtual_host.is_some()
            || self.metadata.is_some()
    }

    /// # Errors
    /// A method that no request has.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let is_word = |byte: u8| byte.is_ascii_alphabetic() || b"-_".contains(&byte);
        let is_method = !self.method.is_empty() && self.method.bytes().all(is_word);
        if !is_method || self.method == "CONNECT" {
            return Err(
                Problem::new(format!("`{}` is no method that can be tried here", self.method))
                    .cure("policyctl explain FILE GET /path"),
            );
        }
        if !self.path.starts_with('/') {
            return Err(Problem::new(format!("`{}` is no path", self.path)).cure("begin it with /"));
        }
        Ok(())
    }
}
