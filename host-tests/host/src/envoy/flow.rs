//! What leaves Envoy, local replies, and how an exchange ends: log of all filters, then done and delete of each.

use super::seats::Footing;
use super::thread::EnvoyThread;
use crate::client_request::Protocol;
use crate::edge;
use crate::local_reply::LocalReply;
use crate::routing::AttemptState;
pub(crate) use crate::stream::SharedStream;
use crate::stream::{FilterView, Stage, exchange_of};
use crate::way::{Direction, Way};

impl EnvoyThread {
    /// Answers in the place of the upstream. In the request phase the reply passes the response phase of every
    /// filter already entered; once response headers are on their way it goes straight to the client.
    pub(super) fn reply(&mut self, stream: &SharedStream, reply: LocalReply) {
        if stream.borrow().stage == Stage::Finished {
            return;
        }
        let exchange = stream.borrow().exchange.clone();
        if let Some(exchange) = exchange {
            return self.reply(&exchange, reply);
        }
        stream.borrow_mut().details = reply.details.clone();
        self.end_attempt_stream(stream);
        if stream.borrow().headers_sent {
            return self.break_off(stream, reply);
        }
        let (in_response, body) = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            let in_response = stream.response.is_some();
            let (headers, body) = reply.render(&stream.request);
            // For gRPC that is not the status that the client gets.
            stream.code = Some(reply.status);
            stream.flags |= reply.flags;
            stream.response = Some(headers);
            // Nothing of the request goes on, and nothing that an upstream still sends.
            stream.request_way.closed = true;
            stream
                .routing
                .end_attempt(AttemptState::Over, "given up".to_owned());
            stream.response_way = Way::new(stream.filters.len());
            stream.response_way.ended = body.is_empty();
            (in_response, body)
        };
        let end = body.is_empty();
        if in_response {
            self.send_headers(stream, end);
        } else {
            self.pass_headers(stream, Direction::Response, None, end);
        }
        if end || stream.borrow().stage == Stage::Finished {
            return;
        }
        stream.borrow_mut().response_way.ended = true;
        if in_response {
            self.send_piece(stream, Direction::Response, body, true);
        } else {
            self.pass_data(stream, Direction::Response, None, body, true);
        }
    }

    /// Too late for another response: the client's connection breaks off after what it has.
    fn break_off(&mut self, stream: &SharedStream, reply: LocalReply) {
        {
            let mut stream = stream.borrow_mut();
            stream.flags |= reply.flags;
            stream.broken = true;
        }
        self.finish(stream);
    }

    /// All filters have let the response's headers go: they are on their way to the client.
    pub(super) fn send_headers(&mut self, stream: &SharedStream, end: bool) {
        if stream.borrow().exchange.is_some() {
            return self.response_for_router(stream, end);
        }
        let over = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            stream.headers_sent = true;
            let Some(headers) = &mut stream.response else {
                return;
            };
            let complete = has_a_number(headers);
            let mut body = Vec::new();
            if !complete {
                let message = "missing required header: :status";
                (*headers, body) = LocalReply::own(502, message, "", 0).render(&stream.request);
                stream.details =
                    b"filter_removed_required_response_headers{missing_required_header:_:status}".to_vec();
            }
            stream.code = Some(status_of(headers));
            let mut delivered = if stream.call_out.is_some() {
                headers.clone()
            } else {
                let upgraded = stream.code == Some(101) && stream.sent.upgrade().is_some();
                let unread = !stream.request_way.ended && !upgraded;
                let close = unread && stream.sent.protocol == Protocol::Http1;
                edge::finish_response(headers, self.shared.clock.system_time(), upgraded, close);
                edge::frame_response(headers, end, &stream.sent)
            };
            self.shared.secrets.lock().take_from(&mut delivered);
            stream.delivered = Some((delivered, body));
            end || !complete
        };
        if over {
            self.finish(stream);
        }
    }

    /// A piece of the body leaves: for the upstream, or for the client.
    pub(super) fn send_piece(&mut self, stream: &SharedStream, way: Direction, piece: Vec<u8>, end: bool) {
        if stream.borrow().exchange.is_some() {
            return self.attempt_piece(stream, way, piece, end);
        }
        let over = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            if way == Direction::Response {
                if let Some((_, body)) = &mut stream.delivered {
                    body.extend_from_slice(&piece);
                }
                if !piece.is_empty() {
                    stream.response_way.sent.push(piece.clone());
                }
            }
            end && stream.way(way).trailers.is_none()
        };
        if way == Direction::Request {
            self.piece_for_upstream(stream, piece, over);
        }
        if over {
            self.complete(stream, way);
        }
    }

    /// Trailers leave, if any are left. HTTP/1 has no place for them behind a body of known length.
    pub(super) fn send_trailers(&mut self, stream: &SharedStream, way: Direction) {
        {
            let mut stream = stream.borrow_mut();
            let attempt = stream.routing.attempts.last();
            let (protocol, left) = match way {
                Direction::Request => (
                    stream.routing.protocol,
                    attempt.map(|attempt| attempt.headers.as_slice()),
                ),
                Direction::Response => (
                    stream.sent.protocol,
                    stream.delivered.as_ref().map(|(headers, _)| headers.pairs()),
                ),
            };
            let sized = left.is_some_and(|headers| headers.iter().any(|(name, _)| name == b"content-length"));
            let no_place = sized && protocol == Protocol::Http1;
            let lane = stream.way(way);
            lane.sent_trailers = lane
                .trailers
                .clone()
                .filter(|trailers| trailers.len() > 0 && !no_place);
        }
        if stream.borrow().exchange.is_some() {
            return self.attempt_trailers(stream, way);
        }
        self.complete(stream, way);
    }

    /// This direction is through: the upstream has the whole request, or the client the whole response.
    pub(super) fn complete(&mut self, stream: &SharedStream, way: Direction) {
        match way {
            Direction::Request => {
                self.request_complete(stream);
            }
            Direction::Response => self.finish(stream),
        }
    }

    /// The stream is reset: the client gets no response.
    pub(super) fn close(&mut self, stream: &SharedStream) {
        let stream = &exchange_of(stream);
        {
            let mut stream = stream.borrow_mut();
            stream.broken = stream.headers_sent;
            if stream.details.is_empty() {
                stream.details = b"wasm_close_stream".to_vec();
            }
        }
        self.finish(stream);
    }

    /// `on_log` of all filters, the ones never entered included, then done and delete of each.
    pub(super) fn finish(&mut self, stream: &SharedStream) {
        if stream.borrow().stage == Stage::Finished {
            return;
        }
        let now = self.shared.clock.elapsed();
        self.timers.forget(stream);
        self.release_retry(stream);
        let (filters, seats) = {
            let mut stream = stream.borrow_mut();
            stream.stage = Stage::Finished;
            stream.ended_after = Some(now);
            if stream.routing.waiting().is_some() {
                stream
                    .routing
                    .end_attempt(AttemptState::Over, "given up".to_owned());
            }
            if let Some(attempt) = stream.routing.attempts.last_mut() {
                attempt.under_way = None;
            }
            (stream.filters.len(), stream.taken.len())
        };
        for filter in 0..filters {
            self.create_context(stream, filter);
            {
                let view = &mut stream.borrow_mut().filters[filter];
                *view = FilterView {
                    context: view.context,
                    in_log: true,
                    ..FilterView::default()
                };
            }
            self.call_filter(stream, filter, "proxy_on_log", &[]);
            stream.borrow_mut().filters[filter].in_log = false;
        }
        self.end_contexts(stream);
        self.end_attempt_stream(stream);
        self.watch_memory(stream);
        for filter in 0..seats {
            let footing = stream.borrow().taken[filter].footing;
            if let Footing::Seat(seat) = footing {
                self.leave(seat);
            }
        }
        if self.settings.keeps_records {
            stream.borrow_mut().metrics_after = Some(self.shared.metrics.lock().all());
        }
        if stream.borrow().call_out.is_some() {
            self.ended_call_outs.push_back(stream.clone());
        }
    }

    /// Done and delete of each filter.
    pub(super) fn end_contexts(&mut self, stream: &SharedStream) {
        for filter in 0..filters_of(stream) {
            if stream.borrow().filters[filter].context.is_none() {
                continue;
            }
            self.call_filter(stream, filter, "proxy_on_done", &[]);
            self.call_filter(stream, filter, "proxy_on_delete", &[]);
            let context = stream.borrow().filters[filter].context;
            let footing = stream.borrow().taken[filter].footing;
            if let (Footing::Seat(seat), Some(context)) = (footing, context) {
                self.sitting(seat).0.state_mut().remove_context(context);
            }
        }
    }
}

/// How many filters the chain has. (A borrow inside a call or a loop's head would last as long as that.)
pub(super) fn filters_of(stream: &SharedStream) -> usize {
    stream.borrow().filters.len()
}

/// Whether there is a status at all, and it is a number: without, Envoy answers in its place.
fn has_a_number(headers: &crate::header_map::HeaderMap) -> bool {
    let status = headers.first(b":status").unwrap_or_default();
    str::from_utf8(status).is_ok_and(|status| status.trim_ascii().parse::<u64>().is_ok())
}

pub(super) fn status_of(headers: &crate::header_map::HeaderMap) -> u16 {
    let status = headers
        .first(b":status")
        .and_then(|text| std::str::from_utf8(text).ok());
    status
        .and_then(|text| text.trim_ascii().parse().ok())
        .unwrap_or(0)
}
