//! Lengths of time, as the configuration has them.

/// A whole number without leading zeros and its unit, in milliseconds: `250ms`, `10s`, `5m`, `1h`. `None`: it is none.
pub(super) fn millis(text: &str) -> Option<u64> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let plain = (1..=9).contains(&number.len()) && !number.starts_with('0');
    number
        .parse::<u64>()
        .ok()
        .filter(|_| plain)
        .map(|number| number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_time_is_a_whole_number_and_its_unit() {
        for (text, expected) in [
            ("250ms", 250),
            ("10s", 10_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "10",
            "s",
            "0s",
            "01s",
            "-1s",
            "+1s",
            "1.5s",
            "1 s",
            "1S",
            "1d",
            "9999999999s",
            "1ms1",
            "é",
            "1é",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
