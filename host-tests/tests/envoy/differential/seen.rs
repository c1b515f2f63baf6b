//! What one side sees of an exchange.

use crate::stand::Stand;
use host_tests::exchange::{AUTHORITY, Exchange, Upstream};
use host_tests::plugin::Plugin;
use live::client::{Request, Response};
use live::{Answer, Received};
use std::fmt::Write;

/// Headers whose values hang on the time or the machine; that they are there is compared.
const MASKED: [&str; 3] = ["date", "x-envoy-upstream-service-time", "x-forwarded-for"];
/// So does this one, where an attempt is not the first.
const TIME_LEFT: &str = "x-envoy-expected-rq-timeout-ms";

type Headers = Vec<(String, Vec<u8>)>;

/// One side's view of an exchange.
pub struct Seen {
    status: u16,
    response: Headers,
    body: Vec<u8>,
    /// How often the upstream was reached.
    reached: usize,
    /// Method, path, headers and body there, the last time.
    upstream: Option<(String, Headers, Vec<u8>)>,
}

/// Sends it to Envoy, behind those before it.
#[track_caller]
pub fn on_envoy(stand: &Stand, exchange: &Exchange) -> Seen {
    for before in &exchange.before {
        send(stand, exchange, "GET", "", before);
    }
    stand.upstream.take_received();
    let response = send(
        stand,
        exchange,
        exchange.method,
        exchange.body,
        &exchange.upstream,
    );
    let mut received = stand.upstream.take_received();
    let named = |headers: Vec<(Vec<u8>, Vec<u8>)>| {
        headers
            .into_iter()
            .map(|(name, value)| (String::from_utf8_lossy(&name).into_owned(), value))
            .collect()
    };
    Seen {
        status: response.status,
        response: named(response.headers),
        body: response.body,
        reached: received.len(),
        upstream: received.pop().map(
            |Received {
                 method,
                 path,
                 headers,
                 body,
                 at: _,
             }| { (format!("{method} {path}"), named(headers), body.to_vec()) },
        ),
    }
}

fn send(stand: &Stand, exchange: &Exchange, method: &str, body: &str, upstream: &Upstream) -> Response {
    match upstream {
        Upstream::Answers {
            status,
            headers,
            body,
            chunks,
        } => {
            let answer = headers
                .iter()
                .try_fold(
                    Answer::status(*status).expect("it is a status"),
                    |answer, (name, value)| answer.header(name, value),
                )
                .expect("these are headers");
            let path = exchange.path.split('?').next().unwrap_or_default();
            let answer = answer.body(*body);
            let answer = match chunks {
                Some(count) => answer.chunks(*count),
                None => answer,
            };
            stand.upstream.answer(path, answer);
        }
        Upstream::Resets => stand.upstream.answer(exchange.path, Answer::reset()),
        Upstream::Late | Upstream::Nobody | Upstream::Refused | Upstream::Full | Upstream::Unasked => {}
    }
    let mut request = Request::new(method, exchange.path).header("host", AUTHORITY);
    for (name, value) in &exchange.headers {
        request = request.header(name, value);
    }
    if !body.is_empty() {
        request = request.header("content-length", body.len().to_string());
        request.body = body.into();
    }
    let response = stand.envoy.send(&request);
    response.unwrap_or_else(|error| panic!("{}: {request:?}: {error}", exchange.name))
}

/// Runs it in the host, with each plugin as a module of its own.
pub fn in_host(plugin: &Plugin, exchange: &Exchange) -> Seen {
    let done = exchange.run(&exchange.host(plugin));
    let pseudo = |headers: &[(String, Vec<u8>)], name: &str| {
        let value = headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone());
        String::from_utf8_lossy(&value.unwrap_or_default()).into_owned()
    };
    let upstream = done.reached_upstream().then(|| {
        let headers = done.upstream_headers();
        let line = format!("{} {}", pseudo(&headers, ":method"), pseudo(&headers, ":path"));
        let headers = headers
            .into_iter()
            .map(|(name, value)| {
                (
                    if name == ":authority" {
                        "host".to_owned()
                    } else {
                        name
                    },
                    value,
                )
            })
            .filter(|(name, _)| !name.starts_with(':'))
            .collect();
        (line, headers, done.upstream_body())
    });
    Seen {
        status: done.status(),
        response: done
            .response_headers()
            .into_iter()
            .filter(|(name, _)| !name.starts_with(':'))
            .collect(),
        body: done.body(),
        reached: done
            .attempts()
            .iter()
            .filter(|attempt| attempt.reached_upstream())
            .count(),
        upstream,
    }
}

/// A text of it, with all that is made anew each time as it is.
pub fn render(seen: Seen) -> String {
    let mut text = format!("client: status {}\n", seen.status);
    headers(&mut text, "client", seen.response, &MASKED);
    let _ = writeln!(text, "client: body {:?}", String::from_utf8_lossy(&seen.body));
    match seen.upstream {
        None => text += "upstream: not reached\n",
        Some((line, received, body)) => {
            let _ = writeln!(text, "upstream: reached {} times", seen.reached);
            let _ = writeln!(text, "upstream: {line}");
            let masked = [&MASKED[..], if seen.reached > 1 { &[TIME_LEFT] } else { &[] }].concat();
            headers(&mut text, "upstream", received, &masked);
            let _ = writeln!(text, "upstream: body {:?}", String::from_utf8_lossy(&body));
        }
    }
    text
}

fn headers(text: &mut String, side: &str, mut headers: Headers, masked: &[&str]) {
    // Of one name the order counts, among names it does not.
    headers.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (name, value) in headers {
        let value = if masked.contains(&name.as_str()) {
            "…".to_owned()
        } else {
            value.escape_ascii().to_string()
        };
        let _ = writeln!(text, "{side}: {name}: {value}");
    }
}
