//! The guest as a host function sees it: its memory, and who is calling.

use wasmtime::{Caller, TypedFunc, Val};

use crate::abi::Status;
use crate::call_out::Response;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::secrets::Secrets;
use crate::stream::{MapType, SharedStream};
use crate::vm_state::{Context, ContextKind, VmState};

/// A host function's view of the VM that called it.
pub(crate) struct Guest<'a, 'b> {
    caller: &'a mut Caller<'b, VmState>,
}

/// Why a host function did not do what it was asked for.
pub(crate) enum Failure {
    /// The guest is told.
    Status(Status),
    /// The VM ends, or in its place all of Envoy would.
    Trap(wasmtime::Error),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Failure {
        Failure::Status(status)
    }
}

/// The arguments of a call, by position.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a>(pub(crate) &'a [Val]);

impl Args<'_> {
    pub(crate) fn u32(self, at: usize) -> u32 {
        self.0
            .get(at)
            .and_then(Val::i32)
            .map(|n| n as u32)
            .expect("the table of functions declares an i32 here")
    }

    pub(crate) fn i64(self, at: usize) -> i64 {
        self.0
            .get(at)
            .and_then(Val::i64)
            .expect("the table of functions declares an i64 here")
    }
}

impl<'a, 'b> Guest<'a, 'b> {
    pub(crate) fn new(caller: &'a mut Caller<'b, VmState>) -> Guest<'a, 'b> {
        Guest { caller }
    }

    pub(crate) fn state(&self) -> &VmState {
        self.caller.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.caller.data_mut()
    }

    /// The context that the call is for: the effective one where the guest set it, else the callback's own.
    pub(crate) fn context_id(&self) -> u32 {
        let state = self.state();
        if state.contexts.contains_key(&state.effective) {
            state.effective
        } else {
            state.current
        }
    }

    pub(crate) fn context(&self) -> Option<&Context> {
        self.state().contexts.get(&self.context_id())
    }

    /// The exchange that the call is for, with the filter's place in it; none in a root context.
    pub(crate) fn stream(&self) -> Option<(SharedStream, usize)> {
        match &self.context()?.kind {
            ContextKind::Stream { stream, filter } => Some((stream.clone(), *filter)),
            ContextKind::Root { .. } => None,
        }
    }

    /// The response that the plugin is being told of, where the call is for the root context that is told, or a
    /// context under it.
    pub(crate) fn call_out_response(&self) -> Option<&Response> {
        let root = self.context()?.root;
        self.state().call_outs.response(root)
    }

    /// A map of that response.
    pub(crate) fn call_out_map(&self, map: MapType) -> Option<&HeaderMap> {
        let response = self.call_out_response()?;
        match map {
            MapType::CallOutHeaders => Some(&response.headers),
            MapType::CallOutTrailers => response.trailers.as_ref(),
            _ => None,
        }
    }

    /// Bytes of the guest; INVALID_MEMORY_ACCESS where it has none.
    pub(crate) fn read(&mut self, at: u32, length: u32) -> Result<Vec<u8>, Status> {
        let bytes = self.read_without_a_search(at, length)?;
        self.search(|secrets, plugin, call| secrets.search(plugin, call, &bytes));
        Ok(bytes)
    }

    /// Headers that go to a peer of the exchange. One that a peer has sent may go on under its name.
    pub(crate) fn read_headers(&mut self, at: u32, length: u32) -> Result<Vec<HeaderPair>, Status> {
        let pairs = decode_pairs(&self.read_without_a_search(at, length)?);
        self.search(|secrets, plugin, call| {
            for (name, value) in &pairs {
                secrets.search_header(plugin, call, name, value);
            }
        });
        Ok(pairs)
    }

    fn read_without_a_search(&mut self, at: u32, length: u32) -> Result<Vec<u8>, Status> {
        let memory = self.state().memory.ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let (from, length) = (at as usize, length as usize);
        let bytes = memory.data(&self.caller).get(from..from.saturating_add(length));
        let bytes = bytes.ok_or(Status::INVALID_MEMORY_ACCESS)?.to_vec();
        self.state_mut().meter.bytes_in += length as u64;
        Ok(bytes)
    }

    fn search(&self, search: impl FnOnce(&mut Secrets, &str, &str)) {
        let state = self.state();
        let plugin = self.context().map(|context| context.plugin.name.as_str());
        let mut secrets = state.shared.secrets.lock();
        search(&mut secrets, plugin.unwrap_or_default(), state.calling);
    }

    pub(crate) fn read_u32(&mut self, at: u32) -> Result<u32, Status> {
        let bytes = self.read(at, 4)?;
        bytes
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| Status::INVALID_MEMORY_ACCESS)
    }

    /// Writes where the guest said; INVALID_MEMORY_ACCESS where it has no memory.
    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Status> {
        let memory = self.state().memory.ok_or(Status::INVALID_MEMORY_ACCESS)?;
        memory
            .write(&mut self.caller, at as usize, bytes)
            .map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        self.state_mut().meter.bytes_out += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, at: u32, value: u32) -> Result<(), Status> {
        self.write(at, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, at: u32, value: u64) -> Result<(), Status> {
        self.write(at, &value.to_le_bytes())
    }

    /// Hands bytes over in memory that the guest's own allocator gives; nothing for no bytes, as in Envoy.
    pub(crate) fn hand_over(&mut self, bytes: &[u8], pointer_at: u32, length_at: u32) -> Result<(), Failure> {
        let pointer = match bytes {
            [] => 0,
            bytes => self.place(bytes)?,
        };
        self.write_u32(pointer_at, pointer)?;
        self.write_u32(length_at, bytes.len() as u32)?;
        Ok(())
    }

    /// Bytes in memory that the guest's own allocator gives, which is asked for none, too. Gives their place.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> Result<u32, Failure> {
        let allocate = self.state().allocate.clone();
        let allocate = allocate.ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let length = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        let pointer = self.allocate(&allocate, length)?;
        self.write(pointer, bytes)?;
        Ok(pointer)
    }

    /// Memory of the guest's own. An allocator that traps kills the VM, but only once the callback has returned.
    fn allocate(&mut self, allocator: &TypedFunc<u32, u32>, length: u32) -> Result<u32, Status> {
        let before = self.state_mut().restricted.replace("in the plugin's allocator");
        let allocated = allocator.call(&mut self.caller, length);
        self.state_mut().restricted = before;
        match allocated {
            Ok(0) => Err(Status::INVALID_MEMORY_ACCESS),
            Ok(pointer) => Ok(pointer),
            Err(error) => {
                self.state_mut().allocator_failed.get_or_insert(error);
                Err(Status::INVALID_MEMORY_ACCESS)
            }
        }
    }
}

/// Pairs in the ABI's form: how many, then the lengths, then each name and value with a zero byte behind it.
pub(crate) fn encode_pairs(pairs: &[HeaderPair]) -> Vec<u8> {
    let mut bytes = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in pairs {
        bytes.extend_from_slice(&(name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}

/// Pairs from the ABI's form. Envoy takes what is malformed for no pairs at all.
pub(crate) fn decode_pairs(bytes: &[u8]) -> Vec<HeaderPair> {
    try_decode_pairs(bytes).unwrap_or_default()
}

fn try_decode_pairs(bytes: &[u8]) -> Option<Vec<HeaderPair>> {
    let number = |at: usize| -> Option<usize> {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    let count = number(0)?;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    bytes.get(..at)?;
    let mut pairs = Vec::new();
    for index in 0..count {
        let mut take = |length: usize| -> Option<Vec<u8>> {
            let end = at.checked_add(length)?;
            let taken = bytes.get(at..end)?.to_vec();
            (bytes.get(end) == Some(&0)).then_some(())?;
            at = end + 1;
            Some(taken)
        };
        let name = take(number(4 + index * 8)?)?;
        let value = take(number(8 + index * 8)?)?;
        pairs.push((name, value));
    }
    (at == bytes.len()).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::{decode_pairs, encode_pairs};

    #[test]
    fn pairs_survive_the_way_there_and_back() {
        let pairs = vec![(b"a".to_vec(), b"\xff\x00b".to_vec()), (Vec::new(), Vec::new())];
        assert_eq!(decode_pairs(&encode_pairs(&pairs)), pairs);
        assert_eq!(decode_pairs(&encode_pairs(&[])), []);
    }

    #[test]
    fn malformed_pairs_are_no_pairs() {
        let good = encode_pairs(&[(b"name".to_vec(), b"value".to_vec())]);
        for length in 0..good.len() {
            assert_eq!(decode_pairs(&good[..length]), [], "cut to {length}");
        }
        assert_eq!(decode_pairs(&[0xff; 64]), []);
        assert_eq!(decode_pairs(&[&good[..], b"more"].concat()), []);
    }
}
