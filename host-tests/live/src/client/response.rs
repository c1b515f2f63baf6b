//! Reading a response: its head, and a body framed by length, chunks or the end of the connection.

use crate::{Error, Headers, Result, values};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// More than any proxy lets through.
const MAX_FIELDS: usize = 1000;

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields, in order.
    pub headers: Headers,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// The trailer fields of a chunked body, in order.
    pub trailers: Headers,
}

impl Response {
    /// The values of every header field called `name` (in any case), in order.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        values(&self.headers, name)
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How a body ends.
enum Framing {
    Length(usize),
    Chunks,
    Close,
}

/// Reads one final response from `ahead` and then `stream`; what comes after it stays in `ahead`.
pub(super) fn read(
    stream: &mut TcpStream,
    ahead: &mut Vec<u8>,
    head: bool,
    end: Instant,
    bound: Duration,
) -> Result<Response> {
    let mut input = Input {
        stream,
        ahead,
        end,
        bound,
    };
    let mut response = loop {
        let response = read_head(&mut input)?;
        // 100 and 103 announce the response to come; 101 is one.
        if response.status >= 200 || response.status == 101 {
            break response;
        }
    };
    match read_body(&mut input, &mut response, head) {
        Ok(true) => Ok(response),
        Ok(false) => Err(Error::CutShort(Box::new(response))),
        Err(error) => Err(error),
    }
}

fn read_head(input: &mut Input<'_>) -> Result<Response> {
    loop {
        let mut fields = vec![httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Response::new(&mut fields);
        match parsed.parse(input.ahead) {
            Ok(httparse::Status::Complete(length)) => {
                let response = Response {
                    status: parsed.code.unwrap_or_default(),
                    headers: owned(parsed.headers),
                    body: Vec::new(),
                    trailers: Vec::new(),
                };
                input.ahead.drain(..length);
                return Ok(response);
            }
            Ok(httparse::Status::Partial) => {}
            Err(error) => return Err(malformed(&error.to_string())),
        }
        match input.more() {
            Ok(true) => {}
            Ok(false) if input.ahead.is_empty() => return Err(Error::NoResponse("closed".into())),
            Ok(false) => return Err(Error::NoResponse("closed within the headers".into())),
            Err(Stop::Reset(error)) => return Err(Error::NoResponse(error.to_string())),
            Err(Stop::Late) => return Err(input.late("the headers of a response")),
        }
    }
}

/// Whether the body came to its end.
fn read_body(input: &mut Input<'_>, response: &mut Response, head: bool) -> Result<bool> {
    if head || response.status < 200 || matches!(response.status, 204 | 304) {
        return Ok(true);
    }
    match framing(response)? {
        Framing::Length(length) => {
            let whole = input.at_least(length)?;
            response.body = input.take(length);
            Ok(whole)
        }
        Framing::Close => loop {
            response.body.append(input.ahead);
            match input.more() {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(Stop::Reset(_)) => return Ok(false),
                Err(Stop::Late) => return Err(input.late("the end of a response's body")),
            }
        },
        Framing::Chunks => read_chunks(input, response),
    }
}

fn read_chunks(input: &mut Input<'_>, response: &mut Response) -> Result<bool> {
    loop {
        let (start, size) = loop {
            match httparse::parse_chunk_size(input.ahead) {
                Ok(httparse::Status::Complete((start, size))) => break (start, size),
                Ok(httparse::Status::Partial) => {}
                Err(_) => return Err(malformed("a chunk without a valid size")),
            }
            if !input.at_least(input.ahead.len() + 1)? {
                return Ok(false);
            }
        };
        input.take(start);
        let size = usize::try_from(size).map_err(|_| malformed("a chunk larger than memory"))?;
        if size == 0 {
            return read_trailers(input, response);
        }
        let whole = input.at_least(size.saturating_add(2))?;
        response.body.append(&mut input.take(size));
        if !whole {
            return Ok(false);
        }
        if input.take(2) != b"\r\n" {
            return Err(malformed("a chunk that does not end where it should"));
        }
    }
}

fn read_trailers(input: &mut Input<'_>, response: &mut Response) -> Result<bool> {
    loop {
        let mut fields = vec![httparse::EMPTY_HEADER; MAX_FIELDS];
        match httparse::parse_headers(input.ahead, &mut fields) {
            Ok(httparse::Status::Complete((length, fields))) => {
                response.trailers = owned(fields);
                input.take(length);
                return Ok(true);
            }
            Ok(httparse::Status::Partial) => {}
            Err(error) => return Err(malformed(&error.to_string())),
        }
        if !input.at_least(input.ahead.len() + 1)? {
            return Ok(false);
        }
    }
}

fn framing(response: &Response) -> Result<Framing> {
    if response
        .values("transfer-encoding")
        .iter()
        .any(|value| value.eq_ignore_ascii_case(b"chunked"))
    {
        return Ok(Framing::Chunks);
    }
    let Some(length) = response.values("content-length").first().copied() else {
        return Ok(Framing::Close);
    };
    let length = std::str::from_utf8(length)
        .ok()
        .and_then(|length| length.parse().ok());
    length
        .map(Framing::Length)
        .ok_or_else(|| malformed("a content-length that is no number"))
}

fn owned(fields: &[httparse::Header<'_>]) -> Headers {
    fields
        .iter()
        .map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()))
        .collect()
}

fn malformed(rule: &str) -> Error {
    Error::Malformed {
        what: "a response".into(),
        rule: rule.to_owned(),
    }
}

/// What comes from the connection, with the time that is left for it.
struct Input<'i> {
    stream: &'i mut TcpStream,
    ahead: &'i mut Vec<u8>,
    end: Instant,
    bound: Duration,
}

/// Why no more comes.
enum Stop {
    Late,
    Reset(std::io::Error),
}

impl Input<'_> {
    /// Reads what there is; false at the end of the connection.
    fn more(&mut self) -> std::result::Result<bool, Stop> {
        let mut piece = [0; 16 * 1024];
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stop::Late);
        }
        self.stream.set_read_timeout(Some(left)).map_err(Stop::Reset)?;
        match self.stream.read(&mut piece) {
            Ok(length) => {
                self.ahead.extend_from_slice(&piece[..length]);
                Ok(length > 0)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(Stop::Late)
            }
            Err(error) => Err(Stop::Reset(error)),
        }
    }

    /// Reads until `length` bytes are ahead; false if the connection ends before.
    fn at_least(&mut self, length: usize) -> Result<bool> {
        while self.ahead.len() < length {
            match self.more() {
                Ok(true) => {}
                Ok(false) | Err(Stop::Reset(_)) => return Ok(false),
                Err(Stop::Late) => return Err(self.late("the body of a response")),
            }
        }
        Ok(true)
    }

    /// Takes up to `length` bytes from the front.
    fn take(&mut self, length: usize) -> Vec<u8> {
        self.ahead.drain(..length.min(self.ahead.len())).collect()
    }

    fn late(&self, what: &str) -> Error {
        Error::Late {
            what: what.to_owned(),
            bound: self.bound,
        }
    }
}
