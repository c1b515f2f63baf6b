//! The scenarios that the program brings along: those of the repository's `scenarios/`.

/// Each by its name, with its text.
pub(crate) const ALL: &[(&str, &str)] = &[(
    "outage-and-recovery",
    include_str!("../../../scenarios/outage-and-recovery.yaml"),
)];

/// The one of this name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    let found = ALL.iter().find(|(other, _)| *other == name);
    found.map(|(_, text)| *text)
}
