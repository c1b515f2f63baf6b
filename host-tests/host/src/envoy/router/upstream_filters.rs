//! A cluster's own filters, between the router and its upstreams. Each attempt passes them in a stream of its own.
//!
//! They see the request as the router sends it. What they change of its headers stays for the next attempt. Their
//! contexts end with the attempt, without a log.

use std::sync::Arc;

use atomic_refcell::AtomicRefCell;

use crate::edge;
use crate::envoy::flow::SharedStream;
use crate::envoy::seats::Footing;
use crate::envoy::thread::EnvoyThread;
use crate::header_map::HeaderMap;
use crate::stream::{Stage, Stream};
use crate::way::{Arrival, Direction};

impl EnvoyThread {
    /// An attempt passes the filters of its cluster, if that has any. False if it has none.
    pub(super) fn begin_attempt_stream(&mut self, exchange: &SharedStream, cluster: &str, end: bool) -> bool {
        let taken = self.take_seats(Some(cluster));
        if taken.is_empty() {
            return false;
        }
        let stream = Arc::new(AtomicRefCell::new(Stream::of_attempt(
            exchange,
            taken,
            end,
            &self.shared.clock,
        )));
        exchange.borrow_mut().routing.attempt_stream = Some(stream.clone());
        self.pass_headers(&stream, Direction::Request, None, end);
        true
    }

    /// The request's headers have passed: they go to the upstream.
    pub(in crate::envoy) fn attempt_headers(&mut self, stream: &SharedStream, end: bool) {
        let exchange = self.exchange_of_attempt(stream);
        let (request, protocol) = {
            let stream = stream.borrow();
            (stream.request.clone(), stream.routing.protocol)
        };
        if let Some(reply) = edge::unsendable(&request) {
            return self.reply(&exchange, reply);
        }
        let framed = edge::frame_request(&request, end, protocol);
        exchange.borrow_mut().request = request;
        self.reach_upstream(&exchange, &framed);
        if end {
            self.upstream_has_all(&exchange, None);
        }
    }

    /// What the client has sent so far passes the filters again, for another attempt. `end`: there was no body.
    pub(super) fn resend_through_filters(&mut self, exchange: &SharedStream, end: bool) {
        let (stream, kept, complete, trailers) = {
            let exchange = exchange.borrow();
            let routing = &exchange.routing;
            let trailers = exchange.request_way.sent_trailers.clone();
            (
                routing.attempt_stream.clone(),
                routing.kept.clone(),
                routing.complete_after.is_some() && !end,
                trailers,
            )
        };
        let Some(stream) = stream else {
            return;
        };
        let last = complete && trailers.is_none();
        if !kept.is_empty() || last {
            stream.borrow_mut().request_way.ended = last;
            self.pass_data(&stream, Direction::Request, None, kept, last);
        }
        if let Some(trailers) = trailers.filter(|_| complete) {
            self.trailers_through_filters(&stream, trailers);
        }
    }

    /// The request's trailers pass the filters.
    pub(super) fn trailers_through_filters(&mut self, stream: &SharedStream, trailers: HeaderMap) {
        {
            let mut stream = stream.borrow_mut();
            stream.request_way.ended = true;
            stream.request_way.trailers = Some(trailers);
        }
        self.pass_trailers(stream, Direction::Request, None);
    }

    /// A response passes the filters.
    pub(super) fn response_through_filters(
        &mut self,
        stream: &SharedStream,
        headers: HeaderMap,
        arriving: Vec<Arrival>,
        end: bool,
    ) {
        {
            let mut stream = stream.borrow_mut();
            stream.details = b"via_upstream".to_vec();
            stream.response = Some(headers);
            stream.response_way.arriving = arriving.into();
            stream.response_way.ended = end;
        }
        self.pass_headers(stream, Direction::Response, None, end);
    }

    /// A piece of a body has passed: to the upstream, or back to the router.
    pub(in crate::envoy) fn attempt_piece(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        piece: Vec<u8>,
        end: bool,
    ) {
        let exchange = self.exchange_of_attempt(stream);
        let end = end && stream.borrow_mut().way(way).trailers.is_none();
        match way {
            Direction::Request => {
                if let Some(attempt) = exchange.borrow_mut().routing.live()
                    && !piece.is_empty()
                {
                    attempt.pieces.push(piece);
                }
                if end {
                    self.upstream_has_all(&exchange, None);
                }
            }
            Direction::Response => {
                let arrival = match (end, piece.is_empty()) {
                    (true, true) => Arrival::End,
                    (true, false) => Arrival::Last(piece),
                    (false, _) => Arrival::Piece(piece),
                };
                self.pass_on(&exchange, arrival, end);
            }
        }
    }

    /// Trailers have passed.
    pub(in crate::envoy) fn attempt_trailers(&mut self, stream: &SharedStream, way: Direction) {
        let exchange = self.exchange_of_attempt(stream);
        match way {
            Direction::Request => {
                let trailers = stream.borrow().request_way.sent_trailers.clone();
                self.upstream_has_all(&exchange, trailers);
            }
            Direction::Response => {
                let trailers = stream.borrow().response_way.sent_trailers.clone();
                let trailers = trailers.unwrap_or_else(HeaderMap::trailers);
                self.pass_on(&exchange, Arrival::Trailers(trailers), true);
            }
        }
    }

    /// What the upstream sent goes on downstream. With its end the attempt is over for its filters.
    fn pass_on(&mut self, exchange: &SharedStream, arrival: Arrival, end: bool) {
        if end {
            self.end_attempt_stream(exchange);
        }
        exchange.borrow_mut().response_way.arriving.push_back(arrival);
        self.drive_own(exchange);
    }

    /// A response's headers have passed: the router decides about them.
    pub(in crate::envoy) fn response_for_router(&mut self, stream: &SharedStream, end: bool) {
        let exchange = self.exchange_of_attempt(stream);
        let headers = {
            let mut stream = stream.borrow_mut();
            stream.headers_sent = true;
            stream.response.clone().unwrap_or_else(HeaderMap::response)
        };
        if end {
            self.end_attempt_stream(&exchange);
        }
        self.response_headers(&exchange, headers, Vec::new(), end);
        let code = exchange.borrow().code;
        stream.borrow_mut().code = code;
    }

    /// The attempt is over for its filters, if it has any: done and delete of each.
    pub(in crate::envoy) fn end_attempt_stream(&mut self, exchange: &SharedStream) {
        let stream = exchange.borrow_mut().routing.attempt_stream.take();
        let Some(stream) = stream else {
            return;
        };
        let seats = {
            let mut stream = stream.borrow_mut();
            let exchange = exchange.borrow();
            stream.stage = Stage::Finished;
            stream.details = exchange.details.clone();
            stream.flags = exchange.flags;
            stream.taken.clone()
        };
        self.end_contexts(&stream);
        self.watch_memory(&stream);
        for taken in seats {
            if let Footing::Seat(seat) = taken.footing {
                self.leave(seat);
            }
        }
    }

    fn exchange_of_attempt(&self, stream: &SharedStream) -> SharedStream {
        let exchange = stream.borrow().exchange.clone();
        exchange.expect("an attempt's stream has its exchange")
    }
}
