//! Foreign functions: what Envoy registers beside the ABI, as far as HTTP plugins have use for it.
//!
//! One that Envoy has writes the result's pointer and length whatever its status is; one that it has not writes nothing.

use std::io::Read;

use super::guest::{Args, Failure, Guest};
use super::life::clear_route_cache;

use super::{HostFunction, Param::I32, Status, unserved};
use crate::filter_state::{self, Refused};
use crate::protobuf::Fields;
use crate::stream::exchange_of;

pub(crate) const FUNCTIONS: &[HostFunction] = &[HostFunction {
    name: "proxy_call_foreign_function",
    params: &[I32; 6],
    others: &[
        Status::NOT_FOUND,
        Status::BAD_ARGUMENT,
        Status::SERIALIZATION_FAILURE,
        Status::INVALID_MEMORY_ACCESS,
    ],
    serve: call,
}];

/// What it hands over: nothing, or bytes, of which there may be none.
type Outcome = Result<Option<Vec<u8>>, Failure>;

fn call(guest: &mut Guest<'_, '_>, args: Args<'_>) -> Result<(), Failure> {
    let name = guest.read(args.u32(0), args.u32(1))?;
    let argument = guest.read(args.u32(2), args.u32(3))?;
    let outcome: Outcome = match name.as_slice() {
        b"clear_route_cache" => {
            clear_route_cache(guest);
            Ok(None)
        }
        b"compress" => Ok(Some(compress(&argument))),
        b"uncompress" => uncompress(&argument),
        b"declare_property" => declare_property(guest, &argument),
        b"set_envoy_filter_state" => set_envoy_filter_state(guest, &argument),
        name => match unserved::FOREIGN.iter().find(|other| other.as_bytes() == name) {
            Some(unserved) => {
                let what = format!("the foreign function {unserved}");
                return Err(Failure::Trap(unserved::refuse(guest, &what)));
            }
            None => return Err(Status::NOT_FOUND.into()),
        },
    };
    let (result, failure) = match outcome {
        Ok(result) => (result, None),
        Err(failure) => (None, Some(failure)),
    };
    let (pointer_at, length_at) = (args.u32(4), args.u32(5));
    if pointer_at != 0 && length_at != 0 {
        let result = result.as_deref();
        let pointer = result.map_or(Ok(0), |bytes| guest.place(bytes))?;
        guest.write_u32(pointer_at, pointer)?;
        guest.write_u32(length_at, result.map_or(0, <[u8]>::len) as u32)?;
    }
    failure.map_or(Ok(()), Err)
}

/// In zlib's format. Envoy's bytes differ, as those of any two versions of zlib may.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let read =
        flate2::read::ZlibEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut compressed);
    read.expect("reading from memory does not fail");
    compressed
}

/// What follows the compressed bytes does not matter.
fn uncompress(bytes: &[u8]) -> Outcome {
    let mut plain = Vec::new();
    let read = flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain);
    match read {
        Ok(_) if !bytes.is_empty() => Ok(Some(plain)),
        _ => Err(Status::SERIALIZATION_FAILURE.into()),
    }
}

/// `DeclarePropertyArguments`: 1 name, 2 read-only, 3 type, 4 schema, 5 span. The last three make no difference to
/// those who read it in the same request.
fn declare_property(guest: &mut Guest<'_, '_>, argument: &[u8]) -> Outcome {
    let fields = Fields::decode(argument).ok_or(Status::BAD_ARGUMENT)?;
    let context = guest.context_id();
    let name = fields.bytes(1).to_vec();
    let declared = &mut guest.state_mut().declared;
    if declared.contains_key(&(context, name.clone())) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    declared.insert((context, name), fields.number(2) != 0);
    Ok(None)
}

/// `SetEnvoyFilterStateArguments`: 1 path, 2 value, 3 span.
fn set_envoy_filter_state(guest: &mut Guest<'_, '_>, argument: &[u8]) -> Outcome {
    let fields = Fields::decode(argument).ok_or(Status::BAD_ARGUMENT)?;
    let (name, value) = (fields.bytes(1), fields.bytes(2));
    let (stream, _) = guest.stream().ok_or(Status::NOT_FOUND)?;
    match filter_state::check(name, value) {
        Ok(()) => {}
        Err(Refused::Unknown) => return Err(Status::NOT_FOUND.into()),
        Err(Refused::Value) => return Err(Status::BAD_ARGUMENT.into()),
        Err(Refused::NotServed) => {
            let what = format!("filter state {}", name.escape_ascii());
            return Err(Failure::Trap(unserved::refuse(guest, &what)));
        }
    }
    let stream = exchange_of(&stream);
    let exchange = exchange_of(&stream);
    let mut exchange = exchange.borrow_mut();
    exchange.envoys_filter_state.insert(name.to_vec(), value.to_vec());
    Ok(None)
}
