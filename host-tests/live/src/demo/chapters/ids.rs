//! An id from the client to the upstream and back.

use super::super::walk::{NotShown, Outcome, Shown, Walk, header};
use super::Chapter;
use live::client::Request;

pub(super) const CHAPTER: Chapter = Chapter {
    title: "One id for each request",
    text: "When something went wrong for one customer among thousands, somebody must find that one request in the logs of every \
           service that it came by. So each request carries an id, a text that no other request has, in the header x-request-id (a \
           header is a line of facts in front of a request or an answer). A client may bring its own; who brings none gets one.",
    show,
};

fn show(walk: &mut Walk<'_, '_>) -> Shown {
    let own = format!("checkout-{}", std::process::id());
    let brought = walk.send(&Request::get("/orders").header("x-request-id", &own))?;
    let (back, there) = (on_answer(&brought)?, at_upstream(&brought)?);
    walk.claim(
        &format!("the upstream got the client's id, and the answer has it too: {own}"),
        back == own && there == own,
        || format!("the upstream got {there}, and the answer has {back}"),
    )?;
    walk.screen.gap();
    let made = walk.send(&Request::get("/orders"))?;
    let (back, there) = (on_answer(&made)?, at_upstream(&made)?);
    walk.claim(
        &format!("a client without an id got one, and the upstream the same one: {back}"),
        back == there && back != own,
        || format!("the upstream got {there}, and the answer has {back}"),
    )
}

fn on_answer(outcome: &Outcome) -> Shown<String> {
    header(&outcome.response, "x-request-id")
        .ok_or_else(|| NotShown::Otherwise(format!("the answer should have one id, but {}", outcome.seen())))
}

/// The demo upstream answers with the request as it arrived there.
fn at_upstream(outcome: &Outcome) -> Shown<String> {
    let body = outcome.body()?;
    let fields = body.get("headers").and_then(|headers| headers.as_array());
    let mut ids = fields
        .into_iter()
        .flatten()
        .filter_map(|field| field.as_str()?.strip_prefix("x-request-id: "));
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        _ => Err(NotShown::Otherwise(format!(
            "the upstream should have got one id, but it got {body}"
        ))),
    }
}
