//! Properties: reading what Envoy knows, and the filter state that all filters of an exchange share.

use super::guest::{Args, Failure, Guest};
use super::{HostFunction, Param::I32, Status};
use crate::properties;
use crate::stream::exchange_of;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_get_property",
        params: &[I32, I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::SERIALIZATION_FAILURE,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: get,
    },
    HostFunction {
        name: "proxy_set_property",
        params: &[I32, I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: set,
    },
];

fn get(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let path = guest.read(args.u32(0), args.u32(1))?;
    // What follows the last zero byte is a part only if there is something.
    let parts: Vec<&[u8]> = match path.strip_suffix(b"\0").unwrap_or(&path) {
        [] if path.is_empty() => Vec::new(),
        path => path.split(|&byte| byte == 0).collect(),
    };
    let value = {
        let context = guest.context().ok_or(Status::NOT_FOUND)?;
        match properties::of_plugin(&context.plugin, &parts) {
            Some(value) => value,
            None => {
                let (stream, filter) = guest.stream().ok_or(match parts.as_slice() {
                    [] | [b"xds"] => Status::SERIALIZATION_FAILURE,
                    _ => Status::NOT_FOUND,
                })?;
                let now = guest.state().shared.clock.elapsed();
                properties::of_stream(&stream.borrow(), filter, &parts, now)?
            }
        }
    };
    guest.hand_over(&value, args.u32(2), args.u32(3))
}

fn set(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let path = guest.read(args.u32(0), args.u32(1))?;
    let value = guest.read(args.u32(2), args.u32(3))?;
    let (stream, _) = guest.stream().ok_or(Status::NOT_FOUND)?;
    let root = guest.context().map_or(0, |context| context.root);
    let declared_read_only = guest.state().declared.get(&(root, path.clone())) == Some(&true);
    let stream = exchange_of(&stream);
    let mut stream = stream.borrow_mut();
    if stream.read_only.contains(&path) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    // What is there already stays what it was declared, or not declared, to be.
    if declared_read_only && !stream.filter_state.contains_key(&path) {
        stream.read_only.insert(path.clone());
    }
    stream.filter_state.insert(path, value);
    Ok(())
}
