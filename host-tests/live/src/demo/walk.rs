//! A walk through the chapters: what is sent and shown on the way, and what each claim is held to.

use super::metrics::Metrics;
use super::screen::Screen;
use super::stage::Stage;
use live::client::{Request, Response};
use live::{Error, wait};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long what is counted may take to be seen: far beyond a plugin's tick, which is a second.
const SETTLE: Duration = Duration::from_secs(10);
/// How often an earlier outage may be waited for, in `begin`.
const PATIENCE: usize = 3;

/// What was seen in place of what was to be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotShown {
    #[error("{0}")]
    Otherwise(String),
    #[error(transparent)]
    Live(#[from] Error),
}

pub(super) type Shown<T = ()> = Result<T, NotShown>;

/// Where the walk is.
pub(super) struct Walk<'w, 'o> {
    pub(super) stage: &'w Stage,
    pub(super) screen: &'w mut Screen<'o>,
    /// The metrics at its begin.
    pub(super) before: Metrics,
    /// The seconds after which the breaker has told to come back.
    pub(super) come_back_after: u64,
}

/// What came of a request.
pub(super) struct Outcome {
    pub(super) response: Response,
    /// How many requests the upstream got for it.
    pub(super) reached: u64,
}

impl<'w, 'o> Walk<'w, 'o> {
    /// A walk that begins when the breaker is closed: on an Envoy that others use, too, it may not be.
    pub(super) fn begin(stage: &'w Stage, screen: &'w mut Screen<'o>) -> Shown<Self> {
        for _ in 0..PATIENCE {
            let answer = stage.send(&Request::get("/orders"))?;
            let seconds = header(&answer, "retry-after").and_then(|value| value.parse().ok());
            match (answer.status, seconds) {
                (200, _) => {
                    let before = Metrics::of(&stage.metrics()?);
                    return Ok(Walk {
                        stage,
                        screen,
                        before,
                        come_back_after: 0,
                    });
                }
                (_, Some(seconds)) if is_rejection(&answer) => {
                    screen.wait(seconds, "an earlier outage is not over");
                }
                (status, _) => {
                    return Err(NotShown::Otherwise(format!(
                        "GET /orders was answered {status}, and not 200"
                    )));
                }
            }
        }
        Err(NotShown::Otherwise(
            "the breaker is still open: an earlier outage is not over".into(),
        ))
    }

    /// Sends a request, and shows it and its answer.
    pub(super) fn send(&mut self, request: &Request) -> Shown<Outcome> {
        self.screen.request(&described(request));
        let before = self.stage.reached()?;
        let begun = Instant::now();
        let response = self.stage.send(request)?;
        let took = begun.elapsed().as_millis();
        let reached = self.stage.reached()?.saturating_sub(before);
        let requests = match reached {
            0 => "the upstream got nothing".to_owned(),
            1 => "the upstream got 1 request".to_owned(),
            many => format!("the upstream got {many} requests"),
        };
        let code = header(&response, "x-error-code").map_or_else(String::new, |code| format!(" {code}"));
        let status = response.status;
        self.screen
            .answer(&format!("{status}{code}, after {took} ms; {requests}"));
        Ok(Outcome { response, reached })
    }

    /// Shows `claim` if it is true.
    ///
    /// # Errors
    /// Where it is not, with what was seen.
    pub(super) fn claim(&mut self, claim: &str, is_true: bool, seen: impl FnOnce() -> String) -> Shown {
        if !is_true {
            let seen = seen();
            return Err(NotShown::Otherwise(format!(
                "it should be that {claim}, but {seen}"
            )));
        }
        self.screen.shown(claim);
        Ok(())
    }

    /// As [`Walk::claim`], of the metrics, which may show it a little later.
    pub(super) fn claim_of_metrics(
        &mut self,
        claim: &str,
        is_true: impl Fn(&Metrics, &Metrics) -> bool,
    ) -> Shown<Metrics> {
        let seen = wait::until(SETTLE, claim, || {
            let now = Metrics::of(&self.stage.metrics()?);
            Ok(is_true(&now, &self.before).then_some(now))
        });
        let now = seen.map_err(|error| match error {
            Error::Late { what, .. } => NotShown::Otherwise(format!(
                "it should be that {what}, but the metrics do not show it"
            )),
            other => NotShown::Live(other),
        })?;
        self.screen.shown(claim);
        Ok(now)
    }
}

impl Outcome {
    /// What was answered, for a message.
    pub(super) fn seen(&self) -> String {
        let code = header(&self.response, "x-error-code").unwrap_or("no error code".into());
        format!(
            "the answer was {} ({code}), and the upstream got {} requests",
            self.response.status, self.reached
        )
    }

    /// The body, which has to be JSON.
    pub(super) fn body(&self) -> Shown<Value> {
        let otherwise = |error| {
            let text = self.response.text();
            NotShown::Otherwise(format!("the body is no JSON ({error}): {text}"))
        };
        serde_json::from_slice(&self.response.body).map_err(otherwise)
    }

    /// Whether this is a rejection of the breaker, which no upstream saw.
    pub(super) fn is_rejected(&self) -> bool {
        is_rejection(&self.response) && self.reached == 0
    }
}

/// Whether this is an answer of the breaker.
pub(super) fn is_rejection(response: &Response) -> bool {
    response.status == 503 && header(response, "x-error-code").as_deref() == Some("CIRCUIT_OPEN")
}

/// The value of a header field, if it has exactly one.
pub(super) fn header(response: &Response, name: &str) -> Option<String> {
    match response.values(name).as_slice() {
        [value] => Some(String::from_utf8_lossy(value).into_owned()),
        _ => None,
    }
}

/// A request as the viewer sees it.
fn described(request: &Request) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut shown = format!("{} {}", text(&request.method), text(&request.path));
    for (name, value) in &request.headers {
        shown.push_str(&format!("  with {}: {}", text(name), text(value)));
    }
    shown
}
