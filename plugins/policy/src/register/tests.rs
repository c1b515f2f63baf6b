use proptest::prelude::*;
use std::collections::BTreeMap;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::retry_budget::Settings;

fn breaker() -> BreakerEntry {
    BreakerEntry {
        value: "api.shop.example".to_owned(),
        label: "other".to_owned(),
        configuration: 0x1234,
        plugin_version: "1.2.3".to_owned(),
    }
}

fn budget() -> BudgetEntry {
    BudgetEntry {
        cluster: "orders".to_owned(),
        settings: Settings {
            percent: 12.5,
            interval_millis: 10_000,
            min_count: 3,
            min_interval_millis: 1_000,
        },
        configuration: u64::MAX,
        plugin_version: "1.2.3".to_owned(),
    }
}

#[test]
fn what_is_entered_is_there_once_in_the_order_of_the_names() {
    let mut bucket = Bucket::default();
    assert_eq!(bucket.enter("b", b"1"), Entered::Changed);
    assert_eq!(bucket.enter("a", b"2"), Entered::Changed);
    assert_eq!(bucket.enter("b", b"1"), Entered::Known);
    assert_eq!(bucket.enter("b", b"3"), Entered::Changed);
    let entries: Vec<_> = bucket.entries().collect();
    assert_eq!(entries, [("a", b"2".as_slice()), ("b", b"3".as_slice())]);
    assert_eq!(Bucket::decode(&bucket.encode()), bucket);
}

#[test]
fn the_form_is_fixed() {
    let mut bucket = Bucket::default();
    bucket.enter("a", b"xy");
    let hex: String = bucket.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, concat!("01", "0100", "61", "0200", "7879", "e15c9f61"));
}

#[test]
fn a_full_bucket_takes_nothing_new_and_still_what_is_said_anew() {
    let mut bucket = Bucket::default();
    for number in 0..256 {
        assert_eq!(bucket.enter(&format!("{number:03}"), b"1"), Entered::Changed);
    }
    assert_eq!(bucket.enter("more", b"1"), Entered::Full);
    assert_eq!(bucket.enter("017", b"2"), Entered::Changed);
    assert_eq!(bucket.entries().count(), 256);
    assert_eq!(Bucket::decode(&bucket.encode()), bucket);
}

#[test]
fn what_is_too_long_is_not_entered() {
    let mut bucket = Bucket::default();
    assert_eq!(bucket.enter(&"n".repeat(512), &[1; 1_024]), Entered::Changed);
    assert_eq!(bucket.enter(&"n".repeat(513), b"1"), Entered::Full);
    assert_eq!(bucket.enter("n", &[1; 1_025]), Entered::Full);
}

#[test]
fn each_name_has_one_of_64_buckets_and_all_are_listed() {
    let names: Vec<String> = Registered::Breakers.buckets().collect();
    assert_eq!(names.len(), 64);
    assert_eq!(names[0], "circuit_breaker/register/1/0");
    let mut used = BTreeMap::<String, u32>::new();
    for number in 0..6_400 {
        let record = format!("circuit_breaker/1/any/downstream/cluster/#{number}");
        *used.entry(Registered::Breakers.bucket_of(&record)).or_default() += 1;
    }
    assert_eq!(used.len(), 64);
    assert!(used.keys().all(|name| names.contains(name)));
    assert!(used.values().all(|count| (50..200).contains(count)), "{used:?}");
    let budgets: Vec<String> = Registered::Budgets.buckets().collect();
    assert_eq!(budgets[63], "retry_budget/register/1/63");
    assert!(budgets.contains(&Registered::Budgets.bucket_of("retry_budget/1/10000/=orders")));
}

#[test]
fn an_entry_says_what_was_entered() {
    assert_eq!(BreakerEntry::decode(&breaker().encode()), Some(breaker()));
    assert_eq!(BudgetEntry::decode(&budget().encode()), Some(budget()));
}

#[test]
fn a_text_that_is_too_long_is_cut() {
    let long = BudgetEntry {
        cluster: "é".repeat(200),
        ..budget()
    };
    let read = BudgetEntry::decode(&long.encode()).map(|entry| entry.cluster);
    assert_eq!(read, Some("é".repeat(128)));
}

#[test]
fn every_entry_has_room_in_a_bucket() {
    let long = "x".repeat(1_000);
    let breaker = BreakerEntry {
        value: long.clone(),
        label: long.clone(),
        plugin_version: long.clone(),
        ..breaker()
    };
    assert_eq!(Bucket::default().enter("n", &breaker.encode()), Entered::Changed);
}

#[test]
fn an_entry_that_ends_early_or_goes_on_is_none() {
    let whole = breaker().encode();
    for end in 0..whole.len() {
        assert_eq!(BreakerEntry::decode(&whole[..end]), None);
    }
    let whole = budget().encode();
    for end in 0..whole.len() {
        assert_eq!(BudgetEntry::decode(&whole[..end]), None);
    }
    assert_eq!(BudgetEntry::decode(&[budget().encode(), vec![0]].concat()), None);
}

#[test]
fn names_out_of_order_or_twice_are_no_bucket() {
    let entry = |name: u8| [1, 0, name, 0, 0];
    let sealed = |names: &[u8]| {
        let mut bytes = vec![1];
        bytes.extend(names.iter().flat_map(|name| entry(*name)));
        let sum = bytes.iter().fold(0x811c_9dc5u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        bytes.extend(sum.to_le_bytes());
        bytes
    };
    assert_eq!(Bucket::decode(&sealed(b"ab")).entries().count(), 2);
    for names in [b"ba", b"aa"] {
        assert_eq!(Bucket::decode(&sealed(names)), Bucket::default());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_bucket_and_any_an_entry_or_none(bytes: Vec<u8>) {
        prop_assert_eq!(Bucket::decode(&bytes), Bucket::default());
        BreakerEntry::decode(&bytes);
        BudgetEntry::decode(&bytes);
    }

    #[test]
    fn a_bucket_with_a_byte_changed_is_empty(place: prop::sample::Index, change in 1u8..) {
        let mut bucket = Bucket::default();
        bucket.enter("a", &breaker().encode());
        bucket.enter("b", &budget().encode());
        let mut bytes = bucket.encode();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        prop_assert_eq!(Bucket::decode(&bytes), Bucket::default());
    }

    #[test]
    fn a_bucket_is_what_was_last_said_of_each_name(
        said in prop::collection::vec((prop::sample::select(vec!["a", "b", "ab", "c", "d"]), prop::collection::vec(any::<u8>(), 0..4)), 0..40),
    ) {
        let (mut bucket, mut naive) = (Bucket::default(), BTreeMap::new());
        for (name, entry) in said {
            let before = naive.insert(name.to_owned(), entry.clone());
            let expected = if before.as_ref() == Some(&entry) { Entered::Known } else { Entered::Changed };
            prop_assert_eq!(bucket.enter(name, &entry), expected);
            bucket = Bucket::decode(&bucket.encode());
        }
        let listed: Vec<_> = bucket.entries().map(|(name, entry)| (name.to_owned(), entry.to_vec())).collect();
        prop_assert_eq!(listed, naive.into_iter().collect::<Vec<_>>());
    }
}
