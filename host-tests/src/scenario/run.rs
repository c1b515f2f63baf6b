//! A scenario in the host.

use std::time::Duration;

use host::{Attempt, Exchange, Host, Level, LogLine, Thread};

use super::seen::{Headers, Reply, Seen, Sent};
use super::{Plugin, Route, Scenario, Step};

/// How far a scenario has come after a step. On Envoy the next step is taken when it has come as far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Lines of the plugins since the first step.
    pub lines: usize,
    /// Requests that reached the cluster `upstream`. (The answers of `other` show in what follows from them.)
    pub attempts: usize,
    /// Bytes of bodies that upstreams got.
    pub upstream_bytes: usize,
    /// Trailer fields that upstreams got.
    pub upstream_trailers: usize,
    /// Responses of which the client has the headers.
    pub replies: usize,
    /// Bytes of bodies that the client got.
    pub client_bytes: usize,
    /// Exchanges that are over.
    pub over: usize,
}

impl Mark {
    /// Whether it is at least as far in everything.
    pub fn has_reached(&self, other: &Mark) -> bool {
        let numbers = |mark: &Mark| {
            [
                mark.lines,
                mark.attempts,
                mark.upstream_bytes,
                mark.upstream_trailers,
                mark.replies,
                mark.client_bytes,
                mark.over,
            ]
        };
        numbers(self)
            .iter()
            .zip(numbers(other))
            .all(|(here, there)| *here >= there)
    }
}

impl Scenario {
    /// Runs it in the host: what was seen, and how far it was after each step. `number` is unique to the scenario.
    ///
    /// # Panics
    /// When the host refuses the plugins.
    pub fn in_host(&self, number: usize) -> (Seen, Vec<Mark>) {
        let host = self.host(number);
        host.start();
        let before = told(&host).count();
        let mut exchanges: Vec<Live> = Vec::new();
        let mut marks = Vec::new();
        for step in &self.steps {
            take(&host, &mut exchanges, step);
            marks.push(mark(&host, before, &exchanges));
        }
        // Clients do not wait for ever.
        for live in &mut exchanges {
            live.change(|exchange| {
                if exchange.is_finished() {
                    exchange
                } else {
                    exchange.client_aborts()
                }
            });
        }
        marks.push(mark(&host, before, &exchanges));
        (self.seen(&host, &exchanges), marks)
    }

    fn host(&self, number: usize) -> Host {
        let plugins: Vec<host::Plugin> = self
            .plugins
            .iter()
            .map(|plugin: &Plugin| plugin.in_host(number))
            .collect();
        let mut routes: Vec<host::Route> = self
            .routes
            .iter()
            .map(|route: &Route| route.host.clone())
            .collect();
        if routes.is_empty() {
            routes.push(host::Route::new("default"));
        }
        let filters = self.upstream_plugins.iter().map(|plugin| plugin.in_host(number));
        let clusters = [
            host::Cluster::new("upstream").filters(filters),
            host::Cluster::new("nobody").answers([host::Answer::no_healthy_upstream()]),
            host::Cluster::new("refused").answers([host::Answer::connection_failure()]),
            host::Cluster::new("other").answers(self.other.iter().map(super::Answer::in_host)),
        ];
        let host = Host::chain(plugins)
            .allow_vm_death()
            .routes(routes)
            .clusters(clusters);
        self.knobs.iter().fold(host, |host, knob| (knob.host)(host))
    }

    fn seen(&self, host: &Host, exchanges: &[Live]) -> Seen {
        let mut seen = Seen::default();
        for live in exchanges {
            let exchange = live.exchange();
            seen.replies.push(reply(exchange, live.http2));
            let reached = exchange.attempts().into_iter().filter(Attempt::reached_upstream);
            seen.attempts
                .extend(reached.map(|attempt| (attempt.cluster(), sent(&attempt, live.http2))));
            seen.ends
                .push((exchange.response_code(), exchange.flags(), exchange.details()));
        }
        let asked = host.call_outs().into_iter();
        let asked = asked.filter(|call_out| call_out.cluster() == "other");
        for call_out in asked {
            let body = call_out.body().to_vec();
            let pieces: Vec<_> = Some(body.clone())
                .filter(|body| !body.is_empty())
                .into_iter()
                .collect();
            let attempts = call_out.attempts().into_iter();
            let sent =
                attempts.map(|headers| request(headers, pieces.clone(), body.clone(), Vec::new(), false));
            seen.attempts.extend(sent.map(|sent| ("other".to_owned(), sent)));
        }
        let line = |line: LogLine| (line.plugin, line.message);
        let (worker, main): (Vec<_>, Vec<_>) =
            told(host).partition(|line| matches!(line.thread, Thread::Worker(_)));
        seen.worker = worker.into_iter().map(line).collect();
        seen.main = main.into_iter().map(line).collect();
        seen.metrics = self
            .metrics()
            .into_iter()
            .map(|name| (name.clone(), host.metric(&name)))
            .collect();
        seen
    }
}

/// An exchange on its way, which each step takes and gives back.
struct Live {
    exchange: Option<Exchange>,
    answered: bool,
    http2: bool,
}

impl Live {
    fn exchange(&self) -> &Exchange {
        self.exchange.as_ref().expect("every step gives it back")
    }

    fn change(&mut self, change: impl FnOnce(Exchange) -> Exchange) {
        self.exchange = self.exchange.take().map(change);
    }
}

fn take(host: &Host, exchanges: &mut Vec<Live>, step: &Step) {
    match step {
        Step::Request(request) => {
            let exchange = Some(request.in_host(host).send());
            return exchanges.push(Live {
                exchange,
                answered: false,
                http2: request.http2,
            });
        }
        Step::Passes(milliseconds) => return host.advance(Duration::from_millis(*milliseconds)),
        _ => {}
    }
    let Some(live) = exchanges.last_mut() else { return };
    if live.exchange().is_finished() {
        // A peer may do something still, but nobody sees it.
        return;
    }
    let waits = live.exchange().awaits_answer();
    match step {
        Step::Request(_) | Step::Passes(_) => {}
        Step::ClientSends(piece) => live.change(|exchange| exchange.client_sends(piece)),
        Step::ClientEnds(trailers) => live.change(|exchange| exchange.client_ends_with(trailers)),
        Step::ClientAborts => live.change(Exchange::client_aborts),
        Step::Answer(answer) if waits => {
            live.answered = true;
            live.change(|exchange| exchange.begin_answer(answer.in_host()));
        }
        Step::UpstreamInforms(status) if waits => live.change(|exchange| exchange.upstream_informs(*status)),
        Step::UpstreamInforms(_) => {}
        Step::UpstreamResets if waits && live.http2 => {
            live.change(|exchange| exchange.begin_answer(host::Answer::stream_reset()));
        }
        Step::UpstreamResets | Step::UpstreamCloses if waits => {
            live.change(|exchange| exchange.begin_answer(host::Answer::reset()));
        }
        _ if !live.answered => {}
        Step::UpstreamSends(piece) => live.change(|exchange| exchange.upstream_sends(piece)),
        Step::UpstreamEnds(trailers) => live.change(|exchange| exchange.upstream_ends_with(trailers)),
        Step::UpstreamResets if live.http2 => live.change(Exchange::upstream_resets_stream),
        Step::UpstreamResets | Step::UpstreamCloses => live.change(Exchange::upstream_resets),
        Step::Answer(_) => {}
    }
}

fn mark(host: &Host, before: usize, exchanges: &[Live]) -> Mark {
    let mut mark = Mark {
        lines: told(host).count() - before,
        ..Mark::default()
    };
    for live in exchanges {
        let exchange = live.exchange();
        let length = |pieces: Vec<Vec<u8>>| pieces.iter().map(Vec::len).sum::<usize>();
        for attempt in exchange
            .attempts()
            .iter()
            .filter(|attempt| attempt.reached_upstream() && attempt.cluster() == "upstream")
        {
            mark.attempts += 1;
            mark.upstream_bytes += length(attempt.pieces());
            mark.upstream_trailers += attempt.trailers().len();
        }
        let reply = reply(exchange, live.http2);
        mark.replies += usize::from(!reply.headers.is_empty());
        mark.client_bytes += length(reply.pieces);
        // A client that was promised more goes on waiting.
        mark.over += usize::from(
            exchange.is_finished() && (reply.complete || reply.headers.is_empty() || exchange.broke_off()),
        );
    }
    mark
}

/// The lines of the plugins that Envoy writes out, at its level `info` for plugins.
fn told(host: &Host) -> impl Iterator<Item = LogLine> {
    host.logs().into_iter().filter(|line| line.level >= Level::Info)
}

fn reply(exchange: &Exchange, http2: bool) -> Reply {
    let headers: Headers = plain(exchange.response_headers());
    let (pieces, whole) = pieces(&headers, exchange.pieces(), exchange.body(), http2);
    let headers = ordered(headers, http2);
    let nothing_came = exchange.broke_off() && pieces.is_empty();
    Reply {
        announced: exchange.informational(),
        status: exchange.status(),
        complete: !headers.is_empty()
            && !nothing_came
            && whole.unwrap_or(!exchange.broke_off() || exchange.status() == 101),
        pieces,
        headers,
        trailers: ordered(exchange.response_trailers(), http2),
    }
}

fn sent(attempt: &Attempt<'_>, http2: bool) -> Sent {
    let (pieces, body) = (attempt.pieces(), attempt.body());
    request(attempt.headers(), pieces, body, attempt.trailers(), http2)
}

/// A request as the wire has it.
fn request(headers: Headers, parts: Vec<Vec<u8>>, body: Vec<u8>, trailers: Headers, http2: bool) -> Sent {
    let pseudo = |name: &str| {
        let value = headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_slice());
        value.unwrap_or_default().escape_ascii().to_string()
    };
    let line = format!("{} {}", pseudo(":method"), pseudo(":path"));
    let headers: Headers = headers
        .into_iter()
        .map(|(name, value)| {
            if name == ":authority" {
                ("host".to_owned(), value)
            } else {
                (name, value)
            }
        })
        .filter(|(name, _)| !name.starts_with(':'))
        .collect();
    Sent {
        line,
        pieces: pieces(&headers, parts, body, http2).0,
        headers: ordered(headers, http2),
        trailers,
    }
}

/// The body as the wire has it: in HTTP/1.1 only chunks can be told apart, and a body of known length ends with that.
/// Whether that came whole, where the length counts.
fn pieces(
    headers: &Headers,
    pieces: Vec<Vec<u8>>,
    mut body: Vec<u8>,
    http2: bool,
) -> (Vec<Vec<u8>>, Option<bool>) {
    let value = |name: &str| {
        let field = headers.iter().find(|(other, _)| other == name);
        field.and_then(|(_, value)| str::from_utf8(value).ok())
    };
    if http2 || value("transfer-encoding") == Some("chunked") {
        return (
            pieces.into_iter().filter(|piece| !piece.is_empty()).collect(),
            None,
        );
    }
    let length = value("content-length").and_then(|length| length.parse().ok());
    let whole = length.map(|length| body.len() >= length || body.is_empty());
    body.truncate(length.unwrap_or(usize::MAX));
    (
        Some(body).filter(|body| !body.is_empty()).into_iter().collect(),
        whole,
    )
}

/// HTTP/2 goes through a library there, which keeps no order among names.
fn ordered(mut headers: Headers, http2: bool) -> Headers {
    if http2 {
        headers.sort_by(|(left, _), (right, _)| left.cmp(right));
    }
    headers
}

/// Without pseudo headers, and as the wire has them: a line break in a value begins another field.
fn plain(headers: Headers) -> Headers {
    let mut fields = Vec::new();
    for (name, value) in headers.into_iter().filter(|(name, _)| !name.starts_with(':')) {
        let broken = value.windows(2).position(|two| two == b"\r\n");
        let (value, rest) = value.split_at(broken.unwrap_or(value.len()));
        fields.push((name, value.to_vec()));
        let injected = rest
            .strip_prefix(b"\r\n")
            .and_then(|rest| str::from_utf8(rest).ok()?.split_once(": "));
        fields.extend(injected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    }
    fields
}
