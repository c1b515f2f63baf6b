//! Buffers: bodies, and the configurations of VM and plugin.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};
use crate::vm_state::ContextKind;
use crate::way::Direction;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_get_buffer_bytes",
        params: &[I32, I32, I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: get_bytes,
    },
    HostFunction {
        name: "proxy_get_buffer_status",
        params: &[I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: get_status,
    },
    HostFunction {
        name: "proxy_set_buffer_bytes",
        params: &[I32, I32, I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: set_bytes,
    },
];

const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const DOWNSTREAM_DATA: u32 = 2;
const UPSTREAM_DATA: u32 = 3;
const CALL_OUT_BODY: u32 = 4;
const GRPC_MESSAGE: u32 = 5;
const VM_CONFIGURATION: u32 = 6;
const PLUGIN_CONFIGURATION: u32 = 7;
const CALL_DATA: u32 = 8;

/// The buffer's bytes, or NOT_FOUND. A body outside its callback is there, and empty.
fn contents(guest: &mut Guest<'_, '_>, kind: u32) -> Result<Vec<u8>, Status> {
    if kind == CALL_DATA {
        return Ok(guest.state().last_buffer(guest.context_id()));
    }
    let bytes = find(guest, kind)?;
    // Envoy has one place a context for all that is no body of its own, and calls it the call's data, too.
    if (CALL_OUT_BODY..CALL_DATA).contains(&kind) {
        let context = guest.context_id();
        guest.state_mut().last_buffer = Some((context, bytes.clone()));
    }
    Ok(bytes)
}

fn find(guest: &Guest<'_, '_>, kind: u32) -> Result<Vec<u8>, Status> {
    match kind {
        REQUEST_BODY | RESPONSE_BODY => {
            let body = guest.stream().and_then(|(stream, filter)| {
                stream
                    .borrow_mut()
                    .body_mut(filter, direction(kind))
                    .map(|body| body.clone())
            });
            Ok(body.unwrap_or_default())
        }
        DOWNSTREAM_DATA | UPSTREAM_DATA => Ok(Vec::new()),
        VM_CONFIGURATION => Ok(guest.state().vm_configuration.clone()),
        PLUGIN_CONFIGURATION => {
            let context = guest.context().ok_or(Status::NOT_FOUND)?;
            match context.kind {
                ContextKind::Root {
                    configuring: true, ..
                } => Ok(context.plugin.configuration.0.clone()),
                _ => Err(Status::NOT_FOUND),
            }
        }
        CALL_OUT_BODY => {
            let response = guest.call_out_response().ok_or(Status::NOT_FOUND)?;
            Ok(response.body.clone())
        }
        GRPC_MESSAGE => Ok(Vec::new()),
        _ => Err(Status::BAD_ARGUMENT),
    }
}

fn direction(kind: u32) -> Direction {
    match kind {
        REQUEST_BODY => Direction::Request,
        _ => Direction::Response,
    }
}

fn get_bytes(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let bytes = contents(guest, args.u32(0))?;
    let start = args.u32(1) as usize;
    let end = start.saturating_add(args.u32(2) as usize).min(bytes.len());
    // Past the end there is nothing, and that is no error: pointer and length become 0.
    let part = bytes.get(start..end).unwrap_or_default();
    guest.hand_over(part, args.u32(3), args.u32(4))
}

fn get_status(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let length = contents(guest, args.u32(0))?.len();
    guest.write_u32(args.u32(1), length as u32)?;
    guest.write_u32(args.u32(2), 0)?;
    Ok(())
}

fn set_bytes(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let kind = args.u32(0);
    contents(guest, kind)?;
    let data = guest.read(args.u32(3), args.u32(4))?;
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    if kind != REQUEST_BODY && kind != RESPONSE_BODY {
        return Err(Status::BAD_ARGUMENT.into());
    }
    let mut stream = stream.borrow_mut();
    let body = stream
        .body_mut(filter, direction(kind))
        .ok_or(Status::BAD_ARGUMENT)?;
    let (start, length) = (args.u32(1) as usize, args.u32(2) as usize);
    // Envoy replaces a prefix or appends; a hole in the middle it refuses.
    if start == 0 {
        body.splice(..length.min(body.len()), data);
    } else if start >= body.len() {
        body.extend_from_slice(&data);
    } else {
        return Err(Status::BAD_ARGUMENT.into());
    }
    Ok(())
}
