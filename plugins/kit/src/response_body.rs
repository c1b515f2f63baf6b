//! The phase in which a piece of the response's body passes. Its headers are gone.

use crate::host;
use crate::worker::Worker;
use policy::json::Object;

/// A piece of a response's body on its way to the client.
pub struct ResponseBody<'w> {
    worker: &'w Worker,
    size: usize,
    is_last: bool,
}

impl<'w> ResponseBody<'w> {
    pub(crate) fn new(worker: &'w Worker, size: usize, is_last: bool) -> Self {
        Self {
            worker,
            size,
            is_last,
        }
    }

    /// How many bytes it has; the last piece may have none.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the body ends with it. Trailers may end a body after a piece that is not the last one.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Its bytes; `None` if the host does not hand them over.
    pub fn read(&self) -> Option<Vec<u8>> {
        if self.size == 0 {
            return Some(Vec::new());
        }
        self.worker
            .tolerate("response_body", host::response_body(self.size))
    }

    /// Puts other bytes in its place. False if the host refused, which was counted.
    pub fn replace(&mut self, bytes: &[u8]) -> bool {
        if self.size == 0 && bytes.is_empty() {
            return true;
        }
        let replaced = host::replace_response_body(self.size, bytes);
        self.size = bytes.len();
        self.worker.tolerate("replace_response_body", replaced).is_some()
    }

    /// Sets filter state that other filters and the access log read.
    pub fn set_filter_state(&self, name: &str, value: &[u8]) {
        self.worker.set_filter_state(name, value);
    }

    /// Adds to the filter state that tells why each plugin decided as it did.
    pub fn explain(&self, plugin: &str, explanation: &Object) {
        self.worker.explain(plugin, explanation);
    }
}
