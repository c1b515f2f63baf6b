//! What peers send behind their headers, fed to the filters one arrival at a time.

use super::flow::SharedStream;
use super::thread::EnvoyThread;
use crate::client_request::Protocol;
use crate::flags;
use crate::local_reply::LocalReply;
use crate::stream::{Stage, exchange_of};
use crate::way::{Arrival, Direction};

impl EnvoyThread {
    /// One more arrival on a live exchange.
    pub(super) fn arrives(&mut self, stream: &SharedStream, way: Direction, arrival: Arrival) {
        if let (Direction::Request, Arrival::Piece(piece)) = (way, &arrival) {
            stream.borrow_mut().sent.body.extend_from_slice(piece);
        }
        let filters = stream.borrow().routing.attempt_stream.clone();
        let first = match way {
            Direction::Response => filters.as_ref().unwrap_or(stream),
            Direction::Request => stream,
        };
        first.borrow_mut().way(way).arriving.push_back(arrival);
        self.drive(stream);
        self.settle();
    }

    /// Feeds what has arrived, as far as the filters make nobody wait: first to a cluster's filters.
    pub(super) fn drive(&mut self, stream: &SharedStream) {
        let attempt_stream = stream.borrow().routing.attempt_stream.clone();
        if let Some(attempt_stream) = attempt_stream {
            self.drive_own(&attempt_stream);
        }
        self.drive_own(stream);
    }

    /// The same, without the filters of a cluster.
    pub(super) fn drive_own(&mut self, stream: &SharedStream) {
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for way in [Direction::Request, Direction::Response] {
                while let Some(arrival) = self.next_arrival(stream, way) {
                    moved = true;
                    self.take_in(stream, way, arrival);
                }
            }
        }
        let mut borrowed = stream.borrow_mut();
        let stream = &mut *borrowed;
        if stream.stage == Stage::Finished || stream.exchange.is_some() {
            return;
        }
        // A filter that stopped holds nothing once the upstream has the whole request.
        let request = match stream.routing.complete_after {
            Some(_) => None,
            None => stream.request_way.holder(Direction::Request),
        };
        let response = stream.response_way.holder(Direction::Response);
        stream.stage = match (&stream.response, response, request) {
            (Some(_), Some(filter), _) => Stage::ResponseHeld(filter),
            (Some(_), None, _) => Stage::Encoding,
            (None, _, Some(filter)) => Stage::RequestHeld(filter),
            (None, _, None) if stream.routing.is_at_upstream() => Stage::AtUpstream,
            (None, _, None) if stream.routing.waiting().is_some() => Stage::HeldUpstream,
            (None, _, None) if stream.routing.has_begun() => Stage::BackingOff,
            (None, _, None) => Stage::Decoding,
        };
    }

    fn next_arrival(&self, stream: &SharedStream, way: Direction) -> Option<Arrival> {
        let limit = self.settings.limit_of(stream);
        let mut stream = stream.borrow_mut();
        if stream.stage == Stage::Finished || !stream.has_begun(way) {
            return None;
        }
        let way = stream.way(way);
        if way.closed || way.is_full(limit) {
            return None;
        }
        way.arriving.pop_front()
    }

    fn take_in(&mut self, stream: &SharedStream, way: Direction, arrival: Arrival) {
        let upgraded = {
            let stream = stream.borrow();
            way == Direction::Response && stream.is_upgraded()
        };
        if upgraded && matches!(arrival, Arrival::End | Arrival::Cut) {
            // There is no end of a body: the connection ends.
            self.pass_data(stream, way, None, Vec::new(), false);
            let reply = broken_off(
                503,
                "connection termination",
                flags::UPSTREAM_CONNECTION_TERMINATION,
            );
            return self.break_off_upstream(stream, reply);
        }
        match arrival {
            Arrival::Piece(piece) => self.pass_data(stream, way, None, piece, false),
            Arrival::Last(piece) => {
                stream.borrow_mut().way(way).ended = true;
                self.pass_data(stream, way, None, piece, true);
            }
            Arrival::End => {
                stream.borrow_mut().way(way).ended = true;
                self.pass_data(stream, way, None, Vec::new(), true);
            }
            Arrival::Trailers(trailers) => {
                {
                    let mut stream = stream.borrow_mut();
                    let way = stream.way(way);
                    way.ended = true;
                    way.trailers = Some(trailers);
                }
                self.pass_trailers(stream, way, None);
            }
            Arrival::Cut | Arrival::Reset => {
                let protocol = stream.borrow().routing.protocol;
                let reply = match (protocol, arrival) {
                    (Protocol::Http1, _) => broken_off(502, "protocol error", flags::UPSTREAM_PROTOCOL_ERROR),
                    (Protocol::Http2, Arrival::Reset) => {
                        broken_off(503, "remote reset", flags::UPSTREAM_REMOTE_RESET)
                    }
                    (Protocol::Http2, _) => broken_off(
                        503,
                        "connection termination",
                        flags::UPSTREAM_CONNECTION_TERMINATION,
                    ),
                };
                self.break_off_upstream(stream, reply);
            }
        }
    }
}

impl EnvoyThread {
    fn break_off_upstream(&mut self, stream: &SharedStream, reply: LocalReply) {
        let exchange = exchange_of(stream);
        self.end_attempt_stream(&exchange);
        self.reply(&exchange, reply);
    }
}

/// What Envoy makes of an upstream that breaks off in the middle of its response.
fn broken_off(status: u16, reason: &str, flags: u64) -> LocalReply {
    let message =
        format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}");
    let details = format!(
        "upstream_reset_after_response_started{{{}}}",
        reason.replace(' ', "_")
    );
    LocalReply::own(status, &message, &details, flags)
}
