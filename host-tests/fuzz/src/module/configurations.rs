//! Configurations that turn on as much as one can, and others of the input's own.

use crate::input::Input;

const REQUEST_ID: [&str; 3] = [
    r#"{"explain":"all","log":{"requests":true,"max_per_second":10000},"default":{"accept":["x-request-id","traceparent","b3","x-b3-traceid","x-amzn-trace-id"],"trace_context":"create","sampled":{"percent":50},"trace_id_from_request_id":true,"request_headers":["x-request-id","x-correlation-id"],"response_headers":["x-request-id","x-correlation-id"],"log_headers":{"user":"x-user"}}}"#,
    r#"{"mode":"shadow","explain":"errors","default":{"trust":{"cidrs":["10.0.0.0/8","2001:db8::/32"]},"max_length":16}}"#,
    r#"{"default":null,"profiles":{"a":{"trust":"never"},"b":{"generate":"uuid4"}},"route_metadata":true,"routes":[{"match":{"headers":{"x-tier":"gold"},"host":"*.example","path_template":"/{a}/{b}"},"profile":"a"},{"match":{"path_prefix":"/orders","methods":["GET","POST"]},"profile":"b"},{"match":{"path":"/x"},"mode":"disabled"},{"match":{"direction":"inbound"}}]}"#,
];

const CIRCUIT_BREAKER: [&str; 4] = [
    r#"{"explain":"all","log":{"errors":"all"},"default":{"trip":{"consecutive_failures":1,"failure_rate":{"percent":1,"window":{"calls":3},"min_calls":1},"slow_rate":{"percent":10,"slower_than":"1ms","window":"1s","min_calls":1}},"open":{"for":"1s","max":"5s","honor_retry_after":true},"half_open":{"max_calls":1,"successes":1,"lease":"1s","max_wait":"2s"},"ramp":{"over":"2s","from_percent":1},"failure":{"statuses":["5xx"],"too_many_requests":true,"no_answer_after":"1ms"}}}"#,
    r#"{"default":{"key":"host","max_keys":3,"known":["shop.example"],"evict_idle":"1s","trip":{"consecutive_failures":2,"failure_rate":null}}}"#,
    r#"{"default":{"key":{"header":"x-tenant"},"max_keys":2,"trip":{"consecutive_failures":1},"reject":{"reroute":{"header":"x-fallback","value":"1"}}},"routes":[{"match":{"path_prefix":"/o"},"policy":{"key":"route","force":"open"}},{"match":{"path_prefix":"/c"},"policy":{"key":{"name":"payments"},"force":"closed"}}]}"#,
    r#"{"mode":"shadow","enforce_percent":50,"default":{"key":"cluster","trip":{"consecutive_failures":1},"reject":{"status":429,"push_back":false,"message":"later"}}}"#,
];

const RETRY: [&str; 3] = [
    r#"{"explain":"all","log":{"errors":"all"},"default":{"attempts":5,"statuses":[429,"500-504"],"retry_on_grpc":["unavailable"],"idempotency_key":{"header":"idempotency-key","unlocks":["POST"],"required_for":["PATCH"]},"timeout":"10s","per_try_timeout":"1s","deadline_headers":["x-request-deadline-ms","grpc-timeout","x-envoy-expected-rq-timeout-ms"],"budget":{"percent":1,"interval":"1s","min_retry_rate":{"count":1,"interval":"1s"}},"retry_after":{"statuses":["4xx","5xx"],"base":"1s","max":"5s"}}}"#,
    r#"{"default":{"inbound_retries":"allow","any_method_on":[],"budget":{"percent":0,"min_retry_rate":{"count":1,"interval":"1s"}}}}"#,
    r#"{"mode":"shadow","default":{"attempts":2},"routes":[{"match":{"methods":["POST"]},"policy":{"attempts":1,"budget":null}}]}"#,
];

const ERROR_ENVELOPE: [&str; 3] = [
    r#"{"service_name":"a","explain":"all","log":{"requests":true,"errors":"all"},"default":{"upstream_message":"always","format":"negotiate","passthrough":"enveloped","context_headers":{"tenant":"x-tenant"},"documentation_base_url":"https://docs.example/"}}"#,
    r#"{"default":{"format":"problem","passthrough":"never","max_body_bytes":64,"upstream_message":"client_errors"}}"#,
    r#"{"default":{"passthrough":"structured","catalog":[{"when":{"details":"no_healthy_upstream"},"error_code":"SHOP_CLOSED","message":"closed","retryable":true},{"when":{"status":418,"origin":"upstream"},"error_code":"TEAPOT","status":400}]}}"#,
];

const ADMIN: [&str; 2] = [
    r"{}",
    r#"{"path":"/orders","cidrs":["0.0.0.0/0","::/0"],"service_name":"x"}"#,
];

/// Those of a plugin by itself. The order is part of what an input of the corpus means.
fn known(plugin: &str) -> &'static [&'static str] {
    match plugin {
        "request-id" => &REQUEST_ID,
        "circuit-breaker" => &CIRCUIT_BREAKER,
        "retry" => &RETRY,
        "error-envelope" => &ERROR_ENVELOPE,
        _ => &ADMIN,
    }
}

/// The configuration of a module: one that is known, or the input's own.
pub(super) fn of(module: &str, input: &mut Input<'_>) -> Vec<u8> {
    let choice = input.byte();
    if choice >= 240 {
        let length = usize::from(input.byte()) << 4 | usize::from(input.byte());
        return input.take(length).to_vec();
    }
    if module != "policies" {
        let all = known(module);
        return all[usize::from(choice) % all.len()].into();
    }
    let sections = ["error-envelope", "request-id", "circuit-breaker", "retry"].map(|plugin| {
        let section = input.one_of(known(plugin));
        format!("\"{plugin}\":{section}")
    });
    format!("{{{}}}", sections.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_them_is_accepted() {
        fn check<P: config::Policy>(all: &[&str]) {
            for text in all {
                if let Err(faults) = config::load::<P>(text.as_bytes()) {
                    panic!("{text}: {faults}");
                }
            }
        }
        check::<config::request_id::Policy>(&REQUEST_ID);
        check::<config::circuit_breaker::Policy>(&CIRCUIT_BREAKER);
        check::<config::retry::Policy>(&RETRY);
        check::<config::error_envelope::Policy>(&ERROR_ENVELOPE);
        for text in ADMIN {
            let node = config::node::Node::read(text.as_bytes()).expect("it is JSON");
            assert!(
                <config::admin::Admin as config::Configuration>::load(&node).is_ok(),
                "{text}"
            );
        }
    }
}
