//! What Envoy's router is told of a request: how often it may be tried again, and on what.

use crate::world::settings::Retry as Settings;

/// How an attempt ended that brought no answer to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    Status(u16),
    /// With `x-envoy-ratelimited`.
    PushedBack,
    /// There was no connection.
    Unconnected,
    /// It broke off, was no HTTP, or took longer than an attempt may.
    Broken,
    /// Nothing that is ever tried again: no host, or Envoy's own limits.
    Final,
}

/// What is known of a request, and decides how often it may be tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) method: &'static str,
    pub(crate) has_key: bool,
    /// Which attempt of its caller it is.
    pub(crate) attempt: u64,
    pub(crate) is_half_open: bool,
    /// How many retries the budget has left; none: there is no budget.
    pub(crate) left: Option<u64>,
}

/// What the router is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steering {
    pub(crate) most: u64,
    conditions: &'static [&'static str],
    statuses: &'static [u16],
}

/// On what a request is tried again that may do harm when it is done twice.
const UNSEEN: &[&str] = &["connect-failure", "refused-stream"];

impl Steering {
    pub(crate) fn of(settings: &Settings, facts: Facts) -> Steering {
        let harmless = facts.method != "POST" || (settings.unlocks_post && facts.has_key);
        let (conditions, statuses) = match harmless {
            true => (settings.retry_on, settings.statuses),
            false => (UNSEEN, &[] as &[u16]),
        };
        let wanted = settings.attempts - 1;
        let most = match facts {
            Facts { attempt: 2.., .. } if !settings.allows_inbound => 0,
            Facts {
                is_half_open: true, ..
            } => 0,
            Facts { left: Some(left), .. } => wanted.min(left),
            _ => wanted,
        };
        Steering {
            most,
            conditions,
            statuses,
        }
    }

    /// Whether another attempt follows after so many that ended so.
    pub(crate) fn tries_again(&self, end: AttemptEnd, attempts: u64) -> bool {
        attempts <= self.most && self.wants(end)
    }

    fn wants(&self, end: AttemptEnd) -> bool {
        let on = |words: &[&str]| words.iter().any(|word| self.conditions.contains(word));
        match end {
            AttemptEnd::Status(status) => {
                (status >= 500 && on(&["5xx"]))
                    || ((502..=504).contains(&status) && on(&["gateway-error"]))
                    || self.statuses.contains(&status)
            }
            AttemptEnd::Broken => on(&["5xx", "gateway-error", "reset"]),
            AttemptEnd::Unconnected => on(&[
                "5xx",
                "gateway-error",
                "reset",
                "connect-failure",
                "reset-before-request",
            ]),
            AttemptEnd::PushedBack | AttemptEnd::Final => false,
        }
    }
}
