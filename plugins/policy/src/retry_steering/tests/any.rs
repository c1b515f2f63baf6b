//! What holds for every plan and every request.

use proptest::prelude::*;
use std::borrow::Cow;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const METHODS: [&str; 4] = ["GET", "PUT", "POST", "PATCH"];

fn any_conditions() -> impl Strategy<Value = Conditions> {
    let words = vec![
        "connect-failure",
        "refused-stream",
        "reset-before-request",
        "gateway-error",
        "5xx",
        "envoy-ratelimited",
    ];
    prop::sample::subsequence(words, 0..=6).prop_map(Conditions::of)
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let grpc = prop::sample::subsequence(vec!["cancelled", "internal", "unavailable"], 0..=3)
        .prop_map(Conditions::of);
    let narrow =
        prop::sample::subsequence(vec!["connect-failure", "refused-stream"], 0..=2).prop_map(Conditions::of);
    let statuses = prop::collection::vec(
        (400u16..599, 0u16..5).prop_map(|(first, more)| (first, first + more)),
        0..3,
    );
    let times = (prop::option::of(1u64..10_000), prop::option::of(1u64..10_000));
    (
        (0u32..12, any_conditions(), statuses, narrow, grpc),
        times,
        0usize..=3,
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(
                (attempts, on, statuses, narrow, grpc),
                (whole_millis, try_millis),
                listed,
                (inbound, route),
            )| {
                Plan::new(attempts, on, statuses, narrow, grpc)
                    .methods(
                        METHODS[..listed].iter().copied(),
                        METHODS[listed..3].iter().copied(),
                    )
                    .time_outs(TimeOuts {
                        whole_millis,
                        try_millis,
                    })
                    .inbound_retries(inbound)
                    .route_policy(route)
            },
        )
}

fn any_request() -> impl Strategy<Value = Request<'static>> {
    let key = prop::sample::select(vec![
        IdempotencyKey::Absent,
        IdempotencyKey::Valid,
        IdempotencyKey::Malformed,
    ]);
    let left = || prop::option::of(prop_oneof![0u64..5, any::<u64>()]);
    (
        prop::sample::select(METHODS.to_vec()),
        any::<bool>(),
        key,
        0u32..4,
        left(),
        any::<bool>(),
        left(),
    )
        .prop_map(
            |(method, is_grpc, key, attempt, budget, is_half_open, left_millis)| Request {
                method: method.as_bytes(),
                is_grpc,
                key,
                attempt,
                budget_left: budget.map(|left| left.min(u64::from(u32::MAX)) as u32),
                is_half_open,
                left_millis,
            },
        )
}

fn says(steering: &Steering<'_>, name: &str) -> Option<String> {
    steering
        .headers()
        .into_iter()
        .find_map(|(of, says)| says.filter(|_| of == name).map(Cow::into_owned))
}

proptest! {
    #[test]
    fn the_number_of_retries_is_always_said_and_within_all_bounds(plan in any_plan(), request in any_request()) {
        let steering = plan.steer(&request);
        let retries = steering.max_retries();
        prop_assert_eq!(says(&steering, "x-envoy-max-retries"), Some(retries.to_string()));
        prop_assert!(retries <= plan.retries && request.budget_left.is_none_or(|left| retries <= left));
        prop_assert!(retries == 0 || !request.is_half_open);
        prop_assert!(retries == 0 || request.attempt <= 1 || !plan.refuses_inbound);
        prop_assert!(retries == 0 || request.left_millis != Some(0));
    }

    #[test]
    fn conditions_are_told_with_retries_and_only_then(plan in any_plan(), request in any_request()) {
        let steering = plan.steer(&request);
        let conditions = ["x-envoy-retry-on", "x-envoy-retry-grpc-on"].map(|name| says(&steering, name));
        prop_assert_eq!(conditions.iter().any(Option::is_some), steering.max_retries() > 0);
        let codes = says(&steering, "x-envoy-retriable-status-codes");
        let listed = conditions[0].as_ref().is_some_and(|on| on.contains("retriable-status-codes"));
        prop_assert_eq!(codes.is_some_and(|codes| !codes.is_empty()), listed);
    }

    #[test]
    fn what_harms_when_done_twice_is_never_sent_twice(plan in any_plan(), request in any_request()) {
        let methods = |list: &[Box<[u8]>]| list.iter().any(|method| **method == *request.method);
        let is_safe = methods(&plan.methods) || methods(&plan.unlocks) && request.key == IdempotencyKey::Valid;
        prop_assume!(!is_safe || request.is_grpc);
        let steering = plan.steer(&request);
        let on = says(&steering, "x-envoy-retry-on").unwrap_or_default();
        prop_assert!(["", "connect-failure", "refused-stream", "connect-failure,refused-stream"].contains(&on.as_str()), "{on}");
        prop_assert!(request.is_grpc || says(&steering, "x-envoy-retry-grpc-on").is_none());
        let hedge = says(&steering, "x-envoy-hedge-on-per-try-timeout");
        prop_assert!(steering.max_retries() == 0 || hedge.as_deref() == Some("false"));
        prop_assert!(steering.max_retries() == 0 || !plan.route_policy);
    }

    #[test]
    fn nobody_waits_longer_than_he_said_and_never_for_ever(plan in any_plan(), request in any_request()) {
        let whole = plan.steer(&request).time_outs().whole_millis;
        prop_assert!(whole != Some(0));
        if let Some(left) = request.left_millis {
            prop_assert!(whole.is_some_and(|whole| whole <= left.max(1)));
        }
        if let Some(configured) = plan.time_outs.whole_millis {
            prop_assert!(whole.is_some_and(|whole| whole <= configured));
        }
    }

    #[test]
    fn any_answer_is_harmless_and_a_good_one_withholds_nothing(
        plan in any_plan(), request in any_request(), details: Vec<u8>, status: u16, grpc_status: Option<u32>, attempts: u32,
    ) {
        let answer = Answer { details: &details, status, grpc_status, is_ratelimited: false, attempts };
        plan.steer(&request).withheld(&answer);
        let good = Answer { details: b"via_upstream", status: 200, grpc_status: Some(0), ..answer };
        prop_assert_eq!(plan.steer(&request).withheld(&good), None);
    }
}
