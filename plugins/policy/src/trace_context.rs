//! `traceparent`, to the letter of W3C Trace Context level 2.
//!
//! A proxy that reports no span of its own keeps the caller's trace-id and parent-id. It still re-emits what it
//! understood, as version 00 and without unknown flags, and not what it was sent: a header of a later version is read
//! by rules that only its first four fields are known to follow.

use crate::{hex, sampling::Sampling};

/// Flag: the caller may have recorded the trace.
const SAMPLED: u8 = 0b01;
/// Flag: at least the right-most 7 bytes of the trace-id are random.
const RANDOM: u8 = 0b10;

/// A valid trace context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads the value of a `traceparent` header; `None` if it is invalid and so must be ignored.
    ///
    /// Version 00 has 55 characters. A later one has at least as many, and a dash follows the fourth field if more
    /// does. Version ff is invalid, as is an id of zeros only.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (fields, rest) = value.split_at_checked(55)?;
        let mut parts = fields.split(|byte| *byte == b'-');
        let mut field = |length: usize| {
            parts
                .next()
                .filter(|part| part.len() == length)
                .and_then(hex::lower)
        };
        let version = field(2)?;
        let trace_id = field(32)?;
        let parent_id = u64::try_from(field(16)?).ok()?;
        let flags = u8::try_from(field(2)?).ok()?;
        let ends_well = match version {
            0x00 => rest.is_empty(),
            0xff => false,
            _ => matches!(rest.first(), None | Some(b'-')),
        };
        (ends_well && trace_id != 0 && parent_id != 0).then_some(Self {
            trace_id,
            parent_id,
            flags: flags & (SAMPLED | RANDOM),
        })
    }

    /// Starts a trace. Its random flag is set: `trace_id` must be random in its right-most 7 bytes at least.
    ///
    /// Of ids that are zero, which a fair source of 16 and 8 bytes does not give, the last bit is set.
    pub fn start(trace_id: u128, parent_id: u64, sampling: Sampling) -> Self {
        let sampled = if sampling.takes(trace_id) { SAMPLED } else { 0 };
        Self {
            trace_id: trace_id.max(1),
            parent_id: parent_id.max(1),
            flags: RANDOM | sampled,
        }
    }

    /// The trace-id, 32 lower-case hex digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The header's value: version 00, unknown flags zero.
    pub fn header(&self) -> String {
        format!(
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id, self.parent_id, self.flags
        )
    }
}

/// The trace-id that a request id can be: that of a UUID of version 4 or 7 and of RFC 9562's variant, whose right-most
/// 7 bytes are random. `None` for every other id.
pub fn trace_id_of(request_id: &str) -> Option<u128> {
    let mut digits = Vec::with_capacity(36);
    for (place, byte) in request_id.bytes().enumerate() {
        if !matches!((place, byte), (8 | 13 | 18 | 23, b'-')) {
            digits.push(byte);
        }
    }
    // A dash in another place is no digit, and without one of the four there are too many.
    if request_id.len() != 36 || digits.len() != 32 {
        return None;
    }
    let uuid = hex::either(&digits)?;
    let (version, variant) = (uuid >> 76 & 0xf, uuid >> 62 & 0b11);
    (matches!(version, 4 | 7) && variant == 0b10).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    #[track_caller]
    fn check(value: &str, expect: Option<&str>) {
        assert_eq!(
            TraceParent::parse(value.as_bytes())
                .map(|parent| parent.header())
                .as_deref(),
            expect,
            "{value}"
        );
    }

    #[test]
    fn a_valid_header_is_kept() {
        for flags in ["00", "01", "02", "03"] {
            let value = format!("00-{TRACE}-{PARENT}-{flags}");
            check(&value, Some(&value));
        }
    }

    #[test]
    fn unknown_flags_are_zero_when_sent_and_known_ones_stay() {
        check(
            &format!("00-{TRACE}-{PARENT}-ff"),
            Some(&format!("00-{TRACE}-{PARENT}-03")),
        );
        check(
            &format!("00-{TRACE}-{PARENT}-09"),
            Some(&format!("00-{TRACE}-{PARENT}-01")),
        );
        check(
            &format!("00-{TRACE}-{PARENT}-fc"),
            Some(&format!("00-{TRACE}-{PARENT}-00")),
        );
    }

    #[test]
    fn a_later_version_is_read_by_its_first_four_fields() {
        let expect = format!("00-{TRACE}-{PARENT}-01");
        check(&format!("cc-{TRACE}-{PARENT}-01"), Some(&expect));
        check(
            &format!("01-{TRACE}-{PARENT}-01-what-the-future-holds"),
            Some(&expect),
        );
        check(&format!("cc-{TRACE}-{PARENT}-01-"), Some(&expect));
        check(&format!("cc-{TRACE}-{PARENT}-01.nonsense"), None);
        check(&format!("cc-{TRACE}-{PARENT}-0"), None);
        check(&format!("fe-{TRACE}-{PARENT}-01"), Some(&expect));
    }

    #[test]
    fn version_00_has_nothing_after_its_flags() {
        check(&format!("00-{TRACE}-{PARENT}-01-"), None);
        check(&format!("00-{TRACE}-{PARENT}-01-00"), None);
        check(&format!("00-{TRACE}-{PARENT}-01 "), None);
    }

    #[test]
    fn invalid_headers_are_ignored() {
        let upper = TRACE.to_uppercase();
        for value in [
            String::new(),
            "00".into(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0-{TRACE}-{PARENT}-001"),
            format!(".0-{TRACE}-{PARENT}-01"),
            format!("0A-{TRACE}-{PARENT}-01"),
            format!("00-{upper}-{PARENT}-01"),
            format!("00-{TRACE}-{}-01", PARENT.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-0A"),
            format!("00-{TRACE}-{PARENT}-+1"),
            format!("00-{}-{PARENT}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}{PARENT}-01-01"),
            format!("00-{TRACE}-{PARENT}_01"),
            format!("00_{TRACE}-{PARENT}-01"),
            format!(" 00-{TRACE}-{PARENT}-1"),
        ] {
            check(&value, None);
        }
    }

    #[test]
    fn a_new_trace_says_that_its_id_is_random() {
        assert!(
            TraceParent::start(7, 9, Sampling::Never)
                .header()
                .ends_with("-02")
        );
        assert!(
            TraceParent::start(7, 9, Sampling::Always)
                .header()
                .ends_with("-03")
        );
    }

    #[test]
    fn only_random_uuids_become_trace_ids() {
        let id = |text| trace_id_of(text).map(|id| format!("{id:032x}"));
        assert_eq!(
            id("0190163D-8694-739B-AEA5-966C26F8AD91").as_deref(),
            Some("0190163d8694739baea5966c26f8ad91"),
            "version 7, in lower case"
        );
        assert_eq!(
            id("6ba7b810-9dad-41d1-80b4-00c04fd430c8").as_deref(),
            Some("6ba7b8109dad41d180b400c04fd430c8"),
            "version 4"
        );
        for other in [
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8", // version 1 has time and address in its last bytes
            "0190163d-8694-739b-cea5-966c26f8ad91", // another variant
            "0190163d8694739baea5966c26f8ad91",
            "{190163d-8694-739b-aea5-966c26f8ad91",
            "order-42",
            "",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_is_valid_and_read_back_the_same(trace: u128, parent: u64, percent in 0.0..=100.0f64) {
            let started = TraceParent::start(trace, parent, Sampling::Percent(percent));
            prop_assert_eq!(TraceParent::parse(started.header().as_bytes()), Some(started));
        }

        #[test]
        fn any_bytes_are_read_or_ignored(value in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(parent) = TraceParent::parse(&value) {
                prop_assert_eq!(parent.header().len(), 55);
            }
        }

        #[test]
        fn one_wrong_character_makes_it_invalid(at in 0usize..55, byte: u8) {
            let mut value = format!("00-{TRACE}-{PARENT}-01").into_bytes();
            let is_dash = [2, 35, 52].contains(&at);
            let fits = if is_dash { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') };
            value[at] = byte;
            // Any other version is one digit away, ff alone is invalid and out of reach of one digit.
            prop_assert_eq!(TraceParent::parse(&value).is_some(), fits);
        }
    }
}
