//! Numbers as headers say them.
//!
//! The standard library's parsers want text, come with the words for every fault, and refuse a number that is too large.

/// Digits and nothing else. More of them than fit are for ever.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let digit = |digit: &u8| digit.is_ascii_digit().then(|| u64::from(digit - b'0'));
    let mut value = (!digits.is_empty()).then_some(0u64)?;
    for next in digits {
        value = value.saturating_mul(10).saturating_add(digit(next)?);
    }
    Some(value)
}
