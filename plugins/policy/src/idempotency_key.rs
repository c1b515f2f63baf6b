//! The key by which a service knows that it has seen a request before (`Idempotency-Key`).
//!
//! A request with a key may be sent again where the service keeps its promise to do it once. So a key is only what every
//! service reads the same way: what one takes for a key and another cuts at a space or a second value would let a
//! request be done twice.

/// What a request says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdempotencyKey {
    /// Nothing.
    Absent,
    /// There is one.
    Valid,
    /// It says something that is none, or says it more than once.
    Malformed,
}

impl IdempotencyKey {
    /// Reads the values of the key's header, of which there must be one: 1 to 255 visible ASCII characters, bare or as a
    /// quoted string (RFC 9651, section 3.3.3), in which `\` stands before a quote or another `\` and counts for nothing.
    pub fn read<'h>(values: impl IntoIterator<Item = &'h [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) if is_key(value) => Self::Valid,
            _ => Self::Malformed,
        }
    }
}

fn is_key(value: &[u8]) -> bool {
    const LONGEST: usize = 255;
    let length = match value.split_first() {
        Some((b'"', rest)) => rest.split_last().and_then(|(last, inside)| match last {
            b'"' => quoted_length(inside),
            _ => None,
        }),
        _ => value.iter().all(u8::is_ascii_graphic).then_some(value.len()),
    };
    length.is_some_and(|length| (1..=LONGEST).contains(&length))
}

/// How many characters a quoted string has, from what is between its quotes.
fn quoted_length(inside: &[u8]) -> Option<usize> {
    let mut bytes = inside.iter();
    let mut length = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return None,
            b'\\' => {
                bytes.next().filter(|escaped| matches!(escaped, b'"' | b'\\'))?;
            }
            byte if byte.is_ascii_graphic() => {}
            _ => return None,
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::IdempotencyKey::{self, Absent, Malformed, Valid};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn is(values: &[&str], key: IdempotencyKey) {
        let values = values.iter().map(|value| value.as_bytes());
        assert_eq!(
            IdempotencyKey::read(values.clone()),
            key,
            "{:?}",
            values.collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_key_is_visible_and_has_no_spaces() {
        for key in [
            "a",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            "!~",
            "a,b;c='d'",
            r#"a"b"#,
            r"a\b",
        ] {
            is(&[key], Valid);
        }
        for key in ["", " ", "a b", " a", "a ", "a\tb", "a\x7f", "a\0", "é", "a\n"] {
            is(&[key], Malformed);
        }
        assert_eq!(IdempotencyKey::read([&b"a\xff"[..]]), Malformed);
    }

    #[test]
    fn a_key_can_be_quoted() {
        for key in [
            r#""a""#,
            r#""8e03978e-40d5""#,
            r#""a\"b""#,
            r#""a\\""#,
            r#""a,b""#,
        ] {
            is(&[key], Valid);
        }
        for key in [
            r#"""#,
            r#""""#,
            r#""a"#,
            r#""a"b"#,
            r#""a"b""#,
            r#""a b""#,
            r#""a\""#,
            r#""a\b""#,
            r#""a", "b""#,
            r#""é""#,
        ] {
            is(&[key], Malformed);
        }
    }

    #[test]
    fn a_key_has_at_most_255_characters_its_quotes_and_escapes_not_counted() {
        let (longest, longer) = ("a".repeat(255), "a".repeat(256));
        is(&[&longest], Valid);
        is(&[&longer], Malformed);
        is(&[&format!("\"{longest}\"")], Valid);
        is(&[&format!("\"{longer}\"")], Malformed);
        is(&[&format!("\"{}\"", r"\\".repeat(255))], Valid);
        is(&[&format!("\"{}\"", r"\\".repeat(256))], Malformed);
    }

    #[test]
    fn there_is_one_key_or_none() {
        is(&[], Absent);
        is(&["a", "a"], Malformed);
        is(&["a", ""], Malformed);
        is(&["", "a"], Malformed);
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(values: Vec<Vec<u8>>) {
            let key = IdempotencyKey::read(values.iter().map(Vec::as_slice));
            prop_assert_eq!(key == Absent, values.is_empty());
        }

        #[test]
        fn whatever_is_visible_and_not_quoted_is_a_key(key in prop::collection::vec(0x21u8..=0x7e, 1..=255)) {
            prop_assume!(key[0] != b'"');
            prop_assert_eq!(IdempotencyKey::read([key.as_slice()]), Valid);
        }

        #[test]
        fn one_character_that_is_not_visible_spoils_a_key(
            mut key in prop::collection::vec(0x23u8..=0x5b, 1..=200), at: prop::sample::Index,
            bad in prop_oneof![0u8..=0x20, 0x7fu8..=0xff], quoted: bool,
        ) {
            let at = at.index(key.len());
            key[at] = bad;
            if quoted {
                key = [b"\"", key.as_slice(), b"\""].concat();
            }
            prop_assert_eq!(IdempotencyKey::read([key.as_slice()]), Malformed);
        }
    }
}
