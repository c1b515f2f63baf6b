//! Sending a request to an upstream, once and again, and keeping what a further attempt would need.

use super::set_timeout_header;
use crate::answer::{Answer, Outcome};
use crate::edge;
use crate::envoy::flow::SharedStream;
use crate::envoy::thread::EnvoyThread;
use crate::envoy::timers::Timer;
use crate::local_reply::LocalReply;
use crate::routing::Attempt;
use crate::stream::Stage;

impl EnvoyThread {
    /// Sends the request's headers, and what is there of its body from an earlier attempt. `end`: there is no body.
    pub(super) fn begin_attempt(&mut self, stream: &SharedStream, end: bool) {
        let now = self.shared.clock.elapsed();
        let cluster = stream.borrow().route.as_ref().map(|route| route.cluster.clone());
        let of_cluster = |name: &String| self.settings.cluster(name).protocol;
        let route_protocol = cluster.as_ref().and_then(of_cluster);
        let complete = {
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
            let protocol = route_protocol.unwrap_or(stream.sent.protocol);
            stream.routing.protocol = protocol;
            let framed = edge::frame_request(&stream.request, end, protocol);
            let mut attempt = Attempt::new(now, framed.pairs().to_vec());
            if !stream.routing.kept.is_empty() {
                attempt.pieces.push(stream.routing.kept.clone());
            }
            stream.routing.chosen = true;
            stream.routing.attempts.push(attempt);
            stream.routing.complete_after.is_some()
        };
        let script = cluster.and_then(|cluster| self.next_answer(stream, &cluster));
        if let Some(answer) = script {
            self.follow(stream, answer);
        }
        if complete {
            self.attempt_complete(stream);
        }
    }

    /// The next answer of the cluster's script, if it has one. A call-out got its first one when the plugin asked.
    fn next_answer(&self, stream: &SharedStream, cluster: &str) -> Option<Answer> {
        let attempt = stream.borrow().routing.attempts.len() - 1;
        match &mut stream.borrow_mut().call_out {
            Some(origin) if attempt == 0 => origin.answer.take(),
            _ => self.settings.cluster(cluster).next_answer(&self.shared, attempt),
        }
    }

    /// An answer that needs no whole request is on its way from now on, any other waits for that.
    fn follow(&mut self, stream: &SharedStream, answer: Answer) {
        if answer.comes_at_once() {
            self.answer(stream, answer.outcome);
        } else if answer.needs_whole_request() {
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

    /// A piece of the request's body is for the upstream.
    pub(in crate::envoy) fn piece_for_upstream(&mut self, stream: &SharedStream, piece: Vec<u8>) {
        let limit = self.settings.limit_of(stream);
        let refused = {
            let mut stream = stream.borrow_mut();
            let routing = &mut stream.routing;
            if routing.retries.is_some() && !routing.answered {
                if routing.kept.len() + piece.len() > limit {
                    // Too much to keep: it can be sent this once only.
                    routing.retries = None;
                    routing.kept.clear();
                } else {
                    routing.kept.extend_from_slice(&piece);
                }
            }
            let can_be_sent_again = routing.retries.is_some();
            match routing.live() {
                Some(attempt) => {
                    if !piece.is_empty() {
                        attempt.pieces.push(piece);
                    }
                    false
                }
                None => !can_be_sent_again,
            }
        };
        if refused {
            let message = "exceeded request buffer limit while retrying upstream";
            let details = "request_payload_exceeded_retry_buffer_limit";
            self.reply(stream, LocalReply::own(507, message, details, 0));
        }
    }

    /// The router has the whole request: the time that the route gives it begins.
    pub(in crate::envoy) fn request_complete(&mut self, stream: &SharedStream) {
        let now = self.shared.clock.elapsed();
        let timeout = {
            let mut stream = stream.borrow_mut();
            stream.routing.complete_after = Some(now);
            stream.routing.timeout
        };
        if let Some(timeout) = timeout {
            self.timers.set(now + timeout, Timer::Timeout(stream.clone()));
        }
        self.attempt_complete(stream);
    }

    /// The upstream has the whole request.
    fn attempt_complete(&mut self, stream: &SharedStream) {
        let now = self.shared.clock.elapsed();
        let (number, timeout, script) = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            if stream.stage == Stage::Finished {
                return;
            }
            let trailers = stream.request_way.sent_trailers.clone();
            let routing = &mut stream.routing;
            let Some(attempt) = routing.live() else {
                return;
            };
            attempt.complete = true;
            attempt.trailers = trailers;
            let script = attempt.script.take();
            (routing.attempt, routing.per_try_timeout, script)
        };
        if let Some(timeout) = timeout {
            let timer = Timer::PerTryTimeout(stream.clone(), number);
            self.timers.set(now + timeout, timer);
        }
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
