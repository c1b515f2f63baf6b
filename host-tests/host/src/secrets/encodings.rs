//! The forms in which a value may stand in a text.

/// The value as it is, escaped for URLs and in hexadecimal, and what of it stands in base64 wherever it begins in it.
pub(super) fn of(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec(), percent(value), hexadecimal(value)];
    for before in 0..3 {
        for alphabet in [STANDARD, FOR_URLS] {
            forms.push(base64_inside(value, before, alphabet));
        }
    }
    forms
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The digits that only this value decides, where so many bytes stand before it.
fn base64_inside(value: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let padded = [vec![0; before], value.to_vec()].concat();
    let bits: Vec<u8> = padded
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let whole = bits.chunks_exact(6).skip((before * 8).div_ceil(6));
    whole
        .map(|six| alphabet[usize::from(six.iter().fold(0, |number, bit| number << 1 | bit))])
        .collect()
}

fn percent(value: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for &byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte),
            _ => escaped.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    escaped
}

fn hexadecimal(value: &[u8]) -> Vec<u8> {
    let digits: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.into_bytes()
}
