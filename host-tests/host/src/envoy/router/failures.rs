//! Attempts that end without a response, and the time-outs that end them.

use crate::answer::Failure;
use crate::envoy::flow::SharedStream;
use crate::envoy::thread::EnvoyThread;
use crate::flags;
use crate::local_reply::LocalReply;
use crate::retry::Reset;
use crate::routing::AttemptState;
use crate::stream::Stage;

impl EnvoyThread {
    /// The attempt that waits comes to nothing.
    pub(super) fn fail(&mut self, stream: &SharedStream, failure: Failure) {
        if let Some(attempt) = stream.borrow_mut().routing.live() {
            attempt.reached = failure.upstream_saw_it();
        }
        let broken = Some(Reset::Broken);
        let (reset, status, reason, flags) = match failure {
            Failure::Timeout => return self.time_out(stream, "response_timeout"),
            Failure::NoHealthyUpstream => {
                stream.borrow_mut().routing.chosen = false;
                let reply = LocalReply::own(
                    503,
                    "no healthy upstream",
                    "no_healthy_upstream",
                    flags::NO_HEALTHY_UPSTREAM,
                );
                return self.own_reply(stream, failure, reply);
            }
            Failure::Overflow => (None, 503, "overflow", flags::UPSTREAM_OVERFLOW),
            Failure::Unconnected => (
                Some(Reset::Unconnected),
                503,
                "remote connection failure",
                flags::UPSTREAM_CONNECTION_FAILURE,
            ),
            Failure::Reset => (
                broken,
                503,
                "connection termination",
                flags::UPSTREAM_CONNECTION_TERMINATION,
            ),
            Failure::RefusedStream => (
                Some(Reset::Refused),
                503,
                "remote refused stream reset",
                flags::UPSTREAM_REMOTE_RESET,
            ),
            Failure::RemoteReset => (broken, 503, "remote reset", flags::UPSTREAM_REMOTE_RESET),
            Failure::ProtocolError => (broken, 502, "protocol error", flags::UPSTREAM_PROTOCOL_ERROR),
        };
        // Envoy never tries again after an overflow.
        if let Some(reset) = reset
            && self.tries_again_after(stream, reset, failure.in_words())
        {
            return;
        }
        let reply = reset_reply(stream.borrow().routing.attempt, failure, status, reason, flags);
        self.own_reply(stream, failure, reply);
    }

    fn own_reply(&mut self, stream: &SharedStream, failure: Failure, reply: LocalReply) {
        let came_to = failure.in_words().to_owned();
        stream
            .borrow_mut()
            .routing
            .end_attempt(AttemptState::Over, came_to);
        self.router_reply(stream, reply);
    }

    /// A reply of the router itself, after it has tried an upstream.
    fn router_reply(&mut self, stream: &SharedStream, mut reply: LocalReply) {
        {
            let stream = stream.borrow();
            if stream.routing.counts_in_response {
                let count = stream.routing.attempt.to_string();
                reply
                    .headers
                    .push((b"x-envoy-attempt-count".to_vec(), count.into_bytes()));
            }
        }
        self.release_retry(stream);
        self.end_attempt_stream(stream);
        self.reply(stream, reply);
    }

    /// The route's time is over, or no retry follows an attempt whose time is over.
    fn time_out(&mut self, stream: &SharedStream, details: &str) {
        let alternative = {
            let mut stream = stream.borrow_mut();
            let routing = &mut stream.routing;
            routing.end_attempt(AttemptState::Over, "time-out".to_owned());
            routing.alternative_response
        };
        let (status, message) = match alternative {
            true => (204, ""),
            false => (504, "upstream request timeout"),
        };
        self.router_reply(
            stream,
            LocalReply::own(status, message, details, flags::UPSTREAM_TIMEOUT),
        );
    }

    /// The time is over that the route gives a request.
    pub(in crate::envoy) fn route_timeout(&mut self, stream: &SharedStream) {
        if stream.borrow().stage != Stage::Finished {
            self.time_out(stream, "response_timeout");
        }
    }

    /// The time is over that one attempt has. Once a response has begun it has no such limit.
    pub(in crate::envoy) fn per_try_timeout(&mut self, stream: &SharedStream, attempt: u32) {
        let again = "per-try time-out";
        if self.waits(stream, attempt) && !self.tries_again_after(stream, Reset::Broken, again) {
            self.time_out(stream, "upstream_per_try_timeout");
        }
    }
}

/// The router's reply where an attempt was reset before its response.
fn reset_reply(attempt: u32, failure: Failure, status: u16, reason: &str, flags: u64) -> LocalReply {
    let retried = match attempt {
        0 | 1 => "",
        _ => "retried and the latest ",
    };
    let message =
        format!("upstream connect error or disconnect/reset before headers. {retried}reset reason: {reason}");
    let transport = match failure {
        Failure::Unconnected => "|delayed_connect_error:_Connection_refused",
        _ => "",
    };
    let reason = reason.replace(' ', "_");
    let details = format!("upstream_reset_before_response_started{{{reason}{transport}}}");
    let mut reply = LocalReply::own(status, &message, &details, flags);
    if failure == Failure::Overflow {
        let overloaded = (b"x-envoy-overloaded".to_vec(), b"true".to_vec());
        reply.headers.push(overloaded);
    }
    reply
}
