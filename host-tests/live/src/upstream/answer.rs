//! What an upstream answers, and how it puts it on the wire.

use super::Received;
use crate::server::{Ended, Pieces, Socket};
use crate::{Error, Result};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use std::time::Duration;

/// An answer of an [`Upstream`](super::Upstream): without more, at once, with an echo of the request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: StatusCode,
    after: Duration,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    chunks: Option<usize>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Orderly,
    ResetBeforeHeaders,
    CloseWithinBody,
}

/// A request as the upstream shows it to its sender.
#[derive(Serialize)]
struct Echo<'r> {
    method: &'r str,
    path: &'r str,
    headers: Vec<String>,
    body: String,
}

impl Answer {
    /// Status 200.
    pub fn ok() -> Self {
        Answer {
            status: StatusCode::OK,
            after: Duration::ZERO,
            headers: Vec::new(),
            body: None,
            chunks: None,
            ending: Ending::Orderly,
        }
    }

    /// An answer with this status.
    ///
    /// # Errors
    /// [`Error::Answer`] for what is no status of a final response (200 to 999).
    pub fn status(status: u16) -> Result<Self> {
        let rule = || Error::Answer(format!("status {status}: must be 200 to 999"));
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| !status.is_informational());
        Ok(Answer {
            status: status.ok_or_else(rule)?,
            ..Answer::ok()
        })
    }

    /// The connection is reset before anything is answered.
    pub fn reset() -> Self {
        Answer {
            ending: Ending::ResetBeforeHeaders,
            ..Answer::ok()
        }
    }

    /// The headers and the body are sent, and then the connection is closed without the end of the body.
    pub fn cut_short(self) -> Self {
        Answer {
            ending: Ending::CloseWithinBody,
            ..self
        }
    }

    /// The answer waits this long after the request was complete.
    pub fn after(self, delay: Duration) -> Self {
        Answer { after: delay, ..self }
    }

    /// One more header field; the value may hold the bytes 0x80 to 0xff.
    ///
    /// # Errors
    /// [`Error::Answer`] for what HTTP does not allow as a name or value, and for the fields of the body's framing,
    /// which follow from the body.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self> {
        let rule = |rule: &str| Error::Answer(format!("header {name}: {rule}"));
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| rule("is no header name"))?;
        if field == "content-length" || field == "transfer-encoding" {
            return Err(rule("follows from the body"));
        }
        let value = HeaderValue::from_bytes(value.as_ref()).map_err(|_| rule("has no valid value"))?;
        self.headers.push((field, value));
        Ok(self)
    }

    /// This body instead of the echo, without a content-type of its own.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Answer {
            body: Some(body.into()),
            ..self
        }
    }

    /// The body goes out chunked, in this many pieces.
    pub fn chunks(self, count: usize) -> Self {
        Answer {
            chunks: Some(count),
            ..self
        }
    }

    /// Gives the answer to `received`.
    pub(super) async fn give(
        self,
        received: &Received,
        socket: &Socket,
    ) -> std::result::Result<Response<Pieces>, Ended> {
        if !self.after.is_zero() {
            tokio::time::sleep(self.after).await;
        }
        if self.ending == Ending::ResetBeforeHeaders {
            socket.reset_on_close();
            return Err(Ended);
        }
        let (body, content_type) = match self.body {
            Some(body) => (body, None),
            None => (echo(received), Some("application/json")),
        };
        let pieces = match self.chunks {
            Some(count) => Pieces::chunked(&body, count),
            None => Pieces::whole(body),
        };
        let mut response = Response::new(match self.ending {
            Ending::CloseWithinBody => pieces.cut_short(),
            Ending::Orderly | Ending::ResetBeforeHeaders => pieces,
        });
        *response.status_mut() = self.status;
        if let Some(content_type) = content_type {
            response
                .headers_mut()
                .insert("content-type", HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        Ok(response)
    }
}

fn echo(received: &Received) -> Vec<u8> {
    let fields = received.headers.iter();
    let fields = fields.map(|(name, value)| format!("{}: {}", name.escape_ascii(), shown(value)));
    let echo = Echo {
        method: &received.method,
        path: &received.path,
        headers: fields.collect(),
        body: shown(&received.body),
    };
    // Strings and lists of strings always serialise.
    let mut text = serde_json::to_vec_pretty(&echo).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Text as it is; anything else with its bytes escaped, so that a reader sees which they were.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
