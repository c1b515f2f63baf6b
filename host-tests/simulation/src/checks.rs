//! The promises that are checked after each step of a story, from outside: by what clients and upstreams see, by metrics and by
//! log lines.

pub(crate) mod admission;
pub(crate) mod budget;
pub(crate) mod come_back;
pub(crate) mod degradations;
pub(crate) mod envelope;
pub(crate) mod ids;
pub(crate) mod metrics;
pub(crate) mod probes;
pub(crate) mod ramp;
pub(crate) mod secrets;
pub(crate) mod transitions;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What was promised.
    pub promise: &'static str,
    /// What happened.
    pub words: String,
}

impl Broken {
    pub(crate) fn new(promise: &'static str, words: impl Into<String>) -> Broken {
        Broken {
            promise,
            words: words.into(),
        }
    }

    /// Nothing, if it holds.
    pub(crate) fn unless(
        holds: bool,
        promise: &'static str,
        words: impl FnOnce() -> String,
    ) -> Result<(), Broken> {
        match holds {
            true => Ok(()),
            false => Err(Broken::new(promise, words())),
        }
    }
}
