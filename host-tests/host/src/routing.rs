//! What the router knows of an exchange: its time-outs, the retries it has left, and the attempts so far.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::client_request::Protocol;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::retry::Retries;
use crate::stream::SharedStream;

/// The router's side of an exchange. It is empty until the request's headers have passed all filters.
pub(crate) struct Routing {
    /// The router has the request's headers: the number of the attempt, and 0 before.
    pub(crate) attempt: u32,
    pub(crate) attempts: Vec<Attempt>,
    /// What the upstream speaks.
    pub(crate) protocol: Protocol,
    /// The cluster had a host to send it to.
    pub(crate) chosen: bool,
    /// An upstream's response is on its way to the client.
    pub(crate) answered: bool,
    /// When the router had the whole request: since the host was made.
    pub(crate) complete_after: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) per_try_timeout: Option<Duration>,
    /// A time-out is answered 204 instead of 504.
    pub(crate) alternative_response: bool,
    pub(crate) retries: Option<Retries>,
    /// It counts among the retries of its cluster that are under way.
    pub(crate) is_a_retry: bool,
    /// The body so far, for the next attempt.
    pub(crate) kept: Vec<u8>,
    /// The stream of the attempt that is under way, where its cluster has filters.
    pub(crate) attempt_stream: Option<SharedStream>,
    /// The attempt count goes into the request, into the response.
    pub(crate) counts_in_request: bool,
    pub(crate) counts_in_response: bool,
}

/// One attempt to have an upstream answer.
pub(crate) struct Attempt {
    pub(crate) cluster: String,
    /// Since the host was made.
    pub(crate) begun_after: Duration,
    /// As the upstream got them, pseudo headers included.
    pub(crate) headers: Vec<HeaderPair>,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) trailers: Option<HeaderMap>,
    /// The upstream has the whole request.
    pub(crate) complete: bool,
    /// What the cluster's script has for it.
    pub(crate) script: Option<Answer>,
    pub(crate) state: AttemptState,
    /// An upstream got it: not before it has passed the filters of its cluster, nor once that turned out impossible.
    pub(crate) reached: bool,
    /// Held as long as it is under way.
    pub(crate) under_way: Option<Arc<()>>,
    /// What came of it, in words: a status, or why there is none.
    pub(crate) came_to: Option<String>,
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptState {
    /// It waits for its answer.
    Waiting,
    /// Its response is on its way to the client.
    Answering,
    /// Nothing comes of it any more.
    Over,
}

impl Attempt {
    pub(crate) fn new(cluster: &str, begun_after: Duration, under_way: Arc<()>) -> Attempt {
        Attempt {
            cluster: cluster.to_owned(),
            begun_after,
            headers: Vec::new(),
            pieces: Vec::new(),
            trailers: None,
            complete: false,
            script: None,
            state: AttemptState::Waiting,
            reached: false,
            under_way: Some(under_way),
            came_to: None,
        }
    }
}

impl Default for Routing {
    fn default() -> Routing {
        Routing {
            attempt: 0,
            attempts: Vec::new(),
            protocol: Protocol::Http1,
            chosen: false,
            answered: false,
            complete_after: None,
            timeout: None,
            per_try_timeout: None,
            alternative_response: false,
            retries: None,
            is_a_retry: false,
            kept: Vec::new(),
            attempt_stream: None,
            counts_in_request: false,
            counts_in_response: false,
        }
    }
}

impl Routing {
    /// Whether the router has the request.
    pub(crate) fn has_begun(&self) -> bool {
        self.attempt > 0
    }

    /// The attempt that waits for its answer.
    pub(crate) fn waiting(&self) -> Option<&Attempt> {
        let last = self.attempts.last();
        last.filter(|attempt| attempt.state == AttemptState::Waiting)
    }

    /// Whether an upstream has at least the request's headers, and has not answered.
    pub(crate) fn is_at_upstream(&self) -> bool {
        let held = |stream: &SharedStream| stream.borrow().response.is_some();
        self.waiting().is_some_and(|attempt| attempt.reached)
            && !self.attempt_stream.as_ref().is_some_and(held)
    }

    /// The attempt that still takes what the client sends.
    pub(crate) fn live(&mut self) -> Option<&mut Attempt> {
        let last = self.attempts.last_mut();
        last.filter(|attempt| attempt.state != AttemptState::Over)
    }

    /// The last attempt that an upstream got.
    pub(crate) fn last_reached(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.reached)
    }

    /// The last attempt is over, and came to this.
    pub(crate) fn end_attempt(&mut self, state: AttemptState, came_to: String) {
        if let Some(attempt) = self.live() {
            attempt.state = state;
            if state == AttemptState::Over {
                attempt.under_way = None;
            }
            attempt.came_to = Some(came_to);
        }
    }

    /// The time that the upstream is told it has. `now`: since the host was made.
    pub(crate) fn expected_timeout(&self, now: Duration) -> Option<Duration> {
        let spent = self.complete_after.map_or(Duration::ZERO, |then| now - then);
        let left = self.timeout.map(|timeout| timeout.saturating_sub(spent));
        match (self.per_try_timeout, left) {
            (Some(one), Some(left)) => Some(one.min(left)),
            (one, left) => one.or(left),
        }
    }
}
