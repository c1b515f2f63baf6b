//! Shared queues.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};
use crate::log::Thread;
use crate::shared_queue::Owner;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_register_shared_queue",
        params: &[I32, I32, I32],
        others: &[Status::INVALID_MEMORY_ACCESS],
        serve: register,
    },
    HostFunction {
        name: "proxy_resolve_shared_queue",
        params: &[I32, I32, I32, I32, I32],
        others: &[Status::NOT_FOUND, Status::INVALID_MEMORY_ACCESS],
        serve: resolve,
    },
    HostFunction {
        name: "proxy_enqueue_shared_queue",
        params: &[I32, I32, I32],
        others: &[Status::NOT_FOUND, Status::INVALID_MEMORY_ACCESS],
        serve: enqueue,
    },
    HostFunction {
        name: "proxy_dequeue_shared_queue",
        params: &[I32, I32, I32],
        others: &[Status::NOT_FOUND, Status::EMPTY, Status::INVALID_MEMORY_ACCESS],
        serve: dequeue,
    },
];

/// A stream context registers for its root context.
fn register(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let name = guest.read(args.u32(0), args.u32(1))?;
    let context = guest.context().ok_or(Status::NOT_FOUND)?;
    let state = guest.state();
    let owner = Owner {
        thread: match state.thread {
            Thread::Canary => Thread::Main,
            thread => thread,
        },
        plugin: context.plugin.clone(),
        root: context.root,
    };
    let token = state.shared.queues.lock().register(&state.vm_id, &name, owner);
    guest.write_u32(args.u32(2), token)?;
    Ok(())
}

/// An empty vm_id is the plugin's own.
fn resolve(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let vm_id = guest.read(args.u32(0), args.u32(1))?;
    let name = guest.read(args.u32(2), args.u32(3))?;
    let state = guest.state();
    let vm_id = match vm_id.is_empty() {
        true => state.vm_id.clone(),
        false => String::from_utf8_lossy(&vm_id).into_owned(),
    };
    let token = state.shared.queues.lock().resolve(&vm_id, &name);
    guest.write_u32(args.u32(4), token.ok_or(Status::NOT_FOUND)?)?;
    Ok(())
}

fn enqueue(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let item = guest.read(args.u32(1), args.u32(2))?;
    guest.state().shared.queues.lock().enqueue(args.u32(0), item)?;
    Ok(())
}

/// What cannot be handed over is lost.
fn dequeue(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let item = guest.state().shared.queues.lock().dequeue(args.u32(0))?;
    guest.hand_over(&item, args.u32(1), args.u32(2))
}
