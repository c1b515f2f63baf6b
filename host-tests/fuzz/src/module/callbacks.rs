//! Callbacks in any order, of contexts that there are and that there are not, with any headers, bodies and records, while
//! the host refuses whatever it likes.

use super::vm::{Map, State, Vm};
use super::{Modules, configurations, tell_of_branches};
use crate::bound::Work;
use crate::input::Input;
use crate::pure::records::sealed;

/// Numbers of contexts: two roots, four exchanges, and two that are nobody's.
const NUMBERS: [u32; 8] = [1, 2, 3, 4, 5, 6, 0, u32::MAX];

/// Headers that some plugin reads.
pub(crate) const HEADERS: [&str; 40] = [
    ":method",
    ":path",
    ":authority",
    ":status",
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-amzn-trace-id",
    "accept",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "vary",
    "trailer",
    "retry-after",
    "idempotency-key",
    "grpc-timeout",
    "grpc-status",
    "x-envoy-attempt-count",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-max-retries",
    "x-envoy-retry-on",
    "x-envoy-ratelimited",
    "x-request-deadline-ms",
    "x-error-code",
    "x-tenant",
    "x-tier",
    "x-user",
    "x-fallback",
    "upgrade",
    "origin",
    "x-forwarded-for",
    "set-cookie",
];

/// What stands in them, where it makes sense.
pub(crate) const VALUES: [&str; 32] = [
    "GET",
    "POST",
    "HEAD",
    "PATCH",
    "/orders/1?a=b",
    "/.policy/force?breaker=a&state=open&for=10s&reason=why",
    "/.policy",
    "shop.example:8080",
    "200",
    "404",
    "429",
    "503",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "a=1,b=2",
    "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
    "Root=1-67891233-abcdef012345678912345678;Sampled=1",
    "application/json",
    "application/problem+json, text/html;q=0.5, */*;q=0.1",
    "application/grpc",
    "text/html",
    "text/plain",
    "text/event-stream",
    "gzip",
    "3",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "\"a key\"",
    "100m",
    "2",
    "gold",
    "Accept-Encoding",
    "websocket",
    "14",
];

const PROPERTIES: [&str; 14] = [
    "xds\0route_name",
    "xds\0virtual_host_name",
    "xds\0cluster_name",
    "xds\0listener_direction",
    "xds\0route_metadata\0filter_metadata\0policy\0request-id",
    "source\0address",
    "response\0code",
    "response\0code_details",
    "response\0flags",
    "request\0duration",
    "upstream\0request_attempt_count",
    "plugin_root_id",
    "policy.circuit",
    "connection\0id",
];

const FACTS: [&str; 8] = [
    "orders",
    "via_upstream",
    "upstream_reset_before_response_started{connection_termination}",
    "\u{1}\0\0\0\0\0\0\0",
    "127.0.0.1:50000",
    "request-id",
    "half_open",
    "response_timeout",
];

pub(crate) fn run(modules: &Modules, bytes: &[u8]) -> Vec<Work> {
    let mut input = Input(bytes);
    let module = modules.numbered(input.byte());
    let mut state = State::default();
    state.configuration = configurations::of(module.name, &mut input);
    state.now = 1_800_000_000_000_000_000;
    state
        .properties
        .insert(b"xds\0cluster_name".into(), b"upstream".into());
    state
        .properties
        .insert(b"source\0address".into(), b"127.0.0.1:50000".into());
    let mut vm = Vm::new(module.code(), state);
    vm.call("_initialize", &[]);
    vm.call("proxy_on_context_create", &[1, 0]);
    configure(&mut vm, 1);
    // Not more than an exchange has in life, or a slow input hides among the fast ones.
    for _ in 0..64 {
        if input.is_empty() {
            break;
        }
        step(&mut vm, &mut input, module.name);
    }
    // The worker serves on.
    vm.state().failures.clear();
    vm.state().broken_map = None;
    vm.state().maps = [
        (
            0,
            plain(&[(":method", "GET"), (":path", "/"), (":authority", "a")]),
        ),
        (2, plain(&[(":status", "200")])),
    ]
    .into();
    vm.call("proxy_on_context_create", &[90, 1]);
    vm.call("proxy_on_request_headers", &[90, 3, 1]);
    vm.call("proxy_on_response_headers", &[90, 1, 1]);
    vm.call("proxy_on_log", &[90]);
    vm.call("proxy_on_done", &[90]);
    vm.call("proxy_on_delete", &[90]);
    tell_of_branches(&vm.counters().into_iter().collect::<Vec<_>>());
    modules.judge(std::mem::take(&mut vm.ledger.works))
}

fn plain(headers: &[(&str, &str)]) -> Map {
    headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn configure(vm: &mut Vm, root: u32) {
    let size = vm.state().configuration.len();
    vm.ledger.configuration += size as u64;
    vm.call("proxy_on_configure", &[root, size as u32]);
}

/// One callback, or a change of what the host has.
fn step(vm: &mut Vm, input: &mut Input<'_>, module: &str) {
    let step = input.byte();
    let number = *input.one_of(&NUMBERS);
    match step % 20 {
        0 => {
            let within = *input.one_of(&[1, 1, 1, 2, 3, 0, u32::MAX]);
            vm.call("proxy_on_context_create", &[number, within]);
        }
        1 => {
            vm.state().configuration = configurations::of(module, input);
            configure(vm, number);
        }
        2 => {
            vm.call("proxy_on_tick", &[number]);
        }
        3 | 4 => {
            let (map, size) = (headers(input), input.byte());
            vm.state().maps.insert(0, map);
            vm.call(
                "proxy_on_request_headers",
                &[number, size.into(), input.flag().into()],
            );
        }
        5 | 6 => {
            let (map, size) = (headers(input), input.byte());
            vm.state().maps.insert(2, map);
            vm.call(
                "proxy_on_response_headers",
                &[number, size.into(), input.flag().into()],
            );
        }
        7 => body(vm, input, "proxy_on_request_body", number),
        8 | 9 => body(vm, input, "proxy_on_response_body", number),
        10 => {
            vm.call("proxy_on_request_trailers", &[number, 0]);
        }
        11 => {
            let map = headers(input);
            vm.state().maps.insert(3, map);
            vm.call("proxy_on_response_trailers", &[number, 1]);
        }
        12 => {
            vm.call("proxy_on_log", &[number]);
        }
        13 => {
            vm.call("proxy_on_done", &[number]);
        }
        14 => {
            vm.call("proxy_on_delete", &[number]);
        }
        15 => {
            let name = match input.byte() {
                0 => input.bytes().to_vec(),
                known => PROPERTIES[usize::from(known) % PROPERTIES.len()]
                    .as_bytes()
                    .to_vec(),
            };
            let value = input.value(&FACTS);
            vm.state().properties.insert(name, value);
        }
        16 => plant(vm, input),
        17 => {
            let later = input.number();
            let now = vm.state().now;
            vm.state().now = match input.flag() {
                true => now.wrapping_add(later.wrapping_mul(1_000_000)),
                false => now.wrapping_sub(later),
            };
        }
        18 => vm.state().failures = input.bytes().iter().copied().collect(),
        _ => {
            vm.state().always_overtaken = input.flag();
            vm.state().broken_map = input.flag().then(|| input.value(&[]));
        }
    }
}

fn headers(input: &mut Input<'_>) -> Map {
    let mut map = Vec::new();
    for _ in 0..input.byte() % 24 {
        let name = match input.byte() {
            0 => input.bytes().to_vec(),
            known => HEADERS[usize::from(known) % HEADERS.len()].as_bytes().to_vec(),
        };
        let value = input.value(&VALUES);
        // Up to a thousand times, as an Envoy may be set to let through.
        let times = match input.byte() {
            times @ 250.. => usize::from(times - 249) * 160,
            _ => 1,
        };
        let times = if value.len() > 1_024 { 1 } else { times };
        map.extend(std::iter::repeat_n((name, value), times));
    }
    map
}

fn body(vm: &mut Vm, input: &mut Input<'_>, callback: &'static str, number: u32) {
    let bytes = input.value(&[r#"{"message":"no","detail":[{"loc":["body","a"],"msg":"b","type":"c"}]}"#]);
    let size = bytes.len() as u32;
    vm.state().body = bytes;
    // As long as it is, or as long as somebody says.
    let said = if input.byte() == 255 { input.u32() } else { size };
    vm.call(callback, &[number, said, input.flag().into()]);
}

/// Puts any bytes in the place of a record that is there, or turns a bit of one.
fn plant(vm: &mut Vm, input: &mut Input<'_>) {
    let shared = &mut vm.state().shared;
    let place = usize::from(input.byte()) % shared.len().max(1);
    let Some((value, cas)) = shared.values_mut().nth(place) else {
        return;
    };
    match input.byte() % 3 {
        0 => *value = input.value(&[]),
        1 => *value = sealed(&input.value(&[])),
        _ => {
            let at = usize::from(input.byte()) << 8 | usize::from(input.byte());
            let (length, with) = (value.len().max(1), input.byte());
            if let Some(byte) = value.get_mut(at % length) {
                *byte = with;
            }
            if value.len() > 5 {
                *value = sealed(&value[1..value.len() - 4]);
            }
        }
    }
    *cas = cas.wrapping_add(1).max(1);
}
