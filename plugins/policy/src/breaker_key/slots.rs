//! The numbered slots of a family, in which values find their records.
//!
//! A table of all slots would be one record that every request reads and every new value changes. Instead each value
//! has its places, in an order that its hash gives, and each record says whose it is: a worker that remembers the slot reads
//! one record, and sees at once if it was given away meanwhile.

use crate::breaker::Record;

/// So many slots are looked at for a value. Past them it has none, though others may be free.
pub const LONGEST_SEARCH: u32 = 16;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The value has this slot.
    Own(u32),
    /// It has none, and may take this one: with [`Record::handed_over`], by compare-and-swap on what was read.
    Free(u32),
    /// It has none, and there is none for it: it shares the record of `other`.
    Full,
}

/// Looks for the slot of an owner among `max_keys` of them. `read` gives the bytes of a slot's record, if there is one.
/// A closed record that was idle for `idle_millis` may be given away.
pub fn look_for<B: AsRef<[u8]>>(
    owner: u64,
    max_keys: u32,
    idle_millis: u64,
    now_millis: u64,
    mut read: impl FnMut(u32) -> Option<B>,
) -> Found {
    let mut free = None;
    for slot in places(owner, max_keys) {
        let Some(bytes) = read(slot) else {
            // Nobody ever came as far as this, and so neither did the owner.
            return Found::Free(free.unwrap_or(slot));
        };
        let record = Record::decode(bytes.as_ref());
        if record.owner == owner {
            return Found::Own(slot);
        }
        if record.owner == 0 || record.is_idle(idle_millis, now_millis) {
            free = free.or(Some(slot));
        }
    }
    free.map_or(Found::Full, Found::Free)
}

/// The slots that an owner may have. Each owner goes in strides of its own, or those that begin close to each other
/// would stand in each other's way; where there are few slots, it comes by all of them.
fn places(owner: u64, max_keys: u32) -> impl Iterator<Item = u32> {
    let all = u64::from(max_keys.max(1));
    let stride = match max_keys <= LONGEST_SEARCH {
        true => 1,
        false => 1 + (owner >> 32) % (all - 1),
    };
    (0..LONGEST_SEARCH.min(max_keys)).map(move |step| ((owner % all + u64::from(step) * stride) % all) as u32)
}
