//! Names and values of HTTP headers (RFC 9110, section 5).

use super::{Form, kept, lower_case, text_setting};
#[cfg(feature = "describe")]
use crate::describe::Shape;

/// What the name of a header is, as it follows "must be".
pub(crate) const NAME: &str = "the name of a header, such as \"x-tenant\"";

/// The form of a header's name.
#[cfg(feature = "describe")]
pub(crate) const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$";

/// Whether it is a token (RFC 9110, section 5.6.2) of at most 128 bytes.
pub(crate) fn is_token(text: &str) -> bool {
    const LONGEST: usize = 128;
    (1..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The name of a header: a token of at most 128 bytes, in lower case once read, as proxies hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(Box<str>);

impl Form for HeaderName {
    const WANTED: &'static str = NAME;

    fn broken(text: &str) -> Option<&'static str> {
        (!is_token(text)).then_some(NAME)
    }

    kept!(lower_case);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a header".to_owned(),
            pattern: TOKEN.to_owned(),
            not: None,
        }
    }
}

text_setting!(HeaderName);

const SECRET_NAMES: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
const SECRET_ENDS: [&str; 3] = ["-key", "-token", "-secret"];

/// Whether a header of that name, in lower case, may hold a secret, by its name alone.
pub(crate) fn may_hold_secret(name: &str) -> bool {
    SECRET_NAMES.contains(&name) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// The names that may hold a secret, as a pattern.
#[cfg(feature = "describe")]
pub(crate) fn secret_pattern() -> String {
    let names = SECRET_NAMES.map(super::any_case).join("|");
    let ends = SECRET_ENDS.map(super::any_case).join("|");
    format!("^(?:{names})$|(?:{ends})$")
}

/// The name of a header whose value may be logged or passed on: none that may hold a secret (`authorization`,
/// `proxy-authorization`, `cookie`, `set-cookie`, `*-key`, `*-token`, `*-secret`). In lower case once read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafeHeaderName(Box<str>);

impl Form for SafeHeaderName {
    const WANTED: &'static str = NAME;

    fn broken(text: &str) -> Option<&'static str> {
        match is_token(text) {
            false => Some(NAME),
            true => {
                may_hold_secret(&lower_case(text)).then_some("the name of a header that cannot hold a secret")
            }
        }
    }

    kept!(lower_case);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a header that cannot hold a secret".to_owned(),
            pattern: TOKEN.to_owned(),
            not: Some(secret_pattern()),
        }
    }
}

text_setting!(SafeHeaderName);

/// A value that a header can have: visible characters, with spaces and tabs between them, at most 1024 bytes.
/// It may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderValue(Box<str>);

impl Form for HeaderValue {
    const WANTED: &'static str =
        "a value that a header can have (visible ASCII, no space at either end, at most 1024 characters)";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 1024;
        let visible = text
            .bytes()
            .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        let trimmed = text.as_bytes().trim_ascii().len() == text.len();
        (!visible || !trimmed || text.len() > LONGEST).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "value of a header".to_owned(),
            pattern: r"^(?:[!-~](?:[\t -~]{0,1022}[!-~])?)?$".to_owned(),
            not: None,
        }
    }
}

text_setting!(HeaderValue);
