//! Requests as bytes, over HTTP/1.1.
//!
//! A library for clients would refuse to send most of what hostile clients send: bytes from 0x80 in values, fields
//! without a name, a `host` twice. So requests are written here as they are given; only responses are parsed.

mod response;

pub use response::Response;

use crate::{Error, Headers, Result, secrets};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a whole exchange may take, unless said otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A request. What is given is sent as it is; see [`Request::to_bytes`] for what is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// The request target: path and query.
    pub path: Vec<u8>,
    /// The header fields, in order.
    pub headers: Headers,
    /// The body; empty: none.
    pub body: Vec<u8>,
    has_secrets: bool,
}

impl Request {
    /// A request with this method and path.
    pub fn new(method: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Self {
        Request {
            method: method.as_ref().to_vec(),
            path: path.as_ref().to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
            has_secrets: true,
        }
    }

    /// The same request, sent with nothing but what it says: where `authorization` makes a difference to Envoy, for example.
    pub fn without_secrets(self) -> Self {
        Request {
            has_secrets: false,
            ..self
        }
    }

    /// A GET request.
    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Request::new("GET", path)
    }

    /// A POST request with a body.
    pub fn post(path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        Request {
            body: body.as_ref().to_vec(),
            ..Request::new("POST", path)
        }
    }

    /// One more header field.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// The request on the wire. Added are, where no field of that name is given, `host: localhost`, and
    /// `content-length` if there is a body and no `transfer-encoding` either.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.method[..], b" ", &self.path, b" HTTP/1.1\r\n"].concat();
        if !self.has("host") {
            bytes.extend_from_slice(b"host: localhost\r\n");
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
        if !self.body.is_empty() && !self.has("content-length") && !self.has("transfer-encoding") {
            bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn has(&self, name: &str) -> bool {
        !crate::values(&self.headers, name).is_empty()
    }
}

/// A connection that is kept: all its requests reach the same worker of Envoy.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was received beyond the last response.
    ahead: Vec<u8>,
    patience: Duration,
}

impl Connection {
    /// Connects, with [`PATIENCE`] for each exchange.
    ///
    /// # Errors
    /// [`Error::Io`] when nobody listens there.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let what = || format!("connecting to {address}");
        let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(Error::io(what()))?;
        stream.set_nodelay(true).map_err(Error::io(what()))?;
        Ok(Connection {
            stream,
            ahead: Vec::new(),
            patience: PATIENCE,
        })
    }

    /// The same connection with another bound for each exchange.
    pub fn patience(self, patience: Duration) -> Self {
        Connection { patience, ..self }
    }

    /// Sends a request and reads its response whole. The request has `authorization`, `cookie` and the like besides, unless it
    /// has its own: no plugin may tell of them.
    ///
    /// # Errors
    /// Those of [`Connection::send_bytes`], and [`Error::Malformed`] for an error whose body tells them.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        let mut sent = request.clone();
        if sent.has_secrets {
            sent.headers.extend(secrets::missing_in(&request.headers));
        }
        let response = self.send_bytes(&sent.to_bytes(), request.method == b"HEAD")?;
        match secrets::told_in(&response.body) {
            Some(name) if response.status >= 400 => Err(Error::Malformed {
                what: format!("the body `{}`", response.text()),
                rule: format!("it tells what header {name} says"),
            }),
            _ => Ok(response),
        }
    }

    /// Sends these bytes and reads one response whole; `head` says that it has no body, as to a HEAD request.
    ///
    /// # Errors
    /// [`Error::NoResponse`], [`Error::CutShort`], [`Error::Malformed`], or [`Error::Late`].
    pub fn send_bytes(&mut self, request: &[u8], head: bool) -> Result<Response> {
        let end = Instant::now() + self.patience;
        let sent = self
            .stream
            .set_write_timeout(Some(self.patience))
            .and_then(|()| self.stream.write_all(request));
        match response::read(&mut self.stream, &mut self.ahead, head, end, self.patience) {
            // A peer that refuses a request early closes while it is still being sent: what counts is its answer.
            Err(Error::NoResponse(reason)) => match sent {
                Err(error) => Err(Error::NoResponse(format!(
                    "{reason}, and sending failed: {error}"
                ))),
                Ok(()) => Err(Error::NoResponse(reason)),
            },
            other => other,
        }
    }
}

/// Sends a request over a connection of its own.
///
/// # Errors
/// Those of [`Connection::open`] and [`Connection::send_bytes`].
pub fn send(address: SocketAddr, request: &Request) -> Result<Response> {
    Connection::open(address)?.send(request)
}

/// Sends these bytes over a connection of its own, and reads one response to a request that is not HEAD.
///
/// # Errors
/// Those of [`Connection::open`] and [`Connection::send_bytes`].
pub fn send_bytes(address: SocketAddr, request: &[u8]) -> Result<Response> {
    Connection::open(address)?.send_bytes(request, false)
}
