//! What became of requests, told by kinds that can be counted and compared.

use crate::upstream::BODY;
use live::client::Response;
use serde_json::Value;
use std::collections::BTreeMap;

/// What became of one request, as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// An answer, whole; the code is that of an error that plugins made or passed.
    Answered(u16, Option<String>),
    /// An answer that ended within its body.
    CutShort,
    /// No answer: the connection ended first.
    Closed,
    /// No connection.
    Refused,
    /// No answer within the client's patience.
    Late,
    /// Something that is no answer.
    Malformed,
}

impl End {
    /// Reads what a client has got.
    pub(crate) fn of(result: &live::Result<Response>) -> Self {
        match result {
            Ok(response) => {
                let code = response.values("x-error-code");
                let code = code
                    .first()
                    .map(|code| String::from_utf8_lossy(code).into_owned());
                End::Answered(response.status, code)
            }
            Err(live::Error::CutShort(_)) => End::CutShort,
            Err(live::Error::NoResponse(_)) => End::Closed,
            Err(live::Error::Late { .. }) => End::Late,
            Err(live::Error::Malformed { .. }) => End::Malformed,
            Err(_) => End::Refused,
        }
    }

    /// Whether the client has an answer.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, End::Answered(..))
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Answered(status, None) => write!(f, "{status}"),
            End::Answered(status, Some(code)) => write!(f, "{status} {code}"),
            End::CutShort => f.write_str("cut short"),
            End::Closed => f.write_str("closed"),
            End::Refused => f.write_str("refused"),
            End::Late => f.write_str("late"),
            End::Malformed => f.write_str("malformed"),
        }
    }
}

/// How many requests came to which end.
pub type Ends = BTreeMap<End, u64>;

/// What is wrong with an answer of a listener with plugins to the request of this id; `None`: nothing.
pub(crate) fn wrong(id: &str, response: &Response) -> Option<String> {
    let ids = response.values("x-request-id");
    if ids != [id.as_bytes()] {
        return Some(format!("{} ids, or another", ids.len()));
    }
    if response.status < 400 {
        let is_whole = response.status == 200 && response.body == BODY;
        return (!is_whole)
            .then(|| format!("{} with a body that the upstream did not send", response.status));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return Some(format!(
            "{} without the standard body: {:?}",
            response.status,
            response.text()
        ));
    };
    for member in [
        "trace_id",
        "request_id",
        "error_code",
        "message",
        "status_code",
        "timestamp",
    ] {
        if body.get(member).is_none() {
            return Some(format!("{} whose body has no {member}: {body}", response.status));
        }
    }
    if body["request_id"] != id || body["status_code"] != response.status {
        return Some(format!(
            "{} whose body is of another request: {body}",
            response.status
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{BODY, wrong};
    use live::client::Response;

    fn response(status: u16, id: &str, body: &[u8]) -> Response {
        Response {
            status,
            headers: vec![(b"x-request-id".to_vec(), id.into())],
            body: body.to_vec(),
            trailers: Vec::new(),
        }
    }

    fn error(request_id: &str, status_code: u16) -> String {
        format!(
            r#"{{"trace_id":"t","request_id":"{request_id}","error_code":"E","message":"m","status_code":{status_code},"timestamp":"now"}}"#
        )
    }

    #[test]
    fn an_answer_has_the_id_of_its_request_and_what_the_upstream_sent_or_the_standard_body() {
        assert_eq!(wrong("a", &response(200, "a", BODY)), None);
        assert_eq!(wrong("a", &response(503, "a", error("a", 503).as_bytes())), None);
        for bad in [
            response(200, "b", BODY),
            response(200, "a", &BODY[1..]),
            response(204, "a", b""),
            response(503, "a", b"upstream connect error"),
            response(503, "a", br#"{"error_code":"E"}"#),
            response(503, "a", error("b", 503).as_bytes()),
            response(503, "a", error("a", 502).as_bytes()),
            response(503, "b", error("a", 503).as_bytes()),
        ] {
            assert!(wrong("a", &bad).is_some(), "{bad:?}");
        }
    }
}
