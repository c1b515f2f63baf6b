//! An answer that a filter gives in the place of whatever would have come.

use crate::headers::serialise;
use crate::host;
use crate::worker::Worker;

/// A whole answer.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers, in order; a name may be there more than once.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// What access logs show as the response code details: a word for the reason.
    pub details: Vec<u8>,
    /// The status for a caller of gRPC, who gets it with the body as its message. `None`: it is made of `status`.
    pub grpc_status: Option<u32>,
}

impl Reply {
    /// Sends it. False if the host refused, which was counted: what would have come then comes.
    pub(crate) fn send(&self, worker: &Worker) -> bool {
        let Some(headers) = serialise(&self.headers) else {
            worker.degrade("local_response", "the reply has more headers than can be said");
            return false;
        };
        let sent =
            host::send_local_response(self.status, &self.details, &headers, &self.body, self.grpc_status);
        worker.tolerate("local_response", sent).is_some()
    }
}
