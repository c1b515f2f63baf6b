//! Which part of an exchange a filter may see and change right now.

use super::Stream;
use crate::header_map::HeaderMap;
use crate::way::Direction;

/// The header maps of the ABI that belong to an exchange, and those that do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapType {
    RequestHeaders,
    ResponseHeaders,
    RequestTrailers,
    ResponseTrailers,
    CallOutHeaders,
    CallOutTrailers,
    /// What gRPC call-outs bring: never there.
    Grpc,
}

impl MapType {
    pub(crate) fn from_abi(number: u32) -> Option<MapType> {
        match number {
            0 => Some(MapType::RequestHeaders),
            2 => Some(MapType::ResponseHeaders),
            1 => Some(MapType::RequestTrailers),
            3 => Some(MapType::ResponseTrailers),
            4 | 5 => Some(MapType::Grpc),
            6 => Some(MapType::CallOutHeaders),
            7 => Some(MapType::CallOutTrailers),
            _ => None,
        }
    }
}

/// What one filter of the chain may see.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterView {
    /// Its stream context, once created.
    pub(crate) context: Option<u32>,
    /// Its request callback was called (and its VM lived), so the response comes by.
    pub(crate) entered: bool,
    /// Its VM was dead when it was called: Envoy leaves it out from then on.
    pub(crate) failed: bool,
    pub(crate) request: Sight,
    pub(crate) response: Sight,
    pub(crate) in_log: bool,
}

/// What a filter may see of one direction. Envoy forgets a map or piece only when its callback lets it go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    pub(crate) headers: bool,
    pub(crate) body: bool,
    pub(crate) trailers: bool,
    /// It holds the body back, so it sees all that is held.
    pub(crate) buffering: bool,
}

impl FilterView {
    pub(crate) fn sight(&mut self, way: Direction) -> &mut Sight {
        match way {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// Whether the response phase comes by this filter.
    pub(crate) fn takes_part(&self) -> bool {
        self.entered && !self.failed
    }
}

impl Stream {
    /// The map, where this filter may read it now.
    pub(crate) fn readable_map(&self, filter: usize, map: MapType) -> Option<&HeaderMap> {
        let view = self.filters.get(filter)?;
        match map {
            MapType::RequestHeaders if view.request.headers || view.in_log => Some(&self.request),
            MapType::ResponseHeaders if view.response.headers || view.in_log => self.response.as_ref(),
            // The one map that on_log does not see.
            MapType::RequestTrailers if view.request.trailers => self.request_way.trailers.as_ref(),
            MapType::ResponseTrailers if view.response.trailers || view.in_log => {
                self.response_way.trailers.as_ref()
            }
            _ => None,
        }
    }

    /// The map, where this filter may change it now. With the end of a body come trailers that are empty, if the peer
    /// sent none.
    pub(crate) fn writable_map(&mut self, filter: usize, map: MapType) -> Option<&mut HeaderMap> {
        match map {
            MapType::RequestTrailers => self.add_trailers(filter, Direction::Request),
            MapType::ResponseTrailers => self.add_trailers(filter, Direction::Response),
            _ => {}
        }
        let view = self.filters.get(filter)?;
        match map {
            MapType::RequestHeaders if view.request.headers => Some(&mut self.request),
            MapType::ResponseHeaders if view.response.headers => self.response.as_mut(),
            MapType::RequestTrailers if view.request.trailers => self.request_way.trailers.as_mut(),
            MapType::ResponseTrailers if view.response.trailers => self.response_way.trailers.as_mut(),
            _ => None,
        }
    }

    fn add_trailers(&mut self, filter: usize, way: Direction) {
        let Some(sight) = self.filters.get_mut(filter).map(|view| view.sight(way)) else {
            return;
        };
        let lane = match way {
            Direction::Request => &mut self.request_way,
            Direction::Response => &mut self.response_way,
        };
        if sight.body && lane.trailers.is_none() && lane.places.get(filter).is_some_and(|place| place.saw_end)
        {
            sight.trailers = true;
            lane.trailers = Some(HeaderMap::trailers());
            lane.trailers_added_by = Some(filter);
        }
    }

    pub(crate) fn in_log(&self, filter: usize) -> bool {
        self.filters.get(filter).is_some_and(|view| view.in_log)
    }

    /// What this filter may see of the body now: all that it holds back, or the piece that is passing it.
    pub(crate) fn body_mut(&mut self, filter: usize, way: Direction) -> Option<&mut Vec<u8>> {
        let sight = self.filters.get_mut(filter)?.sight(way).clone();
        let way = self.way(way);
        match sight {
            Sight { buffering: true, .. } => Some(way.buffered.get_or_insert_default()),
            Sight { body: true, .. } => Some(&mut way.passing),
            _ => None,
        }
    }

    pub(crate) fn hide_request(&mut self, filter: usize) {
        if let Some(view) = self.filters.get_mut(filter) {
            view.request.headers = false;
            view.request.body = false;
            view.request.trailers = false;
        }
    }
}
