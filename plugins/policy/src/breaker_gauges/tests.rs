use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// The process's one record, as bytes.
struct Stand {
    bytes: Vec<u8>,
    now_millis: u64,
}

impl Stand {
    fn new() -> Self {
        Self {
            bytes: Vec::new(),
            now_millis: 1_000_000,
        }
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now_millis += millis;
        self
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Gauges, u64) -> T) -> T {
        let mut gauges = Gauges::decode(&self.bytes);
        let result = change(&mut gauges, self.now_millis);
        if let Some(bytes) = gauges.changed_from(Some(&self.bytes)) {
            self.bytes = bytes;
        }
        result
    }

    fn vouch(&mut self, record: &str, name: &str) -> bool {
        self.change(|gauges, now| gauges.vouch(record, name, now))
    }

    fn look(&mut self) -> Vec<String> {
        self.change(Gauges::take_stale)
    }

    /// Looks each second, for so long.
    fn look_for(&mut self, seconds: u64) -> Vec<String> {
        (0..seconds).flat_map(|_| self.wait(1_000).look()).collect()
    }

    fn records(&self) -> Vec<String> {
        let gauges = Gauges::decode(&self.bytes);
        gauges
            .entries()
            .iter()
            .map(|gauge| gauge.record.clone())
            .collect()
    }
}

#[test]
fn the_form_is_fixed() {
    let gauge = Gauge {
        record: "r/=a".to_owned(),
        name: "a".to_owned(),
        vouched_millis: 0x0102,
    };
    let gauges = Gauges {
        looked_millis: 0x0103,
        listed: vec![gauge],
    };
    let hex: String = gauges.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        concat!(
            "01",
            "0301000000000000",
            "0201000000000000",
            "0400",
            "722f3d61",
            "0100",
            "61",
            "0826266b"
        )
    );
}

#[test]
fn what_is_new_or_was_last_vouched_for_more_than_5_seconds_ago_needs_writing() {
    let mut stand = Stand::new();
    assert!(stand.vouch("r/a", "a"));
    assert!(!stand.vouch("r/a", "a"));
    assert!(!stand.wait(5_000).vouch("r/a", "a"));
    assert!(stand.wait(1).vouch("r/a", "a"));
    assert!(!stand.vouch("r/a", "a"));
    assert!(stand.vouch("r/b", "b"));
    assert!(stand.vouch("r/a", "other"), "under another name");
    assert_eq!(stand.records(), ["r/a", "r/a", "r/b"]);
}

#[test]
fn what_nobody_vouched_for_in_15_seconds_is_given_once() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "a");
    stand.look();
    assert_eq!(stand.look_for(14), [""; 0]);
    assert_eq!(stand.wait(999).look(), [""; 0]);
    assert_eq!(stand.wait(1).look(), ["a"]);
    assert_eq!(stand.look_for(20), [""; 0]);
    assert_eq!(stand.records(), [""; 0]);
}

#[test]
fn a_gauge_that_another_breaker_still_has_is_not_given() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "other");
    stand.vouch("r/b", "other");
    for _ in 0..20 {
        stand.vouch("r/b", "other");
        assert_eq!(stand.look_for(1), [""; 0]);
    }
    assert_eq!(stand.records(), ["r/b"]);
    assert_eq!(stand.look_for(20), ["other"]);
}

#[test]
fn a_gauge_that_two_breakers_had_is_given_once() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "other");
    stand.vouch("r/b", "other");
    assert_eq!(stand.look_for(20), ["other"]);
}

#[test]
fn no_more_than_1000_are_listed() {
    let mut stand = Stand::new();
    for number in 0..1_000 {
        assert!(stand.vouch(&format!("r/{number}"), "other"));
    }
    assert!(!stand.vouch("r/one-more", "other"));
    assert!(stand.wait(5_001).vouch("r/7", "other"));
    assert_eq!(stand.records().len(), 1_000);
}

#[test]
fn what_is_too_long_is_not_listed() {
    let mut stand = Stand::new();
    assert!(stand.vouch(&"r".repeat(512), &"l".repeat(512)));
    assert!(!stand.vouch(&"r".repeat(513), "l"));
    assert!(!stand.vouch("r", &"l".repeat(513)));
    assert_eq!(stand.records().len(), 1);
}

#[test]
fn looking_at_nothing_is_not_worth_a_write() {
    let mut stand = Stand::new();
    stand.look_for(20);
    assert_eq!(stand.bytes, b"");
}

#[test]
fn looking_is_written_every_5_seconds_and_no_oftener() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "a");
    stand.look();
    let writes = (0..12).filter(|_| {
        let before = stand.bytes.clone();
        stand.look_for(1);
        stand.bytes != before
    });
    assert_eq!(writes.count(), 2);
}

#[test]
fn after_a_pause_of_all_workers_nothing_is_stale_that_was_not() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "a");
    stand.look();
    assert_eq!(stand.wait(86_400_000).look(), [""; 0]);
    assert_eq!(stand.look_for(14), [""; 0]);
    assert_eq!(stand.look_for(1), ["a"]);
}

#[test]
fn after_a_clock_that_went_back_all_have_their_time_from_then_on() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "a");
    stand.look();
    stand.now_millis = 5;
    assert_eq!(stand.look_for(15), [""; 0]);
    assert_eq!(stand.look_for(1), ["a"]);
}

#[test]
fn a_worker_whose_clock_is_a_little_ahead_is_believed_and_one_from_the_future_is_not() {
    let mut stand = Stand::new();
    stand.vouch("r/a", "a");
    stand.now_millis -= 1_000;
    assert!(!stand.vouch("r/a", "a"));
    stand.now_millis -= 1;
    assert!(stand.vouch("r/a", "a"));
}

#[test]
fn a_list_out_of_order_is_none() {
    let gauge = |record: &str| Gauge {
        record: record.to_owned(),
        name: "other".to_owned(),
        vouched_millis: 0,
    };
    for (names, listed) in [(["a", "b"], 2), (["b", "a"], 0), (["a", "a"], 0)] {
        let gauges = Gauges {
            looked_millis: 0,
            listed: names.map(gauge).into(),
        };
        assert_eq!(
            Gauges::decode(&gauges.encode()).entries().len(),
            listed,
            "{names:?}"
        );
    }
}

#[test]
fn a_list_that_nobody_can_have_written_is_none() {
    let written = |count: usize, record: usize, name: usize| {
        let listed = (0..count).map(|number| Gauge {
            record: format!("{number:0record$}"),
            name: "l".repeat(name),
            vouched_millis: 0,
        });
        let gauges = Gauges {
            looked_millis: 0,
            listed: listed.collect(),
        };
        Gauges::decode(&gauges.encode()).entries().len()
    };
    assert_eq!(written(1_000, 4, 1), 1_000);
    assert_eq!(written(1_001, 4, 1), 0);
    assert_eq!(written(1, 512, 512), 1);
    assert_eq!(written(1, 513, 512), 0);
    assert_eq!(written(1, 512, 513), 0);
}

#[test]
fn another_version_lists_none() {
    let mut gauges = Gauges::default();
    gauges.vouch("r/a", "a", 1);
    let mut bytes = gauges.encode();
    bytes.truncate(bytes.len() - 4);
    assert_eq!(Gauges::decode(&seal(bytes.clone())), gauges);
    bytes[0] = 2;
    assert_eq!(Gauges::decode(&seal(bytes)), Gauges::default());
}

fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..100_000, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

/// Any gauges that bytes can say.
fn any_gauges() -> impl Strategy<Value = Gauges> {
    let listed = prop::collection::btree_map((0u8..30, 0u8..4), any_time(), 0..20);
    (any_time(), listed).prop_map(|(looked_millis, listed)| Gauges {
        looked_millis,
        listed: listed
            .into_iter()
            .map(|((record, name), vouched_millis)| Gauge {
                record: format!("r/{record:02}"),
                name: format!("{name}"),
                vouched_millis,
            })
            .collect(),
    })
}

proptest! {
    #[test]
    fn any_bytes_are_gauges(bytes: Vec<u8>) {
        prop_assert_eq!(Gauges::decode(&bytes), Gauges::default());
    }

    #[test]
    fn any_bytes_with_a_version_and_a_checksum_are_gauges_within_bounds(mut bytes: Vec<u8>) {
        bytes.insert(0, VERSION);
        let gauges = Gauges::decode(&seal(bytes));
        prop_assert!(gauges.entries().len() <= MOST_GAUGES);
        prop_assert_eq!(Gauges::decode(&gauges.encode()), gauges);
    }

    #[test]
    fn what_was_encoded_is_decoded(gauges in any_gauges()) {
        prop_assert_eq!(Gauges::decode(&gauges.encode()), gauges);
    }

    #[test]
    fn a_byte_changed_or_missing_is_none(gauges in any_gauges(), place: prop::sample::Index, change in 1u8..) {
        let mut bytes = gauges.encode();
        let place = place.index(bytes.len());
        prop_assert_eq!(Gauges::decode(&bytes[..place]), Gauges::default());
        bytes[place] ^= change;
        prop_assert_eq!(Gauges::decode(&bytes), Gauges::default());
    }

    /// Without jumps: what is given is what a map of the last times says.
    #[test]
    fn stale_is_what_was_last_vouched_for_15_seconds_ago(
        steps in prop::collection::vec((0u64..3_000, prop::option::of((0u8..4, 0u8..3))), 0..80),
    ) {
        let mut stand = Stand::new();
        stand.look();
        let mut last = BTreeMap::new();
        for (millis, vouched) in steps {
            stand.wait(millis);
            if let Some((record, name)) = vouched
                && stand.vouch(&format!("r/{record}"), &format!("{name}"))
            {
                last.insert((record, name), stand.now_millis);
            }
            let mut given = stand.look();
            given.sort();
            let names = |last: &BTreeMap<(u8, u8), u64>| -> BTreeSet<u8> {
                last.keys().map(|(_, name)| *name).collect()
            };
            let before = names(&last);
            last.retain(|_, vouched| stand.now_millis - *vouched < 15_000);
            let expected: Vec<String> = before.difference(&names(&last)).map(u8::to_string).collect();
            prop_assert_eq!(given, expected);
            prop_assert_eq!(stand.records().len(), last.len());
        }
    }

    /// One worker vouches each second, another looks before and after it, and the clock runs on or jumps.
    #[test]
    fn no_clock_makes_stale_what_is_vouched_for(
        steps in prop::collection::vec(prop_oneof![
            6 => Just((false, 1_000)),
            1 => (0u64..20_000).prop_map(|by| (false, by)),
            1 => any_time().prop_map(|to| (true, to)),
        ], 0..60),
    ) {
        let mut stand = Stand::new();
        stand.vouch("r/a", "a");
        stand.look();
        for (is_to, millis) in steps {
            stand.now_millis = match is_to {
                true => millis,
                false => stand.now_millis.saturating_add(millis),
            };
            prop_assert_eq!(stand.look(), [""; 0]);
            stand.vouch("r/a", "a");
            prop_assert_eq!(stand.look(), [""; 0]);
            prop_assert_eq!(stand.records(), ["r/a"]);
        }
    }

    #[test]
    fn nothing_is_kept_for_ever_that_nobody_vouches_for(gauges in any_gauges(), now in any_time()) {
        let mut stand = Stand { bytes: gauges.encode(), now_millis: now.min(u64::MAX / 2) };
        stand.look();
        stand.look_for(16);
        prop_assert_eq!(stand.records(), [""; 0]);
    }

    #[test]
    fn any_gauges_at_any_time_are_harmless(mut gauges in any_gauges(), now in any_time(), name: Vec<u8>) {
        let name = String::from_utf8_lossy(&name).into_owned();
        gauges.vouch("r/05", &name, now);
        gauges.take_stale(now);
        prop_assert_eq!(Gauges::decode(&gauges.encode()), gauges);
    }
}
