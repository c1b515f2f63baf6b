//! A POST that is sent once, and a GET that is tried again.

use super::super::walk::{Shown, Walk};
use super::Chapter;
use live::client::Request;

pub(super) const CHAPTER: Chapter = Chapter {
    title: "What may be tried again, and what not",
    text: "Many failures are over a moment later, so it helps to try again: a retry. But a retry can do harm. A POST asks for \
           something to be done: an order that failed may have been placed all the same, and would be placed twice. A GET only asks \
           to be shown something, and may be tried again. Both are now sent to where the upstream fails each time (503, \"not now\").",
    show,
};

fn show(walk: &mut Walk<'_, '_>) -> Shown {
    let post = walk.send(&Request::post("/orders/status/503", "{\"item\":42}"))?;
    walk.claim(
        "the POST was sent once: no order is placed twice",
        post.response.status == 503 && post.reached == 1,
        || post.seen(),
    )?;
    walk.screen.gap();
    let get = walk.send(&Request::get("/orders/status/503"))?;
    walk.claim(
        "the GET was tried three times before the client heard of the failure",
        get.response.status == 503 && get.reached == 3,
        || get.seen(),
    )
}
