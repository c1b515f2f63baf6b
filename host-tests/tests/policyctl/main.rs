//! The desk tool, as its users call it: what it prints, and how it ends.

mod called;
mod check;
mod completions;
mod doctor;
mod documents;
mod explain;
mod live_state;
mod replay;
mod run;
mod schema;
