//! The part of WASI preview 1 that Envoy serves. Time and randomness are the host's.

use super::guest::{Args, Failure, Guest};
use super::life::write_log;
use super::{HostFunction, Param::I32, Param::I64, Status};
use crate::log::Level;

const BAD_DESCRIPTOR: Status = Status(8);
const BAD_ADDRESS: Status = Status(21);
const NOT_SUPPORTED: Status = Status(58);
const NOT_CAPABLE: Status = Status(76);
const NO_SUCH_FUNCTION: Status = Status(52);

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "fd_write",
        params: &[I32, I32, I32, I32],
        others: &[BAD_DESCRIPTOR, BAD_ADDRESS, NOT_CAPABLE],
        serve: fd_write,
    },
    HostFunction {
        name: "clock_time_get",
        params: &[I32, I64, I32],
        others: &[BAD_ADDRESS, NOT_SUPPORTED, NOT_CAPABLE],
        serve: clock_time_get,
    },
    HostFunction {
        name: "random_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, NOT_CAPABLE],
        serve: random_get,
    },
    HostFunction {
        name: "environ_sizes_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, NOT_CAPABLE],
        serve: environ_sizes_get,
    },
    HostFunction {
        name: "environ_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, NOT_CAPABLE],
        serve: environ_get,
    },
    HostFunction {
        name: "args_sizes_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, NOT_CAPABLE],
        serve: args_sizes_get,
    },
    HostFunction {
        name: "args_get",
        params: &[I32, I32],
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    },
    HostFunction {
        name: "fd_read",
        params: &[I32, I32, I32, I32],
        others: &[NO_SUCH_FUNCTION, NOT_CAPABLE],
        serve: |_, _| Err(NO_SUCH_FUNCTION.into()),
    },
    HostFunction {
        name: "fd_seek",
        params: &[I32, I64, I32, I32],
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    },
    HostFunction {
        name: "fd_close",
        params: &[I32],
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    },
    HostFunction {
        name: "fd_fdstat_get",
        params: &[I32, I32],
        others: &[BAD_DESCRIPTOR, NOT_CAPABLE],
        serve: fd_fdstat_get,
    },
    HostFunction {
        name: "sched_yield",
        params: &[],
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    },
];

/// The name of the one function without a result: it ends the VM.
pub(crate) const PROC_EXIT: &str = "proc_exit";

/// WASI has its own word for a pointer that points nowhere.
fn address(result: Result<(), Status>) -> Result<(), Failure> {
    result.map_err(|_| BAD_ADDRESS.into())
}

fn fd_write(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let level = match args.u32(0) {
        1 => Level::Info,
        2 => Level::Error,
        _ => return Err(BAD_DESCRIPTOR.into()),
    };
    let (pieces, count) = (args.u32(1), args.u32(2));
    let mut text = Vec::new();
    for index in 0..count {
        let piece = index
            .checked_mul(8)
            .and_then(|offset| pieces.checked_add(offset))
            .ok_or(BAD_ADDRESS)?;
        let at = guest.read_u32(piece).map_err(|_| BAD_ADDRESS)?;
        let length = piece.checked_add(4).ok_or(BAD_ADDRESS)?;
        let length = guest.read_u32(length).map_err(|_| BAD_ADDRESS)?;
        if length > 0 {
            text.extend(guest.read(at, length).map_err(|_| BAD_ADDRESS)?);
        }
    }
    let written = text.len() as u32;
    if !text.is_empty() {
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        write_log(guest, level, line);
    }
    address(guest.write_u32(args.u32(3), written))
}

fn clock_time_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let clock = &guest.state().shared.clock;
    let now = match args.u32(0) {
        0 => clock.realtime_nanos(),
        1 => clock.monotonic_nanos(),
        _ => return Err(NOT_SUPPORTED.into()),
    };
    address(guest.write_u64(args.u32(2), now))
}

fn random_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let (at, length) = (args.u32(0), args.u32(1) as usize);
    let memory = guest.state().memory_bytes_limit;
    if length > memory {
        return Err(BAD_ADDRESS.into());
    }
    let mut bytes = vec![0; length];
    guest.state().shared.random.lock().fill(&mut bytes);
    address(guest.write(at, &bytes))
}

fn environ_sizes_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let lines = environment(guest);
    let bytes: usize = lines.iter().map(Vec::len).sum();
    address(guest.write_u32(args.u32(0), lines.len() as u32))?;
    address(guest.write_u32(args.u32(1), bytes as u32))
}

fn environ_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let (mut pointer_at, mut at) = (args.u32(0), args.u32(1));
    for line in environment(guest) {
        address(guest.write_u32(pointer_at, at))?;
        address(guest.write(at, &line))?;
        pointer_at = pointer_at.checked_add(4).ok_or(BAD_ADDRESS)?;
        at = at.checked_add(line.len() as u32).ok_or(BAD_ADDRESS)?;
    }
    Ok(())
}

fn environment(guest: &Guest<'_, '_>) -> Vec<Vec<u8>> {
    let variables = &guest.state().environment;
    variables
        .iter()
        .map(|(name, value)| format!("{name}={value}\0").into_bytes())
        .collect()
}

fn args_sizes_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    address(guest.write_u32(args.u32(0), 0))?;
    address(guest.write_u32(args.u32(1), 0))
}

fn fd_fdstat_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    if !matches!(args.u32(0), 1 | 2) {
        return Err(BAD_DESCRIPTOR.into());
    }
    // 24 bytes, all zero but for the right to write.
    let mut stat = [0; 24];
    stat[8] = 64;
    address(guest.write(args.u32(1), &stat))
}
