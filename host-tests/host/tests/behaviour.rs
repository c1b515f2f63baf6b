//! The host, tested with small guests in WebAssembly text: statuses, phases, and what fails a test.

#[path = "behaviour/guest.rs"]
mod guest;
#[path = "behaviour/lives.rs"]
mod lives;

#[path = "behaviour/call_outs.rs"]
mod call_outs;
#[path = "behaviour/cost_and_faults.rs"]
mod cost_and_faults;
#[path = "behaviour/failure_policy.rs"]
mod failure_policy;
#[path = "behaviour/foreign.rs"]
mod foreign;
#[path = "behaviour/http2.rs"]
mod http2;
#[path = "behaviour/leaks.rs"]
mod leaks;
#[path = "behaviour/lifetime.rs"]
mod lifetime;
#[path = "behaviour/modules.rs"]
mod modules;
#[path = "behaviour/phases.rs"]
mod phases;
#[path = "behaviour/queues.rs"]
mod queues;
#[path = "behaviour/rendered.rs"]
mod rendered;
#[path = "behaviour/replies.rs"]
mod replies;
#[path = "behaviour/root_contexts.rs"]
mod root_contexts;
#[path = "behaviour/router.rs"]
mod router;
#[path = "behaviour/secrets.rs"]
mod secrets;
#[path = "behaviour/state.rs"]
mod state;
#[path = "behaviour/stream.rs"]
mod stream;
#[path = "behaviour/threads.rs"]
mod threads;
#[path = "behaviour/time.rs"]
mod time;
#[path = "behaviour/unserved.rs"]
mod unserved;
#[path = "behaviour/update.rs"]
mod update;
#[path = "behaviour/upgrades.rs"]
mod upgrades;
#[path = "behaviour/wasi.rs"]
mod wasi;
