//! Whatever an upstream sends, in whatever pieces: what the client gets is a whole answer.

use super::policy;
use host::{Answer, Exchange};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What an upstream answers, and who asks for it.
#[derive(Clone, Debug)]
struct Case {
    status: u16,
    accept: Option<Vec<u8>>,
    content_type: Vec<u8>,
    encoding: Option<&'static str>,
    body: Vec<u8>,
    /// Lengths of the body's pieces, again and again; `None`: it comes whole, with its length.
    cuts: Option<Vec<usize>>,
    http2: bool,
    passthrough: &'static str,
    format: &'static str,
    message: &'static str,
    most: usize,
}

const PARTS_OF_ACCEPT: &[&str] = &[
    "application/json",
    "application/problem+json",
    "text/html",
    "*/*",
    "application/*",
    ";q=0",
    ";q=0.5",
    ";q=1.0",
    ";q=",
    ",",
    ", ",
    "x/y",
    ";a=\"b\"",
];

const USUAL_TYPES: &[&str] = &[
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/html",
    "application/xml",
    "application/problem+json",
    "application/vnd.api+json",
    "application/octet-stream",
    "",
];

const NAMES: &[&str] = &[
    "message",
    "detail",
    "error",
    "title",
    "error_description",
    "loc",
    "location",
    "field",
    "type",
    "msg",
    "input",
    "trace_id",
    "error_code",
    "status_code",
    "timestamp",
    "own",
];

/// A header's value, as far as HTTP lets it pass.
fn header() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..40)
}

fn accept() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        header(),
        vec(select(PARTS_OF_ACCEPT), 0..8).prop_map(|parts| parts.concat().into_bytes())
    ]
}

fn content_type() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => select(USUAL_TYPES).prop_map(|text| text.as_bytes().to_vec()), 1 => header()]
}

/// JSON as frameworks write it, with anything in it.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[\u{0}-\u{1f}<>\"\\\\]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((select(NAMES), inner), 0..8).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

/// A body with the members of the standard form, whatever is in them.
fn standard() -> impl Strategy<Value = Value> {
    vec(prop_oneof![json_value(), (0u16..700).prop_map(Value::from)], 5).prop_map(|values| {
        let names = ["trace_id", "error_code", "message", "status_code", "timestamp"];
        names.into_iter().map(str::to_owned).zip(values).collect()
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let broken = (json_value(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(value, at, byte)| {
        let mut text = value.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        text
    });
    prop_oneof![
        3 => json_value().prop_map(|value| value.to_string().into_bytes()),
        2 => broken,
        2 => standard().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..300),
        1 => ".{0,200}".prop_map(String::into_bytes),
        1 => (1usize..3000).prop_map(|length| vec![b'x'; length]),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let upstream = (
        400u16..600,
        content_type(),
        option::weighted(0.1, select(&["gzip", "identity", "br"][..])),
        body(),
        option::of(vec(1usize..50, 1..5)),
    );
    let wishes = (
        select(&["structured", "enveloped", "never"][..]),
        select(&["negotiate", "standard", "problem"][..]),
        select(&["client_errors", "never", "always"][..]),
        select(&[0usize, 10, 200, 65_536][..]),
    );
    (upstream, option::of(accept()), any::<bool>(), wishes).prop_map(
        |(
            (status, content_type, encoding, body, cuts),
            accept,
            http2,
            (passthrough, format, message, most),
        )| Case {
            status,
            accept,
            content_type,
            encoding,
            body,
            cuts,
            http2,
            passthrough,
            format,
            message,
            most,
        },
    )
}

fn pieces(body: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = body;
    let mut pieces = Vec::new();
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, others) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = others;
    }
    pieces
}

impl Case {
    fn run(&self) -> Exchange {
        let host = policy(json!({
            "passthrough": self.passthrough, "format": self.format, "upstream_message": self.message, "max_body_bytes": self.most,
        }));
        let request = host.get("/").header("x-request-id", "r-1");
        let request = if self.http2 { request.http2() } else { request };
        let request = match &self.accept {
            Some(accept) => request.header("accept", accept),
            None => request,
        };
        let answer = Answer::new(self.status).header("content-type", &self.content_type);
        let answer = match self.encoding {
            Some(encoding) => answer.header("content-encoding", encoding),
            None => answer,
        };
        request.answered_with(match &self.cuts {
            Some(cuts) => answer.pieces(pieces(&self.body, cuts)),
            None => answer.body(&self.body),
        })
    }

    /// Whether an answer of this type may ever be passed on.
    fn may_pass(&self) -> bool {
        let essence = self
            .content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        self.passthrough != "never"
            || essence.starts_with(b"application/grpc")
            || essence == b"text/event-stream"
    }

    /// The client's answer is the upstream's, or one of ours that is valid.
    fn check(&self, exchange: &Exchange) -> Result<(), TestCaseError> {
        prop_assert_eq!(exchange.status(), self.status, "{}", exchange);
        prop_assert!(!exchange.broke_off(), "{}", exchange);
        let answer = exchange.body();
        if let Some(length) = exchange.response_header("content-length").option() {
            prop_assert_eq!(length, answer.len().to_string().into_bytes(), "{}", exchange);
        }
        let sent_type = exchange
            .response_header("content-type")
            .option()
            .unwrap_or_default();
        if self.may_pass()
            && answer == self.body
            && exchange.response_header("x-error-code").option().is_none()
        {
            // Left alone, or of the standard form and so wanted.
            let ours = ["application/json", "application/problem+json"]
                .iter()
                .any(|ours| sent_type == ours.as_bytes());
            prop_assert!(ours || sent_type == self.content_type, "{}", exchange);
            return Ok(());
        }
        let text = String::from_utf8(answer).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| TestCaseError::fail(format!("{error}: {text}\n{exchange}")))?;
        let is_problem = sent_type == b"application/problem+json";
        prop_assert!(is_problem || sent_type == b"application/json", "{}", exchange);
        let (words, number) = if is_problem {
            ("detail", "status")
        } else {
            ("message", "status_code")
        };
        let kept = self.passthrough == "enveloped" && value["request_id"] != "r-1";
        if !kept {
            prop_assert_eq!(&value[number], self.status, "{}", exchange);
            prop_assert_eq!(&value["request_id"], "r-1", "{}", exchange);
            let message = value[words].as_str().unwrap_or_default();
            prop_assert!((1..=1024).contains(&message.len()), "{}", exchange);
        }
        for member in ["error_code", "trace_id", "timestamp"] {
            prop_assert!(value.get(member).is_some(), "{}: {}", member, exchange);
        }
        prop_assert!(
            text.len() <= 2048 + 16 * self.body.len().min(self.most),
            "{} bytes\n{}",
            text.len(),
            exchange
        );
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_client_gets_valid_json_of_bounded_size_or_the_upstreams_own_bytes(case in case()) {
        case.check(&case.run())?;
    }

    #[test]
    fn how_a_body_is_cut_makes_no_difference(case in case(), cuts in vec(1usize..50, 1..5)) {
        let answer = |cuts: Option<Vec<usize>>| {
            let exchange = Case { cuts, ..case.clone() }.run();
            (exchange.status(), exchange.response_header("content-type").option(), exchange.body())
        };
        // A body of no byte ends with its headers where it is whole.
        prop_assume!(!case.body.is_empty());
        prop_assert_eq!(answer(None), answer(Some(cuts)));
    }
}
