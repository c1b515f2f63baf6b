//! RFC 3339 time stamps, in UTC with milliseconds, as log lines and error bodies carry them.
//!
//! The libraries for it format a type that they made from a clock and panic on years they do not know; this is total.

/// Formats a time (milliseconds since the Unix epoch) as `2026-11-22T04:05:06.789Z`.
///
/// A year has four digits in RFC 3339: what lies behind the year 9999 is written as its last millisecond.
pub fn rfc3339(unix_millis: u64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    let millis = unix_millis.min(LAST);
    let (days, of_day) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The Gregorian date of a day counted from 1970-01-01.
///
/// Counted in eras of 400 years, which all have the same number of days, and in years that begin in March, so that the
/// leap day is a year's last.
fn civil(days: u64) -> (u64, u64, u64) {
    let from_march_0000 = days.saturating_add(719_468);
    let (era, day_of_era) = (from_march_0000 / 146_097, from_march_0000 % 146_097);
    let leap_days = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days + day_of_era / 36_524) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = if month_from_march < 10 {
        (month_from_march + 3, 0)
    } else {
        (month_from_march - 9, 1)
    };
    (era * 400 + year_of_era + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn well_known_moments() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(1_718_000_000_123), "2024-06-10T06:13:20.123Z");
        assert_eq!(rfc3339(4_107_542_399_999), "2100-02-28T23:59:59.999Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn any_clock_has_a_time_stamp() {
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn agrees_with_another_implementation(millis in 0u64..253_402_300_799_999) {
            let other = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis));
            prop_assert_eq!(rfc3339(millis), other.to_string());
        }
    }
}
