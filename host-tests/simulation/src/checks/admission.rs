//! A request is admitted or rejected as the breaker's state has it, and told so: the status, the code, when to come back, and the
//! state for the access log.

use super::Broken;
use crate::model::breaker::{State, Verdict};

const PROMISE: &str = "a request is admitted or rejected as its breaker's state has it";

/// What was seen of a request that an Envoy got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Whether the breaker answered it.
    pub(crate) is_rejected: bool,
    pub(crate) status: u16,
    pub(crate) details: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) pushes_back: bool,
    /// What stands in `policy.circuit`.
    pub(crate) circuit: Option<String>,
}

/// What must be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) verdict: Verdict,
    /// The breaker's state after the decision, and its name.
    pub(crate) state: State,
    pub(crate) breaker: &'a str,
    pub(crate) push_back: bool,
    pub(crate) shadow: bool,
}

pub(crate) fn check(expected: &Expected<'_>, seen: &Seen) -> Result<(), Broken> {
    let Expected {
        verdict,
        state,
        breaker,
        push_back,
        shadow,
    } = *expected;
    let fails = |words: &str| {
        Broken::new(
            PROMISE,
            format!(
                "{words}: it must meet {breaker} {}, {verdict:?}; {seen:?}",
                state.word()
            ),
        )
    };
    let must = match verdict {
        Verdict::Admitted(_) => Some(false),
        Verdict::Rejected(..) => Some(!shadow),
        Verdict::Ramping(_, share) if share <= 0.0 => Some(true),
        Verdict::Ramping(..) => None,
    };
    if must.is_some_and(|must| must != seen.is_rejected) {
        return Err(fails(if seen.is_rejected {
            "it was rejected"
        } else {
            "it was admitted"
        }));
    }
    let circuit = (state != State::Closed && !shadow).then(|| format!("{breaker}:{}", state.word()));
    if seen.circuit != circuit {
        return Err(fails("its filter state is another"));
    }
    if !seen.is_rejected {
        return Ok(());
    }
    let (details, code, least, most) = match verdict {
        Verdict::Rejected(least, most) => ("circuit_breaker_open", "CIRCUIT_OPEN", least, most),
        _ => ("circuit_breaker_ramping", "CIRCUIT_RAMPING", 1, 1),
    };
    let after: Option<u64> = seen.retry_after.as_ref().and_then(|text| text.parse().ok());
    let holds = seen.status == 503
        && seen.details == details
        && seen.error_code.as_deref() == Some(code)
        && seen.pushes_back == push_back
        && after.is_some_and(|after| (least..=most).contains(&after));
    match holds {
        true => Ok(()),
        false => Err(fails("its answer is another")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Expected<'_> = Expected {
        verdict: Verdict::Rejected(3, 4),
        state: State::Open,
        breaker: "alpha",
        push_back: true,
        shadow: false,
    };

    fn rejected() -> Seen {
        Seen {
            is_rejected: true,
            status: 503,
            details: "circuit_breaker_open".to_owned(),
            retry_after: Some("4".to_owned()),
            error_code: Some("CIRCUIT_OPEN".to_owned()),
            pushes_back: true,
            circuit: Some("alpha:open".to_owned()),
        }
    }

    #[test]
    fn a_rejection_is_told_to_the_letter() {
        assert_eq!(check(&OPEN, &rejected()), Ok(()));
        let spoil: [fn(&mut Seen); 6] = [
            |seen| seen.is_rejected = false,
            |seen| seen.status = 500,
            |seen| seen.retry_after = Some("5".to_owned()),
            |seen| seen.error_code = None,
            |seen| seen.pushes_back = false,
            |seen| seen.circuit = Some("alpha:half_open".to_owned()),
        ];
        for (number, spoil) in spoil.iter().enumerate() {
            let mut seen = rejected();
            spoil(&mut seen);
            assert!(check(&OPEN, &seen).is_err(), "{number}");
        }
    }

    #[test]
    fn in_shadow_nobody_is_rejected() {
        let shadow = Expected { shadow: true, ..OPEN };
        assert_eq!(check(&shadow, &Seen::default()), Ok(()));
        assert!(check(&shadow, &rejected()).is_err());
    }
}
