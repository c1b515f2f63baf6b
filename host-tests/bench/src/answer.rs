//! Where an answer ends, which is all that a client under load has to know of it, and its status.
//!
//! A client's own work takes from the machine that the proxy runs on, so nothing else is looked at.

use crate::{Error, Result};

/// More fields than any answer here has.
const MAX_FIELDS: usize = 64;

/// Status and length of the answer that these bytes begin with, body and all; `None` as long as it is not whole.
///
/// # Errors
/// [`Error::Malformed`] where they begin with no HTTP/1.1 response that says how long it is.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(u16, usize)>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let head = match response.parse(bytes).map_err(malformed)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let status = response.code.unwrap_or_default();
    for field in response.headers.iter() {
        if field.name.eq_ignore_ascii_case("content-length") {
            let length = str::from_utf8(field.value)
                .ok()
                .and_then(|text| text.parse::<usize>().ok());
            let length = length.ok_or_else(|| malformed("its content-length is no number"))?;
            return Ok((bytes.len() >= head + length).then_some((status, head + length)));
        }
        if field.name.eq_ignore_ascii_case("transfer-encoding") {
            let body = bytes.get(head..).unwrap_or_default();
            return Ok(chunked(body)?.map(|length| (status, head + length)));
        }
    }
    Err(malformed("it does not say how long it is"))
}

/// The length of a chunked body without trailers.
fn chunked(body: &[u8]) -> Result<Option<usize>> {
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest).map_err(|_| malformed("a chunk has no size"))?;
        let httparse::Status::Complete((line, size)) = size else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| malformed("a chunk is too large"))?;
        // Behind each chunk, and behind the last, which is empty, there is the end of a line.
        at += line + size + 2;
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

fn malformed(rule: impl ToString) -> Error {
    Error::Malformed {
        what: "an answer".into(),
        rule: rule.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::first;

    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n";

    #[test]
    fn an_answer_ends_where_its_body_does() {
        for (bytes, status) in [(PLAIN, 200), (CHUNKED, 404)] {
            let next = [bytes, b"HTTP/1.1 200"].concat();
            assert_eq!(first(&next).expect("an answer"), Some((status, bytes.len())));
        }
    }

    #[test]
    fn an_answer_that_is_not_whole_is_waited_for() {
        for bytes in [PLAIN, CHUNKED] {
            for end in 0..bytes.len() {
                assert_eq!(first(&bytes[..end]).expect("a beginning"), None, "{end}");
            }
        }
    }

    #[test]
    fn what_has_no_length_is_refused() {
        assert!(first(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(first(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").is_err());
        assert!(first(b"SSH-2.0\r\n").is_err());
    }
}
