//! Header values that nobody but the peers may see, and the search for them in all that plugins say.
//!
//! They are searched for where a plugin hands bytes to its host, whatever the call: a log line, a property, a metric's
//! name, a reply, a header, a body, shared data, a queue, a call-out, what it prints. So one that is overwritten later is
//! found as well, and what a peer says itself is not taken for the plugin's.

mod encodings;

use std::collections::HashMap;

use crate::header_map::HeaderMap;
use crate::way::Direction;

/// A header with a value that a plugin may not tell anybody.
///
/// ```should_panic
/// use host::{Host, Module, Secret};
/// let tells = wat::parse_str(r#"(module
///     (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
///     (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
///     (memory (export "memory") 1) (data (i32.const 0) "authorization")
///     (func (export "proxy_abi_version_0_2_1"))
///     (func (export "malloc") (param i32) (result i32) (i32.const 128))
///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
///         (drop (call $get (i32.const 0) (i32.const 0) (i32.const 13) (i32.const 16) (i32.const 20)))
///         (drop (call $log (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20))))
///         (i32.const 0)))"#).unwrap();
/// let module = Module::new(&tells).secrets([Secret::of_requests("authorization", "Bearer 0123456789")]);
/// Host::new(module).get("/").answered_with(200); // … is told to the log
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    of: Direction,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Secret {
    /// One that clients send: each request has it, unless it has a header of this name already.
    ///
    /// # Panics
    /// When the value has fewer than eight bytes: they could stand anywhere by chance.
    #[track_caller]
    pub fn of_requests(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Secret {
        Secret::new(Direction::Request, name.as_ref(), value.as_ref())
    }

    /// One that upstreams send: each answer of theirs has it, unless it has a header of this name already.
    ///
    /// # Panics
    /// As [`Secret::of_requests`].
    #[track_caller]
    pub fn of_answers(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Secret {
        Secret::new(Direction::Response, name.as_ref(), value.as_ref())
    }

    pub(crate) fn is_called(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    #[track_caller]
    fn new(of: Direction, name: &[u8], value: &[u8]) -> Secret {
        let (name, value) = (name.to_ascii_lowercase(), value.to_vec());
        require_length(&value);
        Secret { of, name, value }
    }
}

/// So many bytes in a row of a secret are a find. So a part of it is found, too, such as one cookie of several.
const WINDOW: usize = 8;

/// A header and its value.
type Kept = (Vec<u8>, Vec<u8>);

/// The secrets of one host.
#[derive(Default)]
pub(crate) struct Secrets {
    planted: Vec<Secret>,
    kept: Vec<Kept>,
    /// Which header's value has these bytes, in lower case, as it is or encoded.
    windows: HashMap<[u8; WINDOW], String>,
    /// Whether any of them begins with these two bytes: most bytes are passed over by that alone.
    beginnings: Vec<bool>,
    searched: u64,
    told: Vec<String>,
}

impl Secrets {
    /// From now on, each request or answer has it.
    pub(crate) fn plant(&mut self, secret: &Secret) {
        if !self.planted.contains(secret) {
            self.keep(&secret.name, &secret.value);
            self.planted.push(secret.clone());
        }
    }

    /// From now on, no plugin may tell this value.
    #[track_caller]
    pub(crate) fn keep(&mut self, name: &[u8], value: &[u8]) {
        require_length(value);
        self.kept.push((name.to_vec(), value.to_vec()));
        let name = String::from_utf8_lossy(name).into_owned();
        for form in encodings::of(value) {
            for window in form.to_ascii_lowercase().windows(WINDOW) {
                if let Ok(window) = window.try_into() {
                    self.beginnings.resize(1 << 16, false);
                    self.beginnings[beginning(&window)] = true;
                    self.windows.insert(window, name.clone());
                }
            }
        }
    }

    /// Adds what is planted to the headers that a peer has sent.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, of: Direction) {
        for secret in self.planted.iter().filter(|secret| secret.of == of) {
            if !headers.has(&secret.name) {
                headers.add(&secret.name, &secret.value);
            }
        }
    }

    /// The headers as they would be without what was planted: what a test sees of them.
    pub(crate) fn take_from(&self, headers: &mut HeaderMap) {
        for secret in &self.planted {
            headers.remove_pair(&secret.name, &secret.value);
        }
    }

    /// A plugin hands these bytes to its host.
    pub(crate) fn search(&mut self, plugin: &str, call: &str, bytes: &[u8]) {
        if self.windows.is_empty() {
            return;
        }
        self.searched += 1;
        let lower = bytes.to_ascii_lowercase();
        let found = lower.windows(WINDOW).find_map(|window| {
            let window: [u8; WINDOW] = window.try_into().ok()?;
            let may_be = self.beginnings[beginning(&window)];
            may_be.then(|| self.windows.get(&window)).flatten()
        });
        if let Some(name) = found {
            let told = format!(
                "plugin {plugin} tells the secret of header {name} in {call}: {}",
                bytes.escape_ascii()
            );
            self.told.push(told);
        }
    }

    /// A plugin hands this header to its host, for a peer of the exchange.
    pub(crate) fn search_header(&mut self, plugin: &str, call: &str, name: &[u8], value: &[u8]) {
        let goes_on = |secret: &Kept| {
            let (own, secret) = secret;
            name.eq_ignore_ascii_case(own) && value.windows(secret.len()).any(|part| part == secret)
        };
        if self.kept.iter().any(goes_on) {
            self.searched += 1;
        } else {
            self.search(plugin, call, &[name, b": ", value].concat());
        }
    }

    /// What plugins told so far.
    pub(crate) fn told(&self) -> String {
        self.told.join("\n")
    }

    /// How many times bytes were searched.
    pub(crate) fn searched(&self) -> u64 {
        self.searched
    }
}

#[track_caller]
fn require_length(value: &[u8]) {
    let length = value.len();
    assert!(length >= WINDOW, "{length} bytes are too few to search for");
}

fn beginning(window: &[u8; WINDOW]) -> usize {
    usize::from(u16::from_le_bytes([window[0], window[1]]))
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[track_caller]
    fn check(said: &[u8], is_found: bool) {
        let mut secrets = Secrets::default();
        secrets.keep(b"authorization", b"Bearer zQ3\xff7hK2mWx9\"LrT4");
        secrets.search("p", "proxy_log", said);
        assert_eq!(!secrets.told().is_empty(), is_found, "{}", said.escape_ascii());
        assert_eq!(secrets.searched(), 1);
    }

    #[test]
    fn a_part_is_found_in_whatever_form_and_case() {
        check(b"said Bearer zQ3\xff7hK2mWx9\"LrT4", true);
        check(b"7hk2mwx9", true);
        check(b"\\\"7hK2mWx9\\\"", true);
        check(b"id=earer%20zQ3%FF7hK2mWx9%22", true);
        // Of base64: the whole, and what stands in the middle of something else.
        check(b"QmVhcmVyIHpRM/83aEsybVd4OSJMclQ0", true);
        check(b"VyIHpRM/83aEsy", true);
        check(b"VyIHpRM_83aEsy", true);
        check(b"ff37684b326d577839", true);
    }

    #[test]
    fn what_is_no_part_of_it_is_not_found() {
        check(b"", false);
        check(b"authorization: Bearer", false);
        check(b"7hK2mWx", false);
        check(b"0123456789abcdef0123456789abcdef", false);
    }

    #[test]
    fn without_a_secret_nothing_is_searched() {
        let mut secrets = Secrets::default();
        secrets.search("p", "proxy_log", b"anything at all");
        assert_eq!((secrets.searched(), secrets.told()), (0, String::new()));
    }
}
