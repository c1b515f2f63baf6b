//! Every input of the corpus, through the functions that found it. It needs no libFuzzer.

use fuzz::{Modules, TARGETS, corpus};
use host_tests::plugin::MODULES;

fn modules() -> Modules {
    Modules::new(|name| {
        let plugin = MODULES.iter().find(|plugin| plugin.name == name);
        plugin.unwrap_or_else(|| panic!("no module {name} ships")).bytes()
    })
}

fn try_all(is_of_modules: bool) {
    let modules = modules();
    for target in TARGETS
        .iter()
        .filter(|target| target.is_of_modules() == is_of_modules)
    {
        let inputs = corpus::read(target.name).unwrap_or_else(|error| panic!("{error}"));
        assert!(
            inputs.len() >= 10,
            "{}: {} inputs are no corpus",
            target.name,
            inputs.len()
        );
        for kept in inputs {
            let tried =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target.run(&modules, &kept.bytes)));
            let known_for = kept.known_for.unwrap_or_default();
            assert!(
                tried.is_ok(),
                "{}: {known_for}\n{}",
                target.name,
                kept.bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn all_that_fuzzing_found_for_the_pure_crates_is_taken_well() {
    try_all(false);
}

#[test]
fn all_that_fuzzing_found_for_the_modules_is_taken_well() {
    try_all(true);
}
