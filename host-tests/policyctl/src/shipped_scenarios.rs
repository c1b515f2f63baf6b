//! The scenarios that the program brings along: those of the repository's `scenarios/`.

/// Each by its name, with its text.
pub(crate) const ALL: &[(&str, &str)] = &[
    (
        "outage-and-recovery",
        include_str!("../../../scenarios/outage-and-recovery.yaml"),
    ),
    (
        "flapping-upstream",
        include_str!("../../../scenarios/flapping-upstream.yaml"),
    ),
    (
        "slow-upstream",
        include_str!("../../../scenarios/slow-upstream.yaml"),
    ),
    ("black-hole", include_str!("../../../scenarios/black-hole.yaml")),
    (
        "retry-storm-with-budget",
        include_str!("../../../scenarios/retry-storm-with-budget.yaml"),
    ),
    (
        "retry-storm-without-budget",
        include_str!("../../../scenarios/retry-storm-without-budget.yaml"),
    ),
    (
        "lossy-edge-client",
        include_str!("../../../scenarios/lossy-edge-client.yaml"),
    ),
    (
        "shadow-roll-out",
        include_str!("../../../scenarios/shadow-roll-out.yaml"),
    ),
];

/// The one of this name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    let found = ALL.iter().find(|(other, _)| *other == name);
    found.map(|(_, text)| *text)
}
