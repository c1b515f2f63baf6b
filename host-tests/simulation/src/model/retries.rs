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
    /// The time of the whole request was over.
    TimedOut,
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
    /// How long its caller waits, in milliseconds.
    pub(crate) deadline: Option<u64>,
}

/// On what a request is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Conditions {
    words: &'static [&'static str],
    statuses: &'static [u16],
}

/// What the router is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steering {
    pub(crate) most: u64,
    conditions: Conditions,
    /// On what others are tried again, and why this request is not.
    unrestrained: Conditions,
    kind: Option<&'static str>,
    /// Why it is not tried again as often as others.
    reason: Option<&'static str>,
    /// Whether its caller waits less long than the configuration allows.
    is_cut_short: bool,
}

/// On what a request is tried again that may do harm when it is done twice.
const UNSEEN: Conditions = Conditions {
    words: &["connect-failure", "refused-stream"],
    statuses: &[],
};

/// For what an attempt is tried again that broke off.
const BROKEN: [&str; 3] = ["5xx", "gateway-error", "reset"];

impl Conditions {
    fn on(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }

    fn want(&self, end: AttemptEnd) -> bool {
        match end {
            AttemptEnd::Status(status) => {
                (status >= 500 && self.on(&["5xx"]))
                    || ((502..=504).contains(&status) && self.on(&["gateway-error"]))
                    || self.statuses.contains(&status)
            }
            AttemptEnd::Broken => self.on(&BROKEN),
            AttemptEnd::Unconnected => {
                self.on(&BROKEN) || self.on(&["connect-failure", "reset-before-request"])
            }
            AttemptEnd::PushedBack | AttemptEnd::Final | AttemptEnd::TimedOut => false,
        }
    }
}

impl Steering {
    pub(crate) fn of(settings: &Settings, facts: Facts) -> Steering {
        let unrestrained = Conditions {
            words: settings.retry_on,
            statuses: settings.statuses,
        };
        let kind = match (facts.method, settings.unlocks_post) {
            ("POST", true) if facts.has_key => None,
            ("POST", true) => Some("idempotency_key"),
            ("POST", false) => Some("method"),
            _ => None,
        };
        let wanted = settings.attempts - 1;
        let (reason, most) = match facts {
            _ if wanted == 0 => (None, 0),
            Facts { attempt: 2.., .. } if !settings.allows_inbound => (Some("inbound_retry"), 0),
            Facts {
                is_half_open: true, ..
            } => (Some("half_open"), 0),
            Facts { left: Some(left), .. } if left < wanted => (Some("budget"), left),
            _ => (None, wanted),
        };
        let waits = |deadline: u64| settings.timeout.is_none_or(|timeout| deadline < timeout);
        Steering {
            most,
            conditions: if kind.is_none() { unrestrained } else { UNSEEN },
            unrestrained,
            kind,
            reason,
            is_cut_short: facts.deadline.is_some_and(waits),
        }
    }

    /// Whether another attempt follows after so many that ended so.
    pub(crate) fn tries_again(&self, end: AttemptEnd, attempts: u64) -> bool {
        attempts <= self.most && self.conditions.want(end)
    }

    /// Why an error that ended so after so many attempts was not tried again, though others would have been.
    pub(crate) fn withheld(&self, end: AttemptEnd, attempts: u64) -> Option<&'static str> {
        let has_more = attempts <= self.most;
        if self.conditions.want(end) {
            return self.reason.filter(|_| !has_more);
        }
        if self.unrestrained.want(end) {
            return self.kind;
        }
        let would_go_on = end == AttemptEnd::TimedOut && has_more && self.is_cut_short;
        would_go_on
            .then_some("deadline")
            .filter(|_| self.conditions.on(&BROKEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::settings::Settings as All;

    fn settings() -> Settings {
        let mut settings = All::drawn(&mut crate::dice::Dice::new(1), 0, false).retry;
        settings.attempts = 3;
        settings.retry_on = &["connect-failure", "gateway-error"];
        settings.statuses = &[];
        settings.unlocks_post = true;
        settings.timeout = None;
        settings.allows_inbound = false;
        settings
    }

    const GET: Facts = Facts {
        method: "GET",
        has_key: false,
        attempt: 1,
        is_half_open: false,
        left: None,
        deadline: None,
    };

    #[test]
    fn a_request_is_tried_again_as_often_as_it_may_and_on_nothing_else() {
        let get = Steering::of(&settings(), GET);
        assert!(get.tries_again(AttemptEnd::Status(503), 2) && !get.tries_again(AttemptEnd::Status(503), 3));
        assert!(!get.tries_again(AttemptEnd::Status(500), 1) && !get.tries_again(AttemptEnd::Final, 1));
        let post = Steering::of(
            &settings(),
            Facts {
                method: "POST",
                ..GET
            },
        );
        assert!(post.tries_again(AttemptEnd::Unconnected, 1) && !post.tries_again(AttemptEnd::Broken, 1));
    }

    #[test]
    fn what_withholds_a_retry_is_told() {
        let why = |facts, end, attempts| Steering::of(&settings(), facts).withheld(end, attempts);
        let bad = AttemptEnd::Status(503);
        assert_eq!(why(GET, bad, 3), None, "it was tried as often as may be");
        assert_eq!(why(Facts { left: Some(1), ..GET }, bad, 2), Some("budget"));
        assert_eq!(
            why(
                Facts {
                    is_half_open: true,
                    ..GET
                },
                bad,
                1
            ),
            Some("half_open")
        );
        assert_eq!(why(Facts { attempt: 2, ..GET }, bad, 1), Some("inbound_retry"));
        assert_eq!(
            why(
                Facts {
                    method: "POST",
                    ..GET
                },
                bad,
                1
            ),
            Some("idempotency_key")
        );
        assert_eq!(
            why(
                Facts {
                    deadline: Some(9),
                    ..GET
                },
                AttemptEnd::TimedOut,
                1
            ),
            Some("deadline")
        );
        assert_eq!(why(GET, AttemptEnd::TimedOut, 1), None);
    }
}
