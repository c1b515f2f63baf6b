//! What a client sent.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::answer::Answer;
use crate::header_map::HeaderPair;
use crate::route::Route;
use crate::way::Arrival;

/// The HTTP that a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// What the client sent, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct ClientRequest {
    pub(crate) protocol: Protocol,
    pub(crate) method: String,
    pub(crate) path: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    pub(crate) headers: Vec<HeaderPair>,
    pub(crate) body: Vec<u8>,
    /// What follows the headers; nothing for a request of headers alone.
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) ends_with_headers: bool,
    pub(crate) peer: SocketAddr,
    /// The route that it takes, whatever the route table says.
    pub(crate) route: Option<Arc<Route>>,
    /// What upstreams answer each attempt of it, whatever the script of the cluster says.
    pub(crate) answer: Option<Answer>,
}

impl ClientRequest {
    /// The protocol that the client asks to change to, over HTTP/1.1.
    pub(crate) fn upgrade(&self) -> Option<&[u8]> {
        let header = |name: &[u8]| {
            let mut headers = self.headers.iter();
            let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_slice())
        };
        let mut tokens = header(b"connection")?.split(|&byte| byte == b',');
        let asks = tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
        header(b"upgrade").filter(|_| asks && self.protocol == Protocol::Http1)
    }
}
