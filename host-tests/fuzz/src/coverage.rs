//! What libFuzzer is told beside the branches that it counts itself: those of a module, which runs in code that it knows
//! nothing of, and how much work callbacks had.
//!
//! A module that was built for it (`tools/build-wasm --for-coverage`) counts its own branches, each in a byte of its memory.
//! They are copied into a table that libFuzzer looks at after each input. It keeps an input that sets a byte there which
//! was 0 with all others, or reaches a higher power of two.

use crate::bound::Work;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The globals between whose addresses a module's counters are. The linker makes them.
pub const COUNTERS: (&str, &str) = ("__start___sancov_cntrs", "__stop___sancov_cntrs");

/// Bytes of the table for branches: more than any module has. What is past it is not looked at.
const BRANCHES: usize = 1 << 16;
/// Steps of work, up to the bound.
const STEPS: usize = 256;
/// Callbacks that are told apart.
const CALLBACKS: [&str; 12] = [
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_log",
    "proxy_on_done",
    "proxy_on_delete",
];

// The one thing that needs more than safe Rust: the name of the section is how libFuzzer finds it.
#[allow(unsafe_code)]
#[cfg_attr(target_os = "linux", unsafe(link_section = "__libfuzzer_extra_counters"))]
static TABLE: [AtomicU8; BRANCHES + CALLBACKS.len() * STEPS] =
    [const { AtomicU8::new(0) }; BRANCHES + CALLBACKS.len() * STEPS];

static ONLY_WORK: AtomicBool = AtomicBool::new(false);

/// From now on branches of modules count for nothing, and work counts in finer steps.
pub fn only_work() {
    ONLY_WORK.store(true, Ordering::Relaxed);
}

/// Tells of branches that were counted so often.
pub fn branches(counted: &[u8]) {
    if ONLY_WORK.load(Ordering::Relaxed) {
        return;
    }
    for (entry, count) in TABLE[..BRANCHES].iter().zip(counted) {
        entry.fetch_max(*count, Ordering::Relaxed);
    }
}

/// Tells how near to its bound each callback came.
pub fn work(done: &[Work]) {
    let steps = if ONLY_WORK.load(Ordering::Relaxed) {
        STEPS
    } else {
        STEPS / 16
    };
    for work in done {
        let Some(callback) = CALLBACKS.iter().position(|name| *name == work.callback) else {
            continue;
        };
        let reached = ((work.share() * steps as f64) as usize).min(STEPS - 1);
        let begin = BRANCHES + callback * STEPS;
        for entry in &TABLE[begin..=begin + reached] {
            entry.store(1, Ordering::Relaxed);
        }
    }
}
