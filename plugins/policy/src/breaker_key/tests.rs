use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::breaker::{Moment, Outcome, Record, Settings, State, Verdict};

const FAMILY: Family<'static> = Family {
    direction: Direction::Inbound,
    position: Position::Downstream,
    kind: Kind::Header("x-tenant"),
};

#[track_caller]
fn is(value: Value, text: &str) {
    assert_eq!(value.as_str(), text);
}

#[test]
fn a_plain_token_stands_for_itself() {
    for text in [
        "orders",
        "outbound|8080||orders.shop.svc",
        "a/b",
        "10.0.0.1:80",
        "None",
        &"a".repeat(128),
    ] {
        is(Value::of(text.as_bytes()), text);
    }
}

#[test]
fn a_record_tells_of_what_kind_its_breaker_is() {
    let kinds = [
        Kind::Cluster,
        Kind::Route,
        Kind::Host,
        Kind::Header("x-tenant"),
        Kind::Header("x-t"),
        Kind::Name,
    ];
    for direction in [Direction::Inbound, Direction::Outbound, Direction::Unspecified] {
        for position in [Position::Downstream, Position::Upstream] {
            for kind in kinds {
                let family = Family {
                    direction,
                    position,
                    kind,
                };
                for record in [family.named(&Value::of(b"a/b")), family.in_slot(7)] {
                    for other in kinds {
                        assert_eq!(
                            could_be(&record, other, None),
                            other == kind,
                            "{record} {other:?}"
                        );
                    }
                }
            }
            let name = Family {
                direction,
                position,
                kind: Kind::Name,
            };
            let record = name.named(&Value::of(b"a/b"));
            assert!(could_be(&record, Kind::Name, Some("a/b")));
            assert!(!could_be(&record, Kind::Name, Some("a")));
        }
    }
    for nonsense in [
        "",
        "circuit_breaker",
        "circuit_breaker/1/any/downstream/cluster",
        "////",
    ] {
        assert!(!could_be(nonsense, Kind::Cluster, None), "{nonsense}");
    }
}

#[test]
fn what_is_no_plain_token_becomes_a_hash() {
    for bytes in [
        &b"a b"[..],
        b"a;b",
        b"\"",
        b"#1",
        b"none",
        b"other",
        b"\xff",
        "é".as_bytes(),
        &[b'a'; 129],
    ] {
        let value = Value::of(bytes);
        assert!(
            value.as_str().len() == 17 && value.as_str().starts_with('#'),
            "{value:?}"
        );
    }
    is(Value::of(b"a b"), "#53ca607c98c45326");
    is(Value::of(b""), "none");
    assert!(Value::of(b"").is_reserved() && Value::other().is_reserved());
    assert!(!Value::of(b"none").is_reserved() && !Value::of(b"other").is_reserved());
}

#[test]
fn a_host_is_in_lower_case_and_without_port() {
    for (authority, host) in [
        ("Shop.Example", "shop.example"),
        ("shop.example:8080", "shop.example"),
        ("shop.example:", "shop.example"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("8080", "8080"),
        ("", "none"),
        (":80", "none"),
    ] {
        is(Value::of_host(authority.as_bytes()), host);
    }
}

#[test]
fn a_route_without_a_name_of_its_own_is_its_virtual_host_and_cluster() {
    is(Value::of_route(b"orders", b"shop", b"c"), "orders");
    is(Value::of_route(b"", b"shop", b"c"), "shop/c");
    is(Value::of_route(b"default", b"shop", b"c"), "shop/c");
    is(Value::of_route(b"Default", b"shop", b"c"), "Default");
    is(Value::of_route(b"", b"", b""), "none");
    is(Value::of_route(b"", b"", b"c"), "/c");
}

#[test]
fn labels_are_of_what_the_configuration_bounds() {
    let value = Value::of(b"acme");
    for kind in [Kind::Host, Kind::Header("x-tenant")] {
        assert_eq!(value.label(kind, true), "acme");
        assert_eq!(value.label(kind, false), "other");
        assert_eq!(Value::of(b"").label(kind, false), "none");
    }
    for kind in [Kind::Cluster, Kind::Route, Kind::Name] {
        assert_eq!(value.label(kind, false), "acme");
    }
}

#[cfg(not(feature = "next-record-version"))]
#[test]
fn names_of_records_carry_their_version_and_are_fixed() {
    assert_eq!(
        FAMILY.named(&Value::of(b"acme")),
        "circuit_breaker/1/inbound/downstream/header:x-tenant/=acme"
    );
    assert_eq!(
        FAMILY.in_slot(7),
        "circuit_breaker/1/inbound/downstream/header:x-tenant/#7"
    );
}

#[cfg(not(feature = "next-record-version"))]
#[test]
fn before_the_first_version_there_was_none() {
    assert_eq!(FAMILY.named_before(&Value::of(b"acme")), None);
    assert_eq!(FAMILY.in_slot_before(7), None);
}

#[cfg(feature = "next-record-version")]
mod import;

#[test]
fn no_two_breakers_share_a_record() {
    let mut names = HashSet::new();
    for direction in [Direction::Inbound, Direction::Outbound, Direction::Unspecified] {
        for position in [Position::Downstream, Position::Upstream] {
            for kind in [
                Kind::Cluster,
                Kind::Route,
                Kind::Host,
                Kind::Name,
                Kind::Header("host"),
                Kind::Header("route"),
            ] {
                let family = Family {
                    direction,
                    position,
                    kind,
                };
                assert!(names.insert(family.named(&Value::other())));
                assert!(names.insert(family.named(&Value::of(b"other"))));
                assert!(names.insert(family.named(&Value::of(b""))));
                assert!(names.insert(family.named(&Value::of(b"none"))));
                assert!(names.insert(family.named(&Value::of(b"7"))));
                assert!(names.insert(family.in_slot(7)));
            }
        }
    }
}

#[test]
fn only_what_an_upstream_answered_with_other_than_4xx_earns_a_slot() {
    for status in [100, 200, 302, 399, 500, 503] {
        assert!(earns_slot(status, true) && !earns_slot(status, false), "{status}");
    }
    for status in [400, 404, 499] {
        assert!(!earns_slot(status, true), "{status}");
    }
}

/// The slots of a process.
struct Slots {
    records: HashMap<u32, Vec<u8>>,
    max_keys: u32,
    now_millis: u64,
}

const IDLE: u64 = 600_000;

impl Slots {
    fn new(max_keys: u32) -> Self {
        Self {
            records: HashMap::new(),
            max_keys,
            now_millis: 5_000_000,
        }
    }

    fn look_for(&self, owner: u64) -> Found {
        look_for(owner, self.max_keys, IDLE, self.now_millis, |slot| {
            self.records.get(&slot)
        })
    }

    /// Takes a slot, where there is one.
    fn take(&mut self, owner: u64) -> Found {
        let found = self.look_for(owner);
        if let Found::Free(slot) = found {
            let before = self
                .records
                .get(&slot)
                .map(|bytes| Record::decode(bytes))
                .unwrap_or_default();
            let record = before.handed_over(owner, self.now_millis);
            self.records.insert(slot, record.encode());
        }
        found
    }
}

#[test]
fn a_value_keeps_the_slot_that_it_took() {
    let mut slots = Slots::new(1_000);
    let Found::Free(slot) = slots.take(42) else {
        panic!()
    };
    assert_eq!(slots.look_for(42), Found::Own(slot));
    assert_ne!(slots.look_for(43), Found::Own(slot));
    slots.now_millis += IDLE;
    assert_eq!(
        slots.look_for(42),
        Found::Own(slot),
        "idle, and not given away yet"
    );
}

#[test]
fn at_most_max_keys_have_a_slot_and_the_rest_shares() {
    for max_keys in [0, 1, 2, 16] {
        let mut slots = Slots::new(max_keys);
        let taken = (1..100u64)
            .filter(|owner| matches!(slots.take(*owner), Found::Free(_)))
            .count();
        assert_eq!(taken, max_keys as usize);
        assert_eq!(slots.records.len(), max_keys as usize);
        assert_eq!(slots.look_for(1_000), Found::Full);
    }
}

#[test]
fn nearly_all_slots_can_be_taken_though_the_search_is_short() {
    let mut slots = Slots::new(1_000);
    let owners = (0..900).map(|number| Value::of(format!("tenant-{number}").as_bytes()).owner());
    let without = owners.filter(|owner| slots.take(*owner) == Found::Full).count();
    assert!(without < 30, "{without} of 900 have no slot of 1000");
}

#[test]
fn a_closed_breaker_gives_its_slot_up_when_it_was_idle_so_long() {
    let mut slots = Slots::new(1);
    slots.take(1);
    slots.now_millis += IDLE - 1;
    assert_eq!(slots.look_for(2), Found::Full);
    slots.now_millis += 1;
    assert_eq!(slots.take(2), Found::Free(0));
    assert_eq!(slots.look_for(1), Found::Full);
}

#[test]
fn an_open_breaker_never_gives_its_slot_up() {
    let mut slots = Slots::new(1);
    slots.take(1);
    let mut settings = Settings::default();
    settings.trip.consecutive_failures = Some(1);
    let at = Moment {
        now_millis: slots.now_millis,
        draw: 0.0,
    };
    let mut record = Record::decode(&slots.records[&0]);
    let Verdict::Admitted(permit) = record.admit(&settings, at).verdict else {
        panic!()
    };
    record.settle(&settings, permit, Outcome::Failure, None, at);
    assert_eq!(record.state(), State::Open);
    slots.records.insert(0, record.encode());
    slots.now_millis += 100 * IDLE;
    assert_eq!(slots.look_for(2), Found::Full);
}

#[test]
fn a_permit_of_the_owner_before_means_nothing_to_the_next() {
    let mut slots = Slots::new(1);
    slots.take(1);
    let settings = Settings::default();
    let at = Moment {
        now_millis: slots.now_millis,
        draw: 0.0,
    };
    let mut record = Record::decode(&slots.records[&0]);
    let Verdict::Admitted(permit) = record.admit(&settings, at).verdict else {
        panic!()
    };
    let mut next = record.handed_over(2, at.now_millis);
    let before = next.clone();
    assert_eq!(next.settle(&settings, permit, Outcome::Failure, None, at), None);
    assert_eq!(next, before);
}

#[test]
fn nonsense_in_a_slot_is_nobodys() {
    let mut slots = Slots::new(1);
    slots.records.insert(0, b"nonsense".to_vec());
    slots.now_millis = 5;
    assert_eq!(slots.look_for(7), Found::Free(0));
}

#[test]
fn of_several_free_slots_the_first_on_the_way_is_taken() {
    let mut slots = Slots::new(2);
    slots.take(1);
    slots.take(2);
    slots.now_millis += IDLE;
    assert_eq!(slots.look_for(4), Found::Free(0));
    assert_eq!(slots.look_for(5), Found::Free(1));
}

#[test]
fn a_slot_used_in_the_future_can_be_given_away() {
    let mut slots = Slots::new(1);
    slots.take(1);
    slots.now_millis -= 1_000;
    assert_eq!(
        slots.look_for(2),
        Found::Full,
        "another worker's clock may be a little ahead"
    );
    slots.now_millis -= 1;
    assert_eq!(slots.look_for(2), Found::Free(0));
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_that_can_stand_in_a_line(bytes: Vec<u8>) {
        for value in [Value::of(&bytes), Value::of_host(&bytes), Value::of_route(&bytes, &bytes, &bytes)] {
            let text = value.as_str();
            prop_assert!(!text.is_empty() && text.len() <= 128);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\;,".contains(&byte)));
            prop_assert!(value.owner() != 0);
        }
    }

    #[test]
    fn two_values_are_told_apart(one in prop::collection::vec(any::<u8>(), 0..20), other in prop::collection::vec(any::<u8>(), 0..20)) {
        prop_assert_eq!(one == other, Value::of(&one) == Value::of(&other));
    }

    #[test]
    fn what_has_a_slot_is_found_whatever_came_after_it(owners in prop::collection::vec(1u64..500, 0..60), max_keys in 1u32..40) {
        let mut slots = Slots::new(max_keys);
        let mut with_slot = HashMap::new();
        for owner in owners {
            match slots.take(owner) {
                Found::Free(slot) => {
                    prop_assert!(with_slot.insert(owner, slot).is_none());
                }
                Found::Own(slot) => prop_assert_eq!(with_slot.get(&owner), Some(&slot)),
                Found::Full => prop_assert!(!with_slot.contains_key(&owner)),
            }
        }
        for (owner, slot) in with_slot {
            prop_assert_eq!(slots.look_for(owner), Found::Own(slot));
        }
        prop_assert!(slots.records.len() <= max_keys as usize);
    }
}

#[cfg(not(feature = "next-record-version"))]
#[test]
fn the_name_of_a_record_says_whose_it_is_but_for_the_value() {
    let named =
        |record| named(record).map(|named| (named.direction, named.position, named.kind, named.is_slot));
    let route = "circuit_breaker/1/inbound/upstream/route/=shop/orders";
    assert_eq!(named(route), Some(("inbound", "upstream", "route", false)));
    let slot = "circuit_breaker/1/any/downstream/header:x-tenant/#17";
    assert_eq!(named(slot), Some(("any", "downstream", "header:x-tenant", true)));
    for other in [
        "",
        "circuit_breaker/gauges/1",
        "circuit_breaker/register/1/17",
        "circuit_breaker/2/any/downstream/cluster/=orders",
        "circuit_breaker/1/any/downstream/cluster/orders",
        "retry_budget/1/any/downstream/cluster/=orders",
    ] {
        assert_eq!(named(other), None, "{other}");
    }
}

#[test]
fn a_known_value_is_the_value_that_it_was() {
    for value in [Value::of(b"orders"), Value::of(b"a b"), Value::other()] {
        assert_eq!(Value::known(value.as_str()), value);
    }
}
