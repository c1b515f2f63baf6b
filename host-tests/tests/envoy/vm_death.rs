//! Every plugin dies, in every callback, under every failure policy: what clients see is what docs/failure-policies.md says.
//! No module that ships can be made to; the modules here are those with a trap put around their callbacks.

mod survives;

use chaos::death::{Death, Mortals, PLUGINS, Policy, ticks};
use chaos::mortal::{Place, header};
use chaos::{Length, Trouble, make, table};
use host_tests::plugin::MODULES;
use std::fs;

/// A row of the table in the document: where it dies, what its client sees, and what the next requests do on that worker
/// under each policy, and on the other worker.
struct Row {
    place: Place,
    cells: [&'static str; 6],
}

const ROWS: [Row; 5] = [
    row(Place::Request, "the request's headers", "503"),
    row(Place::Response, "the answer's headers", "503"),
    row(Place::Body, "the answer's body", "cut short"),
    row(Place::Log, "the end of the exchange", "200"),
    row(Place::Tick, "a tick", "200"),
];

const fn row(place: Place, when: &'static str, dying: &'static str) -> Row {
    Row {
        place,
        cells: [when, dying, "503", "200", "200", "200"],
    }
}

/// Lets every plugin die there, and holds what clients saw against the table.
#[track_caller]
fn check(row: &Row) {
    let mortals = Mortals::start().unwrap_or_else(|error| panic!("{error}"));
    let deaths = mortals.die(row.place).unwrap_or_else(|error| panic!("{error}"));
    let [_, dying, closed, open, reload, other] = row.cells;
    let dead = PLUGINS
        .iter()
        .filter(|plugin| row.place != Place::Tick || ticks(plugin))
        .count();
    assert_eq!(deaths.len(), dead * Policy::ALL.len());
    for death in deaths {
        let next = match death.policy {
            Policy::Closed => closed,
            Policy::Open => open,
            Policy::Reload => reload,
        };
        let seen = |death: &Death| [&death.dying, &death.next, &death.other].map(ToString::to_string);
        assert_eq!(seen(&death), [dying, next, other], "{death:?}");
    }
}

#[test]
fn a_death_in_the_headers_of_a_request() {
    check(&ROWS[0]);
}

#[test]
fn a_death_in_the_headers_of_an_answer() {
    check(&ROWS[1]);
}

#[test]
fn a_death_in_the_body_of_an_answer() {
    check(&ROWS[2]);
}

#[test]
fn a_death_at_the_end_of_an_exchange_whose_client_has_its_answer() {
    check(&ROWS[3]);
}

#[test]
fn a_death_in_a_tick_of_which_no_request_knows() {
    check(&ROWS[4]);
}

#[test]
fn the_document_has_this_table() {
    let path = live::repository().join("docs/failure-policies.md");
    let document = fs::read_to_string(path).expect("the document is there");
    for row in ROWS {
        let line = format!("| {} |", row.cells.join(" | "));
        assert!(document.contains(&line), "no {line}");
    }
}

#[test]
fn every_module_that_ships_is_killed_and_none_has_the_header_that_kills() {
    let names: Vec<&str> = MODULES.iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, PLUGINS);
    for plugin in MODULES {
        let (bytes, name) = (plugin.bytes(), header(plugin.name));
        let has = |bytes: &[u8]| bytes.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(!has(&bytes), "{} has {name}", plugin.name);
        let mortal = chaos::mortal::module(&bytes, &name).expect("it is a module");
        assert!(has(&mortal));
    }
}

#[test]
fn under_load_deaths_cost_503s_for_a_moment_and_an_open_breaker_stays_open() {
    let length = Length {
        rounds: 4,
        ..Length::default()
    };
    let outcome = make(Trouble::VmDeath, length, 1).unwrap_or_else(|error| panic!("{error}"));
    assert!(outcome.broken.is_empty(), "\n{}", table(&[outcome]));
}
