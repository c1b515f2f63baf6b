//! What a run found, for a terminal.

use crate::Outcome;
use std::fmt::Write;

/// A line for each listener in each trouble, and each broken promise.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let heads = ["trouble", "listener", "requests", "answers and ends"];
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "{:<18}{:<10}{:>9}  {}",
        heads[0], heads[1], heads[2], heads[3]
    );
    for outcome in outcomes {
        for row in &outcome.rows {
            let mut ends: Vec<String> = row
                .ends
                .iter()
                .map(|(end, count)| format!("{end}: {count}"))
                .collect();
            if row.rejected > 0 && row.variant != crate::Variant::Plain {
                ends.push(format!("for what is broken: {}", row.rejected));
            }
            if row.sent_again > 0 {
                ends.push(format!("sent again: {}", row.sent_again));
            }
            let _ = writeln!(
                text,
                "{:<18}{:<10}{:>9}  {}",
                outcome.trouble.name(),
                row.variant.name(),
                row.requests,
                ends.join(", ")
            );
        }
        for broken in &outcome.broken {
            let _ = writeln!(text, "{:<18}BROKEN: {broken}", outcome.trouble.name());
        }
    }
    text
}
