//! What the host calls: the functions that a module exports, by their names in the ABI.
//!
//! A module keeps those that `tools/exports.txt` and its plugin's `callbacks.txt` list; the rest is taken out of it.

use crate::contexts::{self, of_exchange, of_module};
use crate::dispatch::{Action, Exchange};
use crate::module::Load;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Starts a module that finds its plugins so: for its `_initialize`, which the host calls before all else.
pub fn start(load: Load) {
    // SAFETY: the linker makes it, for whoever exports `_initialize` to call it once, before all else.
    unsafe { __wasm_call_ctors() };
    contexts::start(load);
}

/// Says which ABI the module speaks.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Memory for an answer of the host, which `read` takes over.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, within: u32) {
    contexts::create(id, within);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(id: u32, size: usize) -> bool {
    of_module(id, &mut |module| module.configured(size))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(id: u32) {
    of_module(id, &mut |module| {
        module.tick();
        true
    });
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, _count: usize, end_of_stream: bool) -> Action {
    of_exchange(id, &mut |exchange| exchange.request_headers(end_of_stream))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, _size: usize, end_of_stream: bool) -> Action {
    match end_of_stream {
        true => of_exchange(id, &mut request_ended),
        false => Action::Continue,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, _count: usize) -> Action {
    of_exchange(id, &mut request_ended)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(id: u32, _count: usize, end_of_stream: bool) -> Action {
    of_exchange(id, &mut |exchange| exchange.response_headers(end_of_stream))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(id: u32, size: usize, end_of_stream: bool) -> Action {
    of_exchange(id, &mut |exchange| exchange.response_body(size, end_of_stream))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(id: u32, _count: usize) -> Action {
    of_exchange(id, &mut Exchange::response_trailers)
}

/// The number is a module's or an exchange's.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(id: u32) -> bool {
    of_exchange(id, &mut over);
    of_module(id, &mut |module| {
        module.over();
        true
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(id: u32) {
    of_exchange(id, &mut over);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    contexts::delete(id);
}

fn request_ended(exchange: &mut Exchange) -> Action {
    exchange.request_ended();
    Action::Continue
}

fn over(exchange: &mut Exchange) -> Action {
    exchange.over();
    Action::Continue
}
