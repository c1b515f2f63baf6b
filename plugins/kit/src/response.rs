//! The phase in which the response's headers can be read and changed. The request's are gone.

use crate::headers::Headers;
use crate::host::{self, Map};
use crate::object::Object;
use crate::worker::Worker;

/// A response on its way to the client, made by the upstream or by the proxy itself.
pub struct Response<'w> {
    worker: &'w Worker,
    headers: Headers<'w>,
}

impl<'w> Response<'w> {
    pub(crate) fn new(worker: &'w Worker) -> Self {
        Self {
            worker,
            headers: Headers::new(Map::ResponseHeaders, worker),
        }
    }

    /// The status code; `None` if there is none that can be read.
    pub fn status(&self) -> Option<u16> {
        let text = self
            .worker
            .tolerate("response_status", host::header(Map::ResponseHeaders, ":status"))?;
        let digits = <[u8; 3]>::try_from(text)
            .ok()
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        Some(
            digits
                .iter()
                .fold(0, |status, digit| status * 10 + u16::from(digit - b'0')),
        )
    }

    /// Makes `value` the header's only value.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.headers.set(name, value);
    }

    /// Adds to the filter state that tells why each plugin decided as it did.
    pub fn explain(&self, plugin: &str, explanation: &Object) {
        self.worker.explain(plugin, explanation);
    }

    pub(crate) fn write_back(&mut self) {
        self.headers.write_back();
    }
}
