//! Headers, pieces of the body and trailers on their way through the filters, in either direction.
//!
//! What a callback returns decides about the filters after it. The statuses, and what a filter sees of a body that
//! it holds back, are Envoy's, seen on 1.40.0: a paused body is shown whole each time, a stop in the headers
//! callback stops everything unless the plugin allows otherwise.

mod pieces;

use super::calls::Verdict;
use super::flow::{SharedStream, filters_of};
use super::thread::EnvoyThread;
use crate::stream::Stage;
use crate::way::{Direction, Iteration};

/// With this a callback lets headers or trailers go on.
const CONTINUE: u32 = 0;

impl EnvoyThread {
    /// The filters in this direction: all, those after this one, or those from it on.
    fn remaining(
        &self,
        stream: &SharedStream,
        way: Direction,
        after: Option<usize>,
        inclusive: bool,
    ) -> Vec<usize> {
        let all = filters_of(stream);
        let skip = usize::from(!inclusive);
        match (way, after) {
            (Direction::Request, None) => (0..all).collect(),
            (Direction::Request, Some(filter)) => (filter + skip..all).collect(),
            (Direction::Response, None) => (0..all).rev().collect(),
            (Direction::Response, Some(filter)) => (0..(filter + 1 - skip)).rev().collect(),
        }
    }

    /// Headers pass the filters after this one, then leave.
    pub(super) fn pass_headers(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        after: Option<usize>,
        end: bool,
    ) {
        for filter in self.remaining(stream, way, after, false) {
            let mut early = None;
            let callback = match way {
                Direction::Request => {
                    early = self.create_context(stream, filter);
                    "proxy_on_request_headers"
                }
                Direction::Response if !stream.borrow().filters[filter].takes_part() => continue,
                Direction::Response => "proxy_on_response_headers",
            };
            let count = {
                let mut stream = stream.borrow_mut();
                stream.stage = match way {
                    Direction::Request => Stage::Decoding,
                    Direction::Response => Stage::Encoding,
                };
                stream.filters[filter].sight(way).headers = true;
                stream.way(way).places[filter].saw_end = end;
                match way {
                    Direction::Request => stream.request.len(),
                    Direction::Response => stream.response.as_ref().map_or(0, |headers| headers.len()),
                }
            };
            let called = self.call_filter(stream, filter, callback, &[count as u32, u32::from(end)]);
            let verdict = early.map_or(called, Verdict::Reply);
            if way == Direction::Request {
                stream.borrow_mut().filters[filter].entered = true;
            }
            let allowed = stream.borrow().taken[filter]
                .plugin
                .allow_on_headers_stop_iteration;
            let iteration = match verdict {
                // 2 was once "continue and end the stream"; Envoy lets it go on.
                Verdict::Return(CONTINUE | 2) => Iteration::Goes,
                Verdict::Return(1) if allowed => Iteration::Stopped,
                Verdict::Return(_) | Verdict::Stop => Iteration::StoppedAll,
                other => return self.give_up(stream, other),
            };
            let mut borrowed = stream.borrow_mut();
            let borrowed = &mut *borrowed;
            if iteration == Iteration::Goes {
                borrowed.filters[filter].sight(way).headers = false;
            }
            let way = borrowed.way(way);
            way.places[filter].iteration = iteration;
            way.places[filter].headers_continued |= iteration == Iteration::Goes;
            // A filter that stopped everything makes the peer wait; the buffer belongs to it from now on.
            way.waits |= iteration == Iteration::StoppedAll;
            if iteration != Iteration::Goes {
                return;
            }
        }
        match way {
            Direction::Request => self.route(stream, end),
            Direction::Response => self.send_headers(stream, end),
        }
    }

    /// Trailers pass the filters after this one (or from it on), then leave.
    pub(super) fn pass_trailers(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        after: Option<(usize, bool)>,
    ) {
        let (from, inclusive) = (
            after.map(|(filter, _)| filter),
            after.is_some_and(|(_, from)| from),
        );
        for filter in self.remaining(stream, way, from, inclusive) {
            let count = {
                let mut borrowed = stream.borrow_mut();
                let stream = &mut *borrowed;
                if !stream.filters[filter].takes_part() {
                    continue;
                }
                if stream.way(way).places[filter].iteration == Iteration::StoppedAll {
                    return;
                }
                stream.way(way).places[filter].saw_end = true;
                stream.filters[filter].sight(way).trailers = true;
                stream.way(way).trailers.as_ref().map_or(0, |map| map.len())
            };
            let callback = match way {
                Direction::Request => "proxy_on_request_trailers",
                Direction::Response => "proxy_on_response_trailers",
            };
            match self.call_filter(stream, filter, callback, &[count as u32]) {
                Verdict::Return(CONTINUE) => {
                    stream.borrow_mut().filters[filter].sight(way).trailers = false;
                    let iteration = stream.borrow_mut().way(way).places[filter].iteration;
                    if iteration != Iteration::Goes {
                        // Going on sends headers, body and trailers along.
                        return self.resume(stream, filter, way);
                    }
                }
                Verdict::Return(_) | Verdict::Stop => {
                    stream.borrow_mut().way(way).places[filter].iteration = Iteration::Stopped;
                    return;
                }
                other => return self.give_up(stream, other),
            }
        }
        self.send_trailers(stream, way);
    }

    /// A filter goes on: what it held of headers, body and trailers passes the filters after it.
    pub(super) fn resume(&mut self, stream: &SharedStream, filter: usize, way: Direction) {
        let (headers, held) = {
            let mut borrowed = stream.borrow_mut();
            if borrowed.stage == Stage::Finished || borrowed.way(way).closed || !borrowed.has_begun(way) {
                return;
            }
            let lane = borrowed.way(way);
            let held = lane.buffered.is_some();
            let place = &mut lane.places[filter];
            place.starts_here = place.iteration == Iteration::StoppedAll;
            place.iteration = Iteration::Goes;
            let first = !std::mem::replace(&mut place.headers_continued, true);
            (first, held)
        };
        let over = |stream: &SharedStream| {
            let mut stream = stream.borrow_mut();
            stream.stage == Stage::Finished || stream.way(way).closed
        };
        let (ended, trailers) = {
            let mut stream = stream.borrow_mut();
            let lane = stream.way(way);
            (lane.ended, lane.trailers.is_some())
        };
        if headers {
            self.pass_headers(stream, way, Some(filter), ended && !held && !trailers);
        }
        if over(stream) {
            return;
        }
        let (buffered, from_here) = {
            let mut stream = stream.borrow_mut();
            let lane = stream.way(way);
            (lane.buffered.take(), lane.places[filter].starts_here)
        };
        if let Some(data) = buffered {
            self.pass_data(stream, way, Some((filter, from_here)), data, ended && !trailers);
        }
        if trailers && !over(stream) {
            self.pass_trailers(stream, way, Some((filter, from_here)));
        }
        stream.borrow_mut().way(way).places[filter].starts_here = false;
    }

    /// A filter answered itself, ended the stream, or the stream ended under it.
    fn give_up(&mut self, stream: &SharedStream, verdict: Verdict) {
        match verdict {
            Verdict::Reply(reply) => self.reply(stream, reply),
            Verdict::Close => self.close(stream),
            Verdict::Return(_) | Verdict::Stop | Verdict::Gone => {}
        }
    }
}
