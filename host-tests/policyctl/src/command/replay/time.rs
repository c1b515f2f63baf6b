//! Points in time: as a log has them, and as people read them.

use jiff::Timestamp;
use std::time::Duration;

/// Nanoseconds since 1970, before the year 2554.
pub(super) type Nanos = u64;

/// Reads what `%START_TIME%` writes: RFC 3339, or by another format seconds, milliseconds, microseconds or nanoseconds
/// since 1970. Which of those it is tells its size: all of them from 2001 on are told apart.
pub(super) fn read(text: &str) -> Option<Nanos> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return of_number(text);
    }
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok()
}

fn of_number(text: &str) -> Option<Nanos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unit: u64 = match whole.len() {
        9..=10 => 1_000_000_000,
        12..=13 => 1_000_000,
        15..=16 => 1_000,
        18..=19 => 1,
        _ => return None,
    };
    let whole: u64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let part = digits.parse::<u64>().ok()? / (1_000_000_000 / unit);
    whole.checked_mul(unit)?.checked_add(part)
}

/// As RFC 3339 in UTC, with milliseconds.
pub(super) fn show(nanos: Nanos) -> String {
    let time = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}

/// A duration for people: milliseconds below a second, else seconds, minutes, hours or days.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..1.0 => format!("{} ms", duration.as_millis()),
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.1} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, show, span};
    use std::time::Duration;

    #[test]
    fn a_time_may_stand_in_each_form_that_envoy_writes() {
        for text in [
            "2026-01-01T00:00:01.250Z",
            "2026-01-01T01:00:01.250+01:00",
            "2026-01-01T00:00:01.250000000Z",
            "1767225601.250",
            "1767225601250",
            "1767225601250000",
            "1767225601250000000",
        ] {
            assert_eq!(
                read(text).map(show).as_deref(),
                Some("2026-01-01T00:00:01.250Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            ".",
            "1",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "01/Jan/2026:00:00:00",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("1901-01-01T00:00:00Z"), None, "before 1970");
    }

    #[test]
    fn a_span_has_the_unit_that_people_would_say() {
        let shown = |millis| span(Duration::from_millis(millis));
        assert_eq!(shown(250), "250 ms");
        assert_eq!(shown(30_040), "30.0 s");
        assert_eq!(shown(600_000), "10.0 min");
        assert_eq!(shown(3 * 3_600_000), "3.0 h");
        assert_eq!(shown(49 * 3_600_000), "2.0 days");
    }
}
