//! A server to stand behind Envoy: it answers what the request asks for, and tells what it received.
//!
//! A request says in its path or its query how it wants to be answered (`GET /` explains it), so a person with `curl`
//! can produce every case without touching the server. Tests that must send one path and see several answers set
//! them with [`Upstream::answer`].

mod answer;
mod ask;

pub use answer::Answer;

use crate::server::{Ended, Pieces, Server, Socket};
use crate::{Headers, Result, secrets, values};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A running upstream on 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub struct Upstream {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// A request as the upstream received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path with its query, as sent.
    pub path: String,
    /// The header fields. Fields of the same name stand together, at the place of the first.
    pub headers: Headers,
    /// The body, whole.
    pub body: Vec<u8>,
    /// When it was complete.
    pub at: Instant,
}

impl Received {
    /// The values of every field called `name` (in any case), in order.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        values(&self.headers, name)
    }
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    answers: HashMap<String, Answer>,
}

impl Upstream {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when the system gives no socket or thread.
    pub fn start() -> Result<Self> {
        Self::start_on(0)
    }

    /// Starts one on `port`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when the port is taken, or the system gives no socket or thread.
    pub fn start_on(port: u16) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(port, move |request, socket| {
            serve(request, socket, Arc::clone(&shared))
        })?;
        Ok(Upstream { server, state })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// From now on, requests whose path (without its query) is `path` get `answer`, whatever they ask for.
    pub fn answer(&self, path: &str, answer: Answer) {
        lock(&self.state).answers.insert(path.to_owned(), answer);
    }

    /// What it received so far, in the order in which the requests were complete.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// What it received since the last call; a later call does not see it again.
    pub fn take_received(&self) -> Vec<Received> {
        std::mem::take(&mut lock(&self.state).received)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing here leaves the state half changed, so a panic elsewhere does not spoil it.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    request: Request<Incoming>,
    socket: Socket,
    state: Arc<Mutex<State>>,
) -> std::result::Result<Response<Pieces>, Ended> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Ended)?.to_bytes().to_vec();
    let fields = head
        .headers
        .iter()
        .filter(|(name, value)| !secrets::is_planted(name.as_str(), value.as_bytes()))
        .map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec()));
    let received = Received {
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or_else(|| head.uri.to_string(), ToString::to_string),
        headers: fields.collect(),
        body,
        at: Instant::now(),
    };
    let scripted = {
        let mut state = lock(&state);
        state.received.push(received.clone());
        state.answers.get(head.uri.path()).cloned()
    };
    let answer = scripted.unwrap_or_else(|| ask::answer_for(head.uri.path(), head.uri.query()));
    answer.give(&received, &socket).await
}
