//! Bytes as a script writes them: a text, `{"hex": "ff00"}`, `{"fill": "a", "times": 1000}`, or a list, whose members are
//! joined with a zero byte between them, as paths of properties are. Pairs are a list of two such each.

use serde_json::Value;

/// The bytes that a script means.
pub(crate) fn of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(members) => members.iter().map(of).collect::<Vec<_>>().join(&0),
        Value::Object(_) => match value.get("hex").and_then(Value::as_str) {
            Some(hex) => from_hex(hex),
            None => {
                let times = value.get("times").and_then(Value::as_u64).unwrap_or_default();
                value
                    .get("fill")
                    .map(of)
                    .unwrap_or_default()
                    .repeat(times as usize)
            }
        },
        _ => Vec::new(),
    }
}

/// The pairs that a script means, in the ABI's form; what is no list goes as it is.
pub(crate) fn of_pairs(value: &Value) -> Vec<u8> {
    let Value::Array(pairs) = value else {
        return of(value);
    };
    let part = |pair: &Value, at: usize| pair.get(at).map(of).unwrap_or_default();
    let pairs: Vec<_> = pairs.iter().map(|pair| (part(pair, 0), part(pair, 1))).collect();
    let word = |number: usize| (number as u32).to_le_bytes();
    let mut bytes = word(pairs.len()).to_vec();
    for (name, value) in &pairs {
        bytes.extend(word(name.len()));
        bytes.extend(word(value.len()));
    }
    for (name, value) in &pairs {
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}

/// Pairs in the ABI's form; `None` if these bytes are none.
pub(crate) fn pairs_from(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let word = |at: usize| -> Option<usize> {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    let count = word(0)?;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    let mut take = |length: usize| -> Option<Vec<u8>> {
        let taken = bytes.get(at..at.checked_add(length)?)?.to_vec();
        at += length + 1;
        Some(taken)
    };
    let pairs: Option<Vec<_>> = (0..count)
        .map(|pair| Some((take(word(4 + pair * 8)?)?, take(word(8 + pair * 8)?)?)))
        .collect();
    pairs.filter(|_| at == bytes.len())
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16).map(|digit| digit as u8))
        .collect();
    digits
        .chunks(2)
        .map(|two| two.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}
