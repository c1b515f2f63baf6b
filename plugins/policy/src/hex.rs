//! Lower-case hexadecimal, the only spelling that W3C Trace Context knows.

/// Reads `text` as lower-case hexadecimal; `None` for anything else, upper case and signs included.
pub(crate) fn lower(text: &[u8]) -> Option<u128> {
    read(text, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Reads `text` as hexadecimal in either case, as B3 and X-Ray allow.
pub(crate) fn either(text: &[u8]) -> Option<u128> {
    read(text, u8::is_ascii_hexdigit)
}

fn read(text: &[u8], is_digit: impl Fn(&u8) -> bool) -> Option<u128> {
    if !(1..=32).contains(&text.len()) {
        return None;
    }
    let mut value = 0;
    for byte in text {
        let digit = char::from(*byte).to_digit(16).filter(|_| is_digit(byte))?;
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}
