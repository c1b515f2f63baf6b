//! A hash that is the same everywhere and always.
//!
//! Not the standard library's, which is seeded from randomness that a plugin may not have. Nobody can gain by making
//! texts that collide: only what a configuration names is ever stored under a hash.

/// FNV-1a of 64 bits, whose high bits the finaliser of MurmurHash3 then mixes, for ids that differ in their last
/// digits only.
pub(crate) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    mix(bytes.fold(start(), step))
}

/// Where FNV-1a begins.
pub(crate) fn start() -> u64 {
    0xcbf2_9ce4_8422_2325
}

/// A step of FNV-1a.
pub(crate) fn step(hash: u64, byte: u8) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

/// The finaliser of MurmurHash3.
pub(crate) fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
