//! The phase after the exchange: it is over, and can only be told about.

use crate::host::{self, Status};
use crate::worker::Worker;

/// An exchange that has ended.
pub struct Done<'w> {
    worker: &'w Worker,
}

impl<'w> Done<'w> {
    pub(crate) fn new(worker: &'w Worker) -> Self {
        Self { worker }
    }

    /// The status code that the client got; `None` if it got none.
    pub fn status(&self) -> Option<u64> {
        self.integer("response_code", "response\0code")
            .filter(|code| *code > 0)
    }

    /// Nanoseconds from the request's first byte to the response's last.
    pub fn duration_nanos(&self) -> Option<u64> {
        self.integer("request_duration", "request\0duration")
    }

    /// How it ended, as the bits of Envoy's response flags; 0 if nothing was wrong.
    pub fn flags(&self) -> u64 {
        self.integer("response_flags", "response\0flags")
            .unwrap_or_default()
    }

    /// How often the request was tried, where the plugin stands before the router; 0 if it never came to an upstream.
    pub fn attempts(&self) -> u64 {
        self.worker.attempts()
    }

    /// Who ended it, as access logs show it in `%RESPONSE_CODE_DETAILS%`. Empty if the proxy does not say.
    pub fn details(&self) -> Vec<u8> {
        let details = host::property("response\0code_details");
        self.worker
            .tolerate_absence("response_details", details)
            .unwrap_or_default()
    }

    /// Filter state that another filter of ours has set.
    pub fn filter_state(&self, name: &str) -> Option<Vec<u8>> {
        self.worker.filter_state(name)
    }

    /// An integer of eight bytes, little-endian.
    fn integer(&self, what: &'static str, path: &str) -> Option<u64> {
        let read = host::property(path)
            .and_then(|bytes| bytes.first_chunk::<8>().copied().ok_or(Status::UNREADABLE));
        self.worker.tolerate_absence(what, read).map(u64::from_le_bytes)
    }
}
