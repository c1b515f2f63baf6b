//! Metrics.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Param::I64, Status};

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_define_metric",
        params: &[I32, I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: define,
    },
    HostFunction {
        name: "proxy_increment_metric",
        params: &[I32, I64],
        others: &[Status::NOT_FOUND, Status::BAD_ARGUMENT],
        serve: increment,
    },
    HostFunction {
        name: "proxy_record_metric",
        params: &[I32, I64],
        others: &[Status::NOT_FOUND],
        serve: record,
    },
    HostFunction {
        name: "proxy_get_metric",
        params: &[I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: get,
    },
];

fn define(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let name = guest.read(args.u32(1), args.u32(2))?;
    let shared = guest.state().shared.clone();
    let id = guest
        .state_mut()
        .metric_ids
        .define(&mut shared.metrics.lock(), args.u32(0), &name)?;
    guest.write_u32(args.u32(3), id)?;
    Ok(())
}

fn increment(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let state = guest.state();
    state.metric_ids.increment(
        &mut state.shared.metrics.lock(),
        &state.shared.clock,
        args.u32(0),
        args.i64(1),
    )?;
    Ok(())
}

fn record(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let state = guest.state();
    state.metric_ids.record(
        &mut state.shared.metrics.lock(),
        &state.shared.clock,
        args.u32(0),
        args.i64(1) as u64,
    )?;
    Ok(())
}

fn get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let state = guest.state();
    let value = state.metric_ids.get(&state.shared.metrics.lock(), args.u32(0))?;
    guest.write_u64(args.u32(1), value)?;
    Ok(())
}
