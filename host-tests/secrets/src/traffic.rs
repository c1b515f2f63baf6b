//! One exchange, with secrets on both sides.

use crate::value::{self, Value};
use fastrand::Rng;
use host::{Answer, Host, Request, millis, secs};

/// Headers of requests that no configuration here names. What an application puts into such headers is nobody's business;
/// what a plugin reads of them (to decide on) it does not tell.
const OF_REQUESTS: [&str; 24] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-amz-security-token",
    "x-client-secret",
    "idempotency-key",
    "x-user",
    "x-tenant",
    "x-anything-else",
    "user-agent",
    "referer",
    "origin",
    "from",
    "accept",
    "accept-language",
    "content-type",
    "if-none-match",
    "x-envoy-retry-on",
    "x-envoy-attempt-count",
    "x-envoy-upstream-rq-timeout-ms",
    "grpc-timeout",
];

/// Headers from which ids are taken, where they are any.
const OF_IDS: [&str; 6] = [
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "b3",
    "x-b3-traceid",
    "x-amzn-trace-id",
];

const OF_ANSWERS: [&str; 9] = [
    "set-cookie",
    "www-authenticate",
    "location",
    "retry-after",
    "server",
    "x-session",
    "x-anything-else",
    "x-error-code",
    "etag",
];

/// Sends a request, and gives how many secrets it and its answer had.
pub(crate) fn exchange(host: &Host, random: &mut Rng) -> u64 {
    let mut secrets = 0;
    let request = request(host, random, &mut secrets);
    let answer = answer(host, random, &mut secrets);
    let exchange = request.upstream_answers(answer).send();
    match random.u32(..6) {
        0 => drop(exchange),
        1 if exchange.is_finished() => {}
        1 => drop(exchange.client_aborts()),
        _ => {
            host.advance(secs(30));
            drop(exchange);
        }
    }
    secrets
}

fn request(host: &Host, random: &mut Rng, secrets: &mut u64) -> Request {
    let choose = |random: &mut Rng, from: &[&'static str]| random.choice(from).copied().unwrap_or_default();
    let mut path = choose(random, &["/orders", "/orders/1", "/gone", "/", "/.policy"])
        .as_bytes()
        .to_vec();
    if random.bool() {
        let token = format!("{:032x}", random.u128(..));
        host.keep_secret("the query", &token);
        *secrets += 1;
        path.extend_from_slice(format!("?token={token}").as_bytes());
    }
    let method = choose(random, &["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS"]);
    let mut request = match random.u32(..8) {
        0 => host.grpc("/shop.Orders/Get"),
        _ => host.request(method, path),
    };
    for _ in 0..random.u32(..7) {
        let name = choose(random, &OF_REQUESTS);
        let value = kept(host, name, value::any(random), secrets);
        request = request.header(name, value);
    }
    if random.u32(..3) == 0 {
        let name = choose(random, &OF_IDS);
        let value = kept(host, name, value::refused_id(random), secrets);
        request = request.header(name, value);
    }
    match random.u32(..4) {
        0 => request.body("{\"order\":1}").trailer("x-sum", "1"),
        1 => request.http2(),
        _ => request,
    }
}

fn answer(host: &Host, random: &mut Rng, secrets: &mut u64) -> Answer {
    let failures = [
        Answer::never(),
        Answer::timeout(),
        Answer::no_healthy_upstream(),
        Answer::connection_failure(),
        Answer::reset(),
        Answer::overflow(),
    ];
    if random.u32(..5) == 0 {
        return random.choice(failures).unwrap_or_else(Answer::never);
    }
    let status = random
        .choice([200, 204, 302, 404, 409, 422, 429, 500, 502, 503, 503, 503])
        .unwrap_or(200);
    let mut answer = Answer::new(status).after(millis(random.u64(..2_000)));
    for _ in 0..random.u32(..4) {
        let name = random.choice(OF_ANSWERS).unwrap_or("x-session");
        let value = kept(host, name, value::any(random), secrets);
        answer = answer.header(name, value);
    }
    // What is inside of a server error is told to nobody.
    if status >= 500 && random.bool() {
        let body = kept(host, "the body of a server error", value::any(random), secrets);
        return answer.header("content-type", "text/plain").body(body);
    }
    match random.u32(..3) {
        0 => answer
            .body("{\"message\":\"no such order\"}")
            .header("content-type", "application/json"),
        1 => answer.body("no such order"),
        _ => answer,
    }
}

/// The value as it is sent. From now on, no plugin may tell it.
fn kept(host: &Host, name: &str, value: Value, secrets: &mut u64) -> Vec<u8> {
    host.keep_secret(name, &value.secret);
    *secrets += 1;
    value.whole
}
