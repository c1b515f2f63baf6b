//! An exchange that is on its way: either peer sends one thing after another, while a test looks on or time passes.

use super::Exchange;
use crate::answer::Answer;
use crate::client_request::Protocol;
use crate::header_map::HeaderMap;
use crate::stream::Stage;
use crate::way::{Arrival, Direction};

impl Exchange {
    /// The upstream begins to answer. Unlike [`Exchange::answer`] this leaves the exchange live where the answer is
    /// unfinished or a filter holds it: time may pass, and either peer may go on or go away. An upstream that has the
    /// request's headers may begin, also while a filter still holds the request's body.
    ///
    /// # Panics
    /// When the upstream has no request that it has not begun to answer, or a VM dies.
    #[track_caller]
    pub fn begin_answer(self, answer: impl Into<Answer>) -> Exchange {
        let message = self.because("no request is waiting at the upstream");
        self.require(self.awaits_answer(), &message);
        self.envoy.answer(&self.stream, answer.into().outcome);
        self.check_deaths();
        self
    }

    /// Whether an upstream has at least the request's headers, and has not begun to answer.
    pub fn awaits_answer(&self) -> bool {
        let stream = self.stream.borrow();
        stream.routing.is_at_upstream() && stream.stage != Stage::Finished
    }

    /// The upstream sends a status below 200 before its answer, as [`Answer::preceded_by`] does.
    ///
    /// # Panics
    /// When the upstream has no request that it has not begun to answer.
    #[track_caller]
    pub fn upstream_informs(self, status: u16) -> Exchange {
        let message = self.because("no request is waiting at the upstream");
        self.require(self.awaits_answer(), &message);
        self.envoy.inform(&self.stream, status);
        self
    }

    /// The client sends one more piece of an unfinished request.
    ///
    /// # Panics
    /// When the exchange is finished, or a VM dies. The same holds for the next six.
    #[track_caller]
    pub fn client_sends(self, piece: impl AsRef<[u8]>) -> Exchange {
        self.arrives(Direction::Request, Arrival::Piece(piece.as_ref().to_vec()))
    }

    /// The client ends an unfinished request.
    #[track_caller]
    pub fn client_ends(self) -> Exchange {
        self.arrives(Direction::Request, Arrival::End)
    }

    /// The client ends an unfinished request with these trailers; without any, this is [`Exchange::client_ends`].
    #[track_caller]
    pub fn client_ends_with<N: AsRef<[u8]>, V: AsRef<[u8]>>(self, trailers: &[(N, V)]) -> Exchange {
        self.arrives(Direction::Request, end_with(trailers))
    }

    /// The upstream sends one more piece of an unfinished answer.
    #[track_caller]
    pub fn upstream_sends(self, piece: impl AsRef<[u8]>) -> Exchange {
        self.arrives(Direction::Response, Arrival::Piece(piece.as_ref().to_vec()))
    }

    /// The upstream ends an unfinished answer.
    #[track_caller]
    pub fn upstream_ends(self) -> Exchange {
        self.arrives(Direction::Response, Arrival::End)
    }

    /// The upstream ends an unfinished answer with these trailers; without any, this is [`Exchange::upstream_ends`].
    #[track_caller]
    pub fn upstream_ends_with<N: AsRef<[u8]>, V: AsRef<[u8]>>(self, trailers: &[(N, V)]) -> Exchange {
        self.arrives(Direction::Response, end_with(trailers))
    }

    /// The upstream's connection breaks off in the middle of an unfinished answer.
    #[track_caller]
    pub fn upstream_resets(self) -> Exchange {
        self.arrives(Direction::Response, Arrival::Cut)
    }

    /// The upstream resets its stream in the middle of an unfinished answer: the connection lives on.
    ///
    /// # Panics
    /// When the upstream speaks HTTP/1.1, which has no such thing.
    #[track_caller]
    pub fn upstream_resets_stream(self) -> Exchange {
        let speaks = self.stream.borrow().routing.protocol;
        self.require(
            speaks == Protocol::Http2,
            "the upstream speaks HTTP/1.1, where only a connection can break off",
        );
        self.arrives(Direction::Response, Arrival::Reset)
    }

    #[track_caller]
    fn arrives(self, way: Direction, arrival: Arrival) -> Exchange {
        self.require(!self.is_finished(), "the exchange is finished already");
        self.envoy.arrives(&self.stream, way, arrival);
        self.check_deaths();
        self
    }
}

fn end_with<N: AsRef<[u8]>, V: AsRef<[u8]>>(trailers: &[(N, V)]) -> Arrival {
    if trailers.is_empty() {
        return Arrival::End;
    }
    let mut map = HeaderMap::trailers();
    for (name, value) in trailers {
        map.add(name.as_ref(), value.as_ref());
    }
    Arrival::Trailers(map)
}
