//! Sending a request to an upstream, once and again, and keeping what a further attempt would need.

use super::set_timeout_header;
use crate::answer::{Answer, Outcome};
use crate::cluster::Arriving;
use crate::edge;
use crate::envoy::flow::SharedStream;
use crate::envoy::thread::EnvoyThread;
use crate::envoy::timers::Timer;
use crate::header_map::HeaderMap;
use crate::local_reply::LocalReply;
use crate::routing::Attempt;
use crate::stream::Stage;
use crate::way::Direction;

impl EnvoyThread {
    /// Sends the request's headers, and what is there of its body from an earlier attempt, through the filters of the
    /// cluster if it has any. `end`: there is no body.
    pub(super) fn begin_attempt(&mut self, stream: &SharedStream, end: bool) {
        let now = self.shared.clock.elapsed();
        let cluster = stream.borrow().cluster.clone().unwrap_or_default();
        let of_cluster = self.settings.cluster(&cluster).protocol;
        let under_way = self
            .shared
            .under_way
            .lock()
            .entry(cluster.clone())
            .or_default()
            .clone();
        {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            if stream.routing.attempt > 1 {
                set_timeout_header(stream, now);
            }
            if stream.routing.counts_in_request {
                let count = stream.routing.attempt.to_string();
                stream
                    .request
                    .set_in_place(b"x-envoy-attempt-count", count.as_bytes());
            }
            stream.routing.protocol = of_cluster.unwrap_or(stream.sent.protocol);
            stream.routing.chosen = true;
            stream
                .routing
                .attempts
                .push(Attempt::new(&cluster, now, under_way));
        }
        if self.fails_at_once(stream, &cluster) {
            return;
        }
        let complete = stream.borrow().routing.complete_after.is_some();
        if complete {
            self.time_attempt(stream);
        }
        if self.begin_attempt_stream(stream, &cluster, end) {
            self.resend_through_filters(stream, end);
            return;
        }
        let (framed, kept, trailers) = {
            let stream = stream.borrow();
            let framed = edge::frame_request(&stream.request, end, stream.routing.protocol);
            let trailers = stream.request_way.sent_trailers.clone();
            (framed, stream.routing.kept.clone(), trailers)
        };
        self.reach_upstream(stream, &framed);
        if !kept.is_empty()
            && let Some(attempt) = stream.borrow_mut().routing.live()
        {
            attempt.pieces.push(kept);
        }
        if complete {
            self.upstream_has_all(stream, trailers);
        }
    }

    /// Envoy knows without asking that no upstream can get it.
    fn fails_at_once(&mut self, stream: &SharedStream, cluster: &str) -> bool {
        if self.settings.cluster(cluster).is_without_hosts(&self.shared) {
            self.answer(stream, Answer::no_healthy_upstream().outcome);
            return true;
        }
        let next = self.answer_of_script(stream, cluster, false);
        let fails = next.is_some_and(|answer| answer.comes_at_once());
        if fails && let Some(answer) = self.answer_of_script(stream, cluster, true) {
            self.answer(stream, answer.outcome);
        }
        fails
    }

    /// The request's headers get to the upstream. From here its script counts.
    pub(super) fn reach_upstream(&mut self, stream: &SharedStream, headers: &HeaderMap) {
        let mut seen = headers.clone();
        self.shared.secrets.lock().take_from(&mut seen);
        let headers = &seen;
        let cluster = {
            let mut stream = stream.borrow_mut();
            if let Some(attempt) = stream.routing.live() {
                attempt.headers = headers.pairs().to_vec();
                attempt.reached = true;
            }
            stream.cluster.clone()
        };
        let rule = cluster
            .as_deref()
            .and_then(|name| self.settings.cluster(name).rule.clone());
        let answer = match rule {
            Some(rule) => {
                let (attempt, connection) = {
                    let stream = stream.borrow();
                    (stream.routing.attempts.len(), stream.connection_id)
                };
                Some(rule(&Arriving {
                    after: self.shared.clock.elapsed(),
                    attempt,
                    connection,
                    headers: headers.pairs(),
                }))
            }
            None => cluster.and_then(|cluster| self.answer_of_script(stream, &cluster, true)),
        };
        if let Some(answer) = answer {
            self.follow(stream, answer);
        }
    }

    /// The next answer of the cluster's script, if it has one; with `take` it is used up. A call-out got its first one
    /// when the plugin asked.
    fn answer_of_script(&self, stream: &SharedStream, cluster: &str, take: bool) -> Option<Answer> {
        if let Some(answer) = &stream.borrow().sent.answer {
            return Some(answer.clone());
        }
        let attempt = stream.borrow().routing.attempts.len() - 1;
        let cluster = self.settings.cluster(cluster);
        match &mut stream.borrow_mut().call_out {
            Some(origin) if attempt == 0 && take => origin.answer.take(),
            Some(origin) if attempt == 0 => origin.answer.clone(),
            _ if take => cluster.next_answer(&self.shared, attempt),
            _ => cluster.peek_answer(&self.shared, attempt),
        }
    }

    /// An answer that needs no whole request is on its way from now on, any other waits for that.
    fn follow(&mut self, stream: &SharedStream, answer: Answer) {
        if answer.needs_whole_request() {
            if let Some(attempt) = stream.borrow_mut().routing.live() {
                attempt.script = Some(answer);
            }
        } else {
            self.answer_later(stream, answer);
        }
    }

    fn answer_later(&mut self, stream: &SharedStream, answer: Answer) {
        if let Outcome::Never = answer.outcome {
            return;
        }
        let attempt = stream.borrow().routing.attempt;
        let due = self.shared.clock.elapsed() + answer.delay;
        self.timers
            .set(due, Timer::Answer(stream.clone(), attempt, answer.outcome));
    }

    /// A piece of the request's body has come to the router.
    pub(in crate::envoy) fn piece_for_upstream(&mut self, stream: &SharedStream, piece: Vec<u8>, end: bool) {
        let limit = self.settings.limit_of(stream);
        let (refused, filters) = {
            let mut stream = stream.borrow_mut();
            let routing = &mut stream.routing;
            if routing.retries.is_some() && !routing.answered {
                if routing.kept.len().saturating_add(piece.len()) > limit {
                    // Too much to keep: it can be sent this once only.
                    routing.retries = None;
                    routing.kept.clear();
                } else {
                    routing.kept.extend_from_slice(&piece);
                }
            }
            let can_be_sent_again = routing.retries.is_some();
            let filters = routing.attempt_stream.clone();
            match routing.live() {
                Some(attempt) => {
                    if !piece.is_empty() && filters.is_none() {
                        attempt.pieces.push(piece.clone());
                    }
                    (false, filters)
                }
                None => (!can_be_sent_again, None),
            }
        };
        if let Some(filters) = filters {
            filters.borrow_mut().request_way.ended = end;
            self.pass_data(&filters, Direction::Request, None, piece, end);
        } else if refused {
            let message = "exceeded request buffer limit while retrying upstream";
            let details = "request_payload_exceeded_retry_buffer_limit";
            self.reply(stream, LocalReply::own(507, message, details, 0));
        }
    }

    /// The router has the whole request: the time that the route gives it begins.
    pub(in crate::envoy) fn request_complete(&mut self, stream: &SharedStream) {
        let now = self.shared.clock.elapsed();
        let (timeout, trailers, filters) = {
            let mut stream = stream.borrow_mut();
            if stream.stage == Stage::Finished || stream.request_way.closed {
                return;
            }
            stream.routing.complete_after = Some(now);
            let filters = stream.routing.attempt_stream.clone();
            let trailers = stream.request_way.sent_trailers.clone();
            (stream.routing.timeout, trailers, filters)
        };
        if let Some(timeout) = timeout {
            self.timers.set(now + timeout, Timer::Timeout(stream.clone()));
        }
        self.time_attempt(stream);
        match (filters, trailers) {
            (None, trailers) => self.upstream_has_all(stream, trailers),
            (Some(filters), Some(trailers)) => self.trailers_through_filters(&filters, trailers),
            (Some(_), None) => {}
        }
    }

    /// The time that an attempt has begins with it, but not before the request is whole.
    fn time_attempt(&mut self, stream: &SharedStream) {
        let (attempt, timeout) = {
            let stream = stream.borrow();
            (stream.routing.attempt, stream.routing.per_try_timeout)
        };
        if let Some(timeout) = timeout {
            let due = self.shared.clock.elapsed() + timeout;
            self.timers
                .set(due, Timer::PerTryTimeout(stream.clone(), attempt));
        }
    }

    /// The upstream has the whole request.
    pub(super) fn upstream_has_all(&mut self, stream: &SharedStream, trailers: Option<HeaderMap>) {
        let script = {
            let mut stream = stream.borrow_mut();
            let Some(attempt) = stream.routing.live() else {
                return;
            };
            attempt.complete = true;
            attempt.trailers = trailers;
            attempt.script.take()
        };
        if let Some(answer) = script {
            self.answer_later(stream, answer);
        }
    }

    /// The back-off after an attempt is over: the next one begins.
    pub(in crate::envoy) fn retry(&mut self, stream: &SharedStream, after: u32) {
        let end = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            if stream.stage == Stage::Finished || stream.routing.attempt != after {
                return;
            }
            stream.routing.attempt += 1;
            let trailers = stream.request_way.sent_trailers.is_some();
            let whole = stream.routing.complete_after.is_some();
            // Envoy ends a call-out that it repeats with an empty chunk.
            let ends_with_headers = stream.call_out.is_none() && !trailers;
            whole && ends_with_headers && stream.routing.kept.is_empty()
        };
        self.begin_attempt(stream, end);
        self.drive(stream);
    }
}
