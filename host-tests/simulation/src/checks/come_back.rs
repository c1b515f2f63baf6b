//! A caller of 429 or 503 is told when to come back: by what the upstream said, or by a time that grows with its attempts.

use super::Broken;

const PROMISE: &str = "who is to come back is told when";

/// After the first attempt, and at most, in milliseconds; and the part of it that may be added.
const FIRST: u64 = 1_000;
const MOST: u64 = 30_000;
const JITTER: f64 = 0.5;

/// An answer that came by the retry plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) status: u16,
    /// What it says now, and what the upstream had said.
    pub(crate) retry_after: Option<&'a str>,
    pub(crate) of_upstream: Option<&'a str>,
    /// Which attempt of its caller it was.
    pub(crate) attempt: u64,
}

pub(crate) fn check(told: &Told<'_>) -> Result<(), Broken> {
    let broken = || Broken::new(PROMISE, format!("{told:?}"));
    if told.of_upstream.is_some() || !matches!(told.status, 429 | 503) {
        return if told.retry_after == told.of_upstream {
            Ok(())
        } else {
            Err(broken())
        };
    }
    let grown = (FIRST << (told.attempt - 1).min(20)).min(MOST);
    let longest = grown + (grown as f64 * JITTER) as u64;
    let said: Option<u64> = told.retry_after.and_then(|text| text.parse().ok());
    match said {
        Some(said) if (grown.div_ceil(1_000)..=longest.div_ceil(1_000)).contains(&said) => Ok(()),
        _ => Err(broken()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Told<'_> = Told {
        status: 503,
        retry_after: Some("4"),
        of_upstream: None,
        attempt: 3,
    };

    #[test]
    fn the_time_grows_with_the_attempts_and_what_the_upstream_said_is_kept() {
        let said = |retry_after| Told { retry_after, ..TOLD };
        assert_eq!(check(&said(Some("4"))), Ok(()));
        assert_eq!(check(&said(Some("6"))), Ok(()));
        for wrong in [None, Some("3"), Some("7"), Some("soon")] {
            assert!(check(&said(wrong)).is_err(), "{wrong:?}");
        }
        let kept = Told {
            of_upstream: Some("9"),
            ..TOLD
        };
        assert!(check(&kept).is_err());
        assert_eq!(
            check(&Told {
                retry_after: Some("9"),
                ..kept
            }),
            Ok(())
        );
        assert!(check(&Told { status: 500, ..TOLD }).is_err());
        assert_eq!(
            check(&Told {
                status: 500,
                retry_after: None,
                ..TOLD
            }),
            Ok(())
        );
    }
}
