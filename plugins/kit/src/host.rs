//! The host functions: proxy-wasm ABI 0.2.1 and WASI preview 1, as far as the kit calls them.
//!
//! With `callbacks.rs` beside it, all the `unsafe` that ships. Each function here turns pointers into slices and a status
//! into a `Result`, and does no more. A status stays the number that it is: the host may answer one that no list has.
#![allow(unsafe_code)]

mod callbacks;

pub use callbacks::start;

/// A status of the host other than 0 (OK).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u32);

impl Status {
    /// What was asked for does not exist.
    pub(crate) const NOT_FOUND: Self = Self(1);
    /// Shared data was changed since it was read.
    pub(crate) const CAS_MISMATCH: Self = Self(8);
    /// Not of the host: it answered OK with something that cannot be read.
    pub(crate) const UNREADABLE: Self = Self(u32::MAX);
}

/// A header map, by the ABI's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Map {
    RequestHeaders = 0,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
}

/// The buffer that holds the piece of the response's body that is passing, by the ABI's number.
const RESPONSE_BODY: u32 = 1;
/// The buffer that holds the plugin's configuration, by the ABI's number.
const PLUGIN_CONFIGURATION: u32 = 7;
/// A metric that only grows, by the ABI's number.
const COUNTER: u32 = 0;
/// A metric that is set, by the ABI's number.
const GAUGE: u32 = 1;
/// The property that says how often a request has been tried.
pub(crate) const ATTEMPTS: &str = "upstream\0request_attempt_count";
/// WASI's clock of the time of day.
const REALTIME: u32 = 0;
/// WASI's clock that never goes back.
const MONOTONIC: u32 = 1;

mod env {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub(super) fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
        pub(super) fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            length: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_set_buffer_bytes(
            buffer: u32,
            start: usize,
            length: usize,
            data: *const u8,
            size: usize,
        ) -> u32;
        pub(super) fn proxy_send_local_response(
            status: u32,
            details: *const u8,
            details_size: usize,
            body: *const u8,
            body_size: usize,
            headers: *const u8,
            headers_size: usize,
            grpc_status: i32,
        ) -> u32;
        pub(super) fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        pub(super) fn proxy_get_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_replace_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
        pub(super) fn proxy_get_property(
            path: *const u8,
            path_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_set_property(
            path: *const u8,
            path_size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> u32;
        pub(super) fn proxy_increment_metric(id: u32, offset: i64) -> u32;
        pub(super) fn proxy_record_metric(id: u32, value: u64) -> u32;
        pub(super) fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
        pub(super) fn proxy_call_foreign_function(
            name: *const u8,
            name_size: usize,
            argument: *const u8,
            argument_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_get_shared_data(
            key: *const u8,
            key_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
            cas: *mut u32,
        ) -> u32;
        pub(super) fn proxy_set_shared_data(
            key: *const u8,
            key_size: usize,
            value: *const u8,
            value_size: usize,
            cas: u32,
        ) -> u32;
    }
}

mod wasi {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn clock_time_get(clock: u32, precision: u64, nanoseconds: *mut u64) -> u32;
        pub(super) fn random_get(data: *mut u8, size: usize) -> u32;
    }
}

/// Writes a line to the proxy's log. There is nowhere to report that this failed.
pub(crate) fn log(level: log::Level, message: &[u8]) {
    let level = match level {
        log::Level::Trace => 0,
        log::Level::Debug => 1,
        log::Level::Info => 2,
        log::Level::Warn => 3,
        log::Level::Error => 4,
    };
    // SAFETY: the pointer and the size are those of a slice that lives through the call.
    let _ = unsafe { env::proxy_log(level, message.as_ptr(), message.len()) };
}

/// The plugin's configuration, `size` bytes of it.
pub(crate) fn plugin_configuration(size: usize) -> Result<Vec<u8>, Status> {
    // SAFETY: `read` hands out pointers to locals that live through the call.
    read(|data, length| unsafe { env::proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, data, length) })
}

/// The piece of the response's body that is passing, up to `size` bytes of it.
pub(crate) fn response_body(size: usize) -> Result<Vec<u8>, Status> {
    // SAFETY: as above.
    read(|data, length| unsafe { env::proxy_get_buffer_bytes(RESPONSE_BODY, 0, size, data, length) })
}

/// Puts `bytes` in the place of the first `size` bytes of the response's body that is passing.
pub(crate) fn replace_response_body(size: usize, bytes: &[u8]) -> Result<(), Status> {
    // SAFETY: the pointer and the size are those of a slice that lives through the call.
    status(unsafe { env::proxy_set_buffer_bytes(RESPONSE_BODY, 0, size, bytes.as_ptr(), bytes.len()) })
}

/// Answers the client in the place of whatever would have come. `headers` are in the ABI's serialised form.
pub(crate) fn send_local_response(
    code: u16,
    details: &[u8],
    headers: &[u8],
    body: &[u8],
    grpc_status: Option<u32>,
) -> Result<(), Status> {
    // Then the host makes it of the status code.
    const NO_GRPC_STATUS: i32 = -1;
    let grpc_status = grpc_status.and_then(|status| i32::try_from(status).ok());
    // SAFETY: the pointers and sizes are those of slices that live through the call.
    status(unsafe {
        env::proxy_send_local_response(
            u32::from(code),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status.unwrap_or(NO_GRPC_STATUS),
        )
    })
}

/// A whole header map in the ABI's serialised form.
pub(crate) fn header_map(map: Map) -> Result<Vec<u8>, Status> {
    // SAFETY: as above.
    read(|data, size| unsafe { env::proxy_get_header_map_pairs(map as u32, data, size) })
}

/// The value of one header.
pub(crate) fn header(map: Map, name: &str) -> Result<Vec<u8>, Status> {
    // SAFETY: as above; the name is a slice that lives through the call.
    read(|data, size| unsafe {
        env::proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    })
}

/// Makes `value` the only value of a header, whether it was there or not.
pub(crate) fn replace_header(map: Map, name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: the pointers and sizes are those of slices that live through the call.
    status(unsafe {
        env::proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Removes every value of a header.
pub(crate) fn remove_header(map: Map, name: &str) -> Result<(), Status> {
    // SAFETY: as above.
    status(unsafe { env::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// A property of the proxy. The segments of its path have a zero byte between them.
pub(crate) fn property(path: &str) -> Result<Vec<u8>, Status> {
    // SAFETY: as above.
    read(|data, size| unsafe { env::proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Sets filter state, which every other filter of the exchange and the access log can read.
pub(crate) fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: as above.
    status(unsafe { env::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// The number of the counter of this name, which is made if there is none.
pub(crate) fn define_counter(name: &str) -> Result<u32, Status> {
    define_metric(COUNTER, name)
}

/// The number of the gauge of this name, which is made if there is none.
pub(crate) fn define_gauge(name: &str) -> Result<u32, Status> {
    define_metric(GAUGE, name)
}

fn define_metric(kind: u32, name: &str) -> Result<u32, Status> {
    let mut id = 0;
    // SAFETY: as above; the host writes a number of four bytes.
    status(unsafe { env::proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(id)
}

/// Adds to a counter. By 0 is an error to the host.
pub(crate) fn increment(counter: u32, by: i64) -> Result<(), Status> {
    // SAFETY: numbers only.
    status(unsafe { env::proxy_increment_metric(counter, by) })
}

/// Sets a gauge.
pub(crate) fn record(gauge: u32, value: u64) -> Result<(), Status> {
    // SAFETY: numbers only.
    status(unsafe { env::proxy_record_metric(gauge, value) })
}

/// Asks the host to call the plugin every so many milliseconds.
pub(crate) fn set_tick_period(millis: u32) -> Result<(), Status> {
    // SAFETY: numbers only.
    status(unsafe { env::proxy_set_tick_period_milliseconds(millis) })
}

/// Makes the proxy choose the request's route anew, from its headers as they are now.
pub(crate) fn clear_route_cache() -> Result<(), Status> {
    const NAME: &str = "clear_route_cache";
    let nothing: &[u8] = &[];
    // SAFETY: as above; what the host answers is taken over, be it nothing.
    read(|data, size| unsafe {
        env::proxy_call_foreign_function(NAME.as_ptr(), NAME.len(), nothing.as_ptr(), 0, data, size)
    })
    .map(drop)
}

/// A record of shared data and its number for compare-and-swap.
pub(crate) fn shared_data(key: &str) -> Result<(Vec<u8>, u32), Status> {
    let mut cas = 0;
    // SAFETY: as above; the host writes a number of four bytes.
    let value = read(|data, size| unsafe {
        env::proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    })?;
    Ok((value, cas))
}

/// Writes a record of shared data, if it still has the number `cas` or does not exist; 0: in any case.
pub(crate) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: as above.
    status(unsafe { env::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn realtime() -> Result<u64, Status> {
    clock(REALTIME)
}

/// Nanoseconds of a clock that never goes back.
pub(crate) fn monotonic() -> Result<u64, Status> {
    clock(MONOTONIC)
}

fn clock(clock: u32) -> Result<u64, Status> {
    let mut nanoseconds = 0;
    // SAFETY: the host writes a number of eight bytes.
    status(unsafe { wasi::clock_time_get(clock, 1, &raw mut nanoseconds) })?;
    Ok(nanoseconds)
}

/// Fills `bytes` with randomness.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Status> {
    // SAFETY: the pointer and the size are those of a slice that lives through the call.
    status(unsafe { wasi::random_get(bytes.as_mut_ptr(), bytes.len()) })
}

/// The module has no environment and no folder to be in, which is what a panic's message would ask for. The C library's
/// own answers would bring host calls of their own and a second allocator.
#[cfg(target_arch = "wasm32")]
mod nothing_of_a_process {
    #[unsafe(no_mangle)]
    extern "C" fn getenv(_name: *const u8) -> *const u8 {
        core::ptr::null()
    }

    #[unsafe(no_mangle)]
    extern "C" fn getcwd(_buffer: *mut u8, _size: usize) -> *mut u8 {
        core::ptr::null_mut()
    }
}

fn status(status: u32) -> Result<(), Status> {
    if status == 0 { Ok(()) } else { Err(Status(status)) }
}

/// Takes over the memory that the host asked for to answer in.
fn read(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Status> {
    let mut data: *mut u8 = core::ptr::null_mut();
    let mut size = 0usize;
    status(call(&raw mut data, &raw mut size))?;
    if data.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the host got the memory from `proxy_on_memory_allocate`, which gives away a boxed slice of exactly this
    // size, and keeps no pointer to it.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}
