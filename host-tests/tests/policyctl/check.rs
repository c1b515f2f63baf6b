//! `policyctl check`: faults with their places, in every kind of file; and what becomes of files that are none.

mod around;
mod bad_files;
mod modules;
mod places;
mod samples;

use crate::called::{Called, policyctl};
use serde_json::Value;

/// Checks this text, with these arguments beside it, and ends with this code. What it found, as JSON.
#[track_caller]
fn check(text: &str, arguments: &[&str], code: i32) -> Value {
    let all = ["check", "-", "--json"]
        .into_iter()
        .chain(arguments.iter().copied());
    policyctl(all).input(text).ends_with(code).json()
}

/// What was found: severity, line, column, path, and message, in order.
fn findings(found: &Value) -> Vec<(&str, u64, u64, &str, &str)> {
    let all = found["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    all.iter()
        .map(|finding| {
            (
                finding["severity"].as_str().unwrap_or_default(),
                number(&finding["line"]),
                number(&finding["column"]),
                finding["path"].as_str().unwrap_or_default(),
                finding["message"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

/// The text of a call, which is the same in every terminal.
fn text(called: &Called) -> &str {
    assert!(
        !called.out.contains('\u{1b}'),
        "there is no colour: {}",
        called.out
    );
    &called.out
}
