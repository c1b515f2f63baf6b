//! What lay behind the plugins when a request was logged: what its upstream did, or what answered in its place.
//!
//! That is what a replay needs. What a log has is what the client got in the end, with Envoy's own words of why.

/// What lay behind the plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The upstream answered.
    Answered(Answered),
    /// No upstream did.
    Failed(Failure),
    /// Envoy or another filter answered, with these response code details.
    Itself { code: u16, details: Box<str> },
    /// There was no route.
    Nowhere,
    /// The client went away before there was an answer.
    ClientLeft,
    /// A plugin of ours refused it, with these response code details, so nothing behind them was asked.
    Refused(&'static str),
}

/// How an upstream answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) code: u16,
    pub(super) grpc_status: Option<u32>,
    /// It broke off after its headers.
    pub(super) broke_off: bool,
}

/// Why no upstream answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    NoHealthyUpstream,
    Unconnected,
    Timeout,
    Closed,
    Reset,
    Refused,
    NoHttp,
    Overflow,
}

/// The details of what a breaker rejects.
pub(super) const REJECTED: &str = "circuit_breaker_open";

/// The details of what it rejects while it is closed again, and lets a growing share through.
pub(super) const RAMPING: &str = "circuit_breaker_ramping";

/// The details of what the plugins refuse themselves.
pub(super) const REFUSALS: &[&str] = &[
    REJECTED,
    RAMPING,
    "deadline_passed",
    "idempotency_key_malformed",
    "idempotency_key_missing",
    "retry_budget_spent",
];

/// What stands in a log of how a request ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended<'l> {
    pub(super) code: u16,
    pub(super) grpc_status: Option<u32>,
    pub(super) flags: Option<&'l str>,
    pub(super) details: Option<&'l str>,
    /// The breaker said no, as far as its filter state tells. Only where there are no details.
    pub(super) looks_rejected: bool,
}

impl Ended<'_> {
    /// What lay behind the plugins.
    pub(super) fn behind(self) -> Behind {
        match self.details {
            Some(details) => self.by_details(details),
            None => self.by_flags(),
        }
    }

    fn by_details(self, details: &str) -> Behind {
        if let Some(refusal) = REFUSALS.iter().find(|refusal| **refusal == details) {
            return Behind::Refused(refusal);
        }
        if let Some(reason) = inside(details, "upstream_reset_before_response_started") {
            return Behind::Failed(by_reason(reason));
        }
        if inside(details, "upstream_reset_after_response_started").is_some() {
            return self.answered(true);
        }
        let client_left = ["downstream_", "http2.remote_reset", "http3.remote_reset"];
        match details {
            "via_upstream" => self.answered(false),
            "route_not_found" => Behind::Nowhere,
            "no_healthy_upstream" => Behind::Failed(Failure::NoHealthyUpstream),
            "response_timeout" | "upstream_response_timeout" | "upstream_per_try_timeout" => {
                Behind::Failed(Failure::Timeout)
            }
            "overflow" => Behind::Failed(Failure::Overflow),
            _ if client_left.iter().any(|beginning| details.starts_with(beginning)) => self.left(),
            _ if self.code == 0 => Behind::ClientLeft,
            _ => Behind::Itself {
                code: self.code,
                details: details.into(),
            },
        }
    }

    /// Without details, the flags tell most of it.
    fn by_flags(self) -> Behind {
        let mut flags = self.flags.unwrap_or_default().split(',');
        let found = flags.find_map(|flag| {
            Some(match flag {
                "UH" => Behind::Failed(Failure::NoHealthyUpstream),
                "UF" => Behind::Failed(Failure::Unconnected),
                "UT" => Behind::Failed(Failure::Timeout),
                "UO" => Behind::Failed(Failure::Overflow),
                "UC" | "UR" | "UPE" if self.code < 500 => self.answered(true),
                "UC" => Behind::Failed(Failure::Closed),
                "UR" => Behind::Failed(Failure::Reset),
                "UPE" => Behind::Failed(Failure::NoHttp),
                "NR" => Behind::Nowhere,
                "DC" | "DR" => self.left(),
                "RL" => self.itself("rate_limited"),
                "UAEX" => self.itself("ext_authz_denied"),
                "FI" => self.itself("fault_filter_abort"),
                "NC" => self.itself("cluster_not_found"),
                _ => return None,
            })
        });
        match found {
            Some(found) => found,
            None if self.looks_rejected => Behind::Refused(REJECTED),
            None if self.code == 0 => Behind::ClientLeft,
            None => self.answered(false),
        }
    }

    fn answered(self, broke_off: bool) -> Behind {
        Behind::Answered(Answered {
            code: self.code,
            grpc_status: self.grpc_status,
            broke_off,
        })
    }

    /// The client may have gone in the middle of an answer.
    fn left(self) -> Behind {
        match self.code {
            0 => Behind::ClientLeft,
            _ => self.answered(true),
        }
    }

    fn itself(self, details: &str) -> Behind {
        Behind::Itself {
            code: self.code,
            details: details.into(),
        }
    }
}

/// What stands in the braces behind this.
fn inside<'d>(details: &'d str, name: &str) -> Option<&'d str> {
    let rest = details.strip_prefix(name)?.strip_prefix('{')?;
    Some(rest.strip_suffix('}').unwrap_or(rest))
}

fn by_reason(reason: &str) -> Failure {
    let reason = reason.split('|').next().unwrap_or_default();
    match reason {
        "remote_refused_stream_reset" | "local_refused_stream_reset" => Failure::Refused,
        "remote_reset" => Failure::Reset,
        "overflow" => Failure::Overflow,
        "protocol_error" => Failure::NoHttp,
        "connection_termination" => Failure::Closed,
        reason if reason.contains("connection") => Failure::Unconnected,
        _ => Failure::Closed,
    }
}

#[cfg(test)]
mod tests;
