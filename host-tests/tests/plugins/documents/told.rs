//! What the pages say that the plugins tell, in metrics, log lines and filter state, is what they tell: both ways.
//!
//! What they tell is seen in the exchanges that host and Envoy are compared by, with all logs and explanations on.

mod seen;

use host_tests::document::Document;
use host_tests::plugin::{ALL, Plugin};
use seen::Seen;
use std::collections::{BTreeMap, BTreeSet};

/// The code in the first column of the table below a heading, with `{…}` behind a name taken apart.
fn named(document: &Document, heading: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tables = document.section(heading).tables();
    let table = tables
        .first()
        .unwrap_or_else(|| panic!("{}: no table below {heading}", document.path.display()));
    let codes = table
        .rows
        .iter()
        .filter_map(|row| row.first())
        .flat_map(|cell| &cell.codes);
    let taken_apart = codes.map(|code| {
        let (name, labels) = code.split_once('{').unwrap_or((code, ""));
        let labels = labels.trim_end_matches('}').split(',');
        let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned);
        (name.to_owned(), labels.collect())
    });
    taken_apart.collect()
}

/// The names of filter state on all pages.
fn filter_state() -> BTreeSet<String> {
    let pages = ALL.iter().map(|plugin| Document::page_of(plugin.name));
    pages
        .flat_map(|page| named(&page, "Filter state").into_keys())
        .collect()
}

#[test]
fn the_pages_name_each_metric_line_and_filter_state_and_no_other() {
    let seen = Seen::everything(&filter_state());
    let mut faults = Vec::new();
    let mut documented = BTreeSet::new();
    for plugin in ALL {
        let page = Document::page_of(plugin.name);
        for (name, labels) in named(&page, "Metrics") {
            faults.extend(label_fault(&page, &name, &labels, &seen));
            documented.insert(name);
        }
        faults.extend(event_faults(plugin, &page, &seen));
    }
    let unknown = seen.metrics.keys().filter(|name| !documented.contains(*name));
    faults.extend(unknown.map(|name| format!("{name} is on no page")));
    let unseen = filter_state()
        .into_iter()
        .filter(|name| !seen.filter_state.contains(name));
    faults.extend(unseen.map(|name| format!("filter state {name} is written by nobody")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with the labels that a page gives a metric. Those that only some places have are in its text.
fn label_fault(page: &Document, name: &str, labels: &BTreeSet<String>, seen: &Seen) -> Option<String> {
    let place = page.path.display();
    let Some(found) = seen.metrics.get(name) else {
        return Some(format!("{place}: {name} does not exist"));
    };
    let absent: Vec<_> = labels.difference(found).collect();
    let codes = page.section("Metrics").codes();
    let said = |label: &&String| {
        codes
            .iter()
            .any(|code| code == *label || code.starts_with(&format!("{label}=")))
    };
    let unsaid: Vec<_> = found.difference(labels).filter(|label| !said(label)).collect();
    (!absent.is_empty() || !unsaid.is_empty())
        .then(|| format!("{place}: {name} has not {absent:?}, and has {unsaid:?}"))
}

fn event_faults(plugin: &Plugin, page: &Document, seen: &Seen) -> Vec<String> {
    let own: BTreeSet<String> = named(page, "Log lines").into_keys().collect();
    let shared: BTreeSet<String> = named(&Document::open("docs/configuration.md"), "Log lines")
        .into_keys()
        .collect();
    let found: BTreeSet<String> = seen
        .events
        .iter()
        .filter(|(writer, _)| writer == plugin.name)
        .map(|(_, event)| event.clone())
        .collect();
    let absent = own
        .difference(&found)
        .map(|event| format!("{} writes no line {event}", plugin.name));
    let unsaid = found
        .iter()
        .filter(|event| !own.contains(*event) && !shared.contains(*event))
        .map(|event| format!("{}: the line {event} is not on its page", plugin.name));
    let common = shared
        .iter()
        .filter(|event| !seen.events.iter().any(|(_, other)| other == *event))
        .map(|event| format!("nobody writes a line {event}"));
    absent.chain(unsaid).chain(common).collect()
}

#[test]
fn whatever_is_given_up_on_has_its_word_on_the_page_of_limits() {
    let table = named(&Document::open("docs/limits.md"), "Degradations");
    let seen = Seen::degraded();
    assert!(seen.len() >= 15, "{seen:?}");
    let unsaid: Vec<_> = seen.iter().filter(|what| !table.contains_key(*what)).collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
    let modules: Vec<Vec<u8>> = ALL.iter().map(|plugin| plugin.bytes()).collect();
    let is_in = |module: &Vec<u8>, what: &str| module.windows(what.len()).any(|part| part == what.as_bytes());
    let invented: Vec<_> = table
        .keys()
        .filter(|what| !modules.iter().any(|module| is_in(module, what)))
        .collect();
    assert!(invented.is_empty(), "{invented:?}");
}

#[test]
fn no_module_has_a_name_of_filter_state_that_is_on_no_page() {
    let documented = filter_state();
    for plugin in ALL {
        let bytes = plugin.bytes();
        let text = String::from_utf8_lossy(&bytes);
        let mut found = 0;
        for (at, _) in text.match_indices("policy.") {
            let rest = &text[at..];
            // Texts stand next to each other in a module. A path in a configuration begins after a dot or a bracket.
            if text[..at].ends_with(['.', '_']) || !rest["policy.".len()..].starts_with(char::is_alphabetic) {
                continue;
            }
            found += 1;
            assert!(
                documented.iter().any(|name| rest.starts_with(name)),
                "{}: {}",
                plugin.name,
                rest.chars().take(40).collect::<String>()
            );
        }
        assert!(found > 0, "{}", plugin.name);
    }
}
