use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const MINUTE: Span = Span::Millis(60_000);

#[track_caller]
fn holds(window: &Window, now_millis: u64, calls: u64, hits: u64) {
    assert_eq!(window.share(now_millis), Share { calls, hits }, "at {now_millis}");
}

#[test]
fn a_call_leaves_a_window_of_time_with_its_bucket() {
    let mut window = Window::new(MINUTE);
    window.add(1, true, 5_999);
    window.add(1, false, 6_000);
    holds(&window, 59_999, 2, 1);
    holds(&window, 60_000, 1, 0);
    holds(&window, 65_999, 1, 0);
    holds(&window, 66_000, 0, 0);
}

#[test]
fn a_call_leaves_a_window_of_calls_when_so_many_came_after_it() {
    let mut window = Window::new(Span::Calls(3));
    for hit in [true, false, false] {
        window.add(1, hit, 0);
    }
    holds(&window, u64::MAX, 3, 1);
    window.add(1, false, 0);
    holds(&window, 0, 3, 0);
}

#[test]
fn windows_of_one_call_and_of_a_thousand_hold_so_many() {
    for size in [1, 64, 999, 1000] {
        let mut window = Window::new(Span::Calls(size));
        window.add(u32::from(size) - 1, true, 0);
        holds(&window, 0, u64::from(size) - 1, u64::from(size) - 1);
        window.add(2_000, true, 0);
        holds(&window, 0, size.into(), size.into());
        window.add(1, false, 0);
        holds(&window, 0, size.into(), u64::from(size) - 1);
    }
}

#[test]
fn a_share_is_too_large_at_the_bound_itself() {
    let rate = Rate {
        percent: 50.0,
        span: MINUTE,
        min_calls: 20,
    };
    for (calls, hits, reached) in [
        (20, 10, true),
        (20, 9, false),
        (19, 10, false),
        (21, 10, false),
        (22, 11, true),
    ] {
        assert_eq!(Share { calls, hits }.reaches(&rate), reached, "{hits} of {calls}");
    }
}

#[test]
fn without_a_hit_no_share_is_too_large() {
    let rate = Rate {
        percent: 0.0,
        span: MINUTE,
        min_calls: 0,
    };
    assert!(!Share { calls: 0, hits: 0 }.reaches(&rate));
    assert!(!Share { calls: 9, hits: 0 }.reaches(&rate));
    assert!(Share { calls: 9, hits: 1 }.reaches(&rate));
}

#[test]
fn counts_never_wrap() {
    let mut window = Window::new(MINUTE);
    window.add(u32::MAX, true, 0);
    window.add(u32::MAX, true, 0);
    holds(&window, 0, u32::MAX.into(), u32::MAX.into());
}

#[test]
fn a_clock_that_jumps_empties_a_window_of_time_and_no_more() {
    for jumped in [0, 10_000_000, u64::MAX] {
        let mut window = Window::new(MINUTE);
        window.add(5, true, 5_000_000);
        holds(&window, jumped, 0, 0);
        window.add(1, false, jumped);
        holds(&window, jumped, 1, 0);
    }
}

#[test]
fn another_workers_clock_that_is_a_little_behind_loses_nothing() {
    let mut window = Window::new(MINUTE);
    window.add(1, true, 6_000);
    window.add(1, true, 5_999);
    holds(&window, 5_999, 2, 2);
    holds(&window, 6_000, 2, 2);
}

#[test]
fn a_window_of_no_time_has_buckets_of_a_millisecond() {
    let mut window = Window::new(Span::Millis(0));
    window.add(1, true, 7);
    holds(&window, 16, 1, 1);
    holds(&window, 17, 0, 0);
}

#[derive(Clone, Copy, Debug)]
struct Calls {
    after: u64,
    times: u32,
    hit: bool,
}

fn any_calls() -> impl Strategy<Value = Vec<Calls>> {
    let after = prop_oneof![Just(0u64), 0..200u64, 0..3_000u64];
    let calls = (after, 1u32..5, any::<bool>());
    prop::collection::vec(
        calls.prop_map(|(after, times, hit)| Calls { after, times, hit }),
        0..120,
    )
}

proptest! {
    #[test]
    fn a_window_of_time_holds_what_a_list_of_all_calls_would(calls in any_calls(), millis in 1u64..3_000, start in 0u64..9_999) {
        let mut window = Window::new(Span::Millis(millis));
        let (mut all, mut now) = (Vec::new(), start);
        let width = millis.div_ceil(10);
        for Calls { after, times, hit } in calls {
            now += after;
            window.add(times, hit, now);
            all.extend((0..times).map(|_| (now, hit)));
            for later in [now, now + width, now + millis] {
                let kept: Vec<_> = all.iter().filter(|(at, _)| at / width + 10 > later / width).collect();
                let hits = kept.iter().filter(|(_, hit)| *hit).count() as u64;
                prop_assert_eq!(window.share(later), Share { calls: kept.len() as u64, hits });
            }
        }
    }

    #[test]
    fn a_window_of_calls_holds_the_last_of_all_calls(calls in any_calls(), size in 1u16..70) {
        let mut window = Window::new(Span::Calls(size));
        let mut all = Vec::new();
        for Calls { times, hit, .. } in calls {
            window.add(times, hit, 0);
            all.extend((0..times).map(|_| hit));
            let kept = &all[all.len().saturating_sub(size.into())..];
            let hits = kept.iter().filter(|hit| **hit).count() as u64;
            prop_assert_eq!(window.share(0), Share { calls: kept.len() as u64, hits });
            let Window::Calls(window) = &window else { panic!("it is one of calls") };
            prop_assert!(window.is_sound());
        }
    }
}
