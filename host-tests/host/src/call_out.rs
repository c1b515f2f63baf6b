//! Call-outs over HTTP: what a plugin asked of another service, and what came of it.
//!
//! In Envoy a call-out is a request like a client's, only that it passes no filter. So it is here: a stream of its own,
//! which the router treats as it treats all, and whose end the plugin is told.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Weak;
use std::time::Duration;

use atomic_refcell::AtomicRefCell;

use crate::answer::Answer;
use crate::header_map::{HeaderMap, HeaderPair, named};
use crate::log::Thread;
use crate::render;
use crate::stream::Stream;

/// A call-out as its upstream got it, and what the plugin was told.
///
/// ```
/// use host::{Answer, Cluster, Host, millis};
/// let asks = r#"(module
///     (import "env" "proxy_http_call"
///         (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
///     (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
///     (func (export "malloc") (param i32) (result i32) (i32.const 0))
///     (data (i32.const 0) "authz")
///     (data (i32.const 16) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\05\00\00\00"
///         ":method\00GET\00:path\00/\00:authority\00authz\00")
///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
///         (drop (call $call (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 65) (i32.const 0) (i32.const 0)
///             (i32.const 0) (i32.const 0) (i32.const 500) (i32.const 12)))
///         (i32.const 0)))"#;
/// let host = Host::new(wat::parse_str(asks).unwrap())
///     .clusters([Cluster::new("authz").answers([Answer::new(403).after(millis(20))])]);
/// let exchange = host.get("/").answered_with(200);
/// let call_out = &exchange.call_outs()[0];
/// assert_eq!((call_out.cluster(), call_out.timeout()), ("authz", Some(millis(500))));
/// assert_eq!(call_out.header(":path"), Some(&b"/"[..]));
/// assert!(call_out.is_waiting());
/// host.advance(millis(20));
/// assert_eq!(exchange.call_outs()[0].status(), Some(403));
/// ```
#[derive(Clone, Debug)]
pub struct CallOut {
    plugin: String,
    thread: Thread,
    cluster: String,
    timeout: Duration,
    headers: Vec<HeaderPair>,
    body: Vec<u8>,
    attempts: Vec<Vec<HeaderPair>>,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Waiting,
    Response { status: u16, after: Duration },
    BrokeOff { after: Duration },
}

impl CallOut {
    /// The plugin that asked.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Where it asked.
    pub fn thread(&self) -> Thread {
        self.thread
    }

    /// The cluster that it asked.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// How long the plugin is ready to wait; none for ever.
    pub fn timeout(&self) -> Option<Duration> {
        Some(self.timeout).filter(|timeout| !timeout.is_zero())
    }

    /// The first value of a header, as the upstream gets it; `:path`, `:method` and `:authority` too.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let name = name.to_ascii_lowercase();
        let mut pairs = self.headers.iter();
        pairs
            .find(|(n, _)| *n == name.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// All headers in order, as the upstream gets them, pseudo headers first.
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        named(&self.headers)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The headers of each attempt that reached an upstream: headers make the router try again, as for any request.
    pub fn attempts(&self) -> Vec<Vec<(String, Vec<u8>)>> {
        self.attempts.iter().map(|headers| named(headers)).collect()
    }

    /// Whether there is no answer yet.
    pub fn is_waiting(&self) -> bool {
        matches!(self.end, End::Waiting)
    }

    /// The status of the response: the upstream's, or Envoy's own where it got none. None if it waits or broke off.
    pub fn status(&self) -> Option<u16> {
        match self.end {
            End::Response { status, .. } => Some(status),
            End::Waiting | End::BrokeOff { .. } => None,
        }
    }

    /// Whether the response broke off after its headers, or took too long from there. The plugin is told of no headers
    /// then.
    pub fn broke_off(&self) -> bool {
        matches!(self.end, End::BrokeOff { .. })
    }

    /// What a stream that is a call-out shows; none of any other.
    pub(crate) fn seen(stream: &Stream) -> Option<CallOut> {
        let origin = stream.call_out.as_ref()?;
        let took = stream.ended_after.map(|ended| ended - stream.started_after);
        let end = match (took, stream.code) {
            (None, _) => End::Waiting,
            (Some(after), Some(status)) if !stream.broken => End::Response { status, after },
            (Some(after), _) => End::BrokeOff { after },
        };
        let route = stream.route.as_ref();
        let attempts = &stream.routing.attempts;
        let reached = attempts.iter().filter(|attempt| attempt.reached);
        let sent = attempts.first().map(|attempt| attempt.headers.clone());
        Some(CallOut {
            plugin: origin.plugin.clone(),
            thread: origin.thread,
            cluster: stream.cluster.clone().unwrap_or_default(),
            timeout: Duration::from_millis(route.map_or(0, |route| route.timeout_ms)),
            headers: sent.unwrap_or_else(|| stream.request.pairs().to_vec()),
            attempts: reached.map(|attempt| attempt.headers.clone()).collect(),
            body: stream.sent.body.clone(),
            end,
        })
    }
}

impl fmt::Display for CallOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to cluster {}: ", self.plugin, self.cluster)?;
        match self.end {
            End::Waiting => write!(f, "waits")?,
            End::Response { status, after } => write!(f, "{status} after {} ms", after.as_millis())?,
            End::BrokeOff { after } => write!(f, "broke off after {} ms", after.as_millis())?,
        }
        match self.attempts.len() {
            0 => writeln!(f, ", without reaching an upstream")?,
            1 => writeln!(f)?,
            several => writeln!(f, ", in {several} attempts")?,
        }
        render::message(f, "  ", &self.headers, &self.body)
    }
}

/// Who asked, of a stream that is a call-out.
pub(crate) struct Origin {
    pub(crate) plugin: String,
    pub(crate) thread: Thread,
    pub(crate) token: u32,
    pub(crate) root: u32,
    /// The VM's number on the thread.
    pub(crate) vm: usize,
    /// What the first attempt gets.
    pub(crate) answer: Option<Answer>,
    /// The exchange in which the plugin asked, if it was one.
    pub(crate) exchange: Option<Weak<AtomicRefCell<Stream>>>,
}

/// A call-out as the plugin asked for it.
pub(crate) struct Asked {
    pub(crate) token: u32,
    pub(crate) plugin: String,
    pub(crate) context: u32,
    pub(crate) root: u32,
    pub(crate) cluster: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// In milliseconds; 0 for none.
    pub(crate) timeout: u32,
    /// What its first attempt gets, if the cluster has a script.
    pub(crate) answer: Option<Answer>,
}

/// What a plugin can read of a call-out's end, while it is told of it.
pub(crate) struct Told {
    pub(crate) root: u32,
    /// None where it broke off.
    pub(crate) response: Option<Response>,
}

pub(crate) struct Response {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

/// The call-outs of one VM.
#[derive(Default)]
pub(crate) struct CallOuts {
    tokens: u32,
    unsent: Vec<Asked>,
    told: Option<Told>,
    /// Root contexts that were told of one that broke off.
    broken: BTreeSet<u32>,
}

impl CallOuts {
    /// Envoy counts in fours: the low bits tell kinds of calls apart.
    pub(crate) fn next_token(&mut self) -> u32 {
        self.tokens += 4;
        self.tokens
    }

    pub(crate) fn ask(&mut self, asked: Asked) {
        self.unsent.push(asked);
    }

    pub(crate) fn take_unsent(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.unsent)
    }

    /// The plugin is being told of this, or of nothing any more.
    pub(crate) fn tell(&mut self, told: Option<Told>) {
        if let Some(Told { root, response: None }) = told {
            self.broken.insert(root);
        }
        self.told = told;
    }

    /// The response that this root context is being told of.
    pub(crate) fn response(&self, root: u32) -> Option<&Response> {
        let told = self.told.as_ref().filter(|told| told.root == root)?;
        told.response.as_ref()
    }

    pub(crate) fn is_told_of_a_break(&self, root: u32) -> bool {
        let told = self.told.as_ref().filter(|told| told.root == root);
        told.is_some_and(|told| told.response.is_none())
    }

    pub(crate) fn broke_off_before(&self, root: u32) -> bool {
        self.broken.contains(&root)
    }
}
