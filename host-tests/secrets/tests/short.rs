//! A few rounds of each kind, in each run of all tests.

#[test]
fn no_plugin_tells_what_a_header_says_that_its_configuration_does_not_name() {
    let mut all = secrets::Played::default();
    for round in 0..300 {
        let played = secrets::play(round);
        assert!(
            played.is_ok(),
            "round {round}: {}",
            played.err().unwrap_or_default()
        );
        all += played.unwrap_or_default();
    }
    assert!(
        all.requests > 1_000 && all.secrets > 5_000 && all.outputs > 100_000,
        "{all:?}"
    );
}
