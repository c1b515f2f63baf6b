//! What a client accepts, and what a body says that it is.

use crate::input::Input;
use policy::accept::Accept;
use policy::breaker_outcome::Exchange;
use policy::kept_headers::vary_by_accept;
use policy::media_type::MediaType;

/// The lines of a header.
pub(crate) fn run(bytes: &[u8]) {
    let lines = Input(bytes).lines(64);
    let joined = lines.join(&b", "[..]);
    let accept = Accept::read(&lines);
    // A list in several lines is one list (RFC 9110, section 5.3).
    if !lines.is_empty() {
        assert_eq!(accept, Accept::read(&[&joined]), "{}", joined.escape_ascii());
    }
    assert!(!(accept.prefers_problem() && accept.prefers_html() && accept == Accept::read(&[])));
    for line in &lines {
        let kind = MediaType::of(line);
        assert_eq!(
            kind,
            MediaType::of(&line.to_ascii_uppercase()),
            "{}",
            line.escape_ascii()
        );
        let spaced = [b" ", *line].concat();
        assert_eq!(kind, MediaType::of(&spaced), "{}", line.escape_ascii());
        Exchange::of(b"GET", 200, line);
    }
    if let Some(vary) = vary_by_accept(&lines) {
        assert_eq!(vary_by_accept(&[&vary]), None, "{}", vary.escape_ascii());
    }
}
