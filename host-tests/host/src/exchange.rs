//! An exchange: a request, what became of it, and what a test expects of both.

mod attempts;
mod live;
mod seen;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::answer::Answer;
use crate::client_request::ClientRequest;
use crate::envoy::Envoy;
use crate::log::LogLine;
use crate::render;
use crate::stream::{Held, SharedStream, Stage};

pub use attempts::Attempt;

/// One exchange, live at the upstream or finished. Dropped while live, its client goes away.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// # let host = host::Host::new(plugin);
/// let waiting = host.get("/").header("x-api-key", "k").expect_forwarded();
/// waiting.upstream_header(":path").is("/");
/// let answered = waiting.answer(200);
/// answered.expect_status(200).no_header("retry-after");
/// assert_eq!(answered.details(), "via_upstream");
/// println!("{answered}");
/// ```
pub struct Exchange {
    envoy: Arc<Envoy>,
    stream: SharedStream,
}

impl Exchange {
    #[track_caller]
    pub(crate) fn open(envoy: Arc<Envoy>, worker: usize, sent: ClientRequest) -> Exchange {
        if let Err(refusal) = envoy.start() {
            let log: Vec<String> = envoy.shared.log.lock().iter().map(LogLine::to_string).collect();
            panic!(
                "plugin {} did not start on {:?}: {}\nlog:\n{}",
                refusal.plugin,
                refusal.thread,
                refusal.reason,
                log.join("\n")
            );
        }
        let stream = envoy.open(worker, sent);
        let exchange = Exchange { envoy, stream };
        exchange.check_deaths();
        exchange
    }

    /// The upstream answers, or fails to.
    ///
    /// # Panics
    /// When the exchange is not at the upstream, a VM dies, or a filter holds the response for good.
    #[track_caller]
    pub fn answer(self, answer: impl Into<Answer>) -> Exchange {
        let message = self.because("no request is waiting at the upstream");
        self.require(self.is_at_upstream(), &message);
        self.envoy.answer(&self.stream, answer.into().outcome);
        self.check_deaths();
        self.done()
    }

    /// The client goes away before it has its response.
    ///
    /// # Panics
    /// When the exchange is finished already, or a VM dies.
    #[track_caller]
    pub fn client_aborts(self) -> Exchange {
        self.require(!self.is_finished(), "the exchange is finished already");
        self.envoy.abort(&self.stream);
        self.check_deaths();
        self
    }

    /// Whether the request waits at the upstream.
    pub fn is_at_upstream(&self) -> bool {
        self.stream.borrow().stage == Stage::AtUpstream
    }

    /// Whether the exchange is over.
    pub fn is_finished(&self) -> bool {
        self.stream.borrow().stage == Stage::Finished
    }

    /// Panics with the whole exchange unless the condition holds.
    #[track_caller]
    pub(crate) fn require(&self, holds: bool, message: &str) {
        if !holds {
            panic!("{message}\n\n{self}");
        }
    }

    /// The exchange, which must be finished: a filter that holds it for good would hang its client.
    #[track_caller]
    pub(crate) fn done(self) -> Exchange {
        if let Some(held) = self.why_held() {
            let message = match &held.cluster {
                Some(_) => held.to_string(),
                None => format!("{held} and never lets it go"),
            };
            let whole = self.to_string();
            // Let go of it, so that the host does not complain a second time.
            self.envoy.abort(&self.stream);
            panic!("{message}\n\n{whole}");
        }
        self
    }

    /// What is wrong, and which plugin it is that holds the exchange, if one does.
    pub(crate) fn because(&self, message: &str) -> String {
        match self.why_held() {
            Some(held) => format!("{message}: {held}"),
            None => message.to_owned(),
        }
    }

    /// Which plugin holds the exchange, and what it waits for.
    pub(crate) fn why_held(&self) -> Option<Held> {
        self.stream.borrow().why_held()
    }

    #[track_caller]
    fn check_deaths(&self) {
        let (allowed, allow_unserved) = {
            let settings = &self.envoy.setup().settings;
            (settings.allow_vm_death, settings.allow_unserved)
        };
        let not_served = self.envoy.shared.not_served.lock().join("; ");
        self.require(allow_unserved || not_served.is_empty(), &not_served);
        let told = self.envoy.shared.secrets.lock().told();
        self.require(told.is_empty(), &told);
        let died = self.stream.borrow().died.clone();
        self.require(
            allowed || died.is_empty(),
            &format!("a VM died: {}", died.join("; ")),
        );
    }
}

impl fmt::Display for Exchange {
    /// Everything about the exchange, in a stable form. With `{:#}` also what each callback cost in fuel, bytes and
    /// memory, which a new build of the plugin changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = match self.envoy.setup().settings.keeps_records {
            true => self.envoy.shared.metrics.lock().all(),
            false => BTreeMap::new(),
        };
        render::exchange(f, &self.stream.borrow(), &metrics)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // A panic may have left the VMs in the middle of something: leave them alone then.
        if !std::thread::panicking() && !self.is_finished() {
            self.envoy.abort(&self.stream);
            self.check_deaths();
        }
    }
}
