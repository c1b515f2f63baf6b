//! Which breaker a request belongs to, and under which name its record lives in shared data.
//!
//! Shared data can hold any number of names and forgets none. So a name is made only of what the configuration bounds:
//! whatever a request can choose (a host, a tenant) gets one of `max_keys` numbered slots, and its record says whose it
//! is. A scan of invented hosts can take no more than those, and takes none as long as nobody answers it.

mod slots;

pub use slots::{Found, LONGEST_SEARCH, look_for};

use crate::breaker::{VERSION, VERSION_BEFORE};

/// Which way the traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the service behind the proxy.
    Inbound,
    /// From it.
    Outbound,
    /// The proxy does not say.
    Unspecified,
}

/// Where the plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the router: it sees requests.
    Downstream,
    /// Behind it, in a cluster: it sees each attempt of a request.
    Upstream,
}

/// What tells one breaker from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'k> {
    /// The cluster.
    Cluster,
    /// The route.
    Route,
    /// The host that the request names.
    Host,
    /// The value of a header, by its name in lower case.
    Header(&'k str),
    /// A name that the configuration gives.
    Name,
}

impl Kind<'_> {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Route => "route",
            Self::Host => "host",
            Self::Header(_) => "header",
            Self::Name => "name",
        }
    }
}

/// Breakers that are told apart by their value alone. No two of them ever share a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family<'k> {
    /// Which way the traffic goes.
    pub direction: Direction,
    /// Where the plugin stands.
    pub position: Position,
    /// What the value is.
    pub kind: Kind<'k>,
}

/// What tells a breaker from others of its family, as it may stand in a log line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value(String);

/// The value of requests that have none.
const NONE: &str = "none";
/// The value of those that share a breaker because they have no slot.
const OTHER: &str = "other";

impl Value {
    /// The longest value that stands for itself, in bytes.
    const LONGEST: usize = 128;

    /// The value that these bytes are: themselves where they are a plain token, else `#` and a hash of them. Nothing is
    /// `none`.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self(NONE.to_owned());
        }
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/@+|".contains(byte);
        let text = core::str::from_utf8(bytes).ok().filter(|text| {
            bytes.len() <= Self::LONGEST && bytes.iter().all(is_plain) && ![NONE, OTHER].contains(text)
        });
        Self(match text {
            Some(text) => text.to_owned(),
            None => format!("#{:016x}", hash(bytes)),
        })
    }

    /// The value of a host, as `:authority` names it: in lower case, and without port.
    pub fn of_host(authority: &[u8]) -> Self {
        let digits = authority
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let host = authority
            .len()
            .checked_sub(digits)
            .and_then(|end| authority.get(..end))
            .and_then(|host| host.strip_suffix(b":"))
            // What is left of an IPv6 address without a port ends within its brackets.
            .filter(|host| !host.contains(&b':') || host.ends_with(b"]"))
            .unwrap_or(authority);
        let host = host
            .strip_prefix(b"[")
            .and_then(|host| host.strip_suffix(b"]"))
            .unwrap_or(host);
        Self::of(&host.to_ascii_lowercase())
    }

    /// The value of a route. Many routes have no name of their own, or the one that a control plane gives to all of
    /// them: those are told apart by virtual host and cluster.
    pub fn of_route(route: &[u8], virtual_host: &[u8], cluster: &[u8]) -> Self {
        match route {
            b"" | b"default" if virtual_host.is_empty() && cluster.is_empty() => Self::of(b""),
            b"" | b"default" => Self::of(&[virtual_host, b"/", cluster].concat()),
            name => Self::of(name),
        }
    }

    /// The one that those share that have no slot.
    pub fn other() -> Self {
        Self(OTHER.to_owned())
    }

    /// As it stands in a log line: visible ASCII without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of this text, as [`Value::as_str`] gave it.
    pub fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether a request has none, or shares one.
    pub fn is_reserved(&self) -> bool {
        [NONE, OTHER].contains(&self.as_str())
    }

    /// As a metric is labelled with it: hosts and values of headers come from strangers, and only those that the
    /// configuration knows have a label of their own.
    pub fn label(&self, kind: Kind<'_>, is_known: bool) -> &str {
        match kind {
            Kind::Host | Kind::Header(_) if !is_known && self.0 != NONE => OTHER,
            _ => &self.0,
        }
    }

    /// By which the record in a slot is known to be this value's. Never 0, which is nobody's.
    pub fn owner(&self) -> u64 {
        hash(self.0.as_bytes()).max(1)
    }
}

impl Family<'_> {
    /// The name of the record of a value that needs no slot: one that the configuration names, and those that are
    /// reserved.
    pub fn named(&self, value: &Value) -> String {
        self.record(VERSION, &["=", &value.0])
    }

    /// The name of the record in a slot.
    pub fn in_slot(&self, slot: u32) -> String {
        self.record(VERSION, &["#", &slot.to_string()])
    }

    /// As [`Family::named`], in the version before; `None`: this is the first. Where there is no record of this version
    /// yet, its first is what [`crate::breaker::Record::import`] makes of that one.
    pub fn named_before(&self, value: &Value) -> Option<String> {
        VERSION_BEFORE.map(|version| self.record(version, &["=", &value.0]))
    }

    /// As [`Family::in_slot`], in the version before; `None`: this is the first. Values have the same slots in both, so
    /// that a search ([`look_for`]) that reads what can be imported where there is no record yet finds them.
    pub fn in_slot_before(&self, slot: u32) -> Option<String> {
        VERSION_BEFORE.map(|version| self.record(version, &["#", &slot.to_string()]))
    }

    /// The version of the record stands in its name: two versions of a plugin, side by side, spoil nothing of each
    /// other's.
    fn record(&self, version: u8, last: &[&str]) -> String {
        let direction = match self.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
            Direction::Unspecified => "any",
        };
        let position = match self.position {
            Position::Downstream => "downstream",
            Position::Upstream => "upstream",
        };
        let (kind, header) = match self.kind {
            Kind::Cluster => ("cluster", ""),
            Kind::Route => ("route", ""),
            Kind::Host => ("host", ""),
            // Names of headers have no slash.
            Kind::Header(name) => ("header:", name),
            Kind::Name => ("name", ""),
        };
        let version = version.to_string();
        let first = [
            "circuit_breaker/",
            &version,
            "/",
            direction,
            "/",
            position,
            "/",
            kind,
            header,
            "/",
        ];
        let mut name = String::new();
        for part in first.iter().chain(last) {
            name.push_str(part);
        }
        name
    }
}

/// What the name of a breaker's record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'n> {
    /// `inbound`, `outbound` or `any`.
    pub direction: &'n str,
    /// `downstream` or `upstream`.
    pub position: &'n str,
    /// The word for what the value is; of a header with its name, `header:x-tenant`.
    pub kind: &'n str,
    /// Whether the record lies in a slot, and may be handed over from one value to another.
    pub is_slot: bool,
}

/// Reads the name of a record of this version; `None`: it is none.
pub fn named(record: &str) -> Option<Named<'_>> {
    // Only values have slashes, and they come last.
    let mut parts = record.splitn(6, '/');
    let [
        Some("circuit_breaker"),
        Some(version),
        Some(direction),
        Some(position),
        Some(kind),
        Some(value),
    ] = core::array::from_fn(|_| parts.next())
    else {
        return None;
    };
    let is_slot = value.starts_with('#');
    (version == VERSION.to_string() && (is_slot || value.starts_with('='))).then_some(Named {
        direction,
        position,
        kind,
        is_slot,
    })
}

/// Whether the record of this name may be one of a breaker of this kind, whichever way its traffic goes and wherever its
/// plugin stands; where a name is given, of the breaker of that name.
pub fn could_be(record: &str, kind: Kind<'_>, given: Option<&str>) -> bool {
    // Only values have slashes, and they come last.
    let mut parts = record.as_bytes().splitn(6, |byte| *byte == b'/');
    let [_, _, _, _, Some(found), Some(value)] = core::array::from_fn(|_| parts.next()) else {
        return false;
    };
    let is_kind = match kind {
        Kind::Header(name) => found.strip_prefix(b"header:") == Some(name.as_bytes()),
        _ => found == kind.as_str().as_bytes(),
    };
    is_kind && given.is_none_or(|given| value.strip_prefix(b"=") == Some(given.as_bytes()))
}

/// Whether an answer earns its value a slot: an upstream knows it. What it refuses, anybody could have invented.
pub fn earns_slot(status: u16, is_upstreams: bool) -> bool {
    is_upstreams && !(400..500).contains(&status)
}

/// FNV-1a of 64 bits, whose high bits the finaliser of MurmurHash3 mixes: the same in every worker and version.
///
/// Who makes two values collide can as well send the value itself.
pub fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests;
