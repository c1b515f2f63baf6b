//! WASI preview 1, as much of it as Envoy serves. Time and randomness are the host's; there are no files.

mod files;

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Param::I64, Status};

const BAD_DESCRIPTOR: Status = Status(8);
const BAD_DIRECTORY: Status = Status(20);
const BAD_ADDRESS: Status = Status(21);
const INVALID: Status = Status(28);
const NO_ENTRY: Status = Status(44);
const NO_SUCH_FUNCTION: Status = Status(52);
const NOT_SUPPORTED: Status = Status(58);
const NOT_CAPABLE: Status = Status(76);

/// The functions that answer an errno.
pub(crate) fn functions() -> impl Iterator<Item = &'static HostFunction> {
    FUNCTIONS.iter().chain(files::FUNCTIONS)
}

const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "clock_time_get",
        params: &[I32, I64, I32],
        others: &[BAD_ADDRESS, NOT_SUPPORTED, NOT_CAPABLE],
        serve: clock_time_get,
    },
    HostFunction {
        name: "clock_res_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, NOT_SUPPORTED, NOT_CAPABLE],
        serve: clock_res_get,
    },
    HostFunction {
        name: "random_get",
        params: &[I32, I32],
        others: &[BAD_ADDRESS, INVALID, NOT_CAPABLE],
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
        name: "sched_yield",
        params: &[],
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    },
    HostFunction {
        name: "poll_oneoff",
        params: &[I32, I32, I32, I32],
        others: &[BAD_ADDRESS, NOT_CAPABLE],
        // No event ever comes, and nobody waits for one.
        serve: |guest, args| address(guest.write_u32(args.u32(3), 0)),
    },
];

/// The one function without a result. In Envoy it does nothing: a compiled `exit` dies of the `unreachable` behind it.
pub(crate) const PROC_EXIT: &str = "proc_exit";

/// Functions that end a VM which calls them before it has started; it may call all others.
pub(crate) const NOT_BEFORE_START: &[&str] = &[
    "fd_close",
    "fd_read",
    "fd_seek",
    "path_open",
    "proc_exit",
    "sched_yield",
];

/// More than this at once `random_get` refuses.
const MOST_RANDOM: usize = 64 * 1024;

/// WASI has its own word for a pointer that points nowhere.
fn address(result: Result<(), Status>) -> Result<(), Failure> {
    result.map_err(|_| BAD_ADDRESS.into())
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

fn clock_res_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    if args.u32(0) > 1 {
        return Err(NOT_SUPPORTED.into());
    }
    address(guest.write_u64(args.u32(1), 1))
}

fn random_get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let (at, length) = (args.u32(0), args.u32(1) as usize);
    if length > MOST_RANDOM {
        return Err(INVALID.into());
    }
    if length == 0 {
        return Ok(());
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
