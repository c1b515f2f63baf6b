//! Files that are no scenario, or one that makes no sense: each is told what is wrong, and where.

use crate::called::policyctl;
use host_tests::document::root;

/// What is said of a file with this in it.
#[track_caller]
fn said(content: impl Into<Vec<u8>>) -> String {
    policyctl(["run", "-"]).input(content).ends_with(2).err
}

#[track_caller]
fn says(content: &str, expected: &str) {
    let said = said(content);
    assert!(
        said.contains(expected),
        "{content:?} is told\n{said}\nand not {expected}"
    );
}

#[test]
fn what_is_no_file_of_text_is_told_so() {
    let called = policyctl(["run", "no-such.yaml"]).ends_with(2);
    assert!(called.err.contains("no-such.yaml"), "{}", called.err);
    assert!(
        policyctl(["run", "scenarios"])
            .ends_with(2)
            .err
            .contains("is a folder")
    );
    assert!(said(vec![0xff_u8, 0xfe, 0x00]).contains("not UTF-8"));
    assert!(said("").contains("is empty"));
    assert!(said("# nothing\n").contains("is empty"));
    assert!(said("a: 1\n---\nb: 2\n").contains("several documents"));
    for file in ["Makefile", "Cargo.lock", "dist/retry.wasm"] {
        let path = root().join(file);
        let called = policyctl(["run", path.to_str().expect("text")]).ends_with(2);
        assert!(called.err.starts_with("error: "), "{file}: {}", called.err);
    }
}

#[test]
fn bombs_end_with_a_message() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![item; 9].join(", "));
    }
    assert!(said(bomb).starts_with("error: "));
    assert!(said("[".repeat(100_000)).starts_with("error: "));
    assert!(said(format!("title: {}", "{a: ".repeat(20_000))).starts_with("error: "));
}

#[test]
fn what_no_key_takes_is_told_with_its_place() {
    says(
        "title: t\npolicies: {}\nclients: [{ rat: 1 }]\n",
        "<standard input>:3:",
    );
    says(
        "title: t\npolicies: {}\nclients: [{ rat: 1 }]\n",
        "unknown field `rat`, expected one of `name`, `rate`",
    );
    says(
        "title: t\npolicies: {}\nfor: 10\nclients: [{}]\n",
        "<standard input>:3:",
    );
    says(
        "title: t\npolicies: {}\nfor: ten seconds\nclients: [{}]\n",
        "`ten seconds` is no time",
    );
    says(
        "title: t\npolicies: {}\nclients: [{}]\nupstream: [{ answer: 99 }]\n",
        "a status from 200 to 599",
    );
    says(
        "title: t\npolicies: {}\nclients: [{}]\nupstream: [{ answer: 503, percent: 101 }]\n",
        "no percentage",
    );
    says(
        "title: t\npolicies: {}\nclients: [{}]\nexpect: [{ stat: {} }]\n",
        "unknown variant `stat`, expected one of `state`",
    );
    says("policies: {}\nclients: [{}]\n", "missing field `title`");
}

#[test]
fn what_makes_no_sense_is_told_with_its_place_all_of_it() {
    let said = said(
        "title: t
policies: {}
filters:
  - { plugin: retry }
workers: 99
upstream:
  - { from: 20s }
  - { from: 10s }
  - { from: 30s, answer: no_host, percent: 50 }
routes:
  - { name: a, cluster: elsewhere }
clients:
  - { name: a }
  - { name: a, rate: -1 }
  - { name: b, loses: { bodies: 5 } }
changes:
  - { at: 2h }
  - { at: 1s, kill_worker: 200 }
expect:
  - state: { is: open }
  - answers: { client: nobody, percent: {} }
  - attempts: { cluster: nowhere }
",
    );
    for fault in [
        "`workers` is 99: 1 to 16",
        ":4:5: give one of `policies`, `policies_file`, `bootstrap` and `filters`, not several",
        ":8:5: a phase from 10s stands behind one from 20s",
        ":9:5: a cluster has a healthy host or none",
        ":11:5: there is no cluster `elsewhere` under `clusters`",
        ":14:5: two clients are called `a`",
        ":14:5: a rate is 0 or more requests in a second",
        ":15:5: it loses the half of bodies, but has no `body`",
        ":17:5: a change has one of",
        ":17:5: at 2h the scenario is over",
        ":18:5: there is no worker 200",
        ":20:5: of a state, give `at`, or `by`, or `from` and `until`",
        ":21:5: there is no client `nobody`: there is a, a, b",
        ":22:5: of attempts, give",
        ":22:5: there is no cluster `nowhere`",
    ] {
        assert!(said.contains(fault), "no {fault} in\n{said}");
    }
}

#[test]
fn a_configuration_that_the_module_refuses_is_told_in_its_words() {
    let said = said(
        "title: t\nclients: [{}]\npolicies:\n  circuit-breaker: { default: { trip: { consecutive_failures: 0 } } }\n",
    );
    assert!(said.contains("<standard input>:3:"), "{said}");
    assert!(
        said.contains("the plugin policies refuses its configuration:"),
        "{said}"
    );
    assert!(said.contains("consecutive_failures"), "{said}");
}

#[test]
fn plugins_and_modules_that_are_not_there_are_told() {
    says(
        "{ title: t, clients: [{}], filters: [{ plugin: breaker }] }",
        "there is no plugin `breaker`",
    );
    says(
        "{ title: t, clients: [{}], filters: [{ plugin: retry, module: no.wasm }] }",
        "no.wasm",
    );
    says(
        "{ title: t, clients: [{}], filters: [{ plugin: retry, module: Makefile }] }",
        "no module that a proxy could load",
    );
    says("{ title: t, clients: [{}], bootstrap: no.yaml }", "no.yaml");
    says("{ title: t, clients: [{}], policies_file: no.json }", "no.json");
}

#[test]
fn more_than_a_desk_can_do_is_refused() {
    says(
        "{ title: t, policies: {}, clients: [{ rate: 1e9 }], for: 24h }",
        "are played",
    );
}
