//! Both peers of an Envoy, a step at a time: what is sent when is the caller's choice, to the byte, and what
//! has come so far can be looked at while the exchange goes on.
//!
//! [`crate::client`] and [`crate::Upstream`] do whole exchanges. Here a test can let one peer send half of a body, see
//! what Envoy made of it, and only then let it go on or go away.

mod http2;
mod message;

pub use http2::{Exchange, Head};
pub use message::{Kind, Message};

use crate::{Error, Result};
use rustix::net::sockopt::set_socket_linger;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One connection, seen from the side that is not Envoy.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Gone once it was reset.
    stream: Arc<Mutex<Option<TcpStream>>>,
    inbox: Arc<Mutex<Inbox>>,
}

#[derive(Debug, Default)]
struct Inbox {
    bytes: Vec<u8>,
    ending: Option<Ending>,
}

/// How the other side ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order.
    Closed,
    /// With a reset.
    Reset,
}

impl Peer {
    /// Connects to `address`.
    ///
    /// # Errors
    /// [`Error::Io`] when nobody listens there.
    pub fn connect(address: SocketAddr) -> Result<Peer> {
        let stream = TcpStream::connect(address).map_err(Error::io(format!("connecting to {address}")))?;
        Peer::of(stream)
    }

    fn of(stream: TcpStream) -> Result<Peer> {
        stream
            .set_nodelay(true)
            .map_err(Error::io("setting up a connection"))?;
        let reading = stream.try_clone().map_err(Error::io("setting up a connection"))?;
        let peer = Peer {
            stream: Arc::new(Mutex::new(Some(stream))),
            inbox: Arc::default(),
        };
        let inbox = Arc::clone(&peer.inbox);
        in_a_thread("peer".into(), move || read(reading, &inbox))?;
        Ok(peer)
    }

    /// Sends these bytes, in one piece as far as the system lets it. A connection that is gone takes nothing, and that
    /// is no error: what became of it is seen in what was received.
    pub fn send(&self, bytes: &[u8]) {
        if let Some(stream) = &*lock(&self.stream) {
            let _ = (&*stream).write_all(bytes);
        }
    }

    /// What it has received so far, read as a message of this kind; `None` before its head is complete.
    pub fn received(&self, kind: Kind) -> Option<Message> {
        let inbox = lock(&self.inbox);
        Message::read(&inbox.bytes, kind, inbox.ending == Some(Ending::Closed))
    }

    /// How Envoy ended the connection, if it did.
    pub fn ending(&self) -> Option<Ending> {
        lock(&self.inbox).ending
    }

    /// Closes the connection in order (FIN) in both directions.
    pub fn close(&self) {
        if let Some(stream) = &*lock(&self.stream) {
            // One that Envoy closed already needs no closing.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Resets the connection (RST).
    pub fn reset(&self) {
        if let Some(stream) = lock(&self.stream).take() {
            // Closing without lingering is a reset. The thread that reads has the socket too: the end of reading ends it.
            let _ = set_socket_linger(&stream, Some(Duration::ZERO));
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
}

/// Takes in what comes, until nothing can come any more.
fn read(mut stream: TcpStream, inbox: &Mutex<Inbox>) {
    let mut piece = [0; 16 * 1024];
    loop {
        let ending = match stream.read(&mut piece) {
            Ok(0) => Some(Ending::Closed),
            Ok(length) => {
                lock(inbox).bytes.extend_from_slice(&piece[..length]);
                None
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            Err(_) => Some(Ending::Reset),
        };
        if ending.is_some() {
            lock(inbox).ending = ending;
            return;
        }
    }
}

/// A connection of HTTP/1.1, or one exchange of HTTP/2, that Envoy began.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// A connection.
    Http1(Peer),
    /// An exchange.
    Http2(Exchange),
}

impl Attempt {
    /// The request, as far as it has come; `None` before its head is complete.
    pub fn request(&self) -> Option<Message> {
        match self {
            Attempt::Http1(peer) => peer.received(Kind::Request),
            Attempt::Http2(exchange) => exchange.received(),
        }
    }

    /// Resets the connection, or the one exchange.
    pub fn reset(&self) {
        match self {
            Attempt::Http1(peer) => peer.reset(),
            Attempt::Http2(exchange) => exchange.reset(),
        }
    }

    /// Closes the connection.
    pub fn close(&self) {
        match self {
            Attempt::Http1(peer) => peer.close(),
            Attempt::Http2(exchange) => exchange.close(),
        }
    }
}

/// Takes what Envoy sends to an upstream, in HTTP/1.1 and in HTTP/2.
#[derive(Debug)]
pub struct Acceptor {
    address: SocketAddr,
    attempts: Attempts,
}

/// What came, with the number of the connection on which it did.
type Attempts = Arc<Mutex<Vec<(usize, Attempt)>>>;

impl Acceptor {
    /// Listens on a free port of 127.0.0.1, as long as this process lives.
    ///
    /// # Errors
    /// [`Error::Io`] when the system gives no socket or thread.
    pub fn start() -> Result<Acceptor> {
        let what = "listening on 127.0.0.1";
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io(what))?;
        let address = listener.local_addr().map_err(Error::io(what))?;
        let attempts = Attempts::default();
        let accepted = Arc::downgrade(&attempts);
        in_a_thread(format!("acceptor {}", address.port()), move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (Some(attempts), Ok(stream)) = (accepted.upgrade(), stream) else {
                    return;
                };
                // What a connection speaks is seen in what comes first, which this thread cannot wait for.
                let _ = in_a_thread("greeting".into(), move || greet(number, stream, &attempts));
            }
        })?;
        Ok(Acceptor { address, attempts })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections and exchanges since the last [`Acceptor::forget`], in their order.
    pub fn attempts(&self) -> Vec<Attempt> {
        let mut attempts = lock(&self.attempts).clone();
        attempts.sort_by_key(|(connection, _)| *connection);
        attempts.into_iter().map(|(_, attempt)| attempt).collect()
    }

    /// Closes all connections and forgets them.
    pub fn forget(&self) {
        lock(&self.attempts)
            .drain(..)
            .for_each(|(_, attempt)| attempt.close());
    }
}

/// Finds out what a new connection speaks.
fn greet(number: usize, stream: TcpStream, attempts: &Attempts) {
    let mut first = [0; 3];
    match stream.peek(&mut first) {
        Ok(3) if first == *b"PRI" => http2::serve(number, stream, attempts),
        _ => {
            if let Ok(peer) = Peer::of(stream) {
                lock(attempts).push((number, Attempt::Http1(peer)));
            }
        }
    }
}

fn in_a_thread(name: String, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let spawned = std::thread::Builder::new().name(name).spawn(work);
    spawned.map(|_| ()).map_err(Error::io("starting a thread"))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here leaves what is shared half changed.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
