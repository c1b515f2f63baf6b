//! An error of the upstream and one of Envoy's own, with the same body.

use super::super::walk::{Outcome, Shown, Walk, header};
use super::Chapter;
use live::client::Request;
use serde_json::Value;

/// What every error has.
const MEMBERS: [&str; 7] = [
    "trace_id",
    "request_id",
    "error_code",
    "message",
    "status_code",
    "timestamp",
    "service_name",
];
/// What the upstream says of its error, for its developers only.
const INSIDE: &str = "NullPointerException";

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Every error looks alike",
    text: "Errors are made by whoever is in trouble: the upstream in its own words, or Envoy itself when it gets no answer. A client \
           should not need to know which. Here the upstream fails first, and answers with words that were meant for its developers \
           (NullPointerException at OrderDao.java:42). Then a client that says it waits half a second asks for what takes three: \
           Envoy itself gives up in time, and answers.",
    show,
};

fn show(walk: &mut Walk<'_, '_>) -> Shown {
    let failing = format!("/orders?status=500&body={INSIDE}%20at%20OrderDao.java:42");
    let upstreams = walk.send(&Request::get(failing))?;
    let first = error(walk, &upstreams, 500, "INTERNAL_SERVER_ERROR")?;
    walk.claim(
        "what was meant for developers did not leave the house",
        !upstreams.response.text().contains(INSIDE),
        || format!("the body is {first}"),
    )?;
    walk.screen.gap();
    let late = Request::get("/slow/3000").header("x-request-deadline-ms", "500");
    let envoys = walk.send(&late)?;
    let second = error(walk, &envoys, 504, "UPSTREAM_TIMEOUT")?;
    walk.claim(
        "both bodies are of one form (retryable is there where trying again may help), and each has the id by which that \
         request is found in the logs",
        has_all(&first) && has_all(&second) && has_its_id(&upstreams, &first) && has_its_id(&envoys, &second),
        || format!("the bodies are {first} and {second}"),
    )?;
    walk.screen.gap();
    let works = walk.send(&Request::get("/orders"))?;
    let is_ok = works.response.status == 200;
    walk.claim("what works goes on working meanwhile", is_ok, || works.seen())
}

/// The body of this error, once it is the one that was to come.
fn error(walk: &mut Walk<'_, '_>, outcome: &Outcome, status: u16, code: &str) -> Shown<Value> {
    let is_so = outcome.response.status == status
        && header(&outcome.response, "x-error-code").as_deref() == Some(code);
    let claim = format!("the client gets {status} with the error code {code}, and this body:");
    walk.claim(&claim, is_so, || outcome.seen())?;
    let body = outcome.body()?;
    walk.screen.json(&body);
    Ok(body)
}

fn has_all(body: &Value) -> bool {
    MEMBERS.iter().all(|member| body.get(member).is_some())
}

fn has_its_id(outcome: &Outcome, body: &Value) -> bool {
    let id = header(&outcome.response, "x-request-id");
    id.is_some() && body.get("request_id").and_then(Value::as_str) == id.as_deref()
}
