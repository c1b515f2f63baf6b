//! Waiting for another process, always with a bound: it has no way to call us back.

use crate::{Error, Result};
use std::thread;
use std::time::{Duration, Instant};

/// How long between two looks: short beside what is waited for, long beside what a look costs.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until `look` finds something, fails, or `bound` is over; `what` names it in the error.
///
/// # Errors
/// [`Error::Late`] when the bound is over, and whatever `look` fails with.
pub fn until<T>(bound: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + bound;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= end {
            return Err(Error::Late {
                what: what.to_owned(),
                bound,
            });
        }
        thread::sleep(PAUSE);
    }
}
