//! Which id a request gets: the caller's, or a new one.
//!
//! A new id is a UUID. Version 7 by default: it sorts by time, so it is kind to the indexes of whatever stores it, and
//! its last 62 bits are random, so it is as hard to guess as any other.

use crate::caller_id::{Carrier, Refusal};

/// What became of the headers in which the caller may have sent an id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The id that was taken, and the place in the list of the header it came from; `None`: a new one is needed.
    pub accepted: Option<(usize, String)>,
    /// The headers that were refused before one was accepted, by their place in the list.
    pub refused: Vec<(usize, Refusal)>,
}

/// Goes through the headers in order and takes the first id that is valid.
///
/// `carriers` is the list, with `None` for a header that the caller is not trusted to send; `values` gives the values
/// of the header at a place in it. A refused header is passed over.
pub fn choose<'v>(
    carriers: impl IntoIterator<Item = Option<Carrier>>,
    values: impl Fn(usize) -> Vec<&'v [u8]>,
    max_length: usize,
) -> Choice {
    let mut choice = Choice::default();
    for (place, carrier) in carriers.into_iter().enumerate() {
        let Some(carrier) = carrier else { continue };
        match carrier.read(&values(place), max_length) {
            Ok(None) => {}
            Ok(Some(id)) => {
                choice.accepted = Some((place, id));
                break;
            }
            Err(refusal) => choice.refused.push((place, refusal)),
        }
    }
    choice
}

/// How a new id is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// UUID version 7: 48 bits of Unix time in milliseconds, 74 random bits.
    Uuid7,
    /// UUID version 4: 122 random bits.
    Uuid4,
}

impl Generator {
    /// A new id from the time (milliseconds since the Unix epoch; only version 7 reads it) and 16 random bytes.
    pub fn generate(self, unix_millis: u64, random: [u8; 16]) -> String {
        let uuid = match self {
            Self::Uuid4 => uuid::Builder::from_random_bytes(random),
            Self::Uuid7 => {
                let [counter_and_random @ .., _, _, _, _, _, _] = random;
                uuid::Builder::from_unix_timestamp_millis(unix_millis, &counter_and_random)
            }
        };
        uuid.into_uuid()
            .as_hyphenated()
            .encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH])
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller_id::Reason;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn chosen(headers: &[(Option<Carrier>, &[&'static [u8]])]) -> Choice {
        choose(
            headers.iter().map(|(carrier, _)| *carrier),
            |place| headers[place].1.to_vec(),
            16,
        )
    }

    #[test]
    fn the_first_valid_header_wins() {
        let plain = Some(Carrier::Plain);
        let choice = chosen(&[(plain, &[]), (plain, &[b"one"]), (plain, &[b"two"])]);
        assert_eq!(
            choice,
            Choice {
                accepted: Some((1, "one".into())),
                refused: vec![]
            }
        );
    }

    #[test]
    fn refused_headers_are_passed_over_and_remembered() {
        let plain = Some(Carrier::Plain);
        let choice = chosen(&[
            (plain, &[b"a,b"]),
            (Some(Carrier::B3), &[b"x"]),
            (plain, &[b"good"]),
        ]);
        assert_eq!(choice.accepted, Some((2, "good".into())));
        let reasons: Vec<_> = choice
            .refused
            .iter()
            .map(|(place, refusal)| (*place, refusal.reason))
            .collect();
        assert_eq!(reasons, [(0, Reason::Character), (1, Reason::Malformed)]);
    }

    #[test]
    fn a_header_that_is_not_trusted_is_neither_taken_nor_refused() {
        assert_eq!(chosen(&[(None, &[b"one"]), (None, &[b"a,b"])]), Choice::default());
    }

    #[test]
    fn headers_after_the_accepted_one_are_not_looked_at() {
        let plain = Some(Carrier::Plain);
        assert_eq!(chosen(&[(plain, &[b"one"]), (plain, &[b"a,b"])]).refused, vec![]);
    }

    #[test]
    fn a_uuid7_begins_with_the_time_and_says_what_it_is() {
        let id = Generator::Uuid7.generate(0x0190_163d_8694, [0xff; 16]);
        assert_eq!(id, "0190163d-8694-7fff-bfff-ffffffffffff");
        let id = Generator::Uuid7.generate(0x0190_163d_8694, [0; 16]);
        assert_eq!(id, "0190163d-8694-7000-8000-000000000000");
    }

    #[test]
    fn a_uuid4_has_nothing_of_the_time() {
        assert_eq!(
            Generator::Uuid4.generate(0x0190_163d_8694, [0xff; 16]),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }

    proptest! {
        #[test]
        fn a_generated_id_would_itself_be_accepted_and_is_a_trace_id(millis: u64, random: [u8; 16]) {
            for generator in [Generator::Uuid7, Generator::Uuid4] {
                let id = generator.generate(millis, random);
                prop_assert_eq!(Carrier::Plain.read(&[id.as_bytes()], 128), Ok(Some(id.clone())));
                prop_assert!(crate::trace_context::trace_id_of(&id).is_some());
            }
        }

        #[test]
        fn uuid7s_sort_by_time(early in 0u64..1 << 47, later in 1u64..1 << 40, a: [u8; 16], b: [u8; 16]) {
            prop_assert!(Generator::Uuid7.generate(early, a) < Generator::Uuid7.generate(early + later, b));
        }
    }
}
