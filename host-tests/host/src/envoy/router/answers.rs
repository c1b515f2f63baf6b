//! What an upstream answers, and whether the router passes that on or tries again.

use std::sync::Arc;

use crate::answer::{Outcome, UpstreamResponse};
use crate::client_request::Protocol;
use crate::envoy::flow::{SharedStream, status_of};
use crate::envoy::thread::EnvoyThread;
use crate::envoy::timers::Timer;
use crate::flags;
use crate::header_map::HeaderMap;
use crate::retry::{Reset, Verdict};
use crate::routing::AttemptState;
use crate::stream::{Stage, Stream};
use crate::way::{Arrival, Direction};

impl EnvoyThread {
    /// The upstream answers the attempt that waits, or the router does because none can.
    pub(in crate::envoy) fn answer(&mut self, stream: &SharedStream, outcome: Outcome) {
        match outcome {
            Outcome::Response(response) => self.respond(stream, &response),
            Outcome::Failure(failure) => self.fail(stream, failure),
            Outcome::Never => {}
        }
        self.drive(stream);
        self.settle();
    }

    /// A scripted answer to this attempt is due. It comes too late if that is over.
    pub(in crate::envoy) fn answer_attempt(&mut self, stream: &SharedStream, attempt: u32, outcome: Outcome) {
        if self.waits(stream, attempt) {
            self.answer(stream, outcome);
        }
    }

    /// Whether this attempt still waits for its answer.
    pub(super) fn waits(&self, stream: &SharedStream, attempt: u32) -> bool {
        let stream = stream.borrow();
        let routing = &stream.routing;
        stream.stage != Stage::Finished && routing.attempt == attempt && routing.waiting().is_some()
    }

    fn respond(&mut self, stream: &SharedStream, response: &UpstreamResponse) {
        for &status in &response.informational {
            self.inform(stream, status);
        }
        let (protocol, upgraded, bodiless, filters) = {
            let mut stream = stream.borrow_mut();
            stream.details = b"via_upstream".to_vec();
            let is_head = stream.sent.method == "HEAD";
            let upgraded = response.status == 101 && stream.sent.upgrade().is_some();
            let bodiless = is_head || (response.is_bodiless() && response.status != 101);
            let filters = stream.routing.attempt_stream.clone();
            (stream.routing.protocol, upgraded, bodiless, filters)
        };
        let mut headers = as_received(response, protocol);
        self.shared
            .secrets
            .lock()
            .add_to(&mut headers, Direction::Response);
        let arriving = match bodiless {
            true => Vec::new(),
            false => response.arrivals(protocol, upgraded),
        };
        let end = arriving.is_empty() && !upgraded && (!response.unfinished || bodiless);
        match filters {
            Some(filters) => self.response_through_filters(&filters, headers, arriving, end),
            None => self.response_headers(stream, headers, arriving, end),
        }
    }

    /// The router has a response's headers: it passes them on, or tries again.
    pub(super) fn response_headers(
        &mut self,
        stream: &SharedStream,
        headers: HeaderMap,
        arriving: Vec<Arrival>,
        end: bool,
    ) {
        let status = status_of(&headers);
        let came_to = status.to_string();
        let wants = |stream: &Stream| {
            let retries = stream.routing.retries.as_ref();
            retries.is_some_and(|retries| retries.want_for_response(&headers))
        };
        if wants(&stream.borrow()) && self.tries_again(stream, Some(&headers), &came_to) {
            return;
        }
        {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            stream.routing.end_attempt(AttemptState::Answering, came_to);
            stream.routing.answered = true;
            stream.code = Some(status);
            let mut headers = headers;
            // The router counts from the request's end: an answer before it has no such time.
            if let Some(complete_after) = stream.routing.complete_after {
                let waited = (self.shared.clock.elapsed() - complete_after)
                    .as_millis()
                    .to_string();
                headers.set_in_place(b"x-envoy-upstream-service-time", waited.as_bytes());
            }
            if stream.routing.counts_in_response {
                let count = stream.routing.attempt.to_string();
                headers.set_in_place(b"x-envoy-attempt-count", count.as_bytes());
            }
            stream.response = Some(headers);
            stream.response_way.arriving = arriving.into();
            stream.response_way.ended = end;
        }
        self.release_retry(stream);
        self.pass_headers(stream, Direction::Response, None, end);
    }

    /// Decides about an attempt that the policy wants repeated. True where a further one follows.
    pub(super) fn tries_again(
        &mut self,
        stream: &SharedStream,
        response: Option<&HeaderMap>,
        came_to: &str,
    ) -> bool {
        self.release_retry(stream);
        let has_room = self.has_room_for_retry(stream);
        let mut borrowed = stream.borrow_mut();
        let verdict = match &mut borrowed.routing.retries {
            Some(retries) => retries.decide(response, has_room, &mut self.shared.random.lock()),
            None => Verdict::Keep,
        };
        match verdict {
            Verdict::Keep => false,
            Verdict::Spent => {
                borrowed.flags |= flags::RETRIES_SPENT;
                false
            }
            Verdict::Overflow => {
                borrowed.flags |= flags::UPSTREAM_OVERFLOW;
                false
            }
            Verdict::Again(wait) => {
                let routing = &mut borrowed.routing;
                routing.end_attempt(AttemptState::Over, came_to.to_owned());
                let attempt = routing.attempt;
                drop(borrowed);
                self.end_attempt_stream(stream);
                self.take_room_for_retry(stream);
                let due = self.shared.clock.elapsed() + wait;
                self.timers.set(due, Timer::Retry(stream.clone(), attempt));
                true
            }
        }
    }

    /// The same for an attempt that got no response.
    pub(super) fn tries_again_after(&mut self, stream: &SharedStream, reset: Reset, came_to: &str) -> bool {
        let wants = {
            let stream = stream.borrow();
            let retries = stream.routing.retries.as_ref();
            retries.is_some_and(|retries| retries.want_for_reset(reset))
        };
        wants && self.tries_again(stream, None, came_to)
    }

    fn has_room_for_retry(&self, stream: &SharedStream) -> bool {
        let Some(cluster) = cluster_of(stream) else {
            return true;
        };
        let under_way = self.shared.under_way.lock();
        let requests = under_way
            .get(&cluster)
            .map_or(0, |held| Arc::strong_count(held) - 1);
        let most = self.settings.cluster(&cluster).most_retries(requests);
        self.shared.retries.lock().get(&cluster).copied().unwrap_or(0) < most
    }

    fn take_room_for_retry(&self, stream: &SharedStream) {
        if let Some(cluster) = cluster_of(stream) {
            *self.shared.retries.lock().entry(cluster).or_default() += 1;
            stream.borrow_mut().routing.is_a_retry = true;
        }
    }

    /// The exchange does not count among its cluster's retries any more.
    pub(in crate::envoy) fn release_retry(&self, stream: &SharedStream) {
        if !std::mem::take(&mut stream.borrow_mut().routing.is_a_retry) {
            return;
        }
        if let Some(cluster) = cluster_of(stream)
            && let Some(under_way) = self.shared.retries.lock().get_mut(&cluster)
        {
            *under_way -= 1;
        }
    }
}

fn cluster_of(stream: &SharedStream) -> Option<String> {
    stream.borrow().cluster.clone()
}

/// A response's headers as Envoy's codec hands them on.
fn as_received(response: &UpstreamResponse, protocol: Protocol) -> HeaderMap {
    let mut headers = HeaderMap::response();
    headers.add(b":status", response.status.to_string().as_bytes());
    for (name, value) in &response.headers {
        headers.add(name, value);
    }
    let framed = headers.has(b"content-length") || headers.has(b"transfer-encoding");
    if protocol == Protocol::Http1 && !framed && !response.is_bodiless() {
        if response.is_chunked() {
            headers.add(b"transfer-encoding", b"chunked");
        } else {
            headers.add(b"content-length", response.body.len().to_string().as_bytes());
        }
    }
    headers
}
