//! A header map: read whole and at most once, changed in memory, and written back where it differs.
//!
//! A host call costs more than all that a filter computes. So several filters share one reading of the map, see each
//! other's changes, and a header that already has its value is not written.

use crate::host::{self, Map, Status};
use crate::worker::Worker;
use core::ops::Range;
use std::cell::OnceCell;
use std::rc::Rc;

/// One header map of an exchange, while its callback runs.
pub(crate) struct Headers<'w> {
    map: Map,
    worker: &'w Worker,
    sent: OnceCell<Rc<Sent>>,
    /// The latest change of each header: its new value, or `None` where it is removed.
    changes: Vec<(String, Option<Vec<u8>>)>,
}

impl<'w> Headers<'w> {
    pub(crate) fn new(map: Map, worker: &'w Worker) -> Self {
        Self {
            map,
            worker,
            sent: OnceCell::new(),
            changes: Vec::new(),
        }
    }

    /// The values of a header (its name in lower case), with the changes made so far.
    #[inline(never)]
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        match self.changes.iter().find(|(changed, _)| changed == name) {
            Some((_, Some(value))) => vec![value],
            Some((_, None)) => Vec::new(),
            None => self.sent().values(name),
        }
    }

    /// The first value of a header, with the changes made so far; empty if there is none.
    #[inline(never)]
    pub(crate) fn first(&self, name: &str) -> &[u8] {
        match self.changes.iter().find(|(changed, _)| changed == name) {
            Some((_, change)) => change.as_deref().unwrap_or_default(),
            None => self.sent().first(name),
        }
    }

    /// Makes `value` the header's only value.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        self.stage(name, Some(value.to_vec()));
    }

    /// Removes every value of the header.
    pub(crate) fn remove(&mut self, name: &str) {
        self.stage(name, None);
    }

    /// Writes the changes that differ from what was read. A map that was not read is written as it is told: a write
    /// costs less than a reading.
    pub(crate) fn write_back(&mut self) {
        for (name, change) in core::mem::take(&mut self.changes) {
            if self
                .sent
                .get()
                .is_some_and(|sent| sent.already(&name, change.as_deref()))
            {
                continue;
            }
            let (what, written) = match (self.map, &change) {
                (Map::RequestHeaders, Some(value)) => {
                    ("set_request_header", host::replace_header(self.map, &name, value))
                }
                (Map::RequestHeaders, None) => {
                    ("remove_request_header", host::remove_header(self.map, &name))
                }
                (Map::ResponseHeaders, Some(value)) => (
                    "set_response_header",
                    host::replace_header(self.map, &name, value),
                ),
                (Map::ResponseHeaders, None) => {
                    ("remove_response_header", host::remove_header(self.map, &name))
                }
                // Read only.
                (Map::ResponseTrailers, _) => continue,
            };
            self.worker.tolerate(what, written);
        }
    }

    fn stage(&mut self, name: &str, value: Option<Vec<u8>>) {
        match self.changes.iter_mut().find(|(changed, _)| changed == name) {
            Some((_, staged)) => *staged = value,
            None => self.changes.push((name.to_owned(), value)),
        }
    }

    /// The map as it was sent, if it has been read: a single value costs less than the map.
    pub(crate) fn sent_if_read(&self) -> Option<&Sent> {
        self.sent.get().map(|sent| &**sent)
    }

    /// The map as it was sent, which may be kept when the callback is over.
    pub(crate) fn sent(&self) -> &Rc<Sent> {
        self.sent.get_or_init(|| {
            let what = match self.map {
                Map::RequestHeaders => "request_headers",
                Map::ResponseHeaders => "response_headers",
                Map::ResponseTrailers => "response_trailers",
            };
            let read =
                host::header_map(self.map).and_then(|bytes| Sent::parse(bytes).ok_or(Status::UNREADABLE));
            Rc::new(self.worker.tolerate(what, read).unwrap_or_default())
        })
    }
}

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
}

impl Sent {
    /// Reads the ABI's form: the number of headers, the two sizes of each, then each name and value with a zero byte
    /// behind it. Numbers are 32 bits, little-endian.
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let mut headers = Vec::new();
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
                headers.push((part()?, part()?));
            }
        }
        Some(Self { bytes, headers })
    }

    /// Every header as it was sent: its name and its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((self.bytes.get(name.clone())?, self.bytes.get(value.clone())?)))
    }

    /// The first value of a header; empty if there is none.
    #[inline(never)]
    pub(crate) fn first(&self, name: &str) -> &[u8] {
        for (key, value) in &self.headers {
            if self.bytes.get(key.clone()) == Some(name.as_bytes()) {
                return self.bytes.get(value.clone()).unwrap_or_default();
            }
        }
        &[]
    }

    #[inline(never)]
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let mut values = Vec::new();
        for (key, value) in &self.headers {
            if self.bytes.get(key.clone()) == Some(name.as_bytes()) {
                values.extend(self.bytes.get(value.clone()));
            }
        }
        values
    }

    /// Whether the header is already as a change would make it.
    fn already(&self, name: &str, change: Option<&[u8]>) -> bool {
        self.values(name).as_slice() == change.as_slice()
    }
}
