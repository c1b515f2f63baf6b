//! What a module's imports are bound to, and what happens at each call of one.

use wasmtime::{Caller, FuncType, Linker, Val, ValType};

use super::AbiVersion;
use crate::abi::guest::{Args, Failure, Guest};
use crate::abi::{self, HostFunction, Param, Status};
use crate::log::Thread;
use crate::shared::HostCall;
use crate::vm_state::VmState;

/// Defines one import, or says that Envoy has none such.
pub(super) fn link(
    linker: &mut Linker<VmState>,
    version: AbiVersion,
    module: &str,
    name: &str,
    imported: FuncType,
) -> wasmtime::Result<()> {
    if module == abi::ENV && !abi::is_in(version, name) {
        return Err(wasmtime::Error::msg(format!(
            "import {module}.{name}: Envoy has no such host function in the version of the ABI that the module \
             exports"
        )));
    }
    let is_wasi = abi::WASI.contains(&module);
    let table = match module {
        abi::ENV => abi::env_functions().find(|function| function.name == name),
        _ if is_wasi => abi::wasi::functions().find(|function| function.name == name),
        _ => None,
    };
    if let Some(function) = table {
        return serve(linker, module, function);
    }
    if is_wasi && name == abi::wasi::PROC_EXIT {
        return serve_nothing(linker, module, abi::wasi::PROC_EXIT);
    }
    if module == abi::ENV && name == abi::emscripten::NOTIFY_MEMORY_GROWTH {
        return serve_nothing(linker, module, abi::emscripten::NOTIFY_MEMORY_GROWTH);
    }
    if module == abi::ENV
        && let Some(&unserved) = abi::unserved::NAMES.iter().find(|unserved| **unserved == name)
    {
        return refuse_by_name(linker, imported, unserved);
    }
    Err(wasmtime::Error::msg(format!(
        "import {module}.{name}: Envoy has no such host function"
    )))
}

/// Whether a module may call this function before it has started and in its allocator, as in Envoy; if not, it ends the
/// VM.
fn always_allowed(name: &str) -> bool {
    match name.starts_with("proxy_") {
        true => name == "proxy_log",
        false => !abi::wasi::NOT_BEFORE_START.contains(&name) && name != abi::emscripten::PTHREAD_EQUAL,
    }
}

/// Functions of the usual shapes are called with their arguments as they are: wasmtime then checks the types once, and not
/// at every call.
fn serve(
    linker: &mut Linker<VmState>,
    module: &str,
    function: &'static HostFunction,
) -> wasmtime::Result<()> {
    macro_rules! typed {
        ($($argument:ident: $type:ty),*) => {
            linker.func_wrap(
                module,
                function.name,
                move |mut caller: Caller<'_, VmState>, $($argument: $type),*| {
                    call(&mut caller, function, &[$(Val::from($argument)),*])
                },
            )
        };
    }
    use Param::{I32, I64};
    match function.params {
        [I32] => typed!(a: i32),
        [I32, I32] => typed!(a: i32, b: i32),
        [I32, I64] => typed!(a: i32, b: i64),
        [I32, I32, I32] => typed!(a: i32, b: i32, c: i32),
        [I32, I32, I32, I32] => typed!(a: i32, b: i32, c: i32, d: i32),
        [I32, I32, I32, I32, I32] => typed!(a: i32, b: i32, c: i32, d: i32, e: i32),
        params => {
            let params = params.iter().map(|param| param.value_type());
            let signature = FuncType::new(linker.engine(), params, [ValType::I32]);
            linker.func_new(
                module,
                function.name,
                signature,
                move |mut caller, arguments, results| {
                    let status = call(&mut caller, function, arguments)?;
                    if let Some(result) = results.first_mut() {
                        *result = Val::I32(status);
                    }
                    Ok(())
                },
            )
        }
    }?;
    Ok(())
}

/// Calls a host function, and gives the status that the guest gets.
fn call(
    caller: &mut Caller<'_, VmState>,
    function: &'static HostFunction,
    arguments: &[Val],
) -> wasmtime::Result<i32> {
    let result = match enter(caller, function.name)? {
        Some(injected) => Err(Failure::Status(injected)),
        None => (function.serve)(&mut Guest::new(caller), Args(arguments)),
    };
    let status = match result {
        Ok(()) => Status::OK,
        Err(Failure::Status(status)) => status,
        Err(Failure::Trap(trap)) => return Err(trap),
    };
    Ok(status.0 as i32)
}

/// A function that takes a number, returns nothing, and does nothing.
fn serve_nothing(linker: &mut Linker<VmState>, module: &str, name: &'static str) -> wasmtime::Result<()> {
    linker.func_wrap(module, name, move |mut caller: Caller<'_, VmState>, _: i32| {
        enter(&mut caller, name).map(|_| ())
    })?;
    Ok(())
}

fn refuse_by_name(
    linker: &mut Linker<VmState>,
    signature: FuncType,
    name: &'static str,
) -> wasmtime::Result<()> {
    linker.func_new(abi::ENV, name, signature, move |mut caller, _, results| {
        match enter(&mut caller, name)? {
            Some(injected) => answer(results, injected),
            None => return Err(abi::unserved::refuse(&Guest::new(&mut caller), name)),
        }
        Ok(())
    })?;
    Ok(())
}

/// Books the call. Gives the status that fault injection wants it to answer.
fn enter(caller: &mut Caller<'_, VmState>, name: &'static str) -> wasmtime::Result<Option<Status>> {
    let state = caller.data_mut();
    state.calling = name;
    if let Some(place) = state.restricted
        && !always_allowed(name)
    {
        return Err(wasmtime::Error::msg(format!("{name} is not allowed {place}")));
    }
    if let Thread::Worker(worker) = state.thread {
        state.shared.steps.before_host_call(worker);
    }
    if !state.settings.keeps_records {
        return Ok(None);
    }
    *state.meter.calls.entry(name).or_default() += 1;
    let call = HostCall {
        name,
        callback: state.callback,
        thread: state.thread,
    };
    Ok(state.shared.calls.lock().enter(call))
}

fn answer(results: &mut [Val], status: Status) {
    if let Some(result) = results.first_mut() {
        *result = Val::I32(status.0 as i32);
    }
}
