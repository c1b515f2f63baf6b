use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn percent(percent: f64) -> Percent {
    Percent::new(percent).unwrap()
}

#[test]
fn the_hash_never_changes() {
    // A change here would move requests between enforced and shadowed, on half of a fleet first.
    let hash = |id: &str| super::hash(id.bytes());
    assert_eq!(hash(""), 0xefd0_1f60_ba99_2926);
    assert_eq!(
        hash("0190f5fe-8c2d-7d3a-8f00-7a2b3c4d5e6f"),
        0x4f42_b5b2_a38c_fbdb
    );
}

#[test]
fn the_share_of_ids_that_differ_only_at_their_end_is_the_percentage() {
    for share in [1.0, 5.0, 50.0, 99.0] {
        let ids = (0..20_000).map(|number| format!("0190f5fe-8c2d-7d3a-8f00-{number:012}"));
        let met = ids.filter(|id| enforced(id.as_bytes(), percent(share))).count();
        let found = met as f64 / 200.0;
        assert!((found - share).abs() < 1.0, "{found} % instead of {share} %");
    }
}

proptest! {
    #[test]
    fn at_the_ends_all_or_none_are_in(id in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(enforced(&id, Percent::ALL));
        prop_assert!(!enforced(&id, Percent::NONE));
    }

    #[test]
    fn who_is_in_stays_in_when_the_share_grows(
        id in prop::collection::vec(any::<u8>(), 0..50),
        (low, high) in (0.0..=100.0, 0.0..=100.0),
    ) {
        let (low, high) = (f64::min(low, high), f64::max(low, high));
        prop_assert!(!enforced(&id, percent(low)) || enforced(&id, percent(high)));
    }
}
