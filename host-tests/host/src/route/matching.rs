//! What a route or a policy asks of a request's path, headers and query.

use regex_lite::Regex;

use crate::header_map::HeaderMap;

/// What a route asks of the path (before `?`).
#[derive(Clone, Debug)]
pub(super) enum PathMatch {
    Prefix(Vec<u8>),
    SeparatedPrefix(Vec<u8>),
    Exact(Vec<u8>),
    Regex(Regex),
}

impl PathMatch {
    #[track_caller]
    pub(super) fn regex(regex: &str) -> PathMatch {
        match Regex::new(&format!("^(?:{regex})$")) {
            Ok(regex) => PathMatch::Regex(regex),
            Err(error) => panic!("{regex:?} is no regular expression: {error}"),
        }
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        match self {
            PathMatch::Prefix(prefix) => path.starts_with(prefix),
            PathMatch::SeparatedPrefix(prefix) => path
                .strip_prefix(prefix.as_slice())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/")),
            PathMatch::Exact(exact) => path == exact,
            PathMatch::Regex(regex) => std::str::from_utf8(path).is_ok_and(|path| regex.is_match(path)),
        }
    }
}

/// A header by its name, and by its value if that matters.
#[derive(Clone, Debug)]
pub(crate) struct HeaderMatch {
    name: String,
    value: Option<Vec<u8>>,
}

impl HeaderMatch {
    pub(crate) fn present(name: &str) -> HeaderMatch {
        HeaderMatch {
            name: name.to_ascii_lowercase(),
            value: None,
        }
    }

    pub(crate) fn exact(name: &str, value: impl AsRef<[u8]>) -> HeaderMatch {
        HeaderMatch {
            name: name.to_ascii_lowercase(),
            value: Some(value.as_ref().to_vec()),
        }
    }

    /// Of a header that is repeated, any of its values may match.
    pub(crate) fn matches(&self, headers: &HeaderMap) -> bool {
        let found = headers.all(self.name.as_bytes());
        match &self.value {
            Some(value) => found.contains(value),
            None => !found.is_empty(),
        }
    }
}

/// A query parameter with its value.
#[derive(Clone, Debug)]
pub(super) struct QueryMatch {
    name: Vec<u8>,
    value: Vec<u8>,
}

impl QueryMatch {
    pub(super) fn new(name: &str, value: &str) -> QueryMatch {
        QueryMatch {
            name: name.as_bytes().to_vec(),
            value: value.as_bytes().to_vec(),
        }
    }

    pub(super) fn matches(&self, query: &[u8]) -> bool {
        let mut parameters = query.split(|&byte| byte == b'&').map(|parameter| {
            let mut parts = parameter.splitn(2, |&byte| byte == b'=');
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        });
        let found = parameters.find(|(name, _)| *name == self.name);
        found.is_some_and(|(_, value)| value == self.value)
    }
}
