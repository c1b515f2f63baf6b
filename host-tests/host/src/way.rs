//! One direction of an exchange: what still arrives, what a filter holds back, and what got through.
//!
//! This is Envoy's filter manager in small. A filter that stops holds only itself and what comes after it; what it
//! holds of the body stands in one buffer a direction, whichever filter holds it.

use std::collections::VecDeque;

use crate::header_map::HeaderMap;

/// Requests pass the filters in order, responses in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// What a peer sends behind its headers.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    Piece(Vec<u8>),
    /// A piece that is the end: HTTP/2.
    Last(Vec<u8>),
    /// The end without trailers: HTTP/1 brings it as an empty piece.
    End,
    Trailers(HeaderMap),
    /// The upstream's connection breaks off in the middle of its response.
    Cut,
    /// The upstream resets its stream in the middle of its response: HTTP/2.
    Reset,
}

/// Whether a filter lets what follows go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Iteration {
    #[default]
    Goes,
    /// Stopped, and called with what follows.
    Stopped,
    /// Stopped, and not called with what follows until it goes on.
    StoppedAll,
}

/// How far one filter is in this direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) iteration: Iteration,
    pub(crate) headers_continued: bool,
    /// It was called with the end: nothing more is for it.
    pub(crate) saw_end: bool,
    /// It goes on after having stopped everything, so what was held is new to it.
    pub(crate) starts_here: bool,
}

/// One direction of an exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    pub(crate) arriving: VecDeque<Arrival>,
    /// The peer has sent its end.
    pub(crate) ended: bool,
    /// Nothing passes any more: a local reply took its place.
    pub(crate) closed: bool,
    pub(crate) buffered: Option<Vec<u8>>,
    /// Past the limit the peer is made to wait, instead of being refused.
    pub(crate) waits: bool,
    /// The piece that the filters are looking at.
    pub(crate) passing: Vec<u8>,
    pub(crate) places: Vec<Place>,
    /// Trailers, once they have arrived.
    pub(crate) trailers: Option<HeaderMap>,
    /// The filter that added them, where the peer sent none.
    pub(crate) trailers_added_by: Option<usize>,
    /// What left on the other side: the body's pieces and the trailers.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) sent_trailers: Option<HeaderMap>,
}

impl Way {
    pub(crate) fn new(filters: usize) -> Way {
        Way {
            places: vec![Place::default(); filters],
            ..Way::default()
        }
    }

    /// Adds to the buffer. True where it is now fuller than the limit.
    pub(crate) fn buffer(&mut self, data: &[u8], limit: usize) -> bool {
        let buffered = self.buffered.get_or_insert_default();
        buffered.extend_from_slice(data);
        !data.is_empty() && buffered.len() > limit
    }

    /// Whether the next arrival must wait until the buffer has drained.
    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.waits
            && self
                .buffered
                .as_ref()
                .is_some_and(|buffered| buffered.len() > limit)
    }

    /// The filter that holds this direction, if any: the last one that was reached.
    pub(crate) fn holder(&self, direction: Direction) -> Option<usize> {
        let mut stopped = self
            .places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.iteration != Iteration::Goes)
            .map(|(filter, _)| filter);
        match direction {
            Direction::Request => stopped.next_back(),
            Direction::Response => stopped.next(),
        }
    }
}
