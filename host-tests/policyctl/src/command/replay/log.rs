//! The log as a sequence of requests, in the order in which they began, in batches for those who replay them.

use super::behind::Behind;
use super::input::{Consumed, Input};
use super::logged::{Lacks, Logged, Place, Reader, Unusable};
use super::order::Order;
use super::time::Nanos;
use crate::problem::Problem;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// So many requests are handed over at once: handing over then costs nothing beside replaying them.
const BATCH: usize = 512;

/// What became of reading a log.
#[derive(Default)]
pub(super) struct Read {
    /// Their names, in the order in which they were read.
    pub(super) files: Vec<String>,
    /// All lines, without empty ones.
    pub(super) lines: u64,
    pub(super) replayed: u64,
    /// Lines that are no request that could be replayed: how many, and where the first one is.
    pub(super) unusable: BTreeMap<Unusable, (u64, Place)>,
    /// Requests that a plugin refused then, so that no upstream was asked: how many took what others of their cluster met
    /// with, and how many were left out because there was none before.
    pub(super) guessed: u64,
    pub(super) left_out: u64,
    pub(super) lacks: Lacks,
    /// When the first one began, and the last.
    pub(super) span: Option<(Nanos, Nanos)>,
}

/// What to do with a request that a plugin refused when it was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Refused {
    /// Its upstream is taken to do what it did last for another request of the same cluster.
    AsLast,
    /// It is not replayed.
    LeaveOut,
}

/// How a log is read.
pub(super) struct Reading {
    pub(super) files: Vec<PathBuf>,
    pub(super) cluster: Option<String>,
    pub(super) refused: Refused,
    pub(super) read_ahead: usize,
    pub(super) consumed: Consumed,
}

/// What an upstream did last.
type Last = HashMap<Arc<str>, (Behind, Duration, Arc<host::Route>)>;

impl Reading {
    /// Reads all files, and hands over what is in them. `give` says whether more is wanted.
    pub(super) fn read(&self, mut give: impl FnMut(Arc<Vec<Logged>>) -> bool) -> Result<Read, Problem> {
        let mut read = Read::default();
        let mut reader = Reader::new(self.cluster.as_deref());
        let mut order = Order::new(self.read_ahead);
        let mut last = Last::new();
        let mut batch = Vec::with_capacity(BATCH);
        let mut line = Vec::new();
        for (number, mut input) in self.inputs()?.into_iter().enumerate() {
            let file = u32::try_from(number).unwrap_or(u32::MAX);
            read.files.push(input.name().to_owned());
            while let Some(whole) = input.next(&mut line)? {
                if whole.is_ok() && line.trim_ascii().is_empty() {
                    continue;
                }
                read.lines += 1;
                let place = Place {
                    file,
                    line: input.line(),
                };
                let logged = whole.and_then(|()| reader.read(&line, place));
                let logged = match logged {
                    Ok(logged) => self.complete(logged, &mut last, &mut read),
                    Err(why) => {
                        read.unusable(why, place);
                        None
                    }
                };
                let Some(logged) = logged else { continue };
                match order.put(logged) {
                    Ok(Some(next)) => batch.push(next),
                    Ok(None) => {}
                    Err(_) => read.unusable(Unusable::TooLate, place),
                }
                if batch.len() >= BATCH && !read.hand_over(&mut batch, &mut give) {
                    return Ok(read);
                }
            }
        }
        while let Some(next) = order.next() {
            batch.push(next);
            if batch.len() >= BATCH && !read.hand_over(&mut batch, &mut give) {
                return Ok(read);
            }
        }
        read.hand_over(&mut batch, &mut give);
        read.lacks = reader.lacks;
        Ok(read)
    }

    /// The files, the oldest first, whatever order a shell gave them in.
    fn inputs(&self) -> Result<Vec<Input>, Problem> {
        let mut dated = Vec::new();
        for path in &self.files {
            let is_stream = path.as_os_str() == "-";
            let began = match is_stream {
                true => None,
                false => first_time(path)?,
            };
            dated.push((began, path));
        }
        // One whose time is not known stays where it is: with a stream among them the order is the caller's.
        if dated.iter().all(|(began, _)| began.is_some()) {
            dated.sort_by_key(|(began, _)| *began);
        }
        let paths = dated.into_iter();
        paths.map(|(_, path)| Input::open(path, &self.consumed)).collect()
    }

    /// What is not known of a request that was refused comes from another one.
    fn complete(&self, mut logged: Logged, last: &mut Last, read: &mut Read) -> Option<Logged> {
        let Behind::Refused(details) = logged.behind else {
            let known = (logged.behind.clone(), logged.each, logged.route.clone());
            last.insert(logged.cluster.clone(), known);
            return Some(logged);
        };
        let known = last
            .get(&logged.cluster)
            .filter(|_| self.refused == Refused::AsLast);
        let Some((behind, each, route)) = known else {
            read.left_out += 1;
            return None;
        };
        logged.behind = behind.clone();
        logged.each = *each;
        if let Behind::Itself { .. } = behind {
            logged.route = route.clone();
        }
        logged.refused = Some(details);
        read.guessed += 1;
        Some(logged)
    }
}

impl Read {
    fn unusable(&mut self, why: Unusable, place: Place) {
        self.unusable.entry(why).or_insert((0, place)).0 += 1;
    }

    fn hand_over(
        &mut self,
        batch: &mut Vec<Logged>,
        give: &mut impl FnMut(Arc<Vec<Logged>>) -> bool,
    ) -> bool {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return true;
        };
        let began = self.span.map_or(first.start, |(began, _)| began);
        self.span = Some((began, last.start));
        self.replayed += batch.len() as u64;
        give(Arc::new(std::mem::replace(batch, Vec::with_capacity(BATCH))))
    }

    /// `access.log:12`.
    pub(super) fn place(&self, place: Place) -> String {
        let name = self.files.get(place.file as usize).map_or("", String::as_str);
        format!("{name}:{}", place.line)
    }
}

/// When the first request in a file began, if one of its first lines tells.
fn first_time(path: &std::path::Path) -> Result<Option<Nanos>, Problem> {
    const LOOK_AT: usize = 100;
    let mut input = Input::open(path, &Consumed::default())?;
    let mut reader = Reader::default();
    let mut line = Vec::new();
    for _ in 0..LOOK_AT {
        let Some(whole) = input.next(&mut line)? else {
            break;
        };
        let place = Place { file: 0, line: 0 };
        if let Ok(logged) = whole.and_then(|()| reader.read(&line, place)) {
            return Ok(Some(logged.start));
        }
    }
    Ok(None)
}
