//! A plugin that exercises what the kit offers and no shipping plugin uses yet, so that it is tested as wasm, in the
//! host, with faults injected.
//!
//! Each request counts itself in a record of shared data and carries the count on; with `x-contend` it spoils each of
//! its own tries to do so.
#![forbid(unsafe_code)]

use config::request_id::Policy;
use kit::{Answer, Filter, Request, Root, Worker};
use std::rc::Rc;

kit::module!(Probe);

/// The record that the requests count themselves in: a decimal number.
const COUNT: &str = "probe.count";

struct Probe {
    worker: Rc<Worker>,
}

impl Root for Probe {
    const NAME: &'static str = "probe";
    // Any policy will do: the probe reads none of it.
    type Configuration = config::Plugin<Policy>;

    fn new(_configuration: config::Plugin<Policy>, worker: Rc<Worker>) -> Self {
        Self { worker }
    }

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Counting(Rc::clone(self)))
    }
}

struct Counting(Rc<Probe>);

impl Counting {
    fn count(&self, between: impl Fn()) -> String {
        let mut count = 0u64;
        let counted = self.0.worker.change_shared(COUNT, |record| {
            between();
            let before = record.and_then(|record| str::from_utf8(record).ok()?.parse::<u64>().ok());
            count = before.unwrap_or_default().saturating_add(1);
            Some(count.to_string().into_bytes())
        });
        counted.map_or_else(|_| "gave up".to_owned(), |()| count.to_string())
    }
}

impl Filter for Counting {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let contended = !request.values("x-contend").is_empty();
        let count = self.count(|| {
            if contended {
                self.count(|| {});
            }
        });
        request.set("x-count", count.as_bytes());
        // A change that is no change is not made.
        let unchanged = self.0.worker.change_shared(COUNT, |_| None);
        request.set("x-unchanged", if unchanged.is_ok() { b"1" } else { b"0" });
        if let Ok(Some(record)) = self.0.worker.read_shared(COUNT) {
            request.set("x-record", &record);
        }
        Answer::GoOn
    }
}
