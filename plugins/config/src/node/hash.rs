//! A hash of what a configuration says: by which two workers, or two Envoys, are seen to have the same one.

use super::Node;
use crate::hash::hash;

impl Node {
    /// The same for all that means the same: be it JSON or a Struct, and in whatever order its keys are.
    pub fn hash(&self) -> u64 {
        let tagged = |tag: u8, bytes: &[u8]| hash(std::iter::once(tag).chain(bytes.iter().copied()));
        match self {
            Self::Null => tagged(0, &[]),
            Self::Bool(value) => tagged(1, &[u8::from(*value)]),
            // Adding 0 makes -0 and 0 one.
            Self::Number(number) => tagged(2, &(number + 0.0).to_bits().to_le_bytes()),
            Self::Text(text) => tagged(3, text.as_bytes()),
            Self::List(items) => {
                let items: Vec<u8> = items.iter().flat_map(|item| item.hash().to_le_bytes()).collect();
                tagged(4, &items)
            }
            Self::Object(entries) => {
                let sum = entries.iter().fold(0u64, |sum, (key, node)| {
                    let entry = tagged(5, key.as_bytes()) ^ node.hash().rotate_left(32);
                    sum.wrapping_add(hash(entry.to_le_bytes().into_iter()))
                });
                tagged(6, &sum.to_le_bytes())
            }
        }
    }
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
            "6ef9a80be417868c"
        );
    }
}
