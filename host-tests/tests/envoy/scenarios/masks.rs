//! What may differ between host and Envoy, because it hangs on the time, the machine or the port. A mask names the shape;
//! what it stands for is numbered by its first appearance in the scenario, so that equality within it is compared.

use regex::{Captures, Regex};

/// One kind of value: what it is called, and an expression whose group `value` is what is masked.
struct Mask {
    name: &'static str,
    expression: &'static str,
    /// Whether it is told which are equal.
    numbered: bool,
}

const MASKS: &[Mask] = &[
    // Of two exchanges on Envoy one may come in the next second, or take a millisecond more.
    Mask {
        name: "date",
        expression: r"date: (?P<value>\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)",
        numbered: false,
    },
    Mask {
        name: "milliseconds",
        expression: r"x-envoy-upstream-service-time: (?P<value>\d+)",
        numbered: false,
    },
    // The client's port, Envoy's, the upstream's.
    Mask {
        name: "address",
        expression: r"(?P<value>127\.0\.0\.1:\d+)",
        numbered: true,
    },
];

/// The text with its masked values replaced.
pub fn apply(text: &str) -> String {
    MASKS.iter().fold(text.to_owned(), |text, mask| {
        let expression = Regex::new(mask.expression).expect("it is an expression");
        let mut known: Vec<String> = Vec::new();
        let masked = expression.replace_all(&text, |found: &Captures<'_>| {
            let value = &found["value"];
            let number = known.iter().position(|other| other == value).unwrap_or_else(|| {
                known.push(value.to_owned());
                known.len() - 1
            });
            let masked = match mask.numbered {
                true => format!("<{} {number}>", mask.name),
                false => format!("<{}>", mask.name),
            };
            found[0].replacen(value, &masked, 1)
        });
        masked.into_owned()
    })
}
