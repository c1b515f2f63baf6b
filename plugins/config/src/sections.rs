//! The configuration of a module with several plugins: a section for each, named like it.

use crate::fault::{Fault, Faults, joined, shown_text};
use crate::node::Node;
use crate::plugin::UnknownKeys;
use crate::setting::{Place, Reading, extra_members, listed, settings};

settings! {
    /// What stands beside the sections, for the module as a whole.
    pub struct Beside {
        /// What happens to sections that this version does not know. `warn` is for fleets whose modules are not all of
        /// one version. Within a section, its own `unknown_keys` says it.
        unknown_keys: UnknownKeys = UnknownKeys::Refuse,
    }
}

/// What a module with several plugins is configured to run.
#[derive(Debug)]
pub struct Sections<'n> {
    /// The name of each plugin that has a section, and the section, in the order of the text.
    pub sections: Vec<(&'static str, &'n Node)>,
    /// What is wrong outside the sections.
    pub faults: Faults,
    /// Unknown sections that were passed over, to be logged and counted.
    pub warnings: Faults,
}

impl<'n> Sections<'n> {
    /// Finds the sections of the plugins of these names. `$schema` is for editors, and means nothing here.
    pub fn of(node: &'n Node, names: &[&'static str]) -> Self {
        let mut reading = Reading::of(node);
        let known = [&["$schema"], names].concat();
        let sections = extra_members(node, &mut Beside::default(), &Place::top(), &mut reading, &known);
        let mut sections = sections.unwrap_or_default();
        sections.retain(|(name, _)| names.contains(name));
        let Reading {
            mut faults,
            mut warnings,
            ..
        } = reading;
        faults.explain(&place_of);
        warnings.explain(&place_of);
        Self {
            sections,
            faults,
            warnings,
        }
    }
}

/// What is wrong where a root id names none of these.
pub fn unknown_root_id(root_id: &str, known: &[&str]) -> Fault {
    let rule = [
        &listed("the root id must be one of", known),
        ", got ",
        &shown_text(root_id),
        place_of(root_id),
    ];
    Fault::of_all(&joined(&rule))
}

/// Where that is which is named here, and is in no module of several plugins.
fn place_of(name: &str) -> &'static str {
    match name {
        crate::admin::NAME => "; admin is a filter of its own, admin.wasm (docs/live-state.md)",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
