//! Requests that are under way, and what is read off them when they are over.

use super::clients::{Loss, Next, got};
use super::seen::{Got, Try};
use crate::scenario::Client;
use host::Exchange;
use std::time::Duration;

/// A try that is under way.
pub(crate) struct Flight {
    pub(crate) exchange: Exchange,
    /// Its place among all tries.
    pub(crate) index: usize,
    pub(crate) loss: Loss,
}

/// A client's idempotency keys are told apart by client and request.
pub(crate) fn key(client: &str, next: Next) -> String {
    format!("{client}-{}", next.request)
}

/// A text of a client with the request's number in it.
pub(crate) fn numbered(text: &str, next: Next) -> String {
    text.replace("{n}", &next.request.to_string())
}

/// Sends a try to a worker.
pub(crate) fn send(
    worker: host::Worker<'_>,
    client: &Client,
    name: &str,
    next: Next,
    loss: Loss,
) -> Exchange {
    let mut request = worker.request(&client.method, numbered(&client.path, next));
    if let Some(host) = &client.host {
        request = request.host(host);
    }
    for (header, value) in &client.headers {
        request = request.header(header.to_ascii_lowercase(), numbered(value, next));
    }
    if client.idempotency_key {
        request = request.header("idempotency-key", key(name, next));
    }
    if client.sends_id {
        request = request.header("x-request-id", id(name, next));
    }
    let body = client.body.as_deref().unwrap_or_default();
    match loss {
        Loss::Body => {
            let half = body.as_bytes().get(..body.len() / 2).unwrap_or_default();
            request.pieces([half]).unfinished().send()
        }
        Loss::Nothing | Loss::Answer | Loss::Connection => request.body(body).send(),
    }
}

/// A try that has just been sent, of which nothing is known yet.
pub(crate) fn begun(
    index: usize,
    client: &Client,
    name: &str,
    next: Next,
    exchange: &Exchange,
    at: Duration,
    loss: Loss,
) -> Try {
    Try {
        client: index,
        request: next.request,
        number: next.number,
        connection: exchange.connection(),
        method: client.method.clone(),
        path: numbered(&client.path, next),
        has_key: client.idempotency_key,
        at,
        took: Duration::ZERO,
        got: Got::Broken,
        status: 0,
        details: String::new(),
        flags: String::new(),
        error_code: None,
        circuit: None,
        retry: None,
        id: None,
        sent_id: client.sends_id.then(|| id(name, next)),
        is_cut: loss == Loss::Body,
        attempts: Vec::new(),
    }
}

/// The id that a client gives a request.
pub(crate) fn id(client: &str, next: Next) -> String {
    format!("{client}-request-{}", next.request)
}

impl Flight {
    /// What came of it, once it is over or its client goes away.
    pub(crate) fn read(&self, made: &mut Try, now: Duration, gave_up: bool) {
        let exchange = &self.exchange;
        let state = |name: &str| {
            let value = exchange.filter_state(name).all().into_iter().next()?;
            Some(String::from_utf8_lossy(&value).into_owned())
        };
        made.took = now - made.at;
        made.status = exchange.response_code();
        made.got = match gave_up {
            true => Got::GaveUp,
            false => got(self.loss, exchange.broke_off(), exchange.status()),
        };
        made.details = exchange.details();
        made.flags = exchange.flags();
        made.error_code = state("policy.error_code");
        made.circuit = state("policy.circuit");
        made.retry = state("policy.retry");
        made.id = header(exchange, "x-request-id");
        let attempts = exchange.attempts();
        made.attempts = attempts.iter().map(host::Attempt::came_to).collect();
    }

    /// How long the answer asks to wait, in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = header(&self.exchange, "retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
    }
}

fn header(exchange: &Exchange, name: &str) -> Option<String> {
    let value = exchange.response_header(name).all().into_iter().next()?;
    Some(String::from_utf8_lossy(&value).into_owned())
}
