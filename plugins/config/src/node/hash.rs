//! A hash of what a configuration says: by which two workers, or two Envoys, are seen to have the same one.

use super::Node;
use crate::hash::{mix, start, step};

impl Node {
    /// The same for all that means the same: be it JSON or a Struct, and in whatever order its keys are.
    pub fn hash(&self) -> u64 {
        mix(self.hash_from(start()))
    }

    fn hash_from(&self, hash: u64) -> u64 {
        match self {
            Self::Null => step(hash, 0),
            Self::Bool(value) => step(hash, 1 + u8::from(*value)),
            // Adding 0 makes -0 and 0 one.
            Self::Number(number) => steps(step(hash, 3), &(number + 0.0).to_bits().to_le_bytes()),
            // No text has this byte: it tells where one ends.
            Self::Text(text) => step(steps(step(hash, 4), text.as_bytes()), 0xff),
            Self::List(items) => {
                let begun = step(hash, 5);
                step(items.iter().fold(begun, |hash, item| item.hash_from(hash)), 6)
            }
            Self::Object(entries) => {
                // A sum is the same in any order.
                let sum = entries.iter().fold(0u64, |sum, (key, node)| {
                    let key = step(steps(start(), key.as_bytes()), 0xff);
                    sum.wrapping_add(mix(node.hash_from(key)))
                });
                steps(step(hash, 7), &sum.to_le_bytes())
            }
        }
    }
}

fn steps(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| step(hash, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn of(text: &str) -> u64 {
        Node::read(text.as_bytes()).expect("it is JSON").hash()
    }

    #[test]
    fn what_means_the_same_has_one_hash() {
        let hash = of(r#"{ "a": [1, "x", null], "b": { "c": true, "d": 0 } }"#);
        assert_eq!(of(r#"{"b":{"d":-0.0,"c":true},"a":[1.0,"x",null]}"#), hash);
        assert_eq!(of(""), of("{}"));
    }

    #[test]
    fn what_means_something_else_has_another() {
        let texts = [
            "{}",
            "[]",
            "[[]]",
            "[{}]",
            "null",
            "false",
            "true",
            "0",
            "1",
            "\"\"",
            "\"0\"",
            "[0, 1]",
            "[1, 0]",
            r#"{ "a": 1, "b": 2 }"#,
            r#"{ "a": 2, "b": 1 }"#,
            r#"{ "a": { "b": 1 } }"#,
            r#"{ "b": { "a": 1 } }"#,
        ];
        let mut hashes: Vec<u64> = texts.iter().map(|text| of(text)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), texts.len());
    }

    #[test]
    fn it_is_the_same_everywhere_and_always() {
        assert_eq!(
            format!("{:016x}", of(r#"{ "mode": "shadow" }"#)),
            "1f5a8ab6f6bbac6f"
        );
    }
}
