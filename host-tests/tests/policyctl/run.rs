//! `policyctl run`: scenarios are played, and what is expected of them is judged.

mod bad_files;
mod shipped;
mod worlds;

use crate::called::{Called, policyctl};
use serde_json::Value;

/// Plays a scenario that ends with this code.
#[track_caller]
fn played(scenario: &str, code: i32) -> Called {
    policyctl(["run", "-"]).input(scenario).ends_with(code)
}

/// Plays a scenario that ends with this code, and gives all that is known of it.
#[track_caller]
fn known(scenario: &str, code: i32) -> Value {
    policyctl(["run", "--json", "-"])
        .input(scenario)
        .ends_with(code)
        .json()
}

/// What the tries of a scenario are like in this member, in order.
fn each(known: &Value, member: &str) -> Vec<Value> {
    let tries = known["tries"].as_array().expect("there are tries");
    tries.iter().map(|made| made[member].clone()).collect()
}
