//! Which breaker a request belongs to.

use config::Facts;
use config::circuit_breaker::{Key, Policy};
use kit::Request;
use policy::breaker_key::{Direction, Family, Kind, Position, Value};

/// What tells a request's breaker from others.
pub(crate) struct Belongs {
    direction: Direction,
    position: Position,
    /// The value of the policy's key.
    pub(crate) value: Value,
}

impl Belongs {
    /// Asks the host for what the policy's key needs.
    pub(crate) fn of(policy: &Policy, request: &Request<'_>) -> Self {
        let direction = match request.direction() {
            Some(config::Direction::Inbound) => Direction::Inbound,
            Some(config::Direction::Outbound) => Direction::Outbound,
            _ => Direction::Unspecified,
        };
        let value = match &policy.key {
            Key::Cluster => Value::of(request.cluster()),
            Key::Route => match request.route() {
                route @ (b"" | b"default") => {
                    Value::of_route(route, request.virtual_host(), request.cluster())
                }
                route => Value::of(route),
            },
            Key::Host => Value::of_host(request.authority()),
            Key::Header(name) => Value::of(request.first(name)),
            Key::Name(name) => Value::of(name.as_bytes()),
        };
        Self {
            direction,
            position: position(request),
            value,
        }
    }

    /// Whether the plugin stands in a cluster, and sees attempts.
    pub(crate) fn is_attempt(&self) -> bool {
        self.position == Position::Upstream
    }

    /// The same, but for those that share the breaker of values without a slot.
    pub(crate) fn other(&self) -> Self {
        Self {
            value: Value::other(),
            ..*self
        }
    }

    /// The breakers among which the value tells one.
    pub(crate) fn family<'p>(&self, policy: &'p Policy) -> Family<'p> {
        Family {
            direction: self.direction,
            position: self.position,
            kind: kind(policy),
        }
    }
}

/// Where the plugin stands.
fn position(request: &Request<'_>) -> Position {
    match request.attempt() {
        0 => Position::Downstream,
        _ => Position::Upstream,
    }
}

/// What the policy's key is.
pub(crate) fn kind(policy: &Policy) -> Kind<'_> {
    match &policy.key {
        Key::Cluster => Kind::Cluster,
        Key::Route => Kind::Route,
        Key::Host => Kind::Host,
        Key::Header(name) => Kind::Header(name),
        Key::Name(_) => Kind::Name,
    }
}

/// The value that the policy gives itself.
pub(crate) fn given_name(policy: &Policy) -> Option<&str> {
    match &policy.key {
        Key::Name(name) => Some(name),
        _ => None,
    }
}

/// Whether requests can choose the value. Names of clusters and routes are the operator's.
pub(crate) fn is_strangers(policy: &Policy) -> bool {
    matches!(policy.key, Key::Host | Key::Header(_))
}

/// Whether the configuration names the value.
pub(crate) fn is_known(policy: &Policy, value: &Value) -> bool {
    policy.known.iter().any(|known| **known == *value.as_str())
}

/// Whether the value has a record of its own without a numbered slot.
pub(crate) fn is_named(policy: &Policy, value: &Value) -> bool {
    matches!(policy.key, Key::Name(_)) || value.is_reserved() || is_known(policy, value)
}
