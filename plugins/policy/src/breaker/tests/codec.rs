//! Records as bytes.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// The bytes of another version, or of a stranger, with the checksum that they need to be looked at.
pub(super) fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = body.iter().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    body.extend(sum.to_le_bytes());
    body
}

pub(super) fn body(record: &Record) -> Vec<u8> {
    let mut bytes = record.encode();
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// One record of each state, with all that it can have.
pub(super) fn some_records() -> Vec<Record> {
    let both = |settings: &mut Settings| {
        let rate = Rate {
            percent: 90.0,
            span: Span::Calls(100),
            min_calls: 50,
        };
        settings.trip.slow_rate = Some(SlowRate {
            rate,
            slower_than_millis: 1,
        });
    };
    let mut closed = Stand::new(both);
    closed.requests(3, Outcome::Failure);
    closed.requests(3, Outcome::Slow);
    let open = Stand::opened(both);
    let mut half_open = Stand::due(both);
    let permit = half_open.admitted();
    half_open.admitted();
    half_open.change(|record, _, _| record.answered(permit));
    let mut forced = Stand::new(both);
    forced.change(|record, _, at| record.force(Force::Open, 60_000, "a test", at.now_millis));
    vec![
        Record::default(),
        closed.record(),
        open.record(),
        half_open.record(),
        forced.record(),
    ]
}

#[cfg(not(feature = "next-record-version"))]
#[test]
fn the_form_is_fixed() {
    let mut record = Record {
        owner: 0x0102,
        ..Record::default()
    };
    record.generation = 3;
    let hex: String = record.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        concat!(
            "01",
            "0201000000000000",
            "0000000000000000",
            "0300000000000000",
            "00000000",
            "00",
            "000000000000000000",
            "00000000",
            "00",
            "00",
            "00",
            "fe1f6133"
        )
    );
}

#[test]
fn what_was_encoded_is_decoded() {
    for record in some_records() {
        assert_eq!(Record::decode(&record.encode()), record);
    }
}

#[test]
fn a_record_is_small() {
    let lengths: Vec<usize> = some_records()
        .iter()
        .map(|record| record.encode().len())
        .collect();
    assert_eq!(lengths, [50, 280, 51, 107, 74]);
}

#[test]
fn only_what_changed_is_written() {
    let [fresh, closed, ..] = &some_records()[..] else {
        panic!("there are five");
    };
    assert_eq!(fresh.changed_from(&Record::default()), None);
    assert_eq!(fresh.changed_from(&Record::decode(&fresh.encode())), None);
    assert_eq!(fresh.changed_from(&Record::decode(b"nonsense")), None);
    assert_eq!(closed.changed_from(fresh), Some(closed.encode()));
    assert_eq!(closed.changed_from(&Record::decode(&closed.encode())), None);
}

#[test]
fn another_version_is_a_fresh_record() {
    let mut other = body(&some_records()[2]);
    other[0] = VERSION + 1;
    assert_eq!(Record::decode(&sealed(other)), Record::default());
}

#[test]
fn a_generation_that_comes_to_no_end_is_nonsense() {
    let mut last = body(&some_records()[2]);
    last[17..25].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Record::decode(&sealed(last)), Record::default());
}

#[test]
fn an_open_time_of_more_than_two_days_is_nonsense() {
    let mut open = body(&some_records()[2]);
    let at = open.len() - 9;
    open[at..at + 8].copy_from_slice(&LONGEST_OPEN_MILLIS.to_le_bytes());
    assert_eq!(Record::decode(&sealed(open.clone())).state(), State::Open);
    open[at..at + 8].copy_from_slice(&(LONGEST_OPEN_MILLIS + 1).to_le_bytes());
    assert_eq!(Record::decode(&sealed(open)), Record::default());
}

#[test]
fn a_force_of_more_than_a_day_or_of_a_half_open_breaker_or_without_a_reason_is_nonsense() {
    let mut forced = body(&some_records()[4]);
    let at = forced.len() - 6 - 1 - 8;
    forced[at..at + 8].copy_from_slice(&86_400_000u64.to_le_bytes());
    assert_eq!(Record::decode(&sealed(forced.clone())).state(), State::Open);
    for lasts in [0, 86_400_001, u64::MAX] {
        forced[at..at + 8].copy_from_slice(&lasts.to_le_bytes());
        nonsense(forced.clone());
    }
    for (from, to) in [(b'a', b'\n'), (b't', 0xff), (b's', 0x7f)] {
        let mut changed = body(&some_records()[4]);
        let place = changed.len() - 6 + b"a test".iter().position(|byte| *byte == from).unwrap();
        changed[place] = to;
        nonsense(changed);
    }
    let mut silent = body(&some_records()[4]);
    silent.truncate(silent.len() - 7);
    nonsense([&silent[..], &[0]].concat());
    let mut half_open = body(&some_records()[3]);
    half_open.pop();
    nonsense([&half_open[..], &[1], &[1; 16], &[1, b'x']].concat());
}

#[test]
fn one_lease_under_two_numbers_is_nonsense() {
    let mut half_open = body(&some_records()[3]);
    let second = half_open.len() - 26;
    half_open[second..second + 8].fill(0);
    assert_eq!(Record::decode(&sealed(half_open)), Record::default());
}

/// Closed, with five failures of eight calls in a window of ten.
fn with_a_window_of_calls() -> Vec<u8> {
    let rate = Rate {
        percent: 100.0,
        span: Span::Calls(10),
        min_calls: 10,
    };
    let mut stand = Stand::new(|settings| settings.trip.failure_rate = Some(rate));
    stand.requests(5, Outcome::Failure);
    stand.requests(3, Outcome::Success);
    body(&stand.record())
}

#[track_caller]
fn nonsense(body: Vec<u8>) {
    assert_eq!(Record::decode(&sealed(body)), Record::default());
}

#[test]
fn a_window_that_no_calls_can_have_made_is_nonsense() {
    let sound = with_a_window_of_calls();
    assert_ne!(Record::decode(&sealed(sound.clone())), Record::default());
    // Behind the consecutive failures and the byte for the shape: size, next, filled, bits.
    let at = 1 + 24 + 4 + 1 + 9 + 4 + 1;
    for (place, value) in [
        (at, 0),
        (at, 7),
        (at + 2, 10),
        (at + 2, 7),
        (at + 4, 11),
        (at + 7, 1),
        (at + 14, 1),
    ] {
        let mut changed = sound.clone();
        changed[place] = value;
        nonsense(changed);
    }
    let mut stand = Stand::new(|_| {});
    stand.requests(3, Outcome::Failure);
    let mut changed = body(&stand.record());
    let hits = changed.iter().rposition(|byte| *byte == 3).unwrap();
    changed[hits] = 4;
    nonsense(changed);
}

#[test]
fn what_goes_on_behind_a_record_or_ends_within_it_is_nonsense() {
    for record in some_records().into_iter().skip(1) {
        let sound = body(&record);
        for end in 0..sound.len() {
            nonsense(sound[..end].to_vec());
        }
        nonsense([&sound[..], &[0]].concat());
    }
}

#[test]
fn no_time_is_said_in_one_way_only() {
    let mut record = body(&Record {
        owner: 7,
        ..Record::default()
    });
    record[1 + 24 + 4 + 1 + 1] = 1;
    nonsense(record);
}

proptest! {
    #[test]
    fn any_bytes_are_a_record(bytes: Vec<u8>) {
        prop_assert_eq!(Record::decode(&bytes), Record::default());
    }

    #[test]
    fn a_record_with_a_byte_changed_is_none(which in 0usize..5, place: prop::sample::Index, change in 1u8..) {
        let record = some_records().swap_remove(which);
        let mut bytes = record.encode();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        prop_assert_eq!(Record::decode(&bytes), Record::default());
    }

    #[test]
    fn what_nonsense_reads_as_is_written_as_it_was_read(record in super::any::any_record()) {
        prop_assert_eq!(Record::decode(&record.encode()), record);
    }
}
