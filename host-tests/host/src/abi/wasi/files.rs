//! Descriptors, paths and sockets: Envoy lets a plugin write to its log through 1 and 2, and has nothing else. Which
//! function refuses with which errno was read off Envoy 1.40.0; there is no pattern to it.

use super::super::guest::{Args, Failure, Guest};
use super::super::life::write_log;
use super::super::{HostFunction, Param, Param::I32, Param::I64, Status};
use super::{
    BAD_ADDRESS, BAD_DESCRIPTOR, BAD_DIRECTORY, NO_ENTRY, NO_SUCH_FUNCTION, NOT_CAPABLE, NOT_SUPPORTED,
    address,
};
use crate::log::Level;

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        name: "fd_write",
        params: &[I32, I32, I32, I32],
        others: &[BAD_DESCRIPTOR, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| write(guest, args, args.u32(3)),
    },
    HostFunction {
        name: "fd_pwrite",
        params: &[I32, I32, I32, I64, I32],
        others: &[BAD_DESCRIPTOR, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| write(guest, args, args.u32(4)),
    },
    HostFunction {
        name: "fd_fdstat_get",
        params: &[I32, I32],
        others: &[BAD_DESCRIPTOR, NOT_CAPABLE],
        serve: fdstat,
    },
    HostFunction {
        name: "fd_tell",
        params: &[I32, I32],
        others: &[BAD_DESCRIPTOR, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            descriptor(args)?;
            address(guest.write_u64(args.u32(1), 0))
        },
    },
    HostFunction {
        name: "fd_renumber",
        params: &[I32, I32],
        others: &[BAD_DESCRIPTOR, NOT_SUPPORTED, NOT_CAPABLE],
        serve: |_, args| match (args.u32(0), args.u32(1)) {
            (1 | 2, 1 | 2) => Err(NOT_SUPPORTED.into()),
            _ => Err(BAD_DESCRIPTOR.into()),
        },
    },
    HostFunction {
        name: "fd_readdir",
        params: &[I32, I32, I32, I64, I32],
        others: &[BAD_DIRECTORY, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            address(guest.write_u32(args.u32(4), 0))?;
            Err(BAD_DIRECTORY.into())
        },
    },
    HostFunction {
        name: "path_readlink",
        params: &[I32; 6],
        others: &[NOT_SUPPORTED, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            address(guest.write_u32(args.u32(5), 0))?;
            Err(NOT_SUPPORTED.into())
        },
    },
    HostFunction {
        name: "sock_accept",
        params: &[I32; 3],
        others: &[NOT_SUPPORTED, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            address(guest.write_u64(args.u32(2), 0))?;
            Err(NOT_SUPPORTED.into())
        },
    },
    HostFunction {
        name: "sock_recv",
        params: &[I32; 6],
        others: &[NOT_SUPPORTED, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            address(guest.write_u32(args.u32(4), 0))?;
            address(guest.write(args.u32(5), &[0, 0]))?;
            Err(NOT_SUPPORTED.into())
        },
    },
    HostFunction {
        name: "sock_send",
        params: &[I32; 5],
        others: &[NOT_SUPPORTED, BAD_ADDRESS, NOT_CAPABLE],
        serve: |guest, args| {
            address(guest.write_u32(args.u32(4), 0))?;
            Err(NOT_SUPPORTED.into())
        },
    },
    does_nothing("fd_seek", &[I32, I64, I32, I32]),
    does_nothing("fd_close", &[I32]),
    does_nothing("fd_advise", &[I32, I64, I64, I32]),
    is_for_the_log_only("fd_sync", &[I32]),
    is_for_the_log_only("fd_datasync", &[I32]),
    is_for_the_log_only("fd_allocate", &[I32, I64, I64]),
    is_for_the_log_only("fd_fdstat_set_rights", &[I32, I64, I64]),
    is_for_the_log_only("fd_filestat_set_size", &[I32, I64]),
    is_for_the_log_only("fd_filestat_set_times", &[I32, I64, I64, I32]),
    refuses::<{ NO_SUCH_FUNCTION.0 }>("fd_read", &[I32; 4]),
    refuses::<{ NO_SUCH_FUNCTION.0 }>("fd_pread", &[I32, I32, I32, I64, I32]),
    refuses::<{ NO_SUCH_FUNCTION.0 }>("fd_fdstat_set_flags", &[I32; 2]),
    refuses::<{ NO_SUCH_FUNCTION.0 }>("fd_prestat_dir_name", &[I32; 3]),
    refuses::<{ BAD_DESCRIPTOR.0 }>("fd_prestat_get", &[I32; 2]),
    refuses::<{ BAD_DESCRIPTOR.0 }>("fd_filestat_get", &[I32; 2]),
    refuses::<{ NO_ENTRY.0 }>("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_create_directory", &[I32; 3]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_filestat_get", &[I32; 5]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_filestat_set_times", &[I32, I32, I32, I32, I64, I64, I32]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_remove_directory", &[I32; 3]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_rename", &[I32; 6]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_unlink_file", &[I32; 3]),
    // Of these two WASI has one parameter more: a module that imports it so does not load in Envoy either.
    refuses::<{ NOT_SUPPORTED.0 }>("path_link", &[I32; 6]),
    refuses::<{ NOT_SUPPORTED.0 }>("path_symlink", &[I32; 4]),
    refuses::<{ NOT_SUPPORTED.0 }>("sock_shutdown", &[I32; 2]),
];

const fn does_nothing(name: &'static str, params: &'static [Param]) -> HostFunction {
    HostFunction {
        name,
        params,
        others: &[NOT_CAPABLE],
        serve: |_, _| Ok(()),
    }
}

const fn is_for_the_log_only(name: &'static str, params: &'static [Param]) -> HostFunction {
    HostFunction {
        name,
        params,
        others: &[BAD_DESCRIPTOR, NOT_CAPABLE],
        serve: |_, args| descriptor(args),
    }
}

const fn refuses<const ERRNO: u32>(name: &'static str, params: &'static [Param]) -> HostFunction {
    HostFunction {
        name,
        params,
        others: &[Status(ERRNO), NOT_CAPABLE],
        serve: |_, _| Err(Status(ERRNO).into()),
    }
}

/// Only the two of the log are open.
fn descriptor(args: Args<'_>) -> Result<(), Failure> {
    match args.u32(0) {
        1 | 2 => Ok(()),
        _ => Err(BAD_DESCRIPTOR.into()),
    }
}

/// Writes the pieces to the log as one line, and how long it was to the last argument.
fn write(guest: &mut Guest<'_, '_>, args: Args<'_>, written_at: u32) -> Result<(), Failure> {
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
    address(guest.write_u32(written_at, written))
}

fn fdstat(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    descriptor(args)?;
    // 24 bytes, all zero but for the right to write.
    let mut stat = [0; 24];
    stat[8] = 64;
    // Whether the pointer pointed anywhere Envoy does not say.
    guest.write(args.u32(1), &stat).ok();
    Ok(())
}
