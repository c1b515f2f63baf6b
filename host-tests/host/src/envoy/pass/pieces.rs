//! Pieces of a body: shown to each filter, held back by it or lost, and bounded where they are held.

use crate::envoy::calls::Verdict;
use crate::envoy::flow::SharedStream;
use crate::envoy::thread::EnvoyThread;
use crate::local_reply::LocalReply;
use crate::stream::Stage;
use crate::way::{Direction, Iteration};

/// What a body callback may return: let it go, hold and show it whole again, hold and make the peer wait. Anything
/// else loses the piece.
const CONTINUE: u32 = 0;
const BUFFER: u32 = 1;
const BUFFER_AND_WAIT: u32 = 2;

impl EnvoyThread {
    /// A piece of the body passes the filters after this one (or from it on), then leaves.
    pub(in crate::envoy) fn pass_data(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        after: Option<(usize, bool)>,
        data: Vec<u8>,
        end: bool,
    ) {
        let limit = self.settings.limit_of(stream);
        let had_trailers = stream.borrow_mut().way(way).trailers.is_some();
        let outer = std::mem::replace(&mut stream.borrow_mut().way(way).passing, data);
        let mut passed = true;
        let (from, inclusive) = (
            after.map(|(filter, _)| filter),
            after.is_some_and(|(_, from)| from),
        );
        for filter in self.remaining(stream, way, from, inclusive) {
            if !self.piece(stream, way, filter, end, limit) {
                passed = false;
                break;
            }
        }
        let piece = std::mem::replace(&mut stream.borrow_mut().way(way).passing, outer);
        if !passed || stream.borrow().stage == Stage::Finished {
            return;
        }
        self.send_piece(stream, way, piece, end);
        let added_by = stream.borrow_mut().way(way).trailers_added_by;
        if let Some(filter) = added_by.filter(|_| !had_trailers) {
            self.pass_trailers(stream, way, Some((filter, false)));
        }
    }

    /// Shows the passing piece to one filter. False if it does not go on from there.
    fn piece(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        filter: usize,
        end: bool,
        limit: usize,
    ) -> bool {
        let (length, end, too_large) = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            let view = &mut stream.filters[filter];
            if !view.takes_part() {
                return true;
            }
            let buffering = view.sight(way).buffering;
            view.sight(way).body = true;
            let lane = stream.way(way);
            if lane.places[filter].iteration == Iteration::StoppedAll {
                let data = std::mem::take(&mut lane.passing);
                lane.buffer(&data, limit);
                return false;
            }
            if lane.places[filter].saw_end {
                return false;
            }
            let end = end && lane.trailers.is_none();
            lane.places[filter].saw_end = end;
            let mut too_large = false;
            if buffering {
                let data = std::mem::take(&mut lane.passing);
                lane.waits = false;
                too_large = lane.buffer(&data, limit);
            }
            let shown = if buffering {
                lane.buffered.as_ref()
            } else {
                Some(&lane.passing)
            };
            (shown.map_or(0, Vec::len), end, too_large)
        };
        if too_large && way == Direction::Response {
            self.too_large(stream, way);
            return false;
        }
        let callback = match way {
            Direction::Request => "proxy_on_request_body",
            Direction::Response => "proxy_on_response_body",
        };
        let verdict = self.call_filter(stream, filter, callback, &[length as u32, u32::from(end)]);
        let status = match verdict {
            Verdict::Return(status) => status,
            Verdict::Stop => u32::MAX,
            other => {
                self.give_up(stream, other);
                return false;
            }
        };
        if too_large {
            self.too_large(stream, way);
            return false;
        }
        self.after_piece(stream, way, filter, status, limit)
    }

    fn after_piece(
        &mut self,
        stream: &SharedStream,
        way: Direction,
        filter: usize,
        status: u32,
        limit: usize,
    ) -> bool {
        let full = {
            let mut borrowed = stream.borrow_mut();
            let stream = &mut *borrowed;
            let sight = stream.filters[filter].sight(way);
            sight.buffering = status == BUFFER;
            sight.body = status != CONTINUE;
            let lane = stream.way(way);
            let place = &mut lane.places[filter];
            let was_stopped = place.iteration == Iteration::Stopped;
            if status == CONTINUE && !was_stopped {
                return true;
            }
            place.iteration = Iteration::Stopped;
            let data = std::mem::take(&mut lane.passing);
            match status {
                CONTINUE => lane.buffer(&data, limit) && !lane.waits,
                BUFFER | BUFFER_AND_WAIT => {
                    lane.waits = status == BUFFER_AND_WAIT;
                    lane.buffer(&data, limit) && !lane.waits
                }
                // Dropped. The end must not get lost with it.
                _ => {
                    if lane.ended && lane.trailers.is_none() {
                        lane.buffered.get_or_insert_default();
                    }
                    false
                }
            }
        };
        if full {
            self.too_large(stream, way);
        } else if status == CONTINUE {
            self.resume(stream, filter, way);
        }
        false
    }

    /// More was held back than the buffer limit permits.
    fn too_large(&mut self, stream: &SharedStream, way: Direction) {
        let (status, body, details) = match way {
            Direction::Request => (413, "Payload Too Large", "request_payload_too_large"),
            Direction::Response => (500, "Internal Server Error", "response_payload_too_large"),
        };
        self.reply(stream, LocalReply::own(status, body, details, 0));
    }
}
