//! Questions by HTTP, to interfaces of an Envoy on this machine or near it: without TLS, each with a bound of time and size.

use crate::problem::Problem;
use std::time::Duration;

/// An answer whose status may be any.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// In this time there must be an answer: dumps of a large mesh take a while.
const PATIENCE: Duration = Duration::from_secs(20);
/// Larger answers are refused.
const MOST_BYTES: u64 = 256 << 20;

/// GET.
///
/// # Errors
/// Nobody answers, or with something that is no text.
pub(crate) fn get(url: &str) -> Result<Answer, Problem> {
    // Not by a proxy for the way out: what is asked is near.
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .timeout_connect(Some(Duration::from_secs(3)));
    let agent: ureq::Agent = config.build().into();
    let failed = |error: ureq::Error| {
        Problem::new(format!("{url}: {error}")).cure(
            "is it running, and is this its address? One without TLS, http://127.0.0.1:9901 for example",
        )
    };
    let mut response = agent.get(url).call().map_err(failed)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MOST_BYTES);
    Ok(Answer {
        status,
        body: body.read_to_string().map_err(failed)?,
    })
}
