//! The phase in which a piece of the response's body passes. Its headers are gone.

use crate::host;
use crate::worker::Worker;
use policy::json::Object;

/// A piece in one callback, which the filters share.
pub(crate) struct Piece {
    pub(crate) size: usize,
    pub(crate) is_last: bool,
}

/// A piece of a response's body on its way to the client, as one filter sees it: as those that it came by before have
/// left it.
pub struct ResponseBody<'p> {
    worker: &'p Worker,
    piece: &'p mut Piece,
}

impl<'p> ResponseBody<'p> {
    pub(crate) fn new(worker: &'p Worker, piece: &'p mut Piece) -> Self {
        Self { worker, piece }
    }

    /// How many bytes it has; the last piece may have none.
    pub fn size(&self) -> usize {
        self.piece.size
    }

    /// Whether the body ends with it. Trailers may end a body after a piece that is not the last one.
    pub fn is_last(&self) -> bool {
        self.piece.is_last
    }

    /// Its bytes; `None` if the host does not hand them over.
    pub fn read(&self) -> Option<Vec<u8>> {
        if self.piece.size == 0 {
            return Some(Vec::new());
        }
        self.worker
            .tolerate("response_body", host::response_body(self.piece.size))
    }

    /// Puts other bytes in its place. False if the host refused, which was counted.
    pub fn replace(&mut self, bytes: &[u8]) -> bool {
        if self.piece.size == 0 && bytes.is_empty() {
            return true;
        }
        let replaced = host::replace_response_body(self.piece.size, bytes);
        self.piece.size = bytes.len();
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
