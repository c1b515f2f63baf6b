//! Every host function of the ABI, called by its name with arguments that a script gives.

use serde_json::Value;
use std::cell::Cell;
use std::hint::black_box;

use crate::bytes;
use crate::show;

/// What stands in a place for results until the host writes there.
const UNWRITTEN: u32 = 0xaaaa_aaaa;

/// Declares the host functions of one import module. The text gives a function's shape, a letter for each argument:
/// `i` a number, `l` a 64-bit number, `b` bytes, `p` pairs, and results: `B` bytes, `P` pairs, `U` bytes that may be pairs in any order, `I` a number, `T` a number
/// that depends on what else the process does, `L` a 64-bit number, `N` a time.
macro_rules! functions {
    ($module:literal, $table:ident: $($name:ident $shape:literal ($($argument:ident: $kind:ty),*);)*) => {
        mod $table {
            #[link(wasm_import_module = $module)]
            unsafe extern "C" {
                $(pub(super) fn $name($($argument: $kind),*) -> u32;)*
            }

            pub(super) fn shape(name: &str) -> Option<&'static str> {
                match name {
                    $(stringify!($name) => Some($shape),)*
                    _ => None,
                }
            }

            pub(super) fn call(name: &str, arguments: &[u64]) -> u32 {
                let mut given = arguments.iter();
                match name {
                    $(stringify!($name) => {
                        $(let $argument = given.next().copied().unwrap_or_default() as $kind;)*
                        // The host checks what it is given; what it writes it writes into places made for it, unless
                        // a script names another place, as only a script about bad pointers does.
                        unsafe { $name($($argument),*) }
                    })*
                    _ => unreachable!("{name} has a shape"),
                }
            }
        }
    };
}

functions! { "env", env:
    proxy_log "ib" (level: u32, at: u32, length: u32);
    proxy_get_log_level "I" (out: u32);
    proxy_get_current_time_nanoseconds "N" (out: u32);
    proxy_set_tick_period_milliseconds "i" (period: u32);
    proxy_get_property "bU" (at: u32, length: u32, out: u32, out_length: u32);
    proxy_set_property "bb" (at: u32, length: u32, value: u32, value_length: u32);
    proxy_get_header_map_value "ibB" (map: u32, at: u32, length: u32, out: u32, out_length: u32);
    proxy_add_header_map_value "ibb" (map: u32, at: u32, length: u32, value: u32, value_length: u32);
    proxy_replace_header_map_value "ibb" (map: u32, at: u32, length: u32, value: u32, value_length: u32);
    proxy_remove_header_map_value "ib" (map: u32, at: u32, length: u32);
    proxy_get_header_map_pairs "iP" (map: u32, out: u32, out_length: u32);
    proxy_set_header_map_pairs "ip" (map: u32, at: u32, length: u32);
    proxy_get_header_map_size "iI" (map: u32, out: u32);
    proxy_get_buffer_bytes "iiiB" (kind: u32, start: u32, length: u32, out: u32, out_length: u32);
    proxy_get_buffer_status "iII" (kind: u32, out_length: u32, out_flags: u32);
    proxy_set_buffer_bytes "iiib" (kind: u32, start: u32, length: u32, value: u32, value_length: u32);
    proxy_continue_stream "i" (kind: u32);
    proxy_close_stream "i" (kind: u32);
    proxy_send_local_response "ibbpi" (status: u32, details: u32, details_length: u32, body: u32, body_length: u32,
        headers: u32, headers_length: u32, grpc_status: u32);
    proxy_get_shared_data "bBT" (at: u32, length: u32, out: u32, out_length: u32, out_cas: u32);
    proxy_set_shared_data "bbi" (at: u32, length: u32, value: u32, value_length: u32, cas: u32);
    proxy_register_shared_queue "bT" (at: u32, length: u32, out: u32);
    proxy_resolve_shared_queue "bbT" (vm: u32, vm_length: u32, at: u32, length: u32, out: u32);
    proxy_enqueue_shared_queue "ib" (token: u32, at: u32, length: u32);
    proxy_dequeue_shared_queue "iB" (token: u32, out: u32, out_length: u32);
    proxy_define_metric "ibI" (kind: u32, at: u32, length: u32, out: u32);
    proxy_increment_metric "il" (metric: u32, by: i64);
    proxy_record_metric "il" (metric: u32, value: u64);
    proxy_get_metric "iL" (metric: u32, out: u32);
    proxy_http_call "bpbpiI" (cluster: u32, cluster_length: u32, headers: u32, headers_length: u32, body: u32,
        body_length: u32, trailers: u32, trailers_length: u32, timeout: u32, out: u32);
    proxy_grpc_call "bbbpbiI" (cluster: u32, cluster_length: u32, service: u32, service_length: u32, method: u32,
        method_length: u32, metadata: u32, metadata_length: u32, message: u32, message_length: u32, timeout: u32, out: u32);
    proxy_grpc_stream "bbbpI" (cluster: u32, cluster_length: u32, service: u32, service_length: u32, method: u32,
        method_length: u32, metadata: u32, metadata_length: u32, out: u32);
    proxy_grpc_send "ibi" (token: u32, at: u32, length: u32, end: u32);
    proxy_grpc_cancel "i" (token: u32);
    proxy_grpc_close "i" (token: u32);
    proxy_get_status "IB" (out_code: u32, out: u32, out_length: u32);
    proxy_set_effective_context "i" (context: u32);
    proxy_done "" ();
    proxy_call_foreign_function "bbB" (name: u32, name_length: u32, at: u32, length: u32, out: u32, out_length: u32);
}

functions! { "wasi_snapshot_preview1", wasi:
    clock_time_get "ilN" (clock: u32, precision: u64, out: u32);
    random_get "ii" (at: u32, length: u32);
    environ_sizes_get "II" (out_count: u32, out_bytes: u32);
    args_sizes_get "II" (out_count: u32, out_bytes: u32);
    sched_yield "" ();
}

thread_local! {
    /// What the guest allocated last, for the host to put its bytes there.
    static ALLOCATED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The guest's allocator, which the host calls before it hands bytes over.
pub(crate) fn allocate(size: usize) -> usize {
    let place = Box::leak(vec![0u8; size].into_boxed_slice()).as_mut_ptr() as usize;
    ALLOCATED.set((place, size));
    place
}

/// What a host function is to be called with.
pub(crate) enum Argument {
    Number(u64),
    /// Bytes of the guest's own.
    Bytes(Vec<u8>),
    /// A place that may point nowhere.
    Place(u32, u32),
}

/// What a host call came to.
pub(crate) struct Outcome {
    pub(crate) status: u32,
    /// Its results, as they are told.
    pub(crate) results: Vec<String>,
    /// The first number among its results, which later calls may need: a token, a metric's id.
    pub(crate) number: Option<u32>,
    /// The number that shared data is compared by.
    pub(crate) cas: Option<u32>,
    /// The bytes that were handed over.
    pub(crate) bytes: Vec<u8>,
}

/// The shape of a host function, by its name with or without `proxy_` in front; `None` if there is none.
pub(crate) fn shape(name: &str) -> Option<&'static str> {
    env::shape(&full(name)).or_else(|| wasi::shape(name))
}

/// Calls a host function. What `given` has too many are the places for the results, in their order.
pub(crate) fn call(name: &str, given: &[Argument]) -> Outcome {
    let shape = shape(name).unwrap_or_default();
    let mut given = given.iter();
    let mut flat: Vec<u64> = Vec::new();
    for letter in shape.chars().filter(char::is_ascii_lowercase) {
        match (given.next(), letter) {
            (Some(Argument::Number(number)), 'i' | 'l') => flat.push(*number),
            (Some(Argument::Bytes(bytes)), _) => flat.extend([bytes.as_ptr() as u64, bytes.len() as u64]),
            (Some(Argument::Place(at, length)), _) => flat.extend([u64::from(*at), u64::from(*length)]),
            (None, 'i' | 'l') => flat.push(0),
            (Some(Argument::Number(_)) | None, _) => flat.extend([0, 0]),
        }
    }
    let mut places = [UNWRITTEN; 8];
    let start = places.as_mut_ptr() as u32;
    let mut used = 0;
    for letter in shape.chars().filter(char::is_ascii_uppercase) {
        let words = if matches!(letter, 'B' | 'P' | 'U' | 'L' | 'N') {
            2
        } else {
            1
        };
        let pointers = if matches!(letter, 'B' | 'P' | 'U') { 2 } else { 1 };
        for pointer in 0..pointers {
            flat.push(match given.next() {
                Some(Argument::Number(elsewhere)) => *elsewhere,
                _ => u64::from(start) + 4 * (used + pointer),
            });
        }
        used += words;
    }
    let status = match env::shape(&full(name)) {
        Some(_) => env::call(&full(name), black_box(&flat)),
        None => wasi::call(name, black_box(&flat)),
    };
    let places = black_box(&mut places);
    outcome(status, shape, places)
}

fn outcome(status: u32, shape: &str, places: &[u32]) -> Outcome {
    let mut outcome = Outcome {
        status,
        results: Vec::new(),
        number: None,
        cas: None,
        bytes: Vec::new(),
    };
    let mut places = places.iter().copied();
    let mut next = || places.next().unwrap_or(UNWRITTEN);
    for letter in shape.chars().filter(char::is_ascii_uppercase) {
        let result = match letter {
            'B' | 'P' | 'U' => match (next(), next()) {
                (UNWRITTEN, UNWRITTEN) => None,
                (0, 0) => Some("null".to_owned()),
                (at, length) => Some(match handed_over(at, length) {
                    Some(bytes) => {
                        let shown = match bytes::pairs_from(&bytes).filter(|_| letter != 'B') {
                            Some(mut pairs) => {
                                // Envoy's order is another one in each run.
                                if letter == 'U' {
                                    pairs.sort();
                                }
                                show::pairs(&pairs)
                            }
                            None => show::bytes(&bytes),
                        };
                        outcome.bytes = bytes;
                        shown
                    }
                    None => format!("{length} bytes at a strange place"),
                }),
            },
            'L' | 'N' => match (next(), next()) {
                (UNWRITTEN, UNWRITTEN) => None,
                _ if letter == 'N' => Some("a time".to_owned()),
                (low, high) => Some((u64::from(high) << 32 | u64::from(low)).to_string()),
            },
            _ => match next() {
                UNWRITTEN => None,
                token if letter == 'T' => {
                    outcome.cas = Some(token);
                    outcome.number.get_or_insert(token);
                    Some("a token".to_owned())
                }
                number => {
                    outcome.number.get_or_insert(number);
                    Some(number.to_string())
                }
            },
        };
        match result {
            Some(result) => outcome.results.push(result),
            // On failure nothing is expected to be written.
            None if status == 0 => outcome.results.push("unwritten".to_owned()),
            None => {}
        }
    }
    outcome
}

/// The bytes that the host left at a place, if that is where the guest had made room for them. The room is free then.
fn handed_over(at: u32, length: u32) -> Option<Vec<u8>> {
    let (place, size) = ALLOCATED.replace((0, 0));
    if (place, size) != (at as usize, length as usize) {
        return None;
    }
    // Exactly this was leaked by `allocate`, and nobody else has it.
    let bytes = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(place as *mut u8, size)) };
    Some(bytes.into_vec())
}

fn full(name: &str) -> String {
    if name.starts_with("proxy_") {
        name.to_owned()
    } else {
        format!("proxy_{name}")
    }
}

/// An argument of a script, by the letter of its shape. `number` resolves names to numbers.
pub(crate) fn argument(letter: Option<char>, given: &Value, number: impl Fn(&str) -> u32) -> Argument {
    if let (Some(at), Some(length)) = (given.get("at"), given.get("length")) {
        let word = |value: &Value| value.as_i64().unwrap_or_default() as u32;
        return Argument::Place(word(at), word(length));
    }
    match letter {
        Some('b') => Argument::Bytes(bytes::of(given)),
        Some('p') => Argument::Bytes(bytes::of_pairs(given)),
        Some('l') => Argument::Number(
            given
                .as_i64()
                .map_or_else(|| given.as_u64().unwrap_or_default(), |n| n as u64),
        ),
        _ => Argument::Number(u64::from(match given {
            Value::String(name) => number(name),
            given => given.as_i64().unwrap_or_default() as u32,
        })),
    }
}
