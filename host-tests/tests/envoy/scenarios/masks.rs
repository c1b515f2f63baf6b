//! What may differ between host and Envoy, because it hangs on the time, the machine or the port. A mask names the shape.
//! What identifies something is numbered by its first appearance in the scenario, so that equality within it is compared;
//! times are not, as one may be measured twice.

use regex::{Captures, Regex};

/// One kind of value: what it is called, an expression whose group `value` is what is masked, and whether it identifies
/// something.
struct Mask {
    name: &'static str,
    expression: &'static str,
    identifies: bool,
}

const MASKS: &[Mask] = &[
    Mask {
        name: "date",
        expression: r"date: (?P<value>\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)",
        identifies: false,
    },
    Mask {
        name: "milliseconds",
        expression: r"x-envoy-upstream-service-time: (?P<value>\d+)",
        identifies: false,
    },
    // The client's port, Envoy's, the upstream's.
    Mask {
        name: "address",
        expression: r"(?P<value>127\.0\.0\.1:\d+)",
        identifies: true,
    },
    Mask {
        name: "time",
        expression: r#"get_property\((?:request\.time|request\.duration|response\.backend_latency)\) = 0 (?P<value>"(?:\\x[0-9a-f]{2}|\\.|[^"\\]){8}")"#,
        identifies: false,
    },
    Mask {
        name: "number",
        expression: r#"get_property\((?:connection\.id|connection_id|source\.port|destination\.port|upstream\.port)\) = 0 (?P<value>"(?:\\x[0-9a-f]{2}|\\.|[^"\\]){8}")"#,
        identifies: true,
    },
    // What stands in x-forwarded-for for a client on loopback.
    Mask {
        name: "node",
        expression: r"(?:x-forwarded-for|x-envoy-external-address): (?:[^,}\n]*,)?(?P<value>\d+\.\d+\.\d+\.\d+)",
        identifies: true,
    },
];

/// The masks, ready to be laid over texts.
pub struct Masks {
    masks: Vec<(&'static Mask, Regex)>,
    pseudo: Regex,
}

impl Masks {
    /// All of them.
    pub fn new() -> Masks {
        let compiled = |expression| Regex::new(expression).expect("it is an expression");
        Masks {
            masks: MASKS
                .iter()
                .map(|mask| (mask, compiled(mask.expression)))
                .collect(),
            pseudo: compiled(r"\{(?P<all>(?::[a-z]+: [^,}\n]*(?:, |\}))+)"),
        }
    }

    /// The text with its masked values replaced.
    pub fn apply(&self, text: &str) -> String {
        self.masks
            .iter()
            .fold(self.in_one_order(text), |text, (mask, expression)| {
                let mut known: Vec<String> = Vec::new();
                let masked = expression.replace_all(&text, |found: &Captures<'_>| {
                    let value = &found["value"];
                    if !mask.identifies {
                        return found[0].replacen(value, &format!("<{}>", mask.name), 1);
                    }
                    let number = known.iter().position(|other| other == value).unwrap_or_else(|| {
                        known.push(value.to_owned());
                        known.len() - 1
                    });
                    found[0].replacen(value, &format!("<{} {number}>", mask.name), 1)
                });
                masked.into_owned()
            })
    }

    /// Over HTTP/2 the order of pseudo headers is the client's choice, and that of this client's library is not the
    /// host's.
    fn in_one_order(&self, text: &str) -> String {
        let sort = |found: &Captures<'_>| {
            let end = if found["all"].ends_with('}') { "}" } else { ", " };
            let mut fields: Vec<&str> = found["all"].trim_end_matches(end).split(", ").collect();
            fields.sort_unstable();
            format!("{{{}{end}", fields.join(", "))
        };
        self.pseudo.replace_all(text, sort).into_owned()
    }
}
