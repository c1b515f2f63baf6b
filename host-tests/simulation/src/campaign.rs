//! Many stories, on several threads: which of them are told does not depend on how many there are.

use crate::checks::Broken;
use crate::checks::ramp::Ramp;
use crate::modules::Modules;
use crate::story::{Counts, Story, Told};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Plays the story of a seed.
pub fn play(seed: u64, modules: &Modules) -> Told {
    let began = catch_unwind(AssertUnwindSafe(|| Story::new(seed, modules)));
    let mut story = match began {
        Ok(story) => story,
        Err(cause) => {
            let broken = Some(of_panic(&*cause));
            return Told {
                seed,
                lines: Vec::new(),
                broken,
                counts: Counts::default(),
                ramp: Ramp::default(),
            };
        }
    };
    let played = catch_unwind(AssertUnwindSafe(|| story.play()));
    let (lines, counts, ramp) = (std::mem::take(&mut story.lines), story.counts, story.ramp);
    let broken = match played {
        Ok(Ok(())) => {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(story)));
            dropped.err().map(|cause| of_panic(&*cause))
        }
        Ok(Err(broken)) => {
            // Its hosts stand in the middle of something.
            std::mem::forget(story);
            Some(broken)
        }
        Err(cause) => {
            std::mem::forget(story);
            Some(of_panic(&*cause))
        }
    };
    Told {
        seed,
        lines,
        broken,
        counts,
        ramp,
    }
}

fn of_panic(cause: &(dyn std::any::Any + Send)) -> Broken {
    let words = cause.downcast_ref::<String>().cloned();
    let words = words.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    Broken::new(
        "the host finds nothing wrong",
        words.unwrap_or_else(|| "it does not say what".to_owned()),
    )
}

/// Which stories to play.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub from: u64,
    /// How many seeds, one after the other.
    pub seeds: u64,
    /// When to stop in any case.
    pub until: Option<Instant>,
    /// How many threads to play them on.
    pub threads: usize,
}

/// A story in which a promise was broken.
#[derive(Debug)]
pub struct Found {
    /// The story, up to there.
    pub told: Told,
    /// The promise.
    pub broken: Broken,
}

/// What came of a campaign.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many stories were played.
    pub stories: u64,
    /// How much happened in them.
    pub counts: Counts,
    /// The story of the smallest seed that broke a promise.
    pub found: Option<Found>,
    /// A promise about all stories together that was broken.
    pub broken_by_all: Option<Broken>,
    ramp: Ramp,
}

impl Campaign {
    /// Plays the stories, until one breaks a promise. `progress` is told how many have been played.
    pub fn run(&self, modules: &Modules, progress: impl Fn(u64) + Sync) -> Summary {
        let next = AtomicU64::new(self.from);
        let (over, played) = (AtomicBool::new(false), AtomicU64::new(0));
        let summary = Mutex::new(Summary::default());
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed)
                        && self.until.is_none_or(|until| Instant::now() < until)
                    {
                        // Seeds are given out in their order: whatever broke first, those before it are played to their end.
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed - self.from >= self.seeds {
                            return;
                        }
                        let mut told = play(seed, modules);
                        over.fetch_or(told.broken.is_some(), Ordering::Relaxed);
                        progress(played.fetch_add(1, Ordering::Relaxed) + 1);
                        let mut summary = summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        summary.stories += 1;
                        summary.counts = summary.counts.and(told.counts);
                        summary.ramp = summary.ramp.and(told.ramp);
                        let is_first = summary.found.as_ref().is_none_or(|found| seed < found.told.seed);
                        if let Some(broken) = told.broken.take().filter(|_| is_first) {
                            summary.found = Some(Found { told, broken });
                        }
                    }
                });
            }
        });
        let summary = summary.into_inner();
        let mut summary = summary.unwrap_or_else(std::sync::PoisonError::into_inner);
        summary.broken_by_all = summary.ramp.check().err();
        summary
    }
}
