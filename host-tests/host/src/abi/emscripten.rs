//! What modules import that Emscripten has built, as those of the C++ SDK are.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};

pub(crate) const PTHREAD_EQUAL: &str = "pthread_equal";

/// The name of a function without a result: the guest's memory has grown. Nobody need know.
pub(crate) const NOTIFY_MEMORY_GROWTH: &str = "emscripten_notify_memory_growth";

pub(crate) const FUNCTIONS: &[HostFunction] = &[HostFunction {
    name: PTHREAD_EQUAL,
    params: &[I32, I32],
    others: &[],
    serve: pthread_equal,
}];

/// Its result is no status, but whether both are the same.
fn pthread_equal(_: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    match args.u32(0) == args.u32(1) {
        true => Err(Status(1).into()),
        false => Ok(()),
    }
}
