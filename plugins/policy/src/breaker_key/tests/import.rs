//! What the next version finds of this one.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn the_names_before_are_those_of_the_first_version() {
    let value = Value::of(b"acme");
    let name = |text: &str| {
        Some(format!(
            "circuit_breaker/1/inbound/downstream/header:x-tenant/{text}"
        ))
    };
    assert_eq!(FAMILY.named_before(&value), name("=acme"));
    assert_eq!(FAMILY.in_slot_before(7), name("#7"));
    assert_eq!(
        FAMILY.named(&value),
        "circuit_breaker/2/inbound/downstream/header:x-tenant/=acme"
    );
    assert_eq!(
        FAMILY.in_slot(7),
        "circuit_breaker/2/inbound/downstream/header:x-tenant/#7"
    );
}

/// A record of the first version, of this owner, that has seen nothing else.
fn first_version(owner: u8) -> Vec<u8> {
    let mut bytes = vec![0; 46];
    bytes[0] = 1;
    bytes[1] = owner;
    let sum = bytes.iter().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    bytes.extend(sum.to_le_bytes());
    bytes
}

#[test]
fn a_value_finds_the_slot_that_it_had_in_the_version_before() {
    let before = HashMap::from([(FAMILY.in_slot_before(7).unwrap(), first_version(42))]);
    let mut now: HashMap<String, Vec<u8>> = HashMap::new();
    let look = |now: &HashMap<String, Vec<u8>>, owner| {
        look_for(owner, 10, IDLE, 0, |slot| {
            let import = |name| before.get(&name).and_then(|bytes| Record::import(bytes));
            let own = now.get(&FAMILY.in_slot(slot)).cloned();
            own.or_else(|| {
                FAMILY
                    .in_slot_before(slot)
                    .and_then(import)
                    .map(|record| record.encode())
            })
        })
    };
    // 42 has its places from 2 on, and comes to the seventh slot if those before it are taken.
    for slot in 2..7 {
        let other = Record::default().handed_over(1_000 + slot, 0);
        now.insert(FAMILY.in_slot(slot as u32), other.encode());
    }
    assert_eq!(look(&now, 42), Found::Own(7));
    assert_eq!(look(&now, 52), Found::Free(8));
}
