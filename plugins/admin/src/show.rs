//! Breakers and budgets as JSON.

use crate::listed::{Breaker, Budget, Moment};
use kit::{Object, Reply};
use policy::breaker::{Counted, Force, Span, WindowView};
use policy::timestamp::rfc3339;

/// The answer with this body.
pub(crate) fn reply(body: Vec<u8>) -> Reply {
    Reply {
        status: 200,
        headers: vec![
            (b"content-type".to_vec(), b"application/json".to_vec()),
            (b"cache-control".to_vec(), b"no-store".to_vec()),
        ],
        body,
        details: b"admin".to_vec(),
        grpc_status: None,
    }
}

/// The whole body: each breaker and each budget has a line of its own.
pub(crate) fn page(at: Moment, complete: bool, breakers: &[Object], budgets: Option<&[Object]>) -> Vec<u8> {
    let mut head = Object::default();
    head.text("timestamp", &rfc3339(at.unix_millis))
        .text("version", env!("CARGO_PKG_VERSION"))
        .boolean("complete", complete);
    let mut page = head.finish();
    page.pop();
    for (name, list) in [("breakers", Some(breakers)), ("retry_budgets", budgets)] {
        let Some(list) = list else { continue };
        page.extend_from_slice(b",\n\"");
        page.extend_from_slice(name.as_bytes());
        page.extend_from_slice(b"\": [");
        for (place, object) in list.iter().enumerate() {
            page.extend_from_slice(if place == 0 { b"\n  " } else { b",\n  " });
            page.extend(object.finish());
        }
        page.push(b']');
    }
    page.extend_from_slice(b"\n}\n");
    page
}

/// A breaker.
pub(crate) fn breaker(breaker: &Breaker, at: Moment) -> Object {
    let view = breaker.record.view(at.now_millis);
    let kind = breaker.kind.split(':').next().unwrap_or_default();
    let mut object = Object::default();
    object
        .text("id", &breaker.id)
        .text("breaker", &breaker.entry.value)
        .text("key", kind)
        .text("direction", &breaker.direction)
        .text("position", &breaker.position)
        .text("state", view.state.as_str());
    match view.since_millis {
        Some(since_millis) => {
            let ago = at.now_millis.saturating_sub(since_millis);
            object
                .text("since", &rfc3339(at.unix_millis.saturating_sub(ago)))
                .number("since_ms", ago);
        }
        None => {
            object.null("since").null("since_ms");
        }
    }
    object
        .number("generation", view.generation)
        .number("reopenings", u64::from(view.reopenings));
    match view.open_until_millis {
        Some(until) => {
            let mut open = Object::default();
            ends(&mut open, until, at);
            object.object("open", &open);
        }
        None => {
            object.null("open");
        }
    }
    match view.counted {
        Some(counted) => object.object("window", &window(counted)),
        None => object.null("window"),
    };
    match view.probes {
        Some(probes) => {
            let mut members = Object::default();
            members
                .number("in_flight", u64::from(probes.in_flight))
                .number("succeeded", u64::from(probes.succeeded));
            object.object("probes", &members);
        }
        None => {
            object.null("probes");
        }
    }
    match view.forced {
        Some(forced) => {
            let mut members = Object::default();
            members.text("state", word(forced.force));
            ends(&mut members, forced.until_millis, at);
            members.text("reason", &forced.reason);
            object.object("forced", &members);
        }
        None => {
            object.null("forced");
        }
    }
    told_by(
        &mut object,
        breaker.entry.configuration,
        &breaker.entry.plugin_version,
    );
    object
}

/// The word for what is forced.
pub(crate) fn word(force: Force) -> &'static str {
    match force {
        Force::Open => "open",
        Force::Closed => "closed",
    }
}

/// A budget.
pub(crate) fn budget(budget: &Budget, at: Moment) -> Object {
    let (entry, record) = (&budget.entry, &budget.record);
    let (requests, retries) = record.counted(&entry.settings, at.now_millis);
    let remaining = record.remaining(&entry.settings, at.now_millis);
    let mut object = Object::default();
    object
        .text("cluster", &entry.cluster)
        .number("interval_ms", entry.settings.interval_millis)
        .number("requests", requests)
        .number("retries", retries)
        .number("remaining", u64::from(remaining));
    told_by(&mut object, entry.configuration, &entry.plugin_version);
    object
}

fn told_by(object: &mut Object, configuration: u64, version: &str) {
    object
        .text("configuration", &format!("{configuration:016x}"))
        .text("plugin_version", version);
}

fn ends(object: &mut Object, until_millis: u64, at: Moment) {
    let left = until_millis.saturating_sub(at.now_millis);
    let over = at.now_millis.saturating_sub(until_millis);
    let until = at.unix_millis.saturating_add(left).saturating_sub(over);
    object.text("until", &rfc3339(until)).number("left_ms", left);
}

fn window(counted: Counted) -> Object {
    let mut object = Object::default();
    object.number("consecutive_failures", u64::from(counted.consecutive_failures));
    for (name, window) in [("failures", counted.failures), ("slow", counted.slow)] {
        match window {
            Some(window) => object.object(name, &share(window)),
            None => object.null(name),
        };
    }
    object
}

fn share(window: WindowView) -> Object {
    let mut object = Object::default();
    match window.span {
        Span::Millis(millis) => object.number("window_ms", millis),
        Span::Calls(calls) => object.number("window_calls", u64::from(calls)),
    };
    object.number("calls", window.calls).number("hits", window.hits);
    object
}
