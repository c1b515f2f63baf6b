//! Clusters whose upstreams answer by a script or by a rule, without the test answering each request.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::client_request::Protocol;
use crate::header_map::HeaderPair;
use crate::plugin::Plugin;
use crate::shared::Shared;

/// A cluster with a script: each request to it, retries too, gets the next answer, and the last answer is for all that
/// follow. A cluster without one leaves its requests waiting for [`crate::Exchange::answer`].
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
#[derive(Clone)]
pub struct Cluster {
    pub(crate) name: String,
    pub(crate) answers: Vec<Answer>,
    pub(crate) by_attempt: bool,
    pub(crate) max_retries: u32,
    pub(crate) retry_budget: Option<(f64, u32)>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) filters: Vec<Arc<Plugin>>,
    pub(crate) rule: Option<Rule>,
    pub(crate) without_hosts: Vec<Range<Duration>>,
}

/// Says what an upstream answers.
pub(crate) type Rule = Arc<dyn Fn(&Arriving) -> Answer + Send + Sync>;

/// An attempt as it arrives at the upstream of a [`Cluster::answers_by`].
pub struct Arriving<'a> {
    pub(crate) after: Duration,
    pub(crate) attempt: usize,
    pub(crate) connection: u64,
    pub(crate) headers: &'a [HeaderPair],
}

impl Arriving<'_> {
    /// When: since the host was made.
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Which attempt of its request this is, counted from 1.
    pub fn attempt(&self) -> usize {
        self.attempt
    }

    /// Of which exchange: [`crate::Exchange::connection`]. 0 for a plugin's call-out.
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// The first value of this header, `:method` and `:path` included. Names are in lower case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other == name.as_bytes())?;
        Some(value)
    }
}

impl Cluster {
    /// A cluster of this name, as [`crate::Route::cluster`] names it, without a script.
    pub fn new(name: &str) -> Cluster {
        Cluster {
            name: name.to_owned(),
            answers: Vec::new(),
            by_attempt: false,
            max_retries: 3,
            retry_budget: None,
            protocol: None,
            filters: Vec::new(),
            rule: None,
            without_hosts: Vec::new(),
        }
    }

    /// What the requests to it get, retries too, one after another; the last answer is for all that follow.
    pub fn answers<A: Into<Answer>>(mut self, answers: impl IntoIterator<Item = A>) -> Cluster {
        self.answers = answers.into_iter().map(Into::into).collect();
        self
    }

    /// What each request to it gets, by attempt: the first attempt gets the first answer, the first retry the second,
    /// and the last answer is for all that follow.
    pub fn answers_by_attempt<A: Into<Answer>>(self, answers: impl IntoIterator<Item = A>) -> Cluster {
        Cluster {
            by_attempt: true,
            ..self.answers(answers)
        }
    }

    /// What each attempt gets that reaches its upstream, retries too, instead of a script: by the time, by its headers, or
    /// by what the rule keeps in mind. It is asked once for each, in their order, while the worker stands still: it cannot
    /// use the host. That no host is healthy is known before anything is sent, so no rule can say it:
    /// [`Cluster::without_hosts`].
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Answer, Cluster, Host, secs};
    /// let upstream = Cluster::new("upstream").answers_by(|arriving| match arriving.after() {
    ///     after if after < secs(10) => Answer::new(503),
    ///     _ => Answer::new(200),
    /// });
    /// let host = Host::new(plugin).clusters([upstream]);
    /// let status = || host.get("/").header("x-api-key", "k").send().status();
    /// assert_eq!(status(), 503);
    /// host.advance(secs(10));
    /// assert_eq!(status(), 200);
    /// ```
    pub fn answers_by(mut self, rule: impl Fn(&Arriving) -> Answer + Send + Sync + 'static) -> Cluster {
        self.rule = Some(Arc::new(rule));
        self
    }

    /// When it has no healthy host, since the host was made: what would reach an upstream then is answered 503, whatever
    /// the script or the rule says.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Cluster, Host, secs};
    /// let upstream = Cluster::new("upstream").answers([200]).without_hosts([secs(10)..secs(20)]);
    /// let host = Host::new(plugin).clusters([upstream]);
    /// host.advance(secs(10));
    /// let exchange = host.get("/").header("x-api-key", "k").send();
    /// exchange.expect_status(503).expect_body("no healthy upstream");
    /// ```
    pub fn without_hosts(mut self, times: impl IntoIterator<Item = Range<Duration>>) -> Cluster {
        self.without_hosts = times.into_iter().collect();
        self
    }

    /// Whether it has no healthy host now.
    pub(crate) fn is_without_hosts(&self, shared: &Shared) -> bool {
        let now = shared.clock.elapsed();
        self.without_hosts.iter().any(|times| times.contains(&now))
    }

    /// What the next request to it gets, if it has a script. `attempt` is 0 for the first.
    pub(crate) fn next_answer(&self, shared: &Shared, attempt: usize) -> Option<Answer> {
        let answer = self.peek_answer(shared, attempt);
        *shared.answers_given.lock().entry(self.name.clone()).or_default() += 1;
        answer
    }

    /// The same, without using it up.
    pub(crate) fn peek_answer(&self, shared: &Shared, attempt: usize) -> Option<Answer> {
        let given = shared.answers_given.lock().get(&self.name).copied().unwrap_or(0);
        let number = if self.by_attempt { attempt } else { given };
        self.answers.get(number).or(self.answers.last()).cloned()
    }

    /// Plugins between the router and the upstreams, in the order of the cluster's `http_filters`. They are called for
    /// each attempt, with a stream context of its own each time; `on_log` never is. A reply of theirs is final: the
    /// router does not try again.
    ///
    /// ```
    /// use host::{Cluster, Host, Module, Plugin};
    /// # let plugin = Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let guard = Plugin::new(&plugin).name("guard");
    /// let host = Host::new(plugin).clusters([Cluster::new("upstream").filters([guard])]);
    /// let exchange = host.get("/").header("x-api-key", "k").answered_with(200);
    /// assert!(exchange.cost().callbacks.iter().any(|spent| spent.plugin == "guard"));
    /// ```
    pub fn filters(mut self, plugins: impl IntoIterator<Item = Plugin>) -> Cluster {
        self.filters = plugins.into_iter().map(Arc::new).collect();
        self
    }

    /// Its upstreams speak HTTP/1.1, whatever the client speaks (default: what the client speaks).
    pub fn http1(mut self) -> Cluster {
        self.protocol = Some(Protocol::Http1);
        self
    }

    /// Its upstreams speak HTTP/2, whatever the client speaks (default: what the client speaks).
    pub fn http2(mut self) -> Cluster {
        self.protocol = Some(Protocol::Http2);
        self
    }

    /// How many retries to it may be under way at once, over all workers (default: 3, as in Envoy; its circuit
    /// breaker's `max_retries`). A retry beyond that is not made.
    pub fn max_retries(mut self, retries: u32) -> Cluster {
        self.max_retries = retries;
        self
    }

    /// As many retries may be under way as this part of the requests to it, in percent, over all workers, and at least
    /// `min` (in Envoy by default 20 percent and 3). It takes the place of [`Cluster::max_retries`].
    pub fn retry_budget(mut self, percent: f64, min: u32) -> Cluster {
        self.retry_budget = Some((percent, min));
        self
    }

    /// How many retries may be under way while so many requests are.
    pub(crate) fn most_retries(&self, requests: usize) -> u32 {
        match self.retry_budget {
            None => self.max_retries,
            Some((percent, min)) => min.max((percent * requests as f64 / 100.0) as u32),
        }
    }
}
