//! Logs, time, ticks, and what ends or redirects an exchange.

use std::time::Duration;

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};
use crate::local_reply::LocalReply;
use crate::log::Level;
use crate::stream::exchange_of;
use crate::vm_state::{AfterCall, ContextKind, Tick};

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_log",
        params: &[I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: log,
    },
    HostFunction {
        name: "proxy_get_log_level",
        params: &[I32],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: get_log_level,
    },
    HostFunction {
        name: "proxy_get_current_time_nanoseconds",
        params: &[I32],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: get_time,
    },
    HostFunction {
        name: "proxy_set_tick_period_milliseconds",
        params: &[I32],
        others: &[],
        serve: set_tick_period,
    },
    HostFunction {
        name: "proxy_send_local_response",
        params: &[I32, I32, I32, I32, I32, I32, I32, I32],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: send_local_response,
    },
    HostFunction {
        name: "proxy_continue_stream",
        params: &[I32],
        others: &[Status::BAD_ARGUMENT, Status::UNIMPLEMENTED],
        serve: continue_stream,
    },
    HostFunction {
        name: "proxy_close_stream",
        params: &[I32],
        others: &[Status::BAD_ARGUMENT],
        serve: close_stream,
    },
    HostFunction {
        name: "proxy_set_effective_context",
        params: &[I32],
        others: &[Status::BAD_ARGUMENT],
        serve: set_effective_context,
    },
    HostFunction {
        name: "proxy_done",
        params: &[],
        others: &[Status::NOT_FOUND],
        serve: done,
    },
];

fn log(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let level = Level::from_abi(args.u32(0)).ok_or(Status::BAD_ARGUMENT)?;
    let message = guest.read(args.u32(1), args.u32(2))?;
    write_log(guest, level, &message);
    Ok(())
}

/// Writes a line of the plugin's log: into the host's, and into the exchange's where there is one.
pub(crate) fn write_log(guest: &Guest<'_, '_>, level: Level, message: &[u8]) {
    let state = guest.state();
    let plugin = guest.context().map(|context| context.plugin.name.clone());
    let line = state.log_line(level, plugin.unwrap_or_default(), message);
    if let Some((stream, _)) = guest.stream() {
        exchange_of(&stream).borrow_mut().log.push(line.clone());
    }
    state.shared.log.lock().push(line);
}

fn get_log_level(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    // The samples run Envoy with `--component-log-level wasm:info`.
    guest.write_u32(args.u32(0), Level::Info as u32)?;
    Ok(())
}

fn get_time(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let now = guest.state().shared.clock.realtime_nanos();
    guest.write_u64(args.u32(0), now)?;
    Ok(())
}

fn set_tick_period(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let period = Duration::from_millis(u64::from(args.u32(0)));
    let now = guest.state().shared.clock.elapsed();
    // A stream context's period goes to its root: only root contexts tick.
    let id = guest.context_id();
    let root = guest.context().map_or(id, |context| context.root);
    if let Some(context) = guest.state_mut().contexts.get_mut(&root)
        && let ContextKind::Root { tick, .. } = &mut context.kind
    {
        *tick = (!period.is_zero()).then(|| Tick {
            period,
            due: now + period,
        });
    }
    Ok(())
}

fn send_local_response(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let details = guest.read(args.u32(1), args.u32(2))?;
    let body = guest.read(args.u32(3), args.u32(4))?;
    let headers = guest.read_headers(args.u32(5), args.u32(6))?;
    let details: Vec<u8> = details
        .into_iter()
        .map(|byte| if byte.is_ascii_whitespace() { b'_' } else { byte })
        .collect();
    let grpc_status = Some(args.u32(7)).filter(|status| *status <= 16);
    let reply = LocalReply {
        status: args.u32(0) as u16,
        headers,
        body,
        details,
        flags: 0,
        grpc_status,
    };
    guest.state_mut().stop_iteration = true;
    // In a root context there is nothing to answer: Envoy says OK and does nothing.
    if guest.stream().is_some() {
        let context = guest.context_id();
        guest.state_mut().after.push(AfterCall::Reply { context, reply });
    }
    Ok(())
}

fn continue_stream(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let request = match args.u32(0) {
        0 => true,
        1 => false,
        2 => return Ok(()),
        3 => return Err(Status::UNIMPLEMENTED.into()),
        _ => return Err(Status::BAD_ARGUMENT.into()),
    };
    go_on(guest, request)
}

/// Lets a held request or response go, once the callback has returned.
pub(super) fn go_on(guest: &mut Guest<'_, '_>, request: bool) -> Result<(), Failure> {
    if let Some((stream, filter)) = guest.stream() {
        if !request && stream.borrow().response.is_none() {
            let reason = "the response is told to go on before there is one: Envoy crashes";
            return Err(Failure::Trap(wasmtime::Error::msg(reason)));
        }
        stream.borrow_mut().hide_request(filter);
        let context = guest.context_id();
        guest
            .state_mut()
            .after
            .push(AfterCall::Continue { context, request });
    }
    Ok(())
}

fn close_stream(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    match args.u32(0) {
        0 | 1 if guest.stream().is_some() => {
            let context = guest.context_id();
            guest.state_mut().after.push(AfterCall::Close { context });
            Ok(())
        }
        0..=3 => Ok(()),
        _ => Err(Status::BAD_ARGUMENT.into()),
    }
}

fn set_effective_context(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let id = args.u32(0);
    // Context 0 is the VM's own; setting it goes back to the callback's context.
    if id != 0 && !guest.state().contexts.contains_key(&id) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    guest.state_mut().effective = id;
    Ok(())
}

fn done(guest: &mut Guest<'_, '_>, _args: Args<'_>) -> Result<(), Failure> {
    // Any context of the plugin may say it, but only once the root context's `proxy_on_done` has returned.
    let plugin = guest.context().map(|context| context.plugin.clone());
    match plugin.is_some_and(|plugin| guest.state_mut().say_done(&plugin)) {
        true => Ok(()),
        false => Err(Status::NOT_FOUND.into()),
    }
}

/// Has the request routed anew.
pub(super) fn clear_route_cache(guest: &Guest<'_, '_>) {
    if let Some((stream, _)) = guest.stream() {
        stream.borrow_mut().clear_route_cache();
    }
}
