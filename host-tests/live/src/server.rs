//! An HTTP/1.1 server on loopback, in a thread of its own, gone when it is dropped.
//!
//! It is a thread and not a task of the caller's runtime, so that tests can block and need no runtime.

use crate::{Error, Result};
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// The exchange ends here, and its connection with it.
#[derive(Debug, thiserror::Error)]
#[error("the connection was ended on purpose")]
pub(crate) struct Ended;

/// The socket below an exchange, for endings that HTTP does not know.
#[derive(Clone, Debug)]
pub(crate) struct Socket(Arc<OwnedFd>);

impl Socket {
    /// Makes the coming end of the connection a reset (RST) instead of an orderly close (FIN).
    pub(crate) fn reset_on_close(&self) {
        // A socket that the peer has closed already cannot be told, and needs not.
        let _ = rustix::net::sockopt::set_socket_linger(&self.0, Some(Duration::ZERO));
    }
}

impl Server {
    /// Serves on `port` of 127.0.0.1, or on a free one if it is 0.
    pub(crate) fn start<H, F>(port: u16, handle: H) -> Result<Server>
    where
        H: Fn(Request<Incoming>, Socket) -> F + Clone + Send + 'static,
        F: Future<Output = std::result::Result<Response<Pieces>, Ended>> + Send + 'static,
    {
        let what = || format!("listening on 127.0.0.1:{port}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(Error::io(what()))?;
        let address = listener.local_addr().map_err(Error::io(what()))?;
        listener.set_nonblocking(true).map_err(Error::io(what()))?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().map_err(Error::io(what()))?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(Error::io(what()))?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("server {}", address.port()))
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(listener, handle) => {}
                    }
                });
            })
            .map_err(Error::io("starting a thread"))?;
        Ok(Server {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed, and the exchange it hit has failed.
            let _ = thread.join();
        }
    }
}

async fn accept<H, F>(listener: tokio::net::TcpListener, handle: H)
where
    H: Fn(Request<Incoming>, Socket) -> F + Clone + Send + 'static,
    F: Future<Output = std::result::Result<Response<Pieces>, Ended>> + Send + 'static,
{
    loop {
        // Only the lack of file descriptors or memory ends up here; a pause gives others time to free some.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
            continue;
        };
        let socket = Socket(Arc::new(socket));
        let _ = stream.set_nodelay(true);
        let handle = handle.clone();
        let service = service_fn(move |request| handle(request, socket.clone()));
        let connection = hyper::server::conn::http1::Builder::new()
            .auto_date_header(false)
            .max_headers(1000)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // An error here is an ending on purpose, or a peer that went away.
            let _ = connection.await;
        });
    }
}

/// A body in pieces, each sent by itself.
#[derive(Debug)]
pub(crate) struct Pieces {
    left: VecDeque<Bytes>,
    length_known: bool,
    cut_short: bool,
    flushed: bool,
}

impl Pieces {
    /// One piece, announced with its length.
    pub(crate) fn whole(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let left = if body.is_empty() {
            VecDeque::new()
        } else {
            VecDeque::from([body])
        };
        Pieces {
            left,
            length_known: true,
            cut_short: false,
            flushed: false,
        }
    }

    /// `count` pieces of about the same length, chunked.
    pub(crate) fn chunked(body: &[u8], count: usize) -> Self {
        let length = body.len().div_ceil(count.max(1)).max(1);
        let left = body.chunks(length).map(Bytes::copy_from_slice).collect();
        Pieces {
            left,
            length_known: false,
            cut_short: false,
            flushed: false,
        }
    }

    /// The same, but the connection ends where the body should.
    pub(crate) fn cut_short(self) -> Self {
        Pieces {
            length_known: false,
            cut_short: true,
            ..self
        }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Ended>>> {
        // A breath between two pieces makes hyper write out what it has: else it would send them as one, and
        // before an end on purpose nothing at all.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.flushed = false;
        match self.left.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.cut_short => Poll::Ready(Some(Err(Ended))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && !self.cut_short
    }

    fn size_hint(&self) -> SizeHint {
        if self.length_known {
            return SizeHint::with_exact(self.left.iter().map(|piece| piece.len() as u64).sum());
        }
        SizeHint::default()
    }
}
