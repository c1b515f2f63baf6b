//! The peers of one exchange, a step at a time. Each step waits until what was done before has arrived.

use super::case::Step;
use super::stage::BOUND;
use crate::scenarios::peers::{self, Client};
use host_tests::scenario::Request;
use live::wait;
use live::wire::{Acceptor, Attempt, Message};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a client got, as far as it did; `None`: no headers.
pub type Replied = Option<Message>;

/// One exchange that goes on.
pub struct Play<'u> {
    name: String,
    client: Client,
    upstream: &'u Acceptor,
    /// The attempts that were there before, or are answered.
    taken: usize,
    /// What is being answered, and how much of its body was sent.
    open: Option<(Attempt, usize)>,
    /// Pieces stand on the wire as they are: after an upgrade, or of a length that was announced.
    plain: bool,
    left: bool,
    /// Where a client stays that left over HTTP/2: to close its connection would be another way to leave.
    gone: &'u Mutex<Vec<Client>>,
}

impl<'u> Play<'u> {
    pub fn begin(
        name: &str,
        address: SocketAddr,
        request: &Request,
        upstream: &'u Acceptor,
        gone: &'u Mutex<Vec<Client>>,
    ) -> Play<'u> {
        Play {
            name: name.to_owned(),
            taken: upstream.attempts().len(),
            client: Client::send(address, request),
            upstream,
            open: None,
            plain: request.headers.iter().any(|(name, _)| name == "upgrade") || request.method == "CONNECT",
            left: false,
            gone,
        }
    }

    /// Takes these steps.
    pub fn play(mut self, steps: &[Step]) -> Play<'u> {
        steps.iter().for_each(|step| self.take(step));
        self
    }

    /// Waits until the exchange is over for the client, unless it left. Returns what it got.
    pub fn end(self) -> Replied {
        if !self.left {
            self.until("the end of the exchange", || {
                let complete = |message: &Message| message.complete && message.status() != 101;
                let over = self.client.is_over() || self.client.received().as_ref().is_some_and(complete);
                over.then_some(())
            });
        }
        let received = self.client.received();
        match self.left {
            true => self.gone.lock().expect("no test failed here").push(self.client),
            false => self.client.close(),
        }
        received
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Answers(answer) => {
                let attempt = self.next_attempt();
                peers::answer(&attempt, answer);
                let is_open = answer.chunked || answer.status == 101 || self.plain;
                self.open = is_open.then_some((attempt, answer.body.len()));
            }
            Step::AnswersRaw(bytes) => {
                let attempt = self.next_attempt();
                let Attempt::Http1(peer) = &attempt else {
                    panic!("{}: raw bytes are of HTTP/1.1", self.name);
                };
                peer.send(bytes.as_bytes());
                let body = bytes.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
                self.plain = true;
                self.open = Some((attempt, body));
            }
            Step::NeverAnswers => {
                self.next_attempt();
            }
            Step::Sends(piece) => {
                let plain = self.plain;
                let (attempt, sent) = self.open.as_mut().expect("an answer has begun");
                peers::piece(attempt, piece.as_bytes(), plain);
                *sent += piece.len();
            }
            Step::Ends(trailers) => {
                let (attempt, _) = self.open.take().expect("an answer has begun");
                peers::end_answer(&attempt, trailers);
            }
            Step::Resets => self.take_open().reset(),
            Step::Closes => self.take_open().close(),
            Step::ClientSends(piece) => {
                self.settle();
                self.client.piece(piece.as_bytes(), self.plain);
            }
            Step::ClientEnds => self.client.end(&Vec::new()),
            Step::ClientLeaves => {
                self.settle();
                self.client.abort();
                self.left = true;
            }
            Step::Silence(millis) => self.silence(Duration::from_millis(*millis)),
        }
    }

    /// The answer that was begun, once the client has got what was sent; else the next attempt.
    fn take_open(&mut self) -> Attempt {
        self.settle();
        match self.open.take() {
            Some((attempt, _)) => attempt,
            None => self.next_attempt(),
        }
    }

    /// The next attempt, once it is with the upstream.
    fn next_attempt(&mut self) -> Attempt {
        let attempt = self.until("an attempt", || self.attempt(self.taken));
        self.taken += 1;
        attempt
    }

    fn attempt(&self, number: usize) -> Option<Attempt> {
        let attempt = self.upstream.attempts().into_iter().nth(number)?;
        attempt.request().map(|_| attempt)
    }

    /// Waits until the client has got all that was sent, or else the upstream has the request.
    fn settle(&self) {
        match &self.open {
            Some((_, sent)) => self.until("what the upstream sent", || {
                let got = self.client.received()?;
                (got.body().len() >= *sent).then_some(())
            }),
            None => {
                self.until("an attempt", || self.attempt(self.taken));
            }
        }
    }

    fn silence(&self, long: Duration) {
        self.settle();
        let before = self.client.received();
        let since = Instant::now();
        self.until("the time", || (since.elapsed() >= long).then_some(()));
        assert!(
            self.client.received() == before && !self.client.is_over(),
            "{}: something came within {long:?}",
            self.name
        );
    }

    fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        wait::until(BOUND, &format!("{}: {what}", self.name), || Ok(look()))
            .unwrap_or_else(|error| panic!("{error}; the client has {:?}", self.client.received()))
    }
}
