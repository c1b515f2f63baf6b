//! The host functions of proxy-wasm ABI 0.2.1 and the part of WASI preview 1 that Envoy serves, by topic.
//!
//! Every function stands in a table of its topic, with the statuses that it can answer instead of OK beside it:
//! fault injection reads them there.

pub(crate) mod buffers;
pub(crate) mod emscripten;
pub(crate) mod foreign;
pub(crate) mod guest;
pub(crate) mod headers;
pub(crate) mod http_call;
pub(crate) mod life;
pub(crate) mod metrics;
pub(crate) mod properties;
pub(crate) mod shared_data;
pub(crate) mod shared_queue;
pub(crate) mod unserved;
pub(crate) mod version_0_1_0;
pub(crate) mod wasi;

use std::fmt;

use wasmtime::ValType;

use crate::module::AbiVersion;
use guest::{Args, Failure, Guest};

/// What a host function answers: a status of the ABI, or for WASI an errno.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u32);

#[allow(missing_docs, reason = "the names are those of the specification")]
impl Status {
    pub const OK: Status = Status(0);
    pub const NOT_FOUND: Status = Status(1);
    pub const BAD_ARGUMENT: Status = Status(2);
    pub const SERIALIZATION_FAILURE: Status = Status(3);
    pub const PARSE_FAILURE: Status = Status(4);
    pub const INVALID_MEMORY_ACCESS: Status = Status(6);
    pub const EMPTY: Status = Status(7);
    pub const CAS_MISMATCH: Status = Status(8);
    pub const INTERNAL_FAILURE: Status = Status(10);
    pub const UNIMPLEMENTED: Status = Status(12);
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Status::OK => "OK",
            Status::NOT_FOUND => "NOT_FOUND",
            Status::BAD_ARGUMENT => "BAD_ARGUMENT",
            Status::SERIALIZATION_FAILURE => "SERIALIZATION_FAILURE",
            Status::PARSE_FAILURE => "PARSE_FAILURE",
            Status::INVALID_MEMORY_ACCESS => "INVALID_MEMORY_ACCESS",
            Status::EMPTY => "EMPTY",
            Status::CAS_MISMATCH => "CAS_MISMATCH",
            Status::INTERNAL_FAILURE => "INTERNAL_FAILURE",
            Status::UNIMPLEMENTED => "UNIMPLEMENTED",
            Status(number) => return write!(f, "{number}"),
        };
        f.write_str(name)
    }
}

/// The type of a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Param {
    I32,
    I64,
}

/// One function that a module may import.
pub(crate) struct HostFunction {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    /// What it can answer instead of OK in Envoy, capability restrictions (INTERNAL_FAILURE) apart.
    pub(crate) others: &'static [Status],
    pub(crate) serve: fn(&mut Guest<'_, '_>, Args<'_>) -> Result<(), Failure>,
}

/// The module name under which the ABI's functions are imported.
pub(crate) const ENV: &str = "env";

/// The module names of WASI.
pub(crate) const WASI: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// Whether Envoy offers a function to a module of this version. (What it offers to none is in no table.)
pub(crate) fn is_in(version: AbiVersion, name: &str) -> bool {
    let only_in_the_oldest = version_0_1_0::FUNCTIONS
        .iter()
        .any(|function| function.name == name);
    match name {
        "proxy_get_log_level" => version == AbiVersion::V0_2_1,
        "proxy_continue_stream" | "proxy_close_stream" => version != AbiVersion::V0_1_0,
        _ => !only_in_the_oldest || version == AbiVersion::V0_1_0,
    }
}

/// All functions of the ABI that are served, of whichever version.
pub(crate) fn env_functions() -> impl Iterator<Item = &'static HostFunction> {
    [
        headers::FUNCTIONS,
        properties::FUNCTIONS,
        metrics::FUNCTIONS,
        shared_data::FUNCTIONS,
        shared_queue::FUNCTIONS,
        buffers::FUNCTIONS,
        life::FUNCTIONS,
        version_0_1_0::FUNCTIONS,
        http_call::FUNCTIONS,
        foreign::FUNCTIONS,
        emscripten::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// Every status that this function could answer instead of OK.
///
/// A host with `capability_restriction_config` answers every function that it withholds with
/// INTERNAL_FAILURE (76, "not capable", for WASI), so that is always among them.
pub(crate) fn other_statuses(name: &str) -> Vec<Status> {
    let served = env_functions().find(|function| function.name == name);
    let wasi = wasi::functions().find(|function| function.name == name);
    match (served, wasi) {
        (Some(function), _) => {
            let mut statuses = function.others.to_vec();
            if name.starts_with("proxy_") {
                statuses.push(Status::INTERNAL_FAILURE);
            }
            statuses
        }
        (None, Some(function)) => function.others.to_vec(),
        (None, None) => Vec::new(),
    }
}

impl Param {
    pub(crate) fn value_type(self) -> ValType {
        match self {
            Param::I32 => ValType::I32,
            Param::I64 => ValType::I64,
        }
    }
}
