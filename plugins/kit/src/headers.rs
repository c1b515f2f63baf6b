//! A header map: read whole and at most once, changed in memory, and written back where it differs.
//!
//! A host call costs more than all that a filter computes. So several filters share one reading of the map, see each
//! other's changes, and a header that already has its value is not written.

mod sent;

use crate::host::{self, Map, Status};
use crate::worker::Worker;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

pub(crate) use sent::{Sent, serialise};

/// One header map of an exchange, while its callback runs.
pub(crate) struct Headers {
    map: Map,
    sent: OnceCell<Rc<Sent>>,
    changes: Changes,
    /// Whether changes were written: then what was sent is no longer what the host has.
    is_written: bool,
}

/// Headers as they were at a moment. Keeping them copies no header.
pub(crate) struct Kept {
    sent: Rc<Sent>,
    changes: Changes,
}

/// The latest change of each header.
#[derive(Clone, Default)]
struct Changes(Vec<Rc<Change>>);

struct Change {
    name: String,
    /// Its new value, or `None` where it is removed.
    value: Option<Vec<u8>>,
    /// Whose change it is.
    worker: Rc<Worker>,
    is_written: Cell<bool>,
}

impl Headers {
    pub(crate) fn new(map: Map) -> Self {
        Self {
            map,
            sent: OnceCell::new(),
            changes: Changes::default(),
            is_written: false,
        }
    }

    /// The values of a header (its name in lower case), with the changes made so far.
    #[inline(never)]
    pub(crate) fn values(&self, name: &str, worker: &Worker) -> Vec<&[u8]> {
        match self.changes.of(name) {
            Some(value) => value.into_iter().collect(),
            None => self.sent(worker).values(name),
        }
    }

    /// The first value of a header, with the changes made so far; empty if there is none.
    #[inline(never)]
    pub(crate) fn first(&self, name: &str, worker: &Worker) -> &[u8] {
        match self.changes.of(name) {
            Some(value) => value.unwrap_or_default(),
            None => self.sent(worker).first(name),
        }
    }

    /// As [`Headers::first`], if that costs no host call.
    pub(crate) fn first_if_known(&self, name: &str) -> Option<&[u8]> {
        match self.changes.of(name) {
            Some(value) => Some(value.unwrap_or_default()),
            None => self.sent.get().map(|sent| sent.first(name)),
        }
    }

    /// Every header, with the changes made so far.
    pub(crate) fn all(&self, worker: &Worker) -> Vec<(&[u8], &[u8])> {
        let mut all: Vec<(&[u8], &[u8])> = Vec::new();
        for (name, value) in self.sent(worker).iter() {
            match self.changes.of_bytes(name) {
                None => all.push((name, value)),
                // In the place of the first of that name, as the host does it.
                Some(Some(changed)) if all.iter().all(|(other, _)| *other != name) => {
                    all.push((name, changed))
                }
                Some(_) => {}
            }
        }
        for change in &self.changes.0 {
            let name = change.name.as_bytes();
            if let Some(value) = &change.value
                && all.iter().all(|(other, _)| *other != name)
            {
                all.push((name, value));
            }
        }
        all
    }

    /// The headers with the changes made so far, which may be kept when the callback is over.
    pub(crate) fn keep(&self, worker: &Worker) -> Kept {
        Kept {
            sent: Rc::clone(self.sent(worker)),
            changes: self.changes.clone(),
        }
    }

    /// Makes `value` the header's only value.
    pub(crate) fn set(&mut self, name: &str, value: &[u8], worker: &Rc<Worker>) {
        self.stage(name, Some(value), worker);
    }

    /// Removes every value of the header.
    pub(crate) fn remove(&mut self, name: &str, worker: &Rc<Worker>) {
        self.stage(name, None, worker);
    }

    /// Most of what is to be so already is: then there is nothing to keep.
    #[inline(never)]
    fn stage(&mut self, name: &str, value: Option<&[u8]>, worker: &Rc<Worker>) {
        let known = self.sent.get().filter(|_| !self.is_written);
        if known.is_some_and(|sent| sent.already(name, value)) && self.changes.of(name).is_none() {
            return;
        }
        self.changes.stage(name, value.map(<[u8]>::to_vec), worker);
    }

    /// Writes the changes that differ from what was read. A map that was not read is written as it is told: a write
    /// costs less than a reading.
    pub(crate) fn write_back(&mut self) {
        let known = self.sent.get().filter(|_| !self.is_written);
        for change in &self.changes.0 {
            if change.is_written.replace(true)
                || known.is_some_and(|sent| sent.already(&change.name, change.value.as_deref()))
            {
                continue;
            }
            let (what, written) = match (self.map, &change.value) {
                (Map::RequestHeaders, Some(value)) => (
                    "set_request_header",
                    host::replace_header(self.map, &change.name, value),
                ),
                (Map::RequestHeaders, None) => (
                    "remove_request_header",
                    host::remove_header(self.map, &change.name),
                ),
                (Map::ResponseHeaders, Some(value)) => (
                    "set_response_header",
                    host::replace_header(self.map, &change.name, value),
                ),
                (Map::ResponseHeaders, None) => (
                    "remove_response_header",
                    host::remove_header(self.map, &change.name),
                ),
                // Read only.
                (Map::ResponseTrailers, _) => continue,
            };
            change.worker.tolerate(what, written);
        }
        self.is_written = true;
    }

    /// The map as it was sent.
    fn sent(&self, worker: &Worker) -> &Rc<Sent> {
        self.sent.get_or_init(|| {
            let what = match self.map {
                Map::RequestHeaders => "request_headers",
                Map::ResponseHeaders => "response_headers",
                Map::ResponseTrailers => "response_trailers",
            };
            let read =
                host::header_map(self.map).and_then(|bytes| Sent::parse(bytes).ok_or(Status::UNREADABLE));
            Rc::new(worker.tolerate(what, read).unwrap_or_default())
        })
    }
}

impl Kept {
    /// The values of a header (its name in lower case), one for each time it was there.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        match self.changes.of(name) {
            Some(value) => value.into_iter().collect(),
            None => self.sent.values(name),
        }
    }

    /// The first value of a header; empty if there is none.
    pub(crate) fn first(&self, name: &str) -> &[u8] {
        match self.changes.of(name) {
            Some(value) => value.unwrap_or_default(),
            None => self.sent.first(name),
        }
    }
}

impl Changes {
    /// What a header was changed to, if it was.
    fn of(&self, name: &str) -> Option<Option<&[u8]>> {
        self.of_bytes(name.as_bytes())
    }

    fn of_bytes(&self, name: &[u8]) -> Option<Option<&[u8]>> {
        let mut changes = self.0.iter();
        let change = changes.find(|change| change.name.as_bytes() == name)?;
        Some(change.value.as_deref())
    }

    fn stage(&mut self, name: &str, value: Option<Vec<u8>>, worker: &Rc<Worker>) {
        let change = Rc::new(Change {
            name: name.to_owned(),
            value,
            worker: Rc::clone(worker),
            is_written: Cell::new(false),
        });
        match self.0.iter_mut().find(|change| change.name == name) {
            Some(earlier) => *earlier = change,
            None => self.0.push(change),
        }
    }
}
