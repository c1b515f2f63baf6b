//! Links lead to files and headings that there are, and every page and sample is linked.

use host_tests::document::{Document, root};
use std::path::{Component, Path, PathBuf};

/// `a/b/../c` as `a/c`; `None` where it leads out of the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir if !normal.pop() => return None,
            _ => {}
        }
    }
    Some(normal)
}

/// Where a link within a document leads: a path from the root, and an anchor.
fn target<'l>(document: &Document, link: &'l str) -> (Option<PathBuf>, Option<&'l str>) {
    let (path, anchor) = link
        .split_once('#')
        .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = document.path.parent().unwrap_or(Path::new(""));
    let path = match path {
        "" => Some(document.path.clone()),
        path => normal(&folder.join(path)),
    };
    (path, anchor)
}

/// What is wrong with a link within this document.
fn fault(document: &Document, link: &str) -> Option<String> {
    let (path, anchor) = target(document, link);
    let Some(path) = path.filter(|path| *path == document.path || root().join(path).exists()) else {
        return Some("leads to no file".to_owned());
    };
    let anchor = anchor?;
    let anchors = if path == document.path {
        document.anchors()
    } else {
        Document::open(path).anchors()
    };
    (!anchors.iter().any(|other| other == anchor)).then(|| format!("no #{anchor} in {anchors:?}"))
}

fn relative_links(document: &Document) -> Vec<String> {
    let mut links = document.links();
    links.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    links
}

#[test]
fn every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let mut faults = Vec::new();
    let mut checked = 0;
    for document in Document::all() {
        for link in relative_links(&document) {
            checked += 1;
            if let Some(fault) = fault(&document, &link) {
                faults.push(format!("{}: {link}: {fault}", document.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked >= 100, "{checked}");
}

#[test]
fn a_link_into_the_void_is_found() {
    let text = "# A page\n\n## Of `two`, parts\n\n## Of two parts\n";
    let document = Document::of("docs/page.md", text);
    let good = [
        "#a-page",
        "#of-two-parts",
        "#of-two-parts-1",
        "../README.md",
        "envoy.md#metrics",
        "../envoy/",
    ];
    for link in good {
        assert_eq!(fault(&document, link), None, "{link}");
    }
    for link in [
        "#b-page",
        "#of-two-parts-2",
        "README.md",
        "../../README.md",
        "envoy.md#metric",
    ] {
        assert!(fault(&document, link).is_some(), "{link}");
    }
}

#[test]
fn the_readme_leads_to_every_page_and_every_sample() {
    let mut reached = vec![PathBuf::from("README.md")];
    let mut at = 0;
    while let Some(path) = reached.get(at).cloned() {
        at += 1;
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let document = Document::open(path);
        for link in relative_links(&document) {
            let target = target(&document, &link).0;
            reached.extend(target.filter(|path| root().join(path).is_file() && !reached.contains(path)));
        }
    }
    let pages = Document::all().into_iter().map(|document| document.path);
    let pages = pages.filter(|path| path.parent() == Some(Path::new("")) || path.starts_with("docs"));
    let samples = std::fs::read_dir(root().join("envoy")).expect("there are samples");
    let samples = samples.map(|sample| Path::new("envoy").join(sample.expect("a sample").file_name()));
    let lost: Vec<PathBuf> = pages
        .chain(samples.filter(|path| root().join(path).is_file()))
        .filter(|path| !reached.contains(path))
        .collect();
    assert!(lost.is_empty(), "nothing leads to {lost:?}");
}
