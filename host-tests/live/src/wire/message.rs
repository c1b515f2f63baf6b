//! Reading what has come of a message so far, however strange it is.

use crate::{Headers, values};

/// What a message is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Request,
    /// A response; to a request of HEAD if `head`.
    Response {
        /// Whether the request's method was HEAD: then no body follows.
        head: bool,
    },
}

/// What has come of a request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub line: String,
    /// The header fields, in their order.
    pub headers: Headers,
    /// The body: the chunks of a chunked one, else all that has come as one piece.
    pub pieces: Vec<Vec<u8>>,
    /// The trailer fields, in their order.
    pub trailers: Headers,
    /// Whether it came to its end.
    pub complete: bool,
    /// The statuses of informational responses (1xx) that came before it.
    pub announced: Vec<u16>,
}

impl Message {
    /// The status of a response; 0 of a request.
    pub fn status(&self) -> u16 {
        status(&self.line)
    }

    /// The body so far.
    pub fn body(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// Whether its body comes in chunks.
    pub fn is_chunked(&self) -> bool {
        values(&self.headers, "transfer-encoding").contains(&&b"chunked"[..])
    }

    /// Reads as much as has come; `None` before the head is complete. `closed`: nothing more will come.
    pub(super) fn read(mut bytes: &[u8], kind: Kind, closed: bool) -> Option<Message> {
        let mut announced = Vec::new();
        loop {
            let (head, rest) = split(bytes, b"\r\n\r\n")?;
            let (line, fields) = split(head, b"\r\n").unwrap_or((head, b""));
            let line = String::from_utf8_lossy(line).into_owned();
            let number = status(&line);
            if (100..200).contains(&number) && number != 101 {
                announced.push(number);
                bytes = rest;
                continue;
            }
            let mut message = Message {
                headers: headers(fields),
                line,
                pieces: Vec::new(),
                trailers: Vec::new(),
                complete: false,
                announced,
            };
            message.read_body(rest, kind, closed);
            return Some(message);
        }
    }

    fn read_body(&mut self, rest: &[u8], kind: Kind, closed: bool) {
        let bodiless = matches!(self.status(), 204 | 304) || kind == Kind::Response { head: true };
        let length = values(&self.headers, "content-length");
        let length: Option<usize> = length
            .first()
            .and_then(|length| std::str::from_utf8(length).ok()?.parse().ok());
        let asks_to_change = kind == Kind::Request && !values(&self.headers, "upgrade").is_empty();
        if self.status() == 101 || asks_to_change {
            // What follows is the peers' own, and ends with the connection.
            self.complete = true;
            self.take(rest);
        } else if bodiless {
            self.complete = true;
        } else if self.is_chunked() {
            self.read_chunks(rest);
        } else if let Some(length) = length {
            self.complete = rest.len() >= length;
            self.take(&rest[..rest.len().min(length)]);
        } else if kind == Kind::Request {
            self.complete = true;
        } else {
            self.complete = closed;
            self.take(rest);
        }
    }

    fn take(&mut self, piece: &[u8]) {
        if !piece.is_empty() {
            self.pieces.push(piece.to_vec());
        }
    }

    fn read_chunks(&mut self, mut rest: &[u8]) {
        while let Some((size, after)) = split(rest, b"\r\n") {
            let Some(size) = std::str::from_utf8(size)
                .ok()
                .and_then(|size| usize::from_str_radix(size, 16).ok())
            else {
                return;
            };
            if size == 0 {
                let ended = if let Some(after) = after.strip_prefix(b"\r\n") {
                    Some((&b""[..], after))
                } else {
                    split(after, b"\r\n\r\n")
                };
                if let Some((trailers, _)) = ended {
                    self.trailers = headers(trailers);
                    self.complete = true;
                }
                return;
            }
            let Some(piece) = after.get(..size) else {
                return self.take(after);
            };
            self.take(piece);
            let Some(next) = after.get(size + 2..) else { return };
            rest = next;
        }
    }
}

fn status(line: &str) -> u16 {
    let number = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn headers(fields: &[u8]) -> Headers {
    let mut headers = Vec::new();
    let mut rest = fields;
    while !rest.is_empty() {
        let (field, after) = split(rest, b"\r\n").unwrap_or((rest, b""));
        let (name, value) = split(field, b":").unwrap_or((field, b""));
        // One space belongs to the colon; more would be the sender's.
        headers.push((name.to_vec(), value.strip_prefix(b" ").unwrap_or(value).to_vec()));
        rest = after;
    }
    headers
}

fn split<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..start], &bytes[start + at.len()..]))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Message};

    const RESPONSE: Kind = Kind::Response { head: false };

    #[track_caller]
    fn check(text: &str, closed: bool, pieces: &[&str], complete: bool) -> Message {
        let message = Message::read(text.as_bytes(), RESPONSE, closed).expect("there is a head");
        let seen: Vec<_> = message
            .pieces
            .iter()
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect();
        assert_eq!(
            (seen.as_slice(), message.complete),
            (
                &pieces.iter().map(ToString::to_string).collect::<Vec<_>>()[..],
                complete
            )
        );
        message
    }

    #[test]
    fn a_body_is_framed_by_length_chunks_or_the_end_of_the_connection() {
        check(
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            false,
            &["ab"],
            false,
        );
        check(
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            false,
            &["abc"],
            true,
        );
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, &[], true);
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc",
            false,
            &["ab", "c"],
            false,
        );
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            false,
            &["ab"],
            true,
        );
        check("HTTP/1.1 200 OK\r\n\r\nab", false, &["ab"], false);
        check("HTTP/1.1 200 OK\r\n\r\nab", true, &["ab"], true);
    }

    #[test]
    fn trailers_are_read_and_informational_responses_passed_over() {
        let text = "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\nb:\r\n\r\n";
        let message = check(text, false, &[], true);
        assert_eq!((message.status(), message.announced), (200, vec![103]));
        assert_eq!(
            message.trailers,
            [(b"x-sum".to_vec(), b"1".to_vec()), (b"b".to_vec(), Vec::new())]
        );
        assert_eq!(message.headers.len(), 1);
    }

    #[test]
    fn a_head_that_is_not_complete_is_no_message() {
        assert_eq!(
            Message::read(b"HTTP/1.1 200 OK\r\na: b\r\n", RESPONSE, true),
            None
        );
    }
}
