//! What form of an error a client wants, by its `Accept` (RFC 9110, section 12.5.1).

/// The client's preferences among the forms of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// In thousandths, 0: not wanted.
    json: u16,
    problem: u16,
    html: u16,
}

impl Accept {
    /// Reads the header's values, one for each time that it was sent. Without any, everything is welcome alike. What
    /// cannot be read is passed over.
    pub fn read(values: &[&[u8]]) -> Self {
        if values.is_empty() {
            return Self {
                json: 1000,
                problem: 1000,
                html: 1000,
            };
        }
        let mut ranges = Vec::new();
        for value in values {
            for range in value.split(|byte| *byte == b',') {
                ranges.extend(read_range(range));
            }
        }
        // Of several ranges that match, the most specific counts, and of equal ones the first.
        let weight = |wanted: &str| {
            let mut best = (0, 0);
            for (range, weight) in &ranges {
                let specific = match range.strip_suffix(b"/*") {
                    _ if range == wanted.as_bytes() => 3,
                    Some(kind)
                        if wanted
                            .as_bytes()
                            .strip_prefix(kind)
                            .is_some_and(|rest| rest.starts_with(b"/")) =>
                    {
                        2
                    }
                    Some(b"*") => 1,
                    _ => 0,
                };
                if specific > best.0 {
                    best = (specific, *weight);
                }
            }
            best.1
        };
        Self {
            json: weight("application/json"),
            problem: weight("application/problem+json"),
            html: weight("text/html"),
        }
    }

    /// Whether `application/problem+json` is wanted more than plain JSON. Where both are alike, or none is wanted, it
    /// is not.
    pub fn prefers_problem(self) -> bool {
        self.problem > self.json
    }

    /// Whether a page for a person is wanted more than either form of JSON, as browsers do.
    pub fn prefers_html(self) -> bool {
        self.html > self.json && self.html > self.problem
    }
}

/// One range, in lower case, with its weight in thousandths.
fn read_range(range: &[u8]) -> Option<(Vec<u8>, u16)> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let range = parts.next().filter(|range| range.contains(&b'/'))?;
    let mut weight = 1000;
    for parameter in parts {
        let mut sides = parameter.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
        if sides.next().is_some_and(|name| name.eq_ignore_ascii_case(b"q")) {
            weight = read_weight(sides.next()?)?;
        }
    }
    Some((range.to_ascii_lowercase(), weight))
}

/// `0`, `0.5`, `1.000`: up to three decimals, at most 1.
fn read_weight(text: &[u8]) -> Option<u16> {
    let mut thousandths = match text.first()? {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    let decimals = match text.get(1..)? {
        [] => &[],
        [b'.', decimals @ ..] if decimals.len() <= 3 => decimals,
        _ => return None,
    };
    for (digit, worth) in decimals.iter().zip([100, 10, 1]) {
        thousandths += digit.is_ascii_digit().then(|| u16::from(digit - b'0') * worth)?;
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::Accept;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(value: &str) -> Accept {
        Accept::read(&[value.as_bytes()])
    }

    #[test]
    fn a_problem_is_sent_to_who_prefers_it() {
        for value in [
            "application/problem+json",
            "application/problem+json, application/json;q=0.9",
            "application/json;q=0.5, Application/Problem+JSON",
            "application/*;q=0.1, application/problem+json;q=0.2",
            "application/json;q=0, */*",
            "text/html, application/problem+json;q=0.001",
        ] {
            assert!(read(value).prefers_problem(), "{value}");
        }
    }

    #[test]
    fn everyone_else_gets_the_standard_body() {
        for value in [
            "",
            "*/*",
            "application/json",
            "application/*",
            "application/problem+json, application/json",
            "application/problem+json;q=0, */*;q=0.1",
            "application/problem+json;q=2",
            "application/problem+json;q=0.1234",
            "application/problem+json;q=-1",
            "application/problem+json;q=\u{e9}",
            "image/png",
            ",,;;q=1,/",
            "\u{0}",
        ] {
            assert!(!read(value).prefers_problem(), "{value}");
        }
        assert!(!Accept::read(&[]).prefers_problem());
        assert!(!Accept::read(&[b"\xff"]).prefers_problem());
    }

    #[test]
    fn a_browser_prefers_its_page() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        assert!(read(browser).prefers_html());
        assert!(!read("*/*").prefers_html());
        assert!(!Accept::read(&[]).prefers_html());
        assert!(!read("text/html;q=0.5, application/json").prefers_html());
        assert!(!read("text/html, application/json").prefers_html());
    }

    #[test]
    fn several_headers_are_one_list() {
        let accept = Accept::read(&[b"application/json;q=0.1", b"application/problem+json"]);
        assert!(accept.prefers_problem());
    }

    #[test]
    fn of_equally_specific_ranges_the_first_counts() {
        assert!(
            !read("application/problem+json;q=0.1, application/json;q=0.5, application/problem+json")
                .prefers_problem()
        );
    }

    #[test]
    fn parameters_other_than_the_weight_do_not_matter() {
        assert!(read("application/problem+json; charset=\"utf-8\" ; Q = 0.9, */*;q=0.8").prefers_problem());
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(bytes: Vec<u8>) {
            Accept::read(&[&bytes]);
        }
    }
}
