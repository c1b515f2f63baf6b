//! The attempts of an exchange: what each upstream got, and what came of it.

use std::time::Duration;

use super::Exchange;
use crate::field::Field;
use crate::header_map::HeaderMap;
use crate::header_map::named;
use crate::stream::Stage;

/// One attempt to have an upstream answer: the request as it was sent, or a retry of it.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Cluster, Host, RetryPolicy, Route, millis};
/// let route = Route::new("orders").retry(RetryPolicy::on("5xx")).include_request_attempt_count();
/// let host = Host::new(plugin).routes([route]).clusters([Cluster::new("upstream").answers([503, 200])]);
/// let exchange = host.get("/").header("x-api-key", "k").send();
/// host.advance(millis(25));
/// let [first, second] = &exchange.attempts()[..] else { panic!("{exchange}") };
/// first.header("x-envoy-attempt-count").is("1");
/// second.header("x-envoy-attempt-count").is("2");
/// assert_eq!((first.came_to().as_str(), second.came_to().as_str()), ("503", "200"));
/// ```
pub struct Attempt<'e> {
    exchange: &'e Exchange,
    index: usize,
}

impl<'e> Attempt<'e> {
    /// The cluster that it was for.
    pub fn cluster(&self) -> String {
        self.read(|attempt| attempt.cluster.clone())
    }

    /// A header as the upstream got it, pseudo headers included.
    pub fn header(&self, name: &str) -> Field<'e> {
        let name = name.to_ascii_lowercase();
        let values = self.headers().into_iter().filter(|(other, _)| *other == name);
        let place = format!("header {name} of attempt {}", self.index + 1);
        Field::new(self.exchange, place, values.map(|(_, value)| value).collect())
    }

    /// All headers as the upstream got them, in order.
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        self.read(|attempt| named(&attempt.headers))
    }

    /// The body as the upstream got it.
    pub fn body(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The body as the upstream got it, piece by piece. A retry sends what there already is in one piece.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        self.read(|attempt| attempt.pieces.clone())
    }

    /// A trailer as the upstream got it.
    pub fn trailer(&self, name: &str) -> Field<'e> {
        let values = self.read(|attempt| attempt.trailers.as_ref().map(|map| map.all(name.as_bytes())));
        let place = format!("trailer {name} of attempt {}", self.index + 1);
        Field::new(self.exchange, place, values.unwrap_or_default())
    }

    /// All trailers as the upstream got them, in order.
    pub fn trailers(&self) -> Vec<(String, Vec<u8>)> {
        self.read(|attempt| {
            named(
                attempt
                    .trailers
                    .as_ref()
                    .map(HeaderMap::pairs)
                    .unwrap_or_default(),
            )
        })
    }

    /// Whether it got as far as an upstream.
    pub fn reached_upstream(&self) -> bool {
        self.read(|attempt| attempt.reached)
    }

    /// How long after the exchange began it was sent.
    pub fn after(&self) -> Duration {
        let began = self.exchange.stream.borrow().started_after;
        self.read(|attempt| attempt.begun_after - began)
    }

    /// What came of it, as the rendered exchange says it: a status such as `503`, or why there is none, such as
    /// `connection refused`; `nothing yet` while it waits.
    pub fn came_to(&self) -> String {
        self.read(|attempt| attempt.came_to.clone())
            .unwrap_or_else(|| "nothing yet".to_owned())
    }

    fn read<T>(&self, read: impl FnOnce(&crate::routing::Attempt) -> T) -> T {
        read(&self.exchange.stream.borrow().routing.attempts[self.index])
    }
}

impl Exchange {
    /// All attempts so far, in order; none if the request got no further than the filters or the route table.
    pub fn attempts(&self) -> Vec<Attempt<'_>> {
        let count = self.stream.borrow().routing.attempts.len();
        let attempt = |index| Attempt {
            exchange: self,
            index,
        };
        (0..count).map(attempt).collect()
    }

    /// An attempt came to nothing, and a retry must follow: moves the host's clock on to the end of its back-off (and
    /// runs all that becomes due on the way).
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, RetryPolicy, Route};
    /// let host = Host::new(plugin).routes([Route::new("orders").retry(RetryPolicy::on("5xx"))]);
    /// let exchange = host.get("/").header("x-api-key", "k").answered_with(503).expect_retried();
    /// exchange.answer(200).expect_status(200);
    /// ```
    ///
    /// # Panics
    /// When no retry follows.
    #[track_caller]
    pub fn expect_retried(self) -> Exchange {
        let waits = |exchange: &Exchange| exchange.stream.borrow().stage == Stage::BackingOff;
        self.require(waits(&self), "no retry follows");
        while waits(&self) {
            self.envoy.advance_to_next();
        }
        self.check_deaths();
        self
    }
}
