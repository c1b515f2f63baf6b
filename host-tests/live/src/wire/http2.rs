//! One exchange of HTTP/2, from either side, on a connection of its own.
//!
//! The frames are made by a library: Envoy looks at what they say, and one that is not well formed ends a connection
//! before any plugin could see it.

mod sides;

pub(super) use sides::serve;

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use h2::Reason;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{Message, in_a_thread, lock};
use crate::{Error, Headers, Result};
use sides::{ask, run};

/// What a message begins with.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The method of a request.
    pub method: String,
    /// The path of a request.
    pub path: String,
    /// The authority of a request.
    pub authority: String,
    /// The status of a response.
    pub status: u16,
    /// The other header fields.
    pub headers: Headers,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    commands: mpsc::UnboundedSender<Command>,
    inbox: Arc<Mutex<Inbox>>,
}

#[derive(Debug, Default)]
struct Inbox {
    message: Option<Message>,
    over: bool,
}

#[derive(Debug)]
enum Command {
    Respond(Response<()>, bool),
    Send(Bytes, bool),
    Trailers(HeaderMap),
    Reset(Reason),
    Close,
}

impl Exchange {
    /// Sends a request over a connection of its own; `ends`: it has no body.
    ///
    /// # Errors
    /// [`Error::Io`] when nobody listens there, [`Error::Answer`] for what is no request.
    pub fn open(address: SocketAddr, head: &Head, ends: bool) -> Result<Exchange> {
        let stream = TcpStream::connect(address).map_err(Error::io(format!("connecting to {address}")))?;
        let mut request = Request::builder()
            .method(head.method.as_str())
            .uri(format!("http://{}{}", head.authority, head.path))
            .version(http::Version::HTTP_2)
            .body(())
            .map_err(|error| Error::Answer(error.to_string()))?;
        *request.headers_mut() = fields(&head.headers)?;
        let (exchange, commands) = Exchange::new();
        let inbox = Arc::clone(&exchange.inbox);
        in_a_thread("HTTP/2 client".into(), move || {
            run(async {
                let _ = ask(stream, request, ends, commands, &inbox).await;
                lock(&inbox).over = true;
            });
        })?;
        Ok(exchange)
    }

    fn new() -> (Exchange, mpsc::UnboundedReceiver<Command>) {
        let (sender, commands) = mpsc::unbounded_channel();
        let exchange = Exchange {
            commands: sender,
            inbox: Arc::default(),
        };
        (exchange, commands)
    }

    /// Begins the response; `ends`: it has no body.
    ///
    /// # Errors
    /// [`Error::Answer`] for what is no response.
    pub fn respond(&self, head: &Head, ends: bool) -> Result<()> {
        let mut response = Response::builder()
            .status(head.status)
            .body(())
            .map_err(|error| Error::Answer(error.to_string()))?;
        *response.headers_mut() = fields(&head.headers)?;
        self.command(Command::Respond(response, ends));
        Ok(())
    }

    /// Sends a piece of a body; `ends`: it is the last, and no trailers follow.
    pub fn send(&self, piece: &[u8], ends: bool) {
        self.command(Command::Send(Bytes::copy_from_slice(piece), ends));
    }

    /// Ends a body with these trailers.
    ///
    /// # Errors
    /// [`Error::Answer`] for what are no fields.
    pub fn trailers(&self, trailers: &Headers) -> Result<()> {
        self.command(Command::Trailers(fields(trailers)?));
        Ok(())
    }

    /// Resets the exchange, as a server that fails (INTERNAL_ERROR).
    pub fn reset(&self) {
        self.command(Command::Reset(Reason::INTERNAL_ERROR));
    }

    /// Resets the exchange, as a server that has not looked at it (REFUSED_STREAM).
    pub fn refuse(&self) {
        self.command(Command::Reset(Reason::REFUSED_STREAM));
    }

    /// Resets the exchange, as a client that wants no more (CANCEL).
    pub fn cancel(&self) {
        self.command(Command::Reset(Reason::CANCEL));
    }

    /// Closes the connection.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    fn command(&self, command: Command) {
        // An exchange that is over takes no more, and that is no error.
        let _ = self.commands.send(command);
    }

    /// What the other side has sent so far; `None` before its head.
    pub fn received(&self) -> Option<Message> {
        lock(&self.inbox).message.clone()
    }

    /// Whether the other side has nothing more to send: it ended, reset or closed.
    pub fn is_over(&self) -> bool {
        lock(&self.inbox).over
    }
}

fn fields(headers: &Headers) -> Result<HeaderMap> {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name).map_err(|error| Error::Answer(error.to_string()))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| Error::Answer(error.to_string()))?;
        fields.append(name, value);
    }
    Ok(fields)
}
