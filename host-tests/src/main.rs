//! `policyctl`, the desk tool, with the modules that were just built.

#![forbid(unsafe_code)]

use policyctl::Shipped;
use std::process::ExitCode;

static SHIPPED: &[Shipped] = &include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

fn main() -> ExitCode {
    policyctl::main(SHIPPED)
}
