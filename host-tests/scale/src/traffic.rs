//! A request as a browser behind a load balancer would send it: the size of the header map is part of the cost.

use host::{Answer, Exchange, Request, RetryPolicy, millis};

/// Adds what a browser sends, and an id.
pub(crate) fn browser(request: Request) -> Request {
    request
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
        .header("accept-language", "en-US,en;q=0.5")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("cookie", "session=0123456789abcdef0123456789abcdef")
        .header("x-request-id", "order-42")
}

/// An answer with a short body.
pub(crate) fn answer(status: u16) -> Answer {
    Answer::new(status)
        .header("content-type", "text/plain")
        .body("hello")
}

/// Lets so many attempts fail, and the next one succeed. Routes have a back-off that is over at once.
pub(crate) fn after_failures(mut exchange: Exchange, failures: usize) -> Exchange {
    for _ in 0..failures {
        if exchange.is_at_upstream() {
            exchange = exchange.begin_answer(answer(503));
        }
    }
    match exchange.is_at_upstream() {
        true => exchange.begin_answer(answer(200)),
        false => exchange,
    }
}

/// Retries that need no time to pass.
pub(crate) fn at_once() -> RetryPolicy {
    RetryPolicy::on("").back_off(millis(1), millis(1))
}
