//! Absolute URLs (RFC 3986).

use std::ops::Deref;

use super::{Form, boxed};
#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::node::Node;
use crate::pattern::{Host, without_port};
use crate::setting::{Place, Reading, Setting};

/// An absolute URL with `http` or `https`, at most 2048 bytes long, to which something can be appended: it ends with
/// neither a letter nor a digit, and goes on after the host.
///
/// It has only characters that a URL can have, so that it can stand in a JSON text or a header as it is. It has no
/// user and no password: whoever reads the URL would read them too. A fault does not show them either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Box<str>);

const LONGEST: usize = 2048;

const WANTED: &str =
    "an absolute URL of at most 2048 characters with http or https, such as \"https://docs.example/errors/\"";

impl Deref for BaseUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Setting for BaseUrl {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let Node::Text(text) = node else {
            return reading.refuse_type(at, WANTED, node);
        };
        let broken = broken(text);
        match broken {
            None => Some(Self(boxed(text))),
            Some(wanted) if text.contains('@') => reading.refuse(at, &["must be ", wanted]),
            Some(wanted) => reading.refuse_type(at, wanted, node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let host = r"(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f:.]{2,45}\])";
        let rest = "(?:[A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*";
        Shape::Text {
            what: "absolute URL with `http` or `https`, to which something can be appended".to_owned(),
            pattern: format!("^(?=.{{1,{LONGEST}}}$)https?://{host}(?::[0-9]*)?(?=[/?#]){rest}(?:#{rest})?$"),
            not: Some("[A-Za-z0-9]$".to_owned()),
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Text(self.0.clone().into())
    }
}

/// What would be right in the place of this text, as it follows "must be".
fn broken(text: &str) -> Option<&'static str> {
    let after = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .filter(|_| text.len() <= LONGEST)
        .unwrap_or_default();
    let end = after.bytes().position(|byte| b"/?#".contains(&byte));
    let (authority, rest) = end
        .and_then(|end| after.split_at_checked(end))
        .unwrap_or((after, ""));
    if authority.contains('@') {
        Some("a URL without user and password, which every reader of it would see")
    } else if !is_authority(authority) || !is_rest(rest.as_bytes()) {
        Some(WANTED)
    } else if rest
        .bytes()
        .next_back()
        .is_none_or(|last| last.is_ascii_alphanumeric())
    {
        Some("a URL to which something can be appended, such as \"https://docs.example/errors/\"")
    } else {
        None
    }
}

/// A host, and a port where there is one.
fn is_authority(text: &str) -> bool {
    let host = without_port(text.as_bytes()).len();
    text.get(..host)
        .is_some_and(|host| Host::broken(host).is_none() && !host.starts_with('*'))
}

/// Path, query and fragment: what may stand there, each `%` with its two digits, and `#` only once. No quotes.
fn is_rest(mut rest: &[u8]) -> bool {
    let mut fragment = false;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [b'#', rest @ ..] if !fragment => {
                fragment = true;
                rest
            }
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/?".contains(byte) => rest,
            _ => return false,
        };
    }
}
