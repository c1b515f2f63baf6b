//! Figures in the documents: of what is measured here too, they are what is measured.

use host::{Answer, Host};
use host_tests::document::{Document, Table};
use host_tests::exchange::{Chain, Made};
use host_tests::plugin::{ALL, CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, REQUEST_ID, RETRY};
use regex::Regex;
use serde_json::json;

#[test]
fn the_sizes_on_a_page_are_those_of_its_module_within_a_twentieth() {
    let sizes = Regex::new(r"(\d+) KB, (\d+) KB compressed").expect("it is an expression");
    for plugin in ALL {
        let section = Document::page_of(plugin.name).section("What it costs");
        let said = sizes
            .captures(section.text())
            .expect("the page says how large it is");
        let said = [1, 2].map(|group| said[group].parse::<f64>().expect("a number") * 1_000.0);
        let bytes = plugin.bytes();
        let found = [bytes.len(), compressed(&bytes)].map(|size| size as f64);
        for (said, found) in said.iter().zip(found) {
            assert!(
                (said / found - 1.0).abs() < 0.05,
                "{}: {said} bytes, and not {found}",
                plugin.name
            );
        }
    }
}

fn compressed(bytes: &[u8]) -> usize {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all").len()
}

/// The numbers in the row of a table that begins with this.
#[track_caller]
fn row(table: &Table, title: &str) -> Vec<f64> {
    let row = table.rows.iter().find(|row| row[0].text.starts_with(title));
    let row = row.unwrap_or_else(|| panic!("no row {title}"));
    let number = |text: &str| text.split(' ').next().unwrap_or_default().parse();
    let cells = row[1..].iter().map(|cell| number(&cell.text));
    cells.map(|number| number.expect("a number")).collect()
}

/// All plugins in the order of the chain, made so, with a request that succeeds behind one that did.
fn cost(made: Made) -> [f64; 2] {
    let plugins = [&ERROR_ENVELOPE, &REQUEST_ID, &CIRCUIT_BREAKER, &RETRY];
    let chain: Chain<'_> = plugins.map(|plugin| (plugin, json!({}))).into();
    // As large as the one that the page tells of.
    let host = Host::chain(made.filters(chain)).plant_nothing();
    let usual = host::cost::usual(&host, |host| host.get("/orders").run(Answer::new(200)));
    [usual.usual.calls() as f64, usual.usual.fuel() as f64]
}

#[test]
fn what_one_module_saves_is_what_its_page_says() {
    let section = Document::open("docs/one-module.md").section("What they cost");
    let tables = section.tables();
    let ways = [Made::OfTheirOwn, Made::ByRootId, Made::InOnePass].map(cost);
    let calls = ways.map(|[calls, _]| calls);
    assert_eq!(row(&tables[0], "host calls"), calls);
    let fuel = ways.map(|[_, fuel]| fuel / ways[0][1]);
    let said = row(&tables[0], "instructions");
    let is_near = |(said, found): (&f64, f64)| (said - found).abs() < 0.05;
    assert!(said.iter().zip(fuel).all(is_near), "{said:?}, and not {fuel:?}");
    let bytes: usize = ALL.iter().map(|plugin| plugin.bytes().len()).sum();
    let share = POLICIES.bytes().len() as f64 / bytes as f64;
    assert!(
        (row(&tables[0], "bytes to load")[2] - share).abs() < 0.05,
        "{share}"
    );
}
