//! An exchange: a request, what became of it, and what a test expects of both.

mod live;

use std::fmt;
use std::sync::Arc;

use crate::answer::Answer;
use crate::cost::Cost;
use crate::envoy::Envoy;
use crate::field::Field;
use crate::header_map::HeaderPair;
use crate::log::LogLine;
use crate::render;
use crate::stream::{ClientRequest, SharedStream, Stage};

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
        self.require(self.is_at_upstream(), "no request is waiting at the upstream");
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

    /// The status that the client got; 0 if none.
    pub fn status(&self) -> u16 {
        let stream = self.stream.borrow();
        stream.code.filter(|_| stream.delivered.is_some()).unwrap_or(0)
    }

    /// The client got this status.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> &Exchange {
        self.require(
            self.status() == status,
            &format!("the status is {}, not {status}", self.status()),
        );
        self
    }

    /// The response has this header exactly once, with this value.
    #[track_caller]
    pub fn header(&self, name: &str, value: impl AsRef<[u8]>) -> &Exchange {
        self.response_header(name).is(value);
        self
    }

    /// The response does not have this header.
    #[track_caller]
    pub fn no_header(&self, name: &str) -> &Exchange {
        self.response_header(name).is_absent();
        self
    }

    /// A header of the response as the client got it.
    pub fn response_header(&self, name: &str) -> Field<'_> {
        let stream = self.stream.borrow();
        let values = stream
            .delivered
            .as_ref()
            .map(|(headers, _)| headers.all(name.as_bytes()));
        Field::new(
            self,
            format!("response header {name}"),
            values.unwrap_or_default(),
        )
    }

    /// A header of the request as the upstream got it; `:path`, `:method` and `:authority` too.
    pub fn upstream_header(&self, name: &str) -> Field<'_> {
        let name = name.to_ascii_lowercase();
        let values = self
            .upstream_headers()
            .into_iter()
            .filter(|(n, _)| *n == name)
            .map(|(_, value)| value);
        Field::new(self, format!("upstream header {name}"), values.collect())
    }

    /// Filter state by the name that the plugin gave it (access logs see it with `wasm.` in front).
    pub fn filter_state(&self, name: &str) -> Field<'_> {
        let value = self.stream.borrow().filter_state.get(name.as_bytes()).cloned();
        Field::new(self, format!("filter state {name}"), value.into_iter().collect())
    }

    /// All headers of the response in order, `:status` first; none if there was no response.
    pub fn response_headers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        named(
            stream
                .delivered
                .as_ref()
                .map(|(headers, _)| headers.pairs())
                .unwrap_or_default(),
        )
    }

    /// All headers of the request as the upstream got it, in order, pseudo headers first; none if it got none.
    pub fn upstream_headers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        named(
            stream
                .forwarded
                .as_ref()
                .map(|(headers, _)| headers.as_slice())
                .unwrap_or_default(),
        )
    }

    /// Whether the request reached the upstream.
    pub fn reached_upstream(&self) -> bool {
        self.stream.borrow().forwarded.is_some()
    }

    /// The body that the upstream got.
    pub fn upstream_body(&self) -> Vec<u8> {
        self.stream
            .borrow()
            .forwarded
            .as_ref()
            .map(|(_, body)| body.clone())
            .unwrap_or_default()
    }

    /// The response's body.
    pub fn body(&self) -> Vec<u8> {
        self.stream
            .borrow()
            .delivered
            .as_ref()
            .map(|(_, body)| body.clone())
            .unwrap_or_default()
    }

    /// The response's body as it left, piece by piece.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        self.stream.borrow().response_way.sent.clone()
    }

    /// The request's body as the upstream got it, piece by piece.
    pub fn upstream_pieces(&self) -> Vec<Vec<u8>> {
        self.stream.borrow().request_way.sent.clone()
    }

    /// A trailer of the response as the client got it.
    pub fn response_trailer(&self, name: &str) -> Field<'_> {
        let trailers = self.stream.borrow().response_way.sent_trailers.clone();
        let values = trailers.map(|map| map.all(name.as_bytes()));
        Field::new(
            self,
            format!("response trailer {name}"),
            values.unwrap_or_default(),
        )
    }

    /// A trailer of the request as the upstream got it.
    pub fn upstream_trailer(&self, name: &str) -> Field<'_> {
        let trailers = self.stream.borrow().request_way.sent_trailers.clone();
        let values = trailers.map(|map| map.all(name.as_bytes()));
        Field::new(
            self,
            format!("upstream trailer {name}"),
            values.unwrap_or_default(),
        )
    }

    /// Whether the client's connection broke off after it had the response's headers.
    pub fn broke_off(&self) -> bool {
        self.stream.borrow().broken
    }

    /// The response has this body.
    #[track_caller]
    pub fn expect_body(&self, body: impl AsRef<[u8]>) -> &Exchange {
        self.require(self.body() == body.as_ref(), "the body is another");
        self
    }

    /// `%RESPONSE_CODE_DETAILS%`: where the response came from.
    pub fn details(&self) -> String {
        String::from_utf8_lossy(&self.stream.borrow().details).into_owned()
    }

    /// What plugins logged in this exchange.
    pub fn logs(&self) -> Vec<LogLine> {
        self.stream.borrow().log.clone()
    }

    /// What the exchange cost so far.
    pub fn cost(&self) -> Cost {
        Cost {
            callbacks: self.stream.borrow().spent.clone(),
        }
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
        let stage = self.stream.borrow().stage;
        let held = match stage {
            Stage::RequestHeld(filter) => Some(("request", filter)),
            Stage::ResponseHeld(filter) => Some(("response", filter)),
            _ => None,
        };
        if let Some((what, filter)) = held {
            let plugin = self.envoy.setup().plugins[filter].name.clone();
            let message = format!("plugin {plugin} holds the {what} and never lets it go");
            let whole = self.to_string();
            // Let go of it, so that the host does not complain a second time.
            self.envoy.abort(&self.stream);
            panic!("{message}\n\n{whole}");
        }
        self
    }

    #[track_caller]
    fn check_deaths(&self) {
        let allowed = self.envoy.setup().settings.allow_vm_death;
        let died = self.stream.borrow().died.clone();
        self.require(
            allowed || died.is_empty(),
            &format!("a VM died: {}", died.join("; ")),
        );
    }
}

impl fmt::Display for Exchange {
    /// Everything about the exchange, in a stable form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::exchange(f, &self.stream.borrow())
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

fn named(pairs: &[HeaderPair]) -> Vec<(String, Vec<u8>)> {
    pairs
        .iter()
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.clone()))
        .collect()
}
