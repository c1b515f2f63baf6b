//! `policyctl completions`, and the program's own help.

use crate::called::policyctl;

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let called = policyctl(["completions", shell]).ends_with(0);
        assert!(called.out.contains("completions"), "{shell}: {}", called.out);
    }
}

#[test]
fn a_wrong_word_ends_with_2_and_tells_the_right_one() {
    let called = policyctl(["completion", "bash"]).ends_with(2);
    assert!(called.err.contains("'completions'"), "{}", called.err);
}
