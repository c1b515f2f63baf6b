//! What callers say in headers that the configuration names.

use super::{grpc_millis, millis};

/// The longest deadline, in milliseconds: a day. Who says more means that, too: a number that is too large for the proxy
/// it would pass over.
pub const LONGEST_MILLIS: u64 = 86_400_000;

/// What a request's deadline headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadlines<'h> {
    /// The shortest, in milliseconds from when the request came. `None`: none was said. 0: it is past.
    pub millis: Option<u64>,
    /// The headers that say one, and how: there what is left is to be written ([`Form::written`]).
    pub said: Vec<(&'h str, Form)>,
    /// The headers that make no sense. They are ignored, and to be counted.
    pub nonsense: Vec<&'h str>,
}

/// How a deadline is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a number of milliseconds.
    Millis,
    /// As a number and its unit, like `grpc-timeout`.
    Grpc,
}

impl<'h> Deadlines<'h> {
    /// Reads the deadline headers that a request has, by their names in lower case; one that it has twice comes twice.
    ///
    /// `grpc-timeout` is a number and its unit, any other either that or a number of milliseconds. In headers of the proxy's
    /// own (`x-envoy-…`) 0 says that there is none, as it does to the proxy.
    pub fn read(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Self {
        let mut deadlines = Self::default();
        for (name, value) in headers {
            match read(name, value) {
                Some((0, _)) if name.starts_with("x-envoy-") => {}
                Some((millis, form)) => {
                    let millis = millis.min(LONGEST_MILLIS);
                    deadlines.millis = Some(deadlines.millis.map_or(millis, |shortest| shortest.min(millis)));
                    deadlines.said.push((name, form));
                }
                None => deadlines.nonsense.push(name),
            }
        }
        deadlines
    }
}

fn read(name: &str, value: &[u8]) -> Option<(u64, Form)> {
    let plain = match name {
        "grpc-timeout" => None,
        _ => millis(value).map(|millis| (millis, Form::Millis)),
    };
    plain.or_else(|| Some((grpc_millis(value)?, Form::Grpc)))
}

/// What is left of a deadline after some time, in milliseconds. 0: it is past.
pub fn left(deadline_millis: u64, elapsed_millis: u64) -> u64 {
    deadline_millis.saturating_sub(elapsed_millis)
}

impl Form {
    /// So many milliseconds, in this form, at most [`LONGEST_MILLIS`].
    pub fn written(self, millis: u64) -> String {
        let mut written = millis.min(LONGEST_MILLIS).to_string();
        if self == Self::Grpc {
            // At most eight digits, which is what gRPC allows.
            written.push('m');
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read<'h>(headers: &[(&'h str, &'h str)]) -> Deadlines<'h> {
        Deadlines::read(headers.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[track_caller]
    fn is(headers: &[(&str, &str)], millis: Option<u64>) {
        assert_eq!(read(headers).millis, millis, "{headers:?}");
    }

    #[test]
    fn the_shortest_deadline_counts() {
        is(&[], None);
        is(&[("x-deadline", "300")], Some(300));
        is(&[("x-deadline", "300"), ("grpc-timeout", "1S")], Some(300));
        is(&[("x-deadline", "300"), ("grpc-timeout", "250m")], Some(250));
        is(&[("x-deadline", "300"), ("x-deadline", "200")], Some(200));
    }

    #[test]
    fn any_header_can_say_it_as_grpc_does_and_that_of_grpc_only_so() {
        is(&[("x-deadline", "2S")], Some(2_000));
        is(&[("grpc-timeout", "2S")], Some(2_000));
        is(&[("grpc-timeout", "2")], None);
    }

    #[test]
    fn nonsense_is_ignored_and_told() {
        let deadlines = read(&[
            ("x-a", "soon"),
            ("x-b", "300"),
            ("grpc-timeout", "300"),
            ("x-c", "-5"),
            ("x-d", ""),
            ("x-e", "1,2"),
            ("x-f", "1S"),
        ]);
        let expected = Deadlines {
            millis: Some(300),
            said: vec![("x-b", Form::Millis), ("x-f", Form::Grpc)],
            nonsense: vec!["x-a", "grpc-timeout", "x-c", "x-d", "x-e"],
        };
        assert_eq!(deadlines, expected);
        is(&[("x-a", "soon")], None);
    }

    #[test]
    fn none_at_all_is_past_but_in_the_proxys_own_headers() {
        is(&[("x-deadline", "0")], Some(0));
        is(&[("grpc-timeout", "0m"), ("x-deadline", "9")], Some(0));
        is(&[("x-envoy-expected-rq-timeout-ms", "0")], None);
        assert_eq!(
            read(&[("x-envoy-expected-rq-timeout-ms", "0")]),
            Deadlines::default()
        );
        is(&[("x-envoy-expected-rq-timeout-ms", "5")], Some(5));
    }

    #[test]
    fn nobody_waits_longer_than_a_day() {
        for value in [
            "86400000",
            "86400001",
            "18446744073709551615",
            "99999999999999999999",
            "25H",
        ] {
            is(&[("x-deadline", value)], Some(86_400_000));
        }
    }

    #[test]
    fn what_is_left_is_written_as_it_was_said() {
        assert_eq!(left(300, 100), 200);
        assert_eq!(left(300, 300), 0);
        assert_eq!(left(300, 301), 0);
        assert_eq!(Form::Millis.written(200), "200");
        assert_eq!(Form::Grpc.written(200), "200m");
        assert_eq!(Form::Grpc.written(u64::MAX), "86400000m");
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(headers: Vec<(bool, Vec<u8>)>) {
            let named = headers.iter().map(|(grpc, value)| (if *grpc { "grpc-timeout" } else { "x-deadline" }, value.as_slice()));
            let deadlines = Deadlines::read(named);
            prop_assert_eq!(deadlines.said.len() + deadlines.nonsense.len(), headers.len());
            prop_assert_eq!(deadlines.millis.is_none(), deadlines.said.is_empty());
        }

        #[test]
        fn what_is_written_reads_back_the_same(millis in 0..=LONGEST_MILLIS) {
            let (plain, grpc) = (Form::Millis.written(millis), Form::Grpc.written(millis));
            is(&[("x-deadline", &plain)], Some(millis));
            is(&[("grpc-timeout", &grpc)], Some(millis));
        }

        #[test]
        fn what_travels_on_is_never_longer_than_what_came(amount in 0u64..100_000_000, unit in prop::sample::select(vec!["H", "M", "S", "m"]), elapsed: u64) {
            let value = format!("{amount}{unit}");
            let came = read(&[("grpc-timeout", &value)]).millis.unwrap();
            let written = Form::Grpc.written(left(came, elapsed));
            let went = read(&[("grpc-timeout", &written)]).millis.unwrap();
            prop_assert_eq!(went, came.saturating_sub(elapsed));
        }
    }
}
