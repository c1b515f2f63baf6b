//! Both peers of an Envoy over HTTP/1.1, a step at a time: what is sent when is the caller's choice, to the byte, and what
//! has come so far can be looked at while the exchange goes on.
//!
//! [`crate::client`] and [`crate::Upstream`] do whole exchanges. Here a test can let one peer send half of a body, see
//! what Envoy made of it, and only then let it go on or go away.

mod message;

pub use message::{Kind, Message};

use crate::{Error, Result};
use rustix::net::sockopt::set_socket_linger;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
    last: Option<Instant>,
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
        std::thread::Builder::new()
            .name("peer".into())
            .spawn(move || read(reading, &inbox))
            .map_err(Error::io("starting a thread"))?;
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

    /// How long ago the last bytes came; `None` if none did.
    pub fn quiet_for(&self) -> Option<Duration> {
        lock(&self.inbox).last.map(|last| last.elapsed())
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
                let mut inbox = lock(inbox);
                inbox.bytes.extend_from_slice(&piece[..length]);
                inbox.last = Some(Instant::now());
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

/// Takes the connections that Envoy makes to an upstream.
#[derive(Debug)]
pub struct Acceptor {
    address: SocketAddr,
    peers: Arc<Mutex<Vec<Peer>>>,
}

impl Acceptor {
    /// Listens on a free port of 127.0.0.1, as long as this process lives.
    ///
    /// # Errors
    /// [`Error::Io`] when the system gives no socket or thread.
    pub fn start() -> Result<Acceptor> {
        let what = "listening on 127.0.0.1";
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io(what))?;
        let address = listener.local_addr().map_err(Error::io(what))?;
        let peers = Arc::<Mutex<Vec<Peer>>>::default();
        let accepted = Arc::downgrade(&peers);
        std::thread::Builder::new()
            .name(format!("acceptor {}", address.port()))
            .spawn(move || {
                while let Ok((stream, _)) = listener.accept() {
                    let Some(peers) = accepted.upgrade() else { return };
                    if let Ok(peer) = Peer::of(stream) {
                        lock(&peers).push(peer);
                    }
                }
            })
            .map_err(Error::io("starting a thread"))?;
        Ok(Acceptor { address, peers })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections since the last [`Acceptor::forget`], in their order.
    pub fn peers(&self) -> Vec<Peer> {
        lock(&self.peers).clone()
    }

    /// Closes all connections and forgets them.
    pub fn forget(&self) {
        lock(&self.peers).drain(..).for_each(|peer| peer.close());
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here leaves what is shared half changed.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
