//! How the report tells of bytes: visible ASCII as it is, all else escaped, and what is long by its length.

use serde_json::Value;

/// Longer than any header, shorter than a body that only fills a buffer.
const LONGEST: usize = 400;

/// Bytes in quotes.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match bytes.get(..LONGEST) {
        Some(first) if bytes.len() > LONGEST => {
            format!("\"{}\"… ({} bytes)", first[..8].escape_ascii(), bytes.len())
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}

/// Pairs in braces.
pub(crate) fn pairs(pairs: &[(Vec<u8>, Vec<u8>)]) -> String {
    let pair =
        |(name, value): &(Vec<u8>, Vec<u8>)| format!("{}: {}", name.escape_ascii(), value.escape_ascii());
    format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
}

/// The arguments of a step, as the script has them.
pub(crate) fn arguments(arguments: &[Value]) -> String {
    let argument = |value: &Value| match value {
        Value::Array(members) => {
            let texts: Option<Vec<&str>> = members.iter().map(Value::as_str).collect();
            texts.map_or_else(|| value.to_string(), |texts| texts.join("."))
        }
        value => value.to_string(),
    };
    arguments.iter().map(argument).collect::<Vec<_>>().join(", ")
}
