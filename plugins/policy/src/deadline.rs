//! How long a caller waits for an answer, as it says itself.
//!
//! The proxy cuts a request short where a caller asks it to, and what is no number to it, it passes over. So a number
//! here is exactly what is one to Envoy: a sign before it and spaces around it are taken, which no specification allows.
//! A caller could otherwise shorten its deadline unseen.
//!
//! What a caller sets in the proxy is one thing ([`callers_deadline_millis`]), what it says in headers that the configuration
//! names another ([`Deadlines`]).

mod said;

pub use said::{Deadlines, Form, LONGEST_MILLIS, left};

use crate::decimal::number;

/// The deadline, in milliseconds from when the request came, that a caller can set in the proxy: the shortest of those
/// that the request's headers say. `header` gives the value of a header by its name in lower case, and nothing where
/// there is none. A deadline of 0 is none.
///
/// * `x-envoy-upstream-rq-timeout-ms` and `x-envoy-upstream-rq-per-try-timeout-ms`, which the proxy removes where it
///   does not trust the caller;
/// * `grpc-timeout`, which it heeds where a route says so.
pub fn callers_deadline_millis<'h>(header: impl Fn(&str) -> &'h [u8]) -> Option<u64> {
    let in_millis = [
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-envoy-upstream-stream-duration-ms",
    ];
    let deadlines = in_millis.iter().filter_map(|name| millis(header(name)));
    let deadlines = deadlines.chain(grpc_millis(header("grpc-timeout")));
    deadlines.filter(|millis| *millis > 0).min()
}

/// Reads a number of milliseconds. What is too large for a number is for ever.
pub fn millis(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    number(value.strip_prefix(b"+").unwrap_or(value))
}

/// Reads a `grpc-timeout` (gRPC over HTTP/2): a number of up to 99,999,999 and its unit, hours `H`, minutes `M`, seconds
/// `S`, milliseconds `m`, microseconds `u` or nanoseconds `n`. In milliseconds, rounded up.
pub fn grpc_millis(value: &[u8]) -> Option<u64> {
    let (unit, amount) = value.trim_ascii().split_last()?;
    let amount = millis(amount).filter(|amount| *amount <= 99_999_999)?;
    Some(match unit {
        b'H' => amount * 3_600_000,
        b'M' => amount * 60_000,
        b'S' => amount * 1_000,
        b'm' => amount,
        b'u' => amount.div_ceil(1_000),
        b'n' => amount.div_ceil(1_000_000),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{callers_deadline_millis, grpc_millis, millis};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const WHOLE: &str = "x-envoy-upstream-rq-timeout-ms";
    const TRY: &str = "x-envoy-upstream-rq-per-try-timeout-ms";
    const GRPC: &str = "grpc-timeout";

    #[track_caller]
    fn is(headers: &[(&str, &str)], deadline: Option<u64>) {
        let header = |name: &str| {
            let found = headers.iter().find(|(of, _)| *of == name);
            found.map_or(&b""[..], |(_, value)| value.as_bytes())
        };
        assert_eq!(callers_deadline_millis(header), deadline, "{headers:?}");
    }

    #[test]
    fn the_shortest_deadline_counts() {
        is(&[], None);
        is(&[(WHOLE, "300")], Some(300));
        is(&[(WHOLE, "300"), (TRY, "100")], Some(100));
        is(&[(WHOLE, "300"), (TRY, "500"), (GRPC, "1S")], Some(300));
        is(&[(WHOLE, "300"), (GRPC, "250m")], Some(250));
        is(&[("x-envoy-expected-rq-timeout-ms", "1")], None);
    }

    #[test]
    fn a_deadline_of_0_or_of_nonsense_is_none() {
        is(&[(WHOLE, "0"), (GRPC, "0m")], None);
        is(&[(WHOLE, "0"), (TRY, "soon"), (GRPC, "1H")], Some(3_600_000));
    }

    #[test]
    fn milliseconds_are_what_is_a_number_to_the_proxy() {
        for (value, expected) in [
            ("100", Some(100)),
            ("+100", Some(100)),
            ("0100", Some(100)),
            (" 100\t", Some(100)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("+", None),
            ("-0", None),
            ("+ 100", None),
            ("++1", None),
            ("100.0", None),
            ("100ms", None),
            ("0x64", None),
            ("100,100", None),
        ] {
            assert_eq!(millis(value.as_bytes()), expected, "{value:?}");
        }
        assert_eq!(millis(b"1\xff"), None);
    }

    #[test]
    fn each_unit_of_grpc_is_read_and_rounded_up() {
        for (value, expected) in [
            ("2H", 7_200_000),
            ("2M", 120_000),
            ("2S", 2_000),
            ("2m", 2),
            ("2000u", 2),
            ("2001u", 3),
            ("1n", 1),
            ("1000000n", 1),
            ("1000001n", 2),
            ("0n", 0),
            ("99999999H", 359_999_996_400_000),
        ] {
            assert_eq!(grpc_millis(value.as_bytes()), Some(expected), "{value:?}");
        }
    }

    #[test]
    fn a_timeout_of_grpc_is_what_is_one_to_the_proxy() {
        for value in ["100m", "+100m", "100 m", "000000100m", "0000000100m"] {
            assert_eq!(grpc_millis(value.as_bytes()), Some(100), "{value:?}");
        }
        for value in [
            "",
            "m",
            "100",
            "100x",
            "100mx",
            "100M,1m",
            "-1m",
            "1 00m",
            "100000000n",
            "99999999999999999999999n",
        ] {
            assert_eq!(grpc_millis(value.as_bytes()), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(bytes: Vec<u8>) {
            millis(&bytes);
            grpc_millis(&bytes);
            callers_deadline_millis(|_| &bytes);
        }

        #[test]
        fn digits_are_the_number_that_they_write(number: u64) {
            prop_assert_eq!(millis(number.to_string().as_bytes()), Some(number));
        }

        #[test]
        fn a_deadline_is_never_taken_for_a_shorter_one_nor_for_one_longer_by_a_millisecond(
            amount in 0u64..100_000_000,
            (unit, nanos) in prop::sample::select(vec![
                ('H', 3_600_000_000_000u128), ('M', 60_000_000_000), ('S', 1_000_000_000), ('m', 1_000_000), ('u', 1_000), ('n', 1),
            ]),
        ) {
            let exact = u128::from(amount) * nanos;
            let read = grpc_millis(format!("{amount}{unit}").as_bytes()).map(|millis| u128::from(millis) * 1_000_000);
            prop_assert!(read.is_some_and(|read| exact <= read && read < exact + 1_000_000), "{read:?}");
        }
    }
}
