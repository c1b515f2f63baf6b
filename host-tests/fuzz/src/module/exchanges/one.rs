//! One exchange: a request, what its upstream does, and what must hold of the answer.

use super::super::Ledger;
use super::super::callbacks::{HEADERS, VALUES};
use crate::bound::Work;
use crate::input::Input;
use host::{Answer, Exchange, Host};
use serde_json::Value;

const METHODS: [&str; 8] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT",
];
const PATHS: [&str; 6] = [
    "/",
    "/orders/1?a=b",
    "/.policy",
    "/.policy/force?breaker=cluster/=upstream&state=open&for=10s&reason=why",
    "/r/1",
    "/c",
];
const BODIES: [&str; 5] = [
    r#"{"message":"no","detail":[{"loc":["body","a"],"msg":"b","type":"c"}]}"#,
    r#"{"trace_id":"a","error_code":"A","message":"b","status_code":404,"timestamp":"2026-01-01T00:00:00Z"}"#,
    "<html>no</html>",
    "plain words",
    r#"{"error":"invalid_grant","error_description":"it is over"}"#,
];

/// What an answer is to be judged by.
#[derive(Clone, Copy, Default)]
pub(super) struct Expected {
    /// Each request gets an id.
    pub(super) identified: bool,
    /// The upstream says by `x-error-code` that its error is in our form, which need not be true.
    upstreams_code: bool,
}

impl Expected {
    pub(super) fn of(configuration: &[u8]) -> Self {
        let everything = b"\"trace_id_from_request_id\":true";
        Self {
            identified: configuration
                .windows(everything.len())
                .any(|part| part == everything),
            upstreams_code: false,
        }
    }
}

/// A client begins.
pub(super) fn begin(host: &Host, input: &mut Input<'_>) -> Exchange {
    let method = *input.one_of(&METHODS[..7]);
    let path = match input.byte() {
        0 => [b"/", input.bytes()].concat(),
        known => PATHS[usize::from(known) % PATHS.len()].into(),
    };
    let mut request = host.request(method, path);
    match input.byte() % 8 {
        0 => request = request.host(input.bytes()),
        1 => request = request.http2(),
        2 => request = host.grpc("/shop.Orders/Get").body(b"\0\0\0\0\x01a"),
        3 => request = request.upgrade("websocket"),
        4 => request = request.from("10.1.2.3:4000"),
        _ => {}
    }
    for (name, value) in headers(input) {
        request = request.header(name, value);
    }
    if input.one_in(4) {
        request = request.pieces(pieces(input));
    }
    if input.one_in(16) {
        request = request.trailer("x-sum", input.bytes());
    }
    if input.one_in(16) {
        request = request.unfinished();
    }
    request.send()
}

/// The rest of it happens.
pub(super) fn finish(
    mut exchange: Exchange,
    input: &mut Input<'_>,
    ledger: &mut Ledger,
    mut is: Expected,
) -> Vec<Work> {
    let mut told = false;
    for _ in 0..6 {
        if exchange.is_finished() {
            break;
        }
        match input.byte() % 8 {
            0 => exchange = exchange.client_aborts(),
            1 => exchange = exchange.client_sends(input.bytes()),
            2 => exchange = exchange.client_ends(),
            _ if exchange.awaits_answer() => {
                told = true;
                let (answer, has_code) = answer(input);
                is.upstreams_code |= has_code;
                exchange = exchange.begin_answer(answer);
            }
            3 | 4 if told => exchange = exchange.upstream_sends(input.value(&BODIES)),
            5 if told => exchange = exchange.upstream_resets(),
            6 if told => exchange = exchange.upstream_ends_with(&[("grpc-status", input.bytes())]),
            _ if told => exchange = exchange.upstream_ends(),
            _ => {}
        }
    }
    if !exchange.is_finished() {
        exchange = exchange.client_aborts();
    }
    is_what_it_says(&exchange, is);
    ledger.bytes = 0;
    ledger.works.clear();
    for spent in exchange.cost().callbacks {
        ledger.enter(spent.callback, spent.fuel, spent.bytes_out);
    }
    std::mem::take(&mut ledger.works)
}

fn headers(input: &mut Input<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut headers = Vec::new();
    for _ in 0..input.byte() % 12 {
        let name = match input.byte() {
            0 => input.bytes().to_vec(),
            known => HEADERS[usize::from(known) % HEADERS.len()].as_bytes().to_vec(),
        };
        let value = input.value(&VALUES);
        // The host's own headers, and those that make it wait for what never comes.
        let is_framing = [
            &b"content-length"[..],
            b"transfer-encoding",
            b"upgrade",
            b"connection",
            b"host",
            b"expect",
        ];
        if !name.starts_with(b":") && !is_framing.contains(&name.to_ascii_lowercase().as_slice()) {
            headers.push((name, value));
        }
    }
    headers
}

fn pieces(input: &mut Input<'_>) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for _ in 0..input.byte() % 5 {
        let piece = input.value(&BODIES);
        match input.byte() % 16 {
            // Byte by byte, but not for ever.
            0 => pieces.extend(piece.iter().take(200).map(|byte| vec![*byte])),
            _ => pieces.push(piece),
        }
    }
    pieces
}

fn answer(input: &mut Input<'_>) -> (Answer, bool) {
    let status = match input.byte() {
        0 => 200,
        byte @ 1..=9 => return (failure(byte), false),
        byte => *[
            200, 201, 204, 304, 400, 401, 404, 422, 429, 500, 501, 502, 503, 504, 599,
        ]
        .get(usize::from(byte) % 15)
        .unwrap_or(&200),
    };
    let mut answer = match input.byte() % 8 {
        0 => Answer::grpc(u32::from(input.byte()) % 20),
        1 => Answer::grpc_headers_only(u32::from(input.byte()) % 20),
        _ => Answer::new(status),
    };
    let mut has_code = false;
    for (name, value) in headers(input) {
        if let Ok(name) = str::from_utf8(&name) {
            has_code |= name.eq_ignore_ascii_case("x-error-code");
            answer = answer.header(name, value);
        }
    }
    match input.byte() % 4 {
        0 => answer = answer.pieces(pieces(input)),
        1 => answer = answer.body(input.value(&BODIES)),
        _ => {}
    }
    if input.one_in(8) {
        answer = answer.trailer("x-sum", input.bytes());
    }
    let answer = match input.byte() % 8 {
        0 => answer.unfinished(),
        1 => answer.cut_off(),
        _ => answer,
    };
    (answer, has_code)
}

fn failure(which: u8) -> Answer {
    match which {
        1 => Answer::timeout(),
        2 => Answer::no_healthy_upstream(),
        3 => Answer::connection_failure(),
        4 => Answer::reset(),
        5 => Answer::protocol_error(),
        6 => Answer::stream_reset(),
        7 => Answer::refused_stream(),
        _ => Answer::overflow(),
    }
}

/// The answer that a client got. Nothing of it is the plugins' code.
fn is_what_it_says(exchange: &Exchange, is: Expected) {
    for line in exchange.logs() {
        let line = &line.message;
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}\n{exchange}");
    }
    for (name, value) in exchange.filter_states() {
        if name == "policy.explain" {
            assert!(
                serde_json::from_slice::<Value>(&value).is_ok(),
                "{name}\n{exchange}"
            );
        }
    }
    let whole = !is.upstreams_code && !exchange.broke_off() && exchange.status() >= 400;
    // What the plugins wrote says so; the upstream's own words need not be JSON.
    let codes = exchange.response_header("x-error-code").all();
    let is_code =
        |code: &[u8]| code.len() > 2 && code.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    let is_ours = matches!(&codes[..], [code] if is_code(code));
    let body = exchange.body();
    if whole && is_ours && !body.is_empty() {
        let kind = exchange.response_header("content-type").all().concat();
        let standard = [&b"application/json"[..], b"application/problem+json"].contains(&kind.as_slice());
        assert!(
            !standard || serde_json::from_slice::<Value>(&body).is_ok(),
            "no JSON\n{exchange}"
        );
    }
    if is.identified && exchange.reached_upstream() {
        let id = exchange.upstream_header("x-request-id").value();
        let is_allowed = |byte: &u8| (0x21..=0x7e).contains(byte) && !b"\"'`\\,;".contains(byte);
        assert!(
            (1..=128).contains(&id.len()) && id.iter().all(is_allowed),
            "no id\n{exchange}"
        );
    }
}
