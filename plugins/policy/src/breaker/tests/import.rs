//! What the version before knew. As long as there is only one, a feature makes the next.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::any::any_record;
use super::codec::{body, sealed};
use super::*;

/// A record as the version of this number writes it.
fn of_version(version: u8, record: &Record) -> Vec<u8> {
    let mut body = body(record);
    body[0] = version;
    sealed(body)
}

#[cfg(not(feature = "next-record-version"))]
proptest! {
    #[test]
    fn before_the_first_version_there_was_nothing_to_import(record in any_record(), version: u8) {
        prop_assert_eq!(Record::import(&of_version(version, &record)), None);
    }
}

#[cfg(feature = "next-record-version")]
mod next {
    use super::super::codec::some_records;
    use super::*;

    /// What the first version itself has written.
    fn written(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.map(byte).collect()
    }

    #[test]
    fn an_open_breaker_stays_open_for_as_long_as_it_was_to_be() {
        let bytes = written(
            "01000000000000000040420f00000000000100000000000000000000000140420f00000000003075000000000000001392a3c7",
        );
        let mut stand = Stand::new(|_| {});
        stand.bytes = Record::import(&bytes).unwrap().encode();
        assert_eq!(stand.record().generation(), 1);
        assert_eq!(stand.rejected(), (Why::Open, 30));
        stand.wait(29_000);
        assert_eq!(stand.rejected(), (Why::Open, 1));
        let transition = stand.wait(1_000).tick();
        stand.goes(transition, State::HalfOpen, Reason::OpenElapsed);
    }

    #[test]
    fn probes_in_flight_keep_their_places_until_their_leases_end() {
        let bytes = written(
            "01000000000000000070b70f0000000000020000000000000000000000020170b70f000000000000000000020000000000000002000000000000000070b70f0000000000307500000000000001010000000000000070b70f00000000003075000000000000000057b0514d",
        );
        let mut stand = Stand::new(|settings| settings.half_open.max_calls = 3);
        stand.bytes = Record::import(&bytes).unwrap().encode();
        stand.now_millis = 1_030_000;
        stand.admitted();
        assert_eq!(stand.rejected().0, Why::HalfOpen);
        stand.wait(30_000);
        stand.admitted();
    }

    #[test]
    fn failures_that_were_counted_count_on() {
        let trip = |settings: &mut Settings| settings.trip.consecutive_failures = Some(3);
        let mut before = Stand::new(trip);
        before.requests(2, Outcome::Failure);
        let mut stand = Stand::new(trip);
        stand.bytes = Record::import(&of_version(1, &before.record())).unwrap().encode();
        let transition = stand.request(Outcome::Failure);
        stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    }

    #[test]
    fn only_the_version_before_is_imported() {
        for record in some_records() {
            for version in [0, 2, 3, 255] {
                assert_eq!(Record::import(&of_version(version, &record)), None, "{version}");
            }
            assert_eq!(record.encode()[0], 2);
        }
    }

    proptest! {
        #[test]
        fn a_record_is_imported_with_all_that_it_knew(record in any_record()) {
            let imported = Record::import(&of_version(1, &record)).unwrap();
            prop_assert_eq!(Record::decode(&imported.encode()), record);
        }

        #[test]
        fn the_version_before_is_no_record_of_this_one(record in any_record()) {
            prop_assert_eq!(Record::decode(&of_version(1, &record)), Record::default());
        }

        #[test]
        fn nonsense_is_nothing_to_import(bytes: Vec<u8>) {
            prop_assert_eq!(Record::import(&bytes), None);
        }

        #[test]
        fn what_was_changed_since_is_nothing_to_import(record in any_record(), place: prop::sample::Index, change in 1u8..) {
            let mut bytes = of_version(1, &record);
            let place = place.index(bytes.len());
            prop_assert_eq!(Record::import(&bytes[..place]), None);
            bytes[place] ^= change;
            prop_assert_eq!(Record::import(&bytes), None);
        }
    }
}
