//! The client's and the upstream's side of a scenario, in HTTP/1.1 and in HTTP/2.

use std::net::SocketAddr;

use host_tests::scenario::{Answer, Headers, Reply, Request, Sent};
use live::wire::{Attempt, Exchange, Head, Kind, Message, Peer};

/// A client with its one request.
pub enum Client {
    Http1(Peer, Kind),
    Http2(Exchange),
}

impl Client {
    /// Sends a request, as far as it is said at once.
    pub fn send(address: SocketAddr, request: &Request) -> Client {
        if !request.http2 {
            let peer = Peer::connect(address).expect("Envoy listens");
            peer.send(&request.to_bytes());
            let head = request.method == "HEAD";
            return Client::Http1(peer, Kind::Response { head });
        }
        let mut head = Head {
            method: request.method.clone(),
            path: request.path.clone(),
            authority: "host.test".to_owned(),
            headers: bytes(&request.headers),
            ..Head::default()
        };
        if !request.body.is_empty() && !request.is_grpc() {
            let length = request.body.len().to_string().into_bytes();
            head.headers.push((b"content-length".to_vec(), length));
        }
        let ends = request.body.is_empty() && !request.chunked;
        let exchange = Exchange::open(address, &head, ends).expect("Envoy listens");
        if !request.body.is_empty() {
            exchange.send(&request.body, true);
        }
        Client::Http2(exchange)
    }

    /// A piece of its body; `plain`: it stands on the wire as it is.
    pub fn piece(&self, piece: &[u8], plain: bool) {
        match self {
            Client::Http1(peer, _) if plain => peer.send(piece),
            Client::Http1(peer, _) => peer.send(&chunk(piece)),
            Client::Http2(exchange) => exchange.send(piece, false),
        }
    }

    /// The end of its body.
    pub fn end(&self, trailers: &Headers) {
        match self {
            Client::Http1(peer, _) => peer.send(&last_chunk(trailers)),
            Client::Http2(exchange) => end(exchange, trailers),
        }
    }

    /// It goes away: over HTTP/2 it need not close its connection for that.
    pub fn abort(&self) {
        match self {
            Client::Http1(peer, _) => peer.close(),
            Client::Http2(exchange) => exchange.cancel(),
        }
    }

    /// It closes its connection.
    pub fn close(&self) {
        match self {
            Client::Http1(peer, _) => peer.close(),
            Client::Http2(exchange) => exchange.close(),
        }
    }

    /// The response, as far as it has come.
    pub fn received(&self) -> Option<Message> {
        match self {
            Client::Http1(peer, kind) => peer.received(*kind),
            Client::Http2(exchange) => exchange.received(),
        }
    }

    /// Whether no more can come.
    pub fn is_over(&self) -> bool {
        match self {
            Client::Http1(peer, _) => peer.ending().is_some(),
            Client::Http2(exchange) => exchange.is_over(),
        }
    }

    /// What it has got.
    pub fn reply(&self) -> Reply {
        let is_http2 = matches!(self, Client::Http2(_));
        let reply = |message: Message| Reply {
            announced: message.announced.clone(),
            status: message.status(),
            complete: message.complete,
            headers: owned(&message.headers, is_http2),
            trailers: owned(&message.trailers, is_http2),
            pieces: message.pieces,
        };
        self.received().map(reply).unwrap_or_default()
    }
}

/// The upstream answers, as far as it is said at once.
pub fn answer(attempt: &Attempt, answer: &Answer) {
    match attempt {
        Attempt::Http1(peer) => peer.send(&answer.to_bytes()),
        Attempt::Http2(exchange) => {
            let head = Head {
                status: answer.status,
                headers: bytes(&answer.headers),
                ..Head::default()
            };
            let ends = answer.body.is_empty() && !answer.chunked;
            exchange.respond(&head, ends).expect("it is a response");
            if !answer.body.is_empty() {
                exchange.send(&answer.body, true);
            }
        }
    }
}

/// The upstream sends an informational response: HTTP/1.1.
pub fn inform(attempt: &Attempt, status: u16) {
    if let Attempt::Http1(peer) = attempt {
        peer.send(format!("HTTP/1.1 {status} -\r\n\r\n").as_bytes());
    }
}

/// The upstream sends a piece of its body; `plain`: it stands on the wire as it is.
pub fn piece(attempt: &Attempt, piece: &[u8], plain: bool) {
    match attempt {
        Attempt::Http1(peer) if plain => peer.send(piece),
        Attempt::Http1(peer) => peer.send(&chunk(piece)),
        Attempt::Http2(exchange) => exchange.send(piece, false),
    }
}

/// The upstream ends its body.
pub fn end_answer(attempt: &Attempt, trailers: &Headers) {
    match attempt {
        Attempt::Http1(peer) => peer.send(&last_chunk(trailers)),
        Attempt::Http2(exchange) => end(exchange, trailers),
    }
}

/// What an upstream has got.
pub fn sent(attempt: &Attempt) -> Option<Sent> {
    let is_http2 = matches!(attempt, Attempt::Http2(_));
    let message = attempt.request()?;
    Some(Sent {
        line: message.line.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: owned(&message.headers, is_http2),
        trailers: owned(&message.trailers, is_http2),
        pieces: message.pieces,
    })
}

fn end(exchange: &Exchange, trailers: &Headers) {
    if trailers.is_empty() {
        exchange.send(b"", true);
    } else {
        exchange.trailers(&bytes(trailers)).expect("these are trailers");
    }
}

fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

fn last_chunk(trailers: &Headers) -> Vec<u8> {
    let mut bytes = b"0\r\n".to_vec();
    for (name, value) in trailers {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn bytes(headers: &Headers) -> live::Headers {
    headers
        .iter()
        .map(|(name, value)| (name.clone().into_bytes(), value.clone()))
        .collect()
}

/// HTTP/2 goes through a library here, which keeps no order among names.
fn owned(headers: &live::Headers, sorted: bool) -> Headers {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let mut headers: Headers = headers
        .iter()
        .map(|(name, value)| (text(name), value.clone()))
        .collect();
    if sorted {
        headers.sort_by(|(left, _), (right, _)| left.cmp(right));
    }
    headers
}
