//! The HTTP/1.1 codec on both sides of Envoy: what it refuses, and how it frames what it sends.

use crate::client_request::{ClientRequest, Protocol};
use crate::flags::{CLIENT_PROTOCOL_ERROR as PROTOCOL_ERROR, CLIENT_RESET};
use crate::header_map::HeaderMap;
use crate::local_reply::LocalReply;

/// The response headers as the client's connection carries them: the codec of HTTP/1.1 adds how the body is framed,
/// which no filter sees. `ends`: nothing follows the headers.
pub(crate) fn frame_response(headers: &HeaderMap, ends: bool, sent: &ClientRequest) -> HeaderMap {
    let mut headers = headers.clone();
    if sent.protocol == Protocol::Http2 {
        return headers;
    }
    let status = headers.first(b":status").unwrap_or_default();
    let informational = status.len() == 3 && status.starts_with(b"1");
    let bodiless = informational || status == b"204" || status == b"304";
    if !bodiless && !headers.has(b"content-length") {
        if sent.method == "HEAD" || !ends {
            headers.add(b"transfer-encoding", b"chunked");
        } else {
            headers.add(b"content-length", b"0");
        }
    }
    headers
}

/// The request headers as the upstream's connection carries them.
pub(crate) fn frame_request(headers: &HeaderMap, ends: bool, protocol: Protocol) -> HeaderMap {
    let mut headers = headers.clone();
    let upgrades = headers.has(b"upgrade");
    if protocol == Protocol::Http1 && !upgrades && !headers.has(b"content-length") {
        let method = headers.first(b":method").unwrap_or_default();
        if !ends {
            headers.add(b"transfer-encoding", b"chunked");
        } else if ![&b"GET"[..], b"HEAD", b"DELETE", b"TRACE", b"CONNECT"].contains(&method) {
            headers.add(b"content-length", b"0");
        }
    }
    headers
}

/// What Envoy does with a request that its codec refuses.
pub(crate) enum Refusal {
    /// It answers. Such a request reaches no request callback, only `on_log`. (Where the path holds a `#`, Envoy shows
    /// `on_log` the pseudo headers; this host shows no headers then either.)
    Reply(LocalReply),
    /// It resets the stream, with these details and flags: no filter ever hears of it.
    Reset(&'static str, u64),
}

/// Whether Envoy's codec refuses a request.
pub(crate) fn refuse(sent: &ClientRequest) -> Option<Refusal> {
    match sent.protocol {
        Protocol::Http1 => refuse_http1(sent).map(Refusal::Reply),
        Protocol::Http2 => refuse_http2(sent),
    }
}

fn refuse_http2(sent: &ClientRequest) -> Option<Refusal> {
    let mut values = sent.headers.iter().map(|(_, value)| value);
    if !values.all(|value| value.iter().all(|&byte| is_value_byte(byte))) {
        return Some(Refusal::Reset("http2.invalid.header.field", PROTOCOL_ERROR));
    }
    // The pseudo headers count, too.
    if sent.headers.len() + 4 > 100 {
        return Some(Refusal::Reset("http2.too_many_headers", CLIENT_RESET));
    }
    let unnormal = sent.path.contains(&b'#');
    unnormal.then(|| Refusal::Reply(LocalReply::own(400, "", "path_normalization_failed", 0)))
}

fn refuse_http1(sent: &ClientRequest) -> Option<LocalReply> {
    let bad = |details: &str| Some(LocalReply::own(400, "Bad Request", details, PROTOCOL_ERROR));
    let size: usize = sent
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if !METHODS.contains(&sent.method.as_str()) {
        return bad("http1.codec_error");
    }
    if !sent.path.starts_with(b"/") || !sent.path.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return bad("http1.codec_error");
    }
    if sent.path.contains(&b'#') {
        return Some(LocalReply::own(400, "", "path_normalization_failed", 0));
    }
    let too_large = |details: &str| {
        Some(LocalReply::own(
            431,
            "Request Header Fields Too Large",
            details,
            PROTOCOL_ERROR,
        ))
    };
    if size > 60 * 1024 {
        return too_large("http1.headers_too_large");
    }
    // The limit of 100 counts `host`, too.
    if sent.headers.len() >= 100 {
        return too_large("http1.too_many_headers");
    }
    for (name, value) in &sent.headers {
        if name.is_empty() || !name.iter().all(|&byte| is_name_byte(byte)) {
            return bad("http1.codec_error");
        }
        if !value.iter().all(|&byte| is_value_byte(byte)) {
            return bad("http1.invalid_characters");
        }
    }
    None
}

/// A header that a filter wrote into the request and that no upstream may get: Envoy refuses the whole request.
pub(crate) fn unsendable(request: &HeaderMap) -> Option<LocalReply> {
    let refused = |message: String| {
        let details = format!(
            "filter_removed_required_request_headers{{{}}}",
            message.replace(' ', "_")
        );
        Some(LocalReply::own(503, &message, &details, PROTOCOL_ERROR))
    };
    if !request.has(b":method") {
        return refused("missing required header: :method".to_owned());
    }
    for (name, value) in request.pairs() {
        let text = String::from_utf8_lossy(name);
        if name.starts_with(b":") {
            continue;
        }
        // A header without a name goes out as it is.
        if !name.iter().all(|&byte| is_name_byte(byte)) {
            return refused(format!("invalid header name: {text}"));
        }
        if !value.iter().all(|&byte| is_value_byte(byte)) {
            return refused(format!("invalid header value for: {text}"));
        }
    }
    None
}

/// Methods that Envoy's HTTP/1 parser knows.
const METHODS: &[&str] = &[
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "MSEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
