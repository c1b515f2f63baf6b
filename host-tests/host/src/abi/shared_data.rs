//! Shared data.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_get_shared_data",
        params: &[I32, I32, I32, I32, I32],
        others: &[Status::NOT_FOUND, Status::INVALID_MEMORY_ACCESS],
        serve: get,
    },
    HostFunction {
        name: "proxy_set_shared_data",
        params: &[I32, I32, I32, I32, I32],
        others: &[Status::INVALID_MEMORY_ACCESS, Status::CAS_MISMATCH],
        serve: set,
    },
];

fn get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let key = guest.read(args.u32(0), args.u32(1))?;
    let state = guest.state();
    let record = state.shared.shared_data.lock().get(&state.vm_id, &key).cloned();
    let (value, cas) = record.ok_or(Status::NOT_FOUND)?;
    guest.hand_over(&value, args.u32(2), args.u32(3))?;
    guest.write_u32(args.u32(4), cas)?;
    Ok(())
}

fn set(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let key = guest.read(args.u32(0), args.u32(1))?;
    let value = guest.read(args.u32(2), args.u32(3))?;
    let state = guest.state();
    state
        .shared
        .shared_data
        .lock()
        .set(&state.vm_id, &key, &value, args.u32(4))?;
    Ok(())
}
