//! A scenario in the host.

use std::time::Duration;

use host::{Exchange, Host, LogLine, Thread};

use super::seen::{Headers, Reply, Seen, Sent};
use super::{Plugin, Route, Scenario, Step};

/// How far a scenario has come after a step. On Envoy the next step is taken when it has come as far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Lines of the plugins since the first step.
    pub lines: usize,
    /// Requests that reached an upstream.
    pub attempts: usize,
    /// Bytes of bodies that upstreams got.
    pub upstream_bytes: usize,
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
        let before = host.logs().len();
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
        let clusters = [
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
            seen.replies.push(reply(exchange));
            if exchange.reached_upstream() {
                seen.attempts.push(("upstream".to_owned(), sent(exchange)));
            }
            seen.ends.push((exchange.status(), exchange.details()));
        }
        let line = |line: LogLine| (line.plugin, line.message);
        let (worker, main): (Vec<_>, Vec<_>) = host
            .logs()
            .into_iter()
            .partition(|line| matches!(line.thread, Thread::Worker(_)));
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
    let waits = live.exchange().is_at_upstream();
    match step {
        Step::Request(_) | Step::Passes(_) => {}
        Step::ClientSends(piece) => live.change(|exchange| exchange.client_sends(piece)),
        Step::ClientEnds(trailers) => live.change(|exchange| exchange.client_ends_with(trailers)),
        Step::ClientAborts => live.change(Exchange::client_aborts),
        Step::Answer(answer) if waits => {
            live.answered = true;
            live.change(|exchange| exchange.begin_answer(answer.in_host()));
        }
        Step::UpstreamResets | Step::UpstreamCloses if waits => {
            live.change(|exchange| exchange.begin_answer(host::Answer::reset()));
        }
        _ if !live.answered => {}
        Step::UpstreamSends(piece) => live.change(|exchange| exchange.upstream_sends(piece)),
        Step::UpstreamEnds(trailers) => live.change(|exchange| exchange.upstream_ends_with(trailers)),
        Step::UpstreamResets | Step::UpstreamCloses => live.change(Exchange::upstream_resets),
        Step::Answer(_) => {}
    }
}

fn mark(host: &Host, before: usize, exchanges: &[Live]) -> Mark {
    let mut mark = Mark {
        lines: host.logs().len() - before,
        ..Mark::default()
    };
    for live in exchanges {
        let exchange = live.exchange();
        let length = |pieces: Vec<Vec<u8>>| pieces.iter().map(Vec::len).sum::<usize>();
        mark.attempts += usize::from(exchange.reached_upstream());
        mark.upstream_bytes += length(exchange.upstream_pieces());
        mark.replies += usize::from(!exchange.response_headers().is_empty());
        mark.client_bytes += length(exchange.pieces());
        mark.over += usize::from(exchange.is_finished());
    }
    mark
}

fn reply(exchange: &Exchange) -> Reply {
    let headers: Headers = plain(exchange.response_headers());
    let body = exchange.body();
    Reply {
        status: exchange.status(),
        pieces: pieces(&headers, exchange.pieces(), body),
        headers,
        trailers: exchange.response_trailers(),
        complete: exchange.status() > 0 && !exchange.broke_off(),
    }
}

fn sent(exchange: &Exchange) -> Sent {
    let headers = exchange.upstream_headers();
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
        pieces: pieces(&headers, exchange.upstream_pieces(), exchange.upstream_body()),
        headers,
        trailers: exchange.upstream_trailers(),
    }
}

/// On the wire only chunks can be told apart.
fn pieces(headers: &Headers, pieces: Vec<Vec<u8>>, body: Vec<u8>) -> Vec<Vec<u8>> {
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == b"chunked");
    let pieces = if chunked { pieces } else { vec![body] };
    pieces.into_iter().filter(|piece| !piece.is_empty()).collect()
}

fn plain(headers: Headers) -> Headers {
    headers
        .into_iter()
        .filter(|(name, _)| !name.starts_with(':'))
        .collect()
}
