//! Records as bytes, and their names.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn some_record() -> Record {
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[1, 3], 1_000);
    charge(&mut record, &DEFAULT, &[1, 2], 2_000);
    record
}

#[test]
fn the_form_is_fixed() {
    let hex: String = some_record()
        .encode()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let expected = [
        "01",
        "0200000000000000",
        "0200000001000000",
        "0200000002000000",
        &"0000000000000000".repeat(9),
    ];
    assert_eq!(hex.strip_prefix(&expected.concat()), Some("3d36ed36"));
    assert_eq!(hex.len(), 2 * 101);
}

#[test]
fn the_name_of_a_record_is_bounded_and_tells_version_interval_and_cluster() {
    let minute = Settings {
        interval_millis: 60_000,
        ..DEFAULT
    };
    assert_eq!(record_name(b"orders", &DEFAULT), "retry_budget/1/10000/=orders");
    assert_eq!(record_name(b"orders", &minute), "retry_budget/1/60000/=orders");
    assert_eq!(
        record_name(b"outbound|8080||orders.shop.svc", &DEFAULT),
        "retry_budget/1/10000/=outbound|8080||orders.shop.svc"
    );
    assert_eq!(record_name(b"", &DEFAULT), "retry_budget/1/10000/=none");
    for strange in [&b"a b"[..], b"a\xff", b"none", &[b'a'; 129]] {
        let name = record_name(strange, &DEFAULT);
        assert!(
            name.starts_with("retry_budget/1/10000/=#") && name.len() == 39,
            "{name}"
        );
    }
    let same = Settings {
        percent: 1.0,
        min_count: 0,
        min_interval_millis: 1,
        ..DEFAULT
    };
    assert_eq!(
        record_name(b"orders", &same),
        record_name(b"orders", &DEFAULT),
        "one for all rules"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_a_record(bytes: Vec<u8>) {
        prop_assert_eq!(Record::decode(&bytes), Record::default());
    }

    #[test]
    fn a_record_with_a_byte_changed_cut_or_added_is_none(place: prop::sample::Index, change in 1u8..) {
        let bytes = some_record().encode();
        let place = place.index(bytes.len());
        let mut changed = bytes.clone();
        changed[place] ^= change;
        for nonsense in [&changed[..], &bytes[..place], &[&bytes[..], &[change]].concat()] {
            prop_assert_eq!(Record::decode(nonsense), Record::default());
        }
    }

    #[test]
    fn a_record_of_any_numbers_at_any_time_is_harmless_and_reads_back_the_same(
        numbers in prop::collection::vec(prop_oneof![any::<u32>(), Just(u32::MAX), Just(0u32)], 24), version in prop_oneof![9 => Just(1u8), 1 => any::<u8>()],
        percent: f64, interval_millis: u64, min_count: u32, min_interval_millis: u64,
        attempts: u32, since: u64, now: u64,
    ) {
        let mut bytes = vec![version];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let settings = Settings { percent, interval_millis, min_count, min_interval_millis };
        let mut record = Record::decode(&crate::binary::seal(bytes));
        prop_assert_eq!(record == Record::default(), version != 1 || numbers.iter().all(|number| *number == 0));
        record.remaining(&settings, now);
        let mut gathered = Gathered::default();
        gathered.add(attempts, since);
        gathered.add(attempts, now);
        record.merge(&settings, &gathered, now);
        record.remaining(&settings, since);
        prop_assert_eq!(Record::decode(&record.encode()), record);
    }
}
