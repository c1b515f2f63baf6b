//! What a rule compares a request's host, path and method with.
//!
//! Everything works on bytes: what a client sends need not be UTF-8. A pattern that no request can meet is refused,
//! for it is always a mistake, and one that shows only when the rule is needed.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::value::{Form, kept, lower_case, text_setting};

/// A host: `shop.example`, or `*.shop.example` for one or more labels before it. Lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// This host.
    Exact(Box<str>),
    /// Every host below this one, kept as it was written, `*.` first.
    Below(Box<str>),
}

impl Form for Host {
    const WANTED: &'static str =
        "a host without port, such as \"shop.example\", \"*.shop.example\" or \"[::1]\"";

    fn broken(text: &str) -> Option<&'static str> {
        let below = text.strip_prefix("*.");
        let valid = match below.unwrap_or(text) {
            bracketed if bracketed.starts_with('[') => below.is_none() && is_ipv6(bracketed),
            labels => labels.as_bytes().split(|byte| *byte == b'.').all(is_label) && labels.len() <= 253,
        };
        (!valid).then_some(Self::WANTED)
    }

    fn of(text: &str) -> Self {
        let host = lower_case(text);
        if text.starts_with('*') {
            Self::Below(host)
        } else {
            Self::Exact(host)
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Exact(host) | Self::Below(host) => host,
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "host without port, or `*.` and the host below which it is".to_owned(),
            pattern: r"^(?:(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f:.]{2,45}\])$"
                .to_owned(),
            not: None,
        }
    }
}

text_setting!(Host);

impl Host {
    /// Whether it is this host, which is in lower case and without port.
    pub(crate) fn matches(&self, host: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => exact.as_bytes() == host,
            Self::Below(pattern) => pattern
                .strip_prefix('*')
                .and_then(|end| host.strip_suffix(end.as_bytes()))
                .is_some_and(|labels| !labels.is_empty()),
        }
    }
}

fn is_label(label: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    (1..=63).contains(&label.len()) && label.iter().all(letter)
}

/// Something in brackets that has the letters of an address. Counting its groups would need a parser of addresses, for
/// which a module has no other use.
fn is_ipv6(bracketed: &str) -> bool {
    let address = bracketed
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or_default();
    let letter = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    (2..=45).contains(&address.len()) && address.bytes().all(letter)
}

/// The host of an `:authority`: without the port. The case is kept.
pub(crate) fn without_port(authority: &[u8]) -> &[u8] {
    let (host, port) = match authority.iter().rposition(|byte| *byte == b':') {
        Some(colon) => authority.split_at(colon),
        None => return authority,
    };
    let is_port = port.iter().skip(1).all(u8::is_ascii_digit);
    // In an address of IPv6 the last colon is a port's only after its bracket.
    let whole = !host.starts_with(b"[") || host.ends_with(b"]");
    if is_port && whole { host } else { authority }
}

/// The path of a `:path`: what stands before `?`, as sent.
pub(crate) fn without_query(path: &[u8]) -> &[u8] {
    path.split(|byte| *byte == b'?').next().unwrap_or_default()
}

/// What can stand in a path as sent, outside the query: visible ASCII.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#')
}

const PATH: &str = "a path as it is sent, beginning with / and without ? and #";

fn broken_path(text: &str) -> Option<&'static str> {
    (!is_path(text)).then_some(PATH)
}

#[cfg(feature = "describe")]
fn path_shape(what: &str, pattern: &str) -> Shape {
    Shape::Text {
        what: what.to_owned(),
        pattern: pattern.to_owned(),
        not: Some("[?#]".to_owned()),
    }
}

/// A whole path, as sent: not decoded, without the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactPath(Box<str>);

impl Form for ExactPath {
    const WANTED: &'static str = PATH;

    fn broken(text: &str) -> Option<&'static str> {
        broken_path(text)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        path_shape("path", "^/[!-~]*$")
    }
}

text_setting!(ExactPath);

/// A path and all that is below it: `/.policy` is met by itself, `/.policy/force` and `/.policy?x`, not by `/.policyx`. It
/// does not end with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree(Box<str>);

const SUBTREE: &str = "a path without a slash at its end, such as \"/.policy\"";

impl Form for Subtree {
    const WANTED: &'static str = SUBTREE;

    fn broken(text: &str) -> Option<&'static str> {
        let broken = broken_path(text).is_some() || text.ends_with('/') || text.len() > 256;
        broken.then_some(SUBTREE)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let mut shape = path_shape("path without a slash at its end", "^/[!-~]{1,255}$");
        if let Shape::Text { not, .. } = &mut shape {
            *not = not.take().map(|not| format!("(?:{not})|/$"));
        }
        shape
    }
}

text_setting!(Subtree);

impl Subtree {
    /// What follows it in a request's path, without the query: nothing, or a slash and more. `None`: the request is for
    /// something else.
    pub fn below<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let rest = without_query(path).strip_prefix(self.0.as_bytes())?;
        (rest.is_empty() || rest.starts_with(b"/")).then_some(rest)
    }
}

/// The first segments of a path: `/orders` is met by `/orders` and what is below it, not by `/ordersx`; `/orders/` by
/// what is below it only; `/` by every path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPrefix(Box<str>);

impl Form for PathPrefix {
    const WANTED: &'static str = PATH;

    fn broken(text: &str) -> Option<&'static str> {
        broken_path(text)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        path_shape("beginning of a path", "^/[!-~]*$")
    }
}

text_setting!(PathPrefix);

impl PathPrefix {
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        match path.strip_prefix(self.0.as_bytes()) {
            Some(rest) => rest.is_empty() || rest.starts_with(b"/") || self.0.ends_with('/'),
            None => false,
        }
    }
}

/// A path in which `{name}` stands for one segment that is not empty: `/orders/{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate(Box<str>);

impl Form for PathTemplate {
    const WANTED: &'static str = PATH;

    fn broken(text: &str) -> Option<&'static str> {
        let whole = |segment: &[u8]| is_variable(segment) || !segment.iter().any(|byte| b"{}".contains(byte));
        broken_path(text).or_else(|| {
            (!text.as_bytes().split(|byte| *byte == b'/').all(whole))
                .then_some("a path with each {name} as a whole segment, such as \"/orders/{id}\"")
        })
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let segments = r"^(?:/(?:\{[A-Za-z0-9_-]+\}|[!-.0-z|~]*))+$";
        path_shape("path with `{name}` for one segment", segments)
    }
}

text_setting!(PathTemplate);

impl PathTemplate {
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        let mut segments = path.split(|byte| *byte == b'/');
        let met = self
            .0
            .as_bytes()
            .split(|byte| *byte == b'/')
            .all(|pattern| match segments.next() {
                Some(segment) if is_variable(pattern) => !segment.is_empty(),
                Some(segment) => segment == pattern,
                None => false,
            });
        met && segments.next().is_none()
    }
}

fn is_variable(segment: &[u8]) -> bool {
    match segment {
        [b'{', name @ .., b'}'] => {
            !name.is_empty()
                && name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
        }
        _ => false,
    }
}

/// A request's method: a token in upper case, since methods are compared as sent and all registered ones are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(Box<str>);

impl Form for Method {
    const WANTED: &'static str = "a method in upper case, such as \"POST\"";

    fn broken(text: &str) -> Option<&'static str> {
        const LONGEST: usize = 32;
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let valid = (1..=LONGEST).contains(&text.len()) && text.bytes().all(upper);
        (!valid).then_some(Self::WANTED)
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let pattern = "^[A-Z0-9_-]{1,32}$".to_owned();
        Shape::Text {
            what: "method in upper case".to_owned(),
            pattern,
            not: None,
        }
    }
}

text_setting!(Method);

#[cfg(test)]
mod tests;
