use super::{BEGIN, CHART, END, FIGURES, check, filled, publish, published};
use crate::{Error, sample};
use std::fs;
use std::path::Path;

#[test]
fn a_part_takes_the_place_of_the_last_one() {
    let document = format!("before\n{BEGIN}old\n{END}after\n");
    let filled = filled(&document, "new\n").expect("it has a place");
    assert_eq!(filled, format!("before\n{BEGIN}new\n{END}after\n"));
}

#[test]
fn a_document_without_a_place_is_left_alone() {
    assert_eq!(filled("nothing\n", "new\n"), None);
    assert_eq!(filled(&format!("{END}{BEGIN}"), "new\n"), None);
}

/// A repository with both documents.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("docs")).expect("a folder");
    for document in ["README.md", "docs/cost.md"] {
        let text = format!("# Head\n{BEGIN}{END}");
        fs::write(root.path().join(document), text).expect("a file");
    }
    root
}

#[test]
fn what_is_published_is_what_its_figures_give() {
    let root = repository();
    publish(&sample::figures(), root.path()).expect("it has places");
    let figures = published(root.path()).expect("they were published");
    assert_eq!(figures, sample::figures());
    check(&figures, root.path()).expect("nothing differs");
    for (document, has) in [("README.md", "| request-id |"), ("docs/cost.md", "### Goals")] {
        let text = fs::read_to_string(root.path().join(document)).expect("a file");
        assert!(text.starts_with("# Head\n") && text.contains(has), "{text}");
    }
}

#[track_caller]
fn assert_seen(file: &str, change: impl Fn(String) -> String) {
    let root = repository();
    publish(&sample::figures(), root.path()).expect("it has places");
    let path: &Path = &root.path().join(file);
    let text = fs::read_to_string(path).expect("a file");
    fs::write(path, change(text)).expect("a file");
    let figures = published(root.path()).expect("they are figures");
    match check(&figures, root.path()) {
        Err(Error::Differs(found)) => assert_eq!(found, file),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_figure_that_was_changed_by_hand_is_seen() {
    assert_seen("README.md", |text| text.replace("2.4", "1.4"));
    assert_seen("docs/cost.md", |text| text.replace("2.40", "1.40"));
    assert_seen(CHART, |text| text.replace("2.40", "1.40"));
    // A goal that is told to be met.
    assert_seen(FIGURES, |text| text.replace("\"met\": false", "\"met\": true"));
}
