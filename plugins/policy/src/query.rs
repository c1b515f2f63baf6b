//! The query of a path: parameters, decoded as a form's are.

/// A parameter, decoded: `%` and two digits stand for a byte, `+` for a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// What stands before the first `=`, or all of it.
    pub name: Vec<u8>,
    /// What stands behind it. `None`: a `%` without two digits makes no sense of it.
    pub value: Option<Vec<u8>>,
}

/// The parameters of a path, in their order, at most so many. What has neither a name nor a value is none.
pub fn parameters(path: &[u8], most: usize) -> impl Iterator<Item = Parameter> {
    let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    query
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .take(most)
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut part = || parts.next().unwrap_or_default();
            let (name, value) = (part(), part());
            Parameter {
                // A name that cannot be decoded is none that is known.
                name: decoded(name).unwrap_or_else(|| name.to_vec()),
                value: decoded(value),
            }
        })
}

fn decoded(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        text = match text {
            [] => return Some(bytes),
            [b'%', high, low, rest @ ..] => {
                bytes.push(digit(*high)? << 4 | digit(*low)?);
                rest
            }
            [b'%', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                rest
            }
        };
    }
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn are(path: &str, expected: &[(&str, Option<&str>)]) {
        let found: Vec<Parameter> = parameters(path.as_bytes(), 10).collect();
        let expected: Vec<Parameter> = expected
            .iter()
            .map(|(name, value)| Parameter {
                name: name.as_bytes().to_vec(),
                value: value.map(|value| value.as_bytes().to_vec()),
            })
            .collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn parameters_are_decoded_as_those_of_a_form() {
        are("/a", &[]);
        are("/a?", &[]);
        are("/a?b=c&d=e", &[("b", Some("c")), ("d", Some("e"))]);
        are(
            "/a?r=a+b%20c%2Bd&x=%c3%A9",
            &[("r", Some("a b c+d")), ("x", Some("é"))],
        );
        are(
            "/a?b&c=&=d&&e=f=g?h",
            &[
                ("b", Some("")),
                ("c", Some("")),
                ("", Some("d")),
                ("e", Some("f=g?h")),
            ],
        );
    }

    #[test]
    fn a_percent_sign_without_two_digits_makes_no_sense() {
        for value in ["%", "%4", "%4g", "%%41", "a%", "%+1", "%-1"] {
            are(&format!("/?a={value}"), &[("a", None)]);
        }
        are("/?a%=b", &[("a%", Some("b"))]);
    }

    #[test]
    fn there_are_no_more_than_are_wanted() {
        let path = "/?".to_owned() + &"a&".repeat(60_000);
        assert_eq!(parameters(path.as_bytes(), 7).count(), 7);
    }

    proptest! {
        #[test]
        fn any_bytes_that_were_encoded_are_decoded(value: Vec<u8>) {
            let encoded: String = value.iter().map(|byte| format!("%{byte:02X}")).collect();
            let found: Vec<Parameter> = parameters(format!("/?v={encoded}").as_bytes(), 10).collect();
            prop_assert_eq!(found, [Parameter { name: b"v".to_vec(), value: Some(value) }]);
        }

        #[test]
        fn any_path_can_be_read(path: Vec<u8>) {
            prop_assert!(parameters(&path, 10).count() <= 10);
        }
    }
}
