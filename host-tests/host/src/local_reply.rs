//! Replies that no upstream made: a filter's, or Envoy's own.

use crate::header_map::{HeaderMap, HeaderPair};

/// A reply as a filter or Envoy asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<HeaderPair>,
    pub(crate) body: Vec<u8>,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: Vec<u8>,
    /// `%RESPONSE_FLAGS%`, as bits.
    pub(crate) flags: u64,
    pub(crate) grpc_status: Option<u32>,
}

impl LocalReply {
    /// One of Envoy's own replies.
    pub(crate) fn own(status: u16, body: &str, details: &str, flags: u64) -> LocalReply {
        LocalReply {
            status,
            body: body.as_bytes().to_vec(),
            details: details.as_bytes().to_vec(),
            flags,
            ..LocalReply::default()
        }
    }

    /// Envoy's reply where a VM is dead and the failure policy is FAIL_CLOSED.
    pub(crate) fn dead_vm() -> LocalReply {
        let reply = LocalReply::own(503, "", "wasm_fail_stream", 0);
        LocalReply {
            grpc_status: Some(GRPC_UNAVAILABLE),
            ..reply
        }
    }

    /// The response's headers and body, in the form that the request asks for: gRPC or plain.
    pub(crate) fn render(&self, request: &HeaderMap) -> (HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::response();
        let is_grpc = request.first(b"content-type").is_some_and(is_grpc_content_type);
        let is_head = request.first(b":method") == Some(b"HEAD");
        let status = if is_grpc { 200 } else { self.status };
        headers.add(b":status", status.to_string().as_bytes());
        for (name, value) in &self.headers {
            headers.add(name, value);
        }
        headers.set_in_place(b":status", status.to_string().as_bytes());
        if is_grpc {
            headers.set_in_place(b"content-type", b"application/grpc");
            let code = self.grpc_status.unwrap_or_else(|| grpc_status_of(self.status));
            headers.set_in_place(b"grpc-status", code.to_string().as_bytes());
            if !self.body.is_empty() && !is_head {
                headers.set_in_place(b"grpc-message", &percent_encode(&self.body));
            }
            return (headers, Vec::new());
        }
        if self.body.is_empty() {
            return (headers, Vec::new());
        }
        headers.set_in_place(b"content-length", self.body.len().to_string().as_bytes());
        if !headers.has(b"content-type") {
            headers.add(b"content-type", b"text/plain");
        }
        (headers, if is_head { Vec::new() } else { self.body.clone() })
    }
}

const GRPC_UNAVAILABLE: u32 = 14;

fn is_grpc_content_type(value: &[u8]) -> bool {
    value
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
}

/// The status that gRPC's own document gives to an HTTP status.
pub(crate) fn grpc_status_of(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => GRPC_UNAVAILABLE,
        _ => 2,
    }
}

fn percent_encode(message: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for &byte in message {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(byte);
        } else {
            encoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::LocalReply;
    use crate::header_map::HeaderMap;

    fn text(headers: &HeaderMap) -> String {
        let show = |(n, v): &(Vec<u8>, Vec<u8>)| {
            format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v))
        };
        headers.pairs().iter().map(show).collect::<Vec<_>>().join(" ")
    }

    fn request(method: &str, content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::request();
        headers.add(b":method", method.as_bytes());
        headers.add(b"content-type", content_type.as_bytes());
        headers
    }

    // The expectations are what a real Envoy 1.40.0 sent for the same replies.
    #[test]
    fn headers_of_the_reply_come_before_the_length_and_keep_their_content_type() {
        let reply = LocalReply {
            status: 403,
            headers: vec![
                (b"x-h".to_vec(), b"1".to_vec()),
                (b"x-h".to_vec(), b"2".to_vec()),
                (b"content-type".to_vec(), b"application/json".to_vec()),
                (b"X-Up".to_vec(), b"v".to_vec()),
            ],
            body: b"bo dy".to_vec(),
            ..LocalReply::default()
        };
        let (headers, body) = reply.render(&request("GET", ""));
        assert_eq!(
            text(&headers),
            ":status=403 x-h=1 x-h=2 content-type=application/json x-up=v content-length=5"
        );
        assert_eq!(body, b"bo dy");
    }

    #[test]
    fn a_body_is_plain_text_unless_said_otherwise_and_no_body_has_no_length() {
        let (headers, _) = LocalReply::own(503, "no healthy upstream", "", 0).render(&request("GET", ""));
        assert_eq!(
            text(&headers),
            ":status=503 content-length=19 content-type=text/plain"
        );
        let (headers, body) = LocalReply::own(404, "", "", 0).render(&request("GET", ""));
        assert_eq!((text(&headers).as_str(), body), (":status=404", Vec::new()));
    }

    #[test]
    fn a_grpc_request_gets_its_status_in_headers_alone() {
        let reply = LocalReply {
            status: 403,
            body: b"body".to_vec(),
            grpc_status: Some(14),
            ..LocalReply::default()
        };
        let (headers, body) = reply.render(&request("POST", "application/grpc+proto"));
        assert_eq!(
            text(&headers),
            ":status=200 content-type=application/grpc grpc-status=14 grpc-message=body"
        );
        assert_eq!(body, Vec::<u8>::new());
    }
}
