//! Clusters whose upstreams answer by a script, without the test answering each request.

use crate::answer::Answer;

/// A cluster with a script: each request to it gets the next answer, and the last answer is for all that follow. A
/// cluster without one leaves its requests waiting for [`crate::Exchange::answer`].
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Answer, Cluster, Host, millis};
/// let host = Host::new(plugin).clusters([
///     Cluster::new("upstream").answers([Answer::new(503), Answer::new(200).after(millis(20))]),
/// ]);
/// let get = || host.get("/").header("x-api-key", "k").send();
/// get().expect_status(503);
/// let slow = get();
/// assert!(slow.is_at_upstream());
/// host.advance(millis(20));
/// slow.expect_status(200);
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) name: String,
    pub(crate) answers: Vec<Answer>,
}

impl Cluster {
    /// A cluster of this name, as [`crate::Route::cluster`] names it, without a script.
    pub fn new(name: &str) -> Cluster {
        Cluster {
            name: name.to_owned(),
            answers: Vec::new(),
        }
    }

    /// What the requests to it get, one after another; the last answer is for all that follow.
    pub fn answers<A: Into<Answer>>(mut self, answers: impl IntoIterator<Item = A>) -> Cluster {
        self.answers = answers.into_iter().map(Into::into).collect();
        self
    }
}
