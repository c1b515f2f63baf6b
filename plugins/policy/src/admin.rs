//! What an operator asks of the live state, and whether it is his to ask.
//!
//! Whoever can reach this can close a service. So a request is answered only where it says by nothing that somebody else
//! is behind it, every parameter must make sense, and nothing is forced without an end and a reason.

mod duration;

use crate::breaker::{Force, LONGEST_FORCE_MILLIS, is_reason};
use crate::query::parameters;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All breakers and budgets, or the breakers of this name alone.
    Show(Option<String>),
    /// A breaker is to be changed.
    Change(Change),
}

/// That a breaker is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its value, or its id.
    pub breaker: String,
    /// How.
    pub deed: Deed,
    /// Why, in the operator's words.
    pub reason: String,
}

/// How a breaker is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is forced, for so many milliseconds.
    Force(Force, u64),
    /// It is closed, and has seen nothing.
    Reset,
}

/// Why it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It comes from a web page, and would change something.
    Page,
    /// There is no such path.
    Path,
    /// It has another method than one of these.
    Method(&'static str),
    /// These parameters are wrong.
    Parameters(Vec<Fault>),
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name, as far as it is text.
    pub parameter: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

/// The headers by which a request shows that it has passed a proxy, behind which anybody may be.
pub const PROXIED: [&str; 4] = ["x-forwarded-for", "forwarded", "via", "x-real-ip"];

/// So many parameters are looked at. No request needs as many.
const MOST_PARAMETERS: usize = 16;

/// What a request asks: with this method, this path, and what of the path follows the one that the plugin has (without
/// the query). `header` gives the first value of a header, empty where there is none.
///
/// # Errors
/// Why it is refused.
pub fn asked<'h>(
    method: &[u8],
    path: &[u8],
    below: &[u8],
    header: impl Fn(&str) -> &'h [u8],
) -> Result<Asked, Refused> {
    let form = match below {
        b"" => &SHOW,
        b"/force" => &FORCE,
        b"/reset" => &RESET,
        _ => return Err(Refused::Path),
    };
    if !form.methods.split(", ").any(|known| known.as_bytes() == method) {
        return Err(Refused::Method(form.methods));
    }
    // A browser says so of all that a page has it send, but for what somebody types into its address line.
    let is_page = !header("origin").is_empty() || ![&b""[..], b"none"].contains(&header("sec-fetch-site"));
    if form.changes && is_page {
        return Err(Refused::Page);
    }
    let mut given = Given::read(path, form.known);
    let breaker = given.text(
        "breaker",
        form.changes,
        "must be a breaker's name or id",
        |text| !text.is_empty(),
    );
    if !form.changes {
        return given.sound(Asked::Show(breaker));
    }
    let reason = given.text(
        "reason",
        true,
        "must be 1 to 200 bytes of visible text",
        is_reason,
    );
    let deed = if form.known.contains(&"state") {
        let states = "must be open or closed";
        let state = given.text("state", true, states, |text| ["open", "closed"].contains(&text));
        let time = "must be how long it is forced, from 1s to 24h, such as 90s, 10m or 2h";
        let lasts = given.text("for", true, time, |text| lasts_millis(text).is_some());
        let force = match state.as_deref() {
            Some("open") => Force::Open,
            _ => Force::Closed,
        };
        Deed::Force(
            force,
            lasts.and_then(|text| lasts_millis(&text)).unwrap_or_default(),
        )
    } else {
        Deed::Reset
    };
    given.sound(Asked::Change(Change {
        breaker: breaker.unwrap_or_default(),
        deed,
        reason: reason.unwrap_or_default(),
    }))
}

/// How long something is forced, in milliseconds.
fn lasts_millis(text: &str) -> Option<u64> {
    duration::millis(text).filter(|millis| (1_000..=LONGEST_FORCE_MILLIS).contains(millis))
}

/// What may be asked on one path.
struct Form {
    methods: &'static str,
    changes: bool,
    known: &'static [&'static str],
}

const SHOW: Form = Form {
    methods: "GET, HEAD",
    changes: false,
    known: &["breaker"],
};

const FORCE: Form = Form {
    methods: "POST",
    changes: true,
    known: &["breaker", "state", "for", "reason"],
};

const RESET: Form = Form {
    methods: "POST",
    changes: true,
    known: &["breaker", "reason"],
};

/// The parameters that were given, and what is wrong with them.
struct Given {
    found: Vec<(&'static str, Option<Vec<u8>>)>,
    faults: Vec<Fault>,
}

impl Given {
    fn read(path: &[u8], known: &[&'static str]) -> Self {
        let mut given = Self {
            found: Vec::new(),
            faults: Vec::new(),
        };
        for (place, parameter) in parameters(path, MOST_PARAMETERS + 1).enumerate() {
            let name = String::from_utf8_lossy(&parameter.name);
            let name = name.get(..name.floor_char_boundary(64)).unwrap_or_default();
            let known = known.iter().find(|known| **known == name);
            let found = |known: &&str| given.found.iter().any(|(other, _)| other == known);
            match known {
                _ if place == MOST_PARAMETERS => given.fault(name, "there are too many parameters"),
                None if name == "for" => {
                    given.fault(name, "a reset does not last: to hold it closed, force it closed");
                }
                None => given.fault(name, "is not known here"),
                Some(known) if found(known) => given.fault(name, "must be there once"),
                Some(known) => given.found.push((known, parameter.value)),
            }
        }
        given
    }

    fn fault(&mut self, parameter: &str, rule: &'static str) {
        self.faults.push(Fault {
            parameter: parameter.to_owned(),
            rule,
        });
    }

    /// The text of a parameter, if it is there and keeps the rule.
    fn text(
        &mut self,
        name: &'static str,
        is_needed: bool,
        rule: &'static str,
        keeps: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let found = self.found.iter().find(|(other, _)| *other == name);
        let value = match found {
            Some((_, value)) => value.clone(),
            None if is_needed => {
                self.fault(name, rule);
                return None;
            }
            None => return None,
        };
        let text = value
            .and_then(|value| String::from_utf8(value).ok())
            .filter(|text| keeps(text));
        if text.is_none() {
            self.fault(name, rule);
        }
        text
    }

    fn sound(self, asked: Asked) -> Result<Asked, Refused> {
        match self.faults.is_empty() {
            true => Ok(asked),
            false => Err(Refused::Parameters(self.faults)),
        }
    }
}

#[cfg(test)]
mod tests;
