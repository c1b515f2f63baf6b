//! Header maps in the ABI's serialised form.

use core::ops::Range;

/// Pairs in the ABI's serialised form, as [`Sent::parse`] reads it. `None` if there are more than it can say.
pub(crate) fn serialise(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
    let number = |length: usize| u32::try_from(length).ok().map(u32::to_le_bytes);
    let mut bytes = number(pairs.len())?.to_vec();
    for (name, value) in pairs {
        bytes.extend(number(name.len())?);
        bytes.extend(number(value.len())?);
    }
    for (name, value) in pairs {
        for part in [name, value] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    Some(bytes)
}

/// A header map as the host sent it: one buffer, and where in it each header lies.
#[derive(Default)]
pub(crate) struct Sent {
    bytes: Vec<u8>,
    headers: Vec<(Range<usize>, Range<usize>)>,
    names: Names,
}

/// Which names may be there: a bit for some of them each. Most headers that are asked for are not there, and need not be
/// looked for.
#[derive(Clone, Copy, Default)]
struct Names(u64);

impl Names {
    fn of(name: &[u8]) -> Self {
        let last = name.last().copied().unwrap_or_default();
        // Names differ most in how long they are, and in how they end.
        Self(1 << ((name.len() ^ usize::from(last) << 2) & 63))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn may_have(self, name: &[u8]) -> bool {
        self.0 & Self::of(name).0 != 0
    }
}

impl Sent {
    /// Reads the ABI's form: the number of headers, the two sizes of each, then each name and value with a zero byte
    /// behind it. Numbers are 32 bits, little-endian.
    pub(super) fn parse(bytes: Vec<u8>) -> Option<Self> {
        let mut headers = Vec::new();
        let mut names = Names::default();
        if !bytes.is_empty() {
            let number = |at: usize| -> Option<usize> {
                let (four, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
                usize::try_from(u32::from_le_bytes(*four)).ok()
            };
            let count = number(0)?;
            let mut sizes_at = 4usize;
            let mut data_at = count.checked_mul(8)?.checked_add(sizes_at)?;
            if data_at > bytes.len() {
                return None;
            }
            headers.reserve_exact(count);
            for _ in 0..count {
                let mut part = || {
                    let end = data_at.checked_add(number(sizes_at)?)?;
                    let part = data_at..end;
                    bytes.get(part.clone())?;
                    sizes_at = sizes_at.checked_add(4)?;
                    data_at = end.checked_add(1)?;
                    Some(part)
                };
                let (name, value) = (part()?, part()?);
                names = names.with(Names::of(bytes.get(name.clone())?));
                headers.push((name, value));
            }
        }
        Some(Self {
            bytes,
            headers,
            names,
        })
    }

    /// Every header as it was sent: its name and its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((self.bytes.get(name.clone())?, self.bytes.get(value.clone())?)))
    }

    /// The next header of this name from a place on: the place behind it, and its value.
    #[inline(never)]
    fn next(&self, name: &[u8], from: usize) -> Option<(usize, &[u8])> {
        if !self.names.may_have(name) {
            return None;
        }
        let headers = self.headers.get(from..)?;
        let is_named = |(key, _): &(Range<usize>, Range<usize>)| {
            key.len() == name.len() && self.bytes.get(key.clone()) == Some(name)
        };
        let place = headers.iter().position(is_named)?;
        let (_, value) = headers.get(place)?;
        Some((from + place + 1, self.bytes.get(value.clone())?))
    }

    /// The first value of a header; empty if there is none.
    pub(super) fn first(&self, name: &str) -> &[u8] {
        self.next(name.as_bytes(), 0).map_or(&[][..], |(_, value)| value)
    }

    #[inline(never)]
    pub(super) fn values(&self, name: &str) -> Vec<&[u8]> {
        let mut values = Vec::new();
        let mut from = 0;
        while let Some((behind, value)) = self.next(name.as_bytes(), from) {
            values.push(value);
            from = behind;
        }
        values
    }

    /// Whether the header is already as a change would make it.
    pub(super) fn already(&self, name: &str, change: Option<&[u8]>) -> bool {
        match (self.next(name.as_bytes(), 0), change) {
            (None, None) => true,
            (Some((behind, value)), Some(change)) => {
                value == change && self.next(name.as_bytes(), behind).is_none()
            }
            _ => false,
        }
    }
}
