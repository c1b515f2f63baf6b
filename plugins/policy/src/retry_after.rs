//! `Retry-After` (RFC 9110, section 10.2.3): a number of seconds, or a date.
//!
//! The libraries that read such dates slice texts and add to clocks, and their panics, with all that formats them, would
//! be a tenth of a module. The tests hold this to one of them.

mod growth;

pub use growth::{Growth, callers_attempt};

use crate::decimal::number;

/// Reads the header's value as seconds from now on; a date that is past is 0. `None` if it is neither a number nor a
/// date.
pub fn seconds(value: &[u8], unix_millis: u64) -> Option<u64> {
    let value = value.trim_ascii();
    if let Some(seconds) = number(value) {
        return Some(seconds);
    }
    Some(date(value)?.saturating_sub(unix_millis / 1_000))
}

/// Seconds since the Unix epoch of a date in one of the three forms that HTTP has had (RFC 9110, section 5.6.7), all of
/// which are in UTC; 0 for one before.
///
/// * `Sun, 06 Nov 1994 08:49:37 GMT`
/// * `Sunday, 06-Nov-94 08:49:37 GMT`
/// * `Sun Nov  6 08:49:37 1994`
fn date(text: &[u8]) -> Option<u64> {
    let words: Vec<&[u8]> = text
        .split(|byte| matches!(byte, b' ' | b'-'))
        .filter(|word| !word.is_empty())
        .collect();
    let (day, month, year, time) = match words.as_slice() {
        [weekday, day, month, year, time, b"GMT"] if weekday.ends_with(b",") => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| name == month)?;
    let (day, year) = (number(day)?, full_year(number(year)?, year.len())?);
    let mut parts = time.split(|byte| *byte == b':');
    let [Some(hour), Some(minute), Some(second), None] = core::array::from_fn(|_| parts.next()) else {
        return None;
    };
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    let fits = (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    fits.then(|| days_since_1970(year, month as u64, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A year of two digits is of this century or the last one: RFC 9110 has it seem at most 50 years away, which no server
/// that says `Retry-After` means.
fn full_year(year: u64, digits: usize) -> Option<u64> {
    match digits {
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

/// `month` counts from 0. Years before 1970 are 1970.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // In years that begin in March the leap day is the last, and the months' lengths are a line with a bend.
    let (year, month) = if month < 2 {
        (year.saturating_sub(1), month + 10)
    } else {
        (year, month - 2)
    };
    let of_years = year * 365 + year / 4 - year / 100 + year / 400;
    let of_months = (153 * month + 2) / 5;
    (of_years + of_months + day).saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// 1994-11-06T08:49:00Z.
    const NOW: u64 = 784_111_740_000;

    #[test]
    fn seconds_are_taken_as_they_are() {
        assert_eq!(seconds(b"120", NOW), Some(120));
        assert_eq!(seconds(b" 0 ", NOW), Some(0));
        assert_eq!(seconds(b"99999999999999999999999", NOW), Some(u64::MAX));
    }

    #[test]
    fn a_date_is_read_in_each_of_its_three_forms() {
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(seconds(date.as_bytes(), NOW), Some(37), "{date}");
        }
    }

    #[test]
    fn a_date_that_is_past_is_now() {
        assert_eq!(seconds(b"Sun, 06 Nov 1994 08:48:00 GMT", NOW), Some(0));
        assert_eq!(seconds(b"Mon, 01 Jan 0000 00:00:00 GMT", 0), Some(0));
    }

    #[test]
    fn part_of_a_second_is_waited_for() {
        assert_eq!(seconds(b"Sun, 06 Nov 1994 08:49:37 GMT", NOW + 999), Some(37));
        assert_eq!(seconds(b"Sun, 06 Nov 1994 08:49:37 GMT", NOW + 1_000), Some(36));
    }

    #[test]
    fn nonsense_is_nothing() {
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "1 2",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 94 08:49:37 GMT GMT",
            "Sun, 06 Nov 994 08:49:37 GMT",
        ] {
            assert_eq!(seconds(value.as_bytes(), NOW), None, "{value}");
        }
        assert_eq!(seconds(b"\xff", NOW), None);
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_time_are_harmless(bytes: Vec<u8>, now: u64) {
            seconds(&bytes, now);
        }

        #[test]
        fn whatever_looks_like_a_date_is_harmless(day: u64, year: u64, hour: u64, second: u64) {
            let date = format!("Sun, {day} Nov {year} {hour}:00:{second} GMT");
            seconds(date.as_bytes(), 0);
        }

        #[test]
        fn dates_are_read_as_another_implementation_writes_them(at in 0u64..253_402_300_800) {
            let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at));
            prop_assert_eq!(seconds(date.as_bytes(), 0), Some(at));
        }
    }
}
