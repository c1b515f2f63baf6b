//! A request as it was logged, with all that a replay needs of it.

use super::behind::{Behind, Ended};
use super::facts::Facts;
use super::time::{self, Nanos};
use host::{RetryPolicy, Route, millis};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A request as it was logged.
#[derive(Clone)]
pub(super) struct Logged {
    /// Where its line is.
    pub(super) place: Place,
    pub(super) start: Nanos,
    /// How long one attempt took.
    pub(super) each: Duration,
    pub(super) method: Box<str>,
    pub(super) path: Box<str>,
    pub(super) authority: Arc<str>,
    /// Its route and cluster; what is asked there is said by `behind`.
    pub(super) route: Arc<Route>,
    pub(super) cluster: Arc<str>,
    pub(super) headers: Vec<(Box<str>, Box<str>)>,
    pub(super) response_headers: Vec<(Box<str>, Box<str>)>,
    pub(super) id: Option<Box<str>>,
    pub(super) behind: Behind,
    /// What the client got.
    pub(super) code: u16,
    /// How often an upstream was asked; 1 where the log does not say.
    pub(super) attempts: u32,
    /// The error code that is logged; `None` where the log has none for any request.
    pub(super) error_code: Option<Option<Arc<str>>>,
    /// The details with which a plugin refused it. What lay behind the plugins is taken from another request then.
    pub(super) refused: Option<&'static str>,
}

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of the files.
    pub(super) file: u32,
    /// Counted from 1.
    pub(super) line: u64,
}

/// What a log does not say, each with how many of its lines do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lacks {
    pub(super) route: u64,
    pub(super) cluster: u64,
    pub(super) authority: u64,
    pub(super) duration: u64,
    pub(super) details: u64,
    pub(super) attempts: u64,
}

/// Why a line is no request that could be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unusable {
    NotJson,
    TextFormat,
    NotUtf8,
    TooLong,
    NoTime,
    StrangeTime,
    NoRequest,
    NoCode,
    TooLate,
}

impl Unusable {
    /// In words.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::NotJson => "is no JSON object",
            Self::TextFormat => "is in Envoy's text format; replay reads json_format",
            Self::NotUtf8 => "is not UTF-8",
            Self::TooLong => "is longer than 1 MiB",
            Self::NoTime => "has no start time: time or start_time",
            Self::StrangeTime => "has a start time that is neither RFC 3339 nor a number since 1970",
            Self::NoRequest => "has no method or no path",
            Self::NoCode => "has no status: code, response_code or status",
            Self::TooLate => "began long before the lines around it: sort the log by its start time",
        }
    }
}

/// Reads lines, and knows what the lines so far had in common.
#[derive(Default)]
pub(super) struct Reader {
    /// The cluster of requests whose line names none.
    cluster: Option<Arc<str>>,
    texts: HashMap<Box<str>, Arc<str>>,
    routes: HashMap<RouteKey, Arc<Route>>,
    pub(super) lacks: Lacks,
}

/// Virtual host, route, cluster, and the reply in the place of an upstream's answer.
type RouteKey = (Box<str>, Box<str>, Arc<str>, Option<(u16, Box<str>)>);

/// Past so many different ones nothing is kept: a path that stands in the place of a route must not fill the memory.
const MOST_KEPT: usize = 20_000;

impl Reader {
    /// `cluster`: that of requests whose line names none. Without it, their route stands for it.
    pub(super) fn new(cluster: Option<&str>) -> Self {
        Self {
            cluster: cluster.map(Arc::from),
            ..Self::default()
        }
    }

    /// Reads a line.
    pub(super) fn read(&mut self, line: &[u8], place: Place) -> Result<Logged, Unusable> {
        let line = std::str::from_utf8(line).map_err(|_| Unusable::NotUtf8)?;
        let facts: Facts<'_> = serde_json::from_str(line).map_err(|_| match looks_like_text(line) {
            true => Unusable::TextFormat,
            false => Unusable::NotJson,
        })?;
        let start = facts.time.as_ref().ok_or(Unusable::NoTime)?;
        let start = time::read(start).ok_or(Unusable::StrangeTime)?;
        let code = facts.code.as_ref().and_then(|code| code.parse().ok());
        let code: u16 = code.filter(|code| *code < 1000).ok_or(Unusable::NoCode)?;
        let (Some(method), Some(path)) = (&facts.method, &facts.path) else {
            return Err(Unusable::NoRequest);
        };
        Ok(self.logged(&facts, place, start, code, method, path))
    }

    fn logged(
        &mut self,
        facts: &Facts<'_>,
        place: Place,
        start: Nanos,
        code: u16,
        method: &str,
        path: &str,
    ) -> Logged {
        self.count_lacks(facts);
        let attempts: u32 = number(facts.attempts.as_deref()).unwrap_or(1);
        let is_open = |circuit: &str| circuit.ends_with(":open") || circuit.ends_with(":half_open");
        let ended = Ended {
            code,
            grpc_status: number(facts.grpc_status.as_deref()),
            flags: facts.flags.as_deref(),
            details: facts.details.as_deref(),
            looks_rejected: code >= 400 && facts.circuit.as_deref().is_some_and(is_open) && attempts == 0,
        };
        let behind = ended.behind();
        let cluster = self.cluster_of(facts);
        let route = self.route(facts, &cluster, &behind);
        let millis: f64 = number(facts.duration.as_deref()).unwrap_or(0.0);
        let millis = if millis.is_finite() {
            millis.clamp(0.0, MOST_MILLIS)
        } else {
            0.0
        };
        let own = |headers: &[(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)]| {
            let headers = headers.iter();
            headers
                .map(|(name, value)| (Box::from(&**name), Box::from(&**value)))
                .collect()
        };
        Logged {
            place,
            start,
            each: Duration::from_secs_f64(millis / 1000.0 / f64::from(attempts.max(1))),
            method: method.into(),
            path: path.into(),
            authority: self.text(facts.authority.as_deref().unwrap_or("unknown")),
            route,
            cluster,
            headers: own(&facts.headers),
            response_headers: own(&facts.response_headers),
            id: facts.request_id.as_deref().map(Box::from),
            behind,
            code,
            attempts,
            error_code: facts
                .knows_error_codes
                .then(|| facts.error_code.as_deref().map(|code| self.text(code))),
            refused: None,
        }
    }

    fn cluster_of(&mut self, facts: &Facts<'_>) -> Arc<str> {
        match (&facts.cluster, &self.cluster) {
            (Some(named), _) => self.text(named),
            (None, Some(given)) => given.clone(),
            (None, None) => self.text(facts.route.as_deref().unwrap_or("upstream")),
        }
    }

    fn route(&mut self, facts: &Facts<'_>, cluster: &Arc<str>, behind: &Behind) -> Arc<Route> {
        let itself = match behind {
            Behind::Itself { code, details } => Some((*code, details.clone())),
            _ => None,
        };
        let name = facts.route.as_deref().unwrap_or_default();
        let virtual_host = facts.virtual_host.as_deref().unwrap_or_default();
        let key = (virtual_host.into(), name.into(), cluster.clone(), itself);
        if let Some(known) = self.routes.get(&key) {
            return known.clone();
        }
        let route = Arc::new(route_of(&key));
        if self.routes.len() < MOST_KEPT {
            self.routes.insert(key, route.clone());
        }
        route
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        if self.texts.len() < MOST_KEPT {
            self.texts.insert(text.into(), new.clone());
        }
        new
    }

    fn count_lacks(&mut self, facts: &Facts<'_>) {
        let lacks = &mut self.lacks;
        lacks.route += u64::from(facts.route.is_none());
        lacks.cluster += u64::from(facts.cluster.is_none());
        lacks.authority += u64::from(facts.authority.is_none());
        lacks.duration += u64::from(facts.duration.is_none());
        lacks.details += u64::from(facts.details.is_none() && facts.flags.is_none());
        lacks.attempts += u64::from(facts.attempts.is_none());
    }
}

/// Longer than any request: a week.
const MOST_MILLIS: f64 = 7.0 * 86_400_000.0;

/// It has no time-out, and no back-off between attempts: when a request timed out and how long all of its attempts took
/// together is in the log, and what its route says is not.
fn route_of((virtual_host, name, cluster, itself): &RouteKey) -> Route {
    let at_once = RetryPolicy::on("").back_off(millis(1), millis(1));
    let route = Route::new(name).virtual_host(virtual_host).cluster(cluster);
    let route = route.timeout_ms(0).retry(at_once);
    match itself {
        Some((code, details)) => route.direct_response(*code, "").details(details),
        None => route,
    }
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.trim().parse().ok()
}

/// Envoy's default format begins with the time in brackets; others have no brace at least.
fn looks_like_text(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("[2") || (line.contains(" HTTP/") && !line.starts_with('{'))
}
