//! Header maps. A map is readable while its own callback runs, in `on_log`, and, as Envoy only forgets it when a
//! callback lets the exchange go on, also after a callback that stopped it.

use super::guest::{Args, Failure, Guest, encode_pairs};
use super::{HostFunction, Param::I32, Status};
use crate::stream::MapType;

pub(crate) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "proxy_get_header_map_value",
        params: &[I32, I32, I32, I32, I32],
        others: &[
            Status::NOT_FOUND,
            Status::BAD_ARGUMENT,
            Status::INVALID_MEMORY_ACCESS,
        ],
        serve: get_value,
    },
    HostFunction {
        name: "proxy_add_header_map_value",
        params: &[I32, I32, I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: |guest, args| change_value(guest, args, Change::Add),
    },
    HostFunction {
        name: "proxy_replace_header_map_value",
        params: &[I32, I32, I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: |guest, args| change_value(guest, args, Change::Replace),
    },
    HostFunction {
        name: "proxy_remove_header_map_value",
        params: &[I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: remove_value,
    },
    HostFunction {
        name: "proxy_get_header_map_pairs",
        params: &[I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: get_pairs,
    },
    HostFunction {
        name: "proxy_set_header_map_pairs",
        params: &[I32, I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: set_pairs,
    },
    HostFunction {
        name: "proxy_get_header_map_size",
        params: &[I32, I32],
        others: &[Status::BAD_ARGUMENT, Status::INVALID_MEMORY_ACCESS],
        serve: get_size,
    },
];

enum Change {
    Add,
    Replace,
}

fn map_type(number: u32) -> Result<MapType, Status> {
    MapType::from_abi(number).ok_or(Status::BAD_ARGUMENT)
}

fn get_value(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    let name = guest.read(args.u32(1), args.u32(2))?;
    if let Some(headers) = guest.call_out_map(map) {
        let value = headers.first(&name).ok_or(Status::NOT_FOUND)?.to_vec();
        return guest.hand_over(&value, args.u32(3), args.u32(4));
    }
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    let value = {
        let stream = stream.borrow();
        match stream.readable_map(filter, map) {
            Some(map) => map.first(&name).map(<[u8]>::to_vec).ok_or(Status::NOT_FOUND)?,
            None if stream.in_log(filter) => return Err(Status::NOT_FOUND.into()),
            None => return Err(Status::BAD_ARGUMENT.into()),
        }
    };
    guest.hand_over(&value, args.u32(3), args.u32(4))
}

fn change_value(guest: &mut Guest<'_, '_>, args: Args<'_>, change: Change) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    let name = guest.read(args.u32(1), args.u32(2))?;
    let value = guest.read(args.u32(3), args.u32(4))?;
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    let mut stream = stream.borrow_mut();
    let headers = stream.writable_map(filter, map).ok_or(Status::BAD_ARGUMENT)?;
    match change {
        Change::Add => headers.add(&name, &value),
        Change::Replace => headers.set(&name, &value),
    }
    stream.headers_modified(map);
    Ok(())
}

fn remove_value(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    let name = guest.read(args.u32(1), args.u32(2))?;
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    let mut stream = stream.borrow_mut();
    stream
        .writable_map(filter, map)
        .ok_or(Status::BAD_ARGUMENT)?
        .remove(&name);
    stream.headers_modified(map);
    Ok(())
}

fn get_pairs(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    // Outside its callback a map reads as empty here, with status OK: only single values answer BAD_ARGUMENT.
    let of_call_out = guest.call_out_map(map).map(|headers| headers.pairs().to_vec());
    let pairs = of_call_out.or_else(|| {
        let (stream, filter) = guest.stream()?;
        let stream = stream.borrow();
        stream
            .readable_map(filter, map)
            .map(|headers| headers.pairs().to_vec())
    });
    let bytes = match pairs {
        Some(pairs) if !pairs.is_empty() => encode_pairs(&pairs),
        _ => Vec::new(),
    };
    guest.hand_over(&bytes, args.u32(1), args.u32(2))
}

fn set_pairs(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    let pairs = guest.read_headers(args.u32(1), args.u32(2))?;
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    let mut stream = stream.borrow_mut();
    stream
        .writable_map(filter, map)
        .ok_or(Status::BAD_ARGUMENT)?
        .replace_all(&pairs);
    stream.headers_modified(map);
    Ok(())
}

fn get_size(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let map = map_type(args.u32(0))?;
    let (stream, filter) = guest.stream().ok_or(Status::BAD_ARGUMENT)?;
    let size = {
        let mut stream = stream.borrow_mut();
        stream
            .writable_map(filter, map)
            .ok_or(Status::BAD_ARGUMENT)?
            .byte_size()
    };
    guest.write_u32(args.u32(1), size as u32)?;
    Ok(())
}
