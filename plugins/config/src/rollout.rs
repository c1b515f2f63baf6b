//! Which requests are among so many per cent of all.

use crate::hash::hash;
use crate::value::Percent;

/// Whether what has this id is among `percent` of all.
///
/// The id is hashed, so that one request meets the same decision in every plugin, worker and proxy, and in every
/// retry; who is in at 5 % is still in at 20 %. The hash is stable across versions: FNV-1a of 64 bits, then the
/// finaliser of MurmurHash3. In are those whose hash is below that share of 2^64.
pub fn enforced(id: &[u8], percent: Percent) -> bool {
    // The share of 2^64 in steps of 2^32, as a double holds them exactly.
    let threshold = (percent.get() / 100.0 * 4_294_967_296.0) as u64;
    (hash(id.iter().copied()) >> 32) < threshold
}

#[cfg(test)]
mod tests;
