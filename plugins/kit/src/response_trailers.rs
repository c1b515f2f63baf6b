//! The phase in which the response's trailers pass. Its headers and body are gone.

use crate::host::{self, Map};
use crate::worker::Worker;

/// The trailers of a response on their way to the client.
pub struct ResponseTrailers<'w> {
    worker: &'w Worker,
}

impl<'w> ResponseTrailers<'w> {
    pub(crate) fn new(worker: &'w Worker) -> Self {
        Self { worker }
    }

    /// The value of a trailer (its name in lower case); empty if there is none.
    pub fn first(&self, name: &str) -> Vec<u8> {
        self.worker
            .tolerate_absence("response_trailer", host::header(Map::ResponseTrailers, name))
            .unwrap_or_default()
    }
}
