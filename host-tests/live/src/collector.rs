//! A collector of traces: what Envoy's OpenTelemetry tracer sends, for tests to read.

mod otlp;

use crate::server::{Ended, Pieces, Server};
use crate::{Error, Result, wait};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Tracers send in batches, by default every five seconds.
const BATCH: Duration = Duration::from_secs(20);

/// An OTLP/HTTP collector (`POST /v1/traces`, protobuf) on 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    server: Server,
    spans: Arc<Mutex<Vec<Span>>>,
}

/// A span as it was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// 16 hex digits; `None`: the first of its trace.
    pub parent_span_id: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its attributes, and below them those of the process that sent it, as text.
    pub attributes: BTreeMap<String, String>,
}

impl Collector {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`Error::Io`] when the system gives no socket or thread.
    pub fn start() -> Result<Self> {
        Self::start_on(0)
    }

    /// Starts one on `port`.
    ///
    /// # Errors
    /// [`Error::Io`] when the port is taken, or the system gives no socket or thread.
    pub fn start_on(port: u16) -> Result<Self> {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&spans);
        let server = Server::start(port, move |request, _| collect(request, Arc::clone(&shared)))?;
        Ok(Collector { server, spans })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The spans collected so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans collected, once there are at least `count`.
    ///
    /// # Errors
    /// [`Error::Late`] if they have not come within twenty seconds.
    pub fn spans_of(&self, count: usize) -> Result<Vec<Span>> {
        let what = format!("{count} spans at the collector");
        wait::until(BATCH, &what, || {
            Ok(Some(self.spans()).filter(|spans| spans.len() >= count))
        })
        .map_err(|error| match error {
            Error::Late { what, bound } => Error::Late {
                what: format!("{what} ({} came)", self.spans().len()),
                bound,
            },
            other => other,
        })
    }
}

async fn collect(
    request: Request<Incoming>,
    spans: Arc<Mutex<Vec<Span>>>,
) -> std::result::Result<Response<Pieces>, Ended> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Ended)?.to_bytes();
    let mut response = Response::new(Pieces::whole(Vec::new()));
    *response.status_mut() = match (head.uri.path(), otlp::spans(&body)) {
        ("/v1/traces", Some(new)) => {
            spans.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
            StatusCode::OK
        }
        ("/v1/traces", None) => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_FOUND,
    };
    Ok(response)
}
