//! What is read, where it stands, and what is said of what cannot be read.

use super::Document;
use serde_json::json;

fn one(text: &str) -> Document {
    let mut documents = Document::parse_all(&"f.yaml".into(), &text.into()).expect("it can be read");
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

#[track_caller]
fn refused(text: &str) -> String {
    match Document::parse_all(&"f.yaml".into(), &text.into()) {
        Ok(documents) => panic!("{documents:?}"),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn yaml_and_json_mean_the_same() {
    let json = "{\"a\": [1, 2.5, \"x\"],\n\t\"b\": {\"c\": null, \"d\": true}}";
    let yaml = "a: [1, 2.5, x]\nb:\n  c: null\n  d: yes\n";
    let expected = json!({"a": [1, 2.5, "x"], "b": {"c": null, "d": true}});
    assert_eq!(*one(json).tree, expected);
    assert_eq!(*one(yaml).tree, expected);
}

#[test]
fn plain_words_mean_what_envoy_takes_them_for() {
    let words =
        "[on, off, No, 'no', \"on\", 0x1f, -3, 18446744073709551615, 1e3, .5, 10s, '10', ~, 1.2.3, !!str 7]";
    let mean = json!([
        true,
        false,
        false,
        "no",
        "on",
        31,
        -3,
        u64::MAX,
        1000.0,
        0.5,
        "10s",
        "10",
        null,
        "1.2.3",
        "7"
    ]);
    assert_eq!(*one(words).tree, mean);
}

#[test]
fn each_node_has_the_place_of_its_key() {
    let document = one("a:\n  - b: 1\n    cé/d: two\n  - 3\n");
    for (pointer, told, marked) in [
        ("/a/0/b", "f.yaml:2:5", "b: 1"),
        ("/a/0/cé~1d", "f.yaml:3:5", "cé/d: two"),
        ("/a/1", "f.yaml:4:5", "3"),
        // What is not there stands where it would have to.
        ("/a/0/e/f", "f.yaml:2:5", "b"),
    ] {
        assert_eq!(document.told_place(pointer), told, "{pointer}");
        let place = document.place(pointer);
        assert!(
            document.text[place.start..place.end].starts_with(marked),
            "{pointer}: {place:?}"
        );
    }
}

#[test]
fn what_is_embedded_has_its_place_in_the_file() {
    let document = one(
        "x:\n- value: |\n    {\n      \"é\": { \"open\": 1 }\n    }\n  quoted: '{\"a\": 1}'\n  none: '{'\n",
    );
    let inner = document.embedded("/x/0/value").expect("it is JSON");
    assert_eq!(*inner.tree, json!({"é": {"open": 1}}));
    assert_eq!(inner.told_place("/é/open"), "f.yaml:4:14");
    let place = inner.place("/é/open");
    assert_eq!(&inner.text[place.start..place.end], "\"open\": 1");
    let quoted = document.embedded("/x/0/quoted").expect("it is JSON");
    assert_eq!(quoted.told_place("/a"), "f.yaml:6:3");
    assert!(document.embedded("/x/0/none").is_none() && document.embedded("/x").is_none());
    let part = document.part("/x/0").expect("it is there");
    assert_eq!(part.told_place("/quoted"), "f.yaml:6:3");
}

#[test]
fn several_documents_are_told_apart() {
    let text = "a: 1\n---\n# nothing\n---\nb: 2\n";
    let documents = Document::parse_all(&"f.yaml".into(), &text.into()).expect("it can be read");
    let trees: Vec<_> = documents
        .iter()
        .map(|document| (*document.tree).clone())
        .collect();
    assert_eq!(trees, [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(documents[1].told_place("/b"), "f.yaml:5:1");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    assert_eq!(
        refused("a: 1\nb: 2\na: 3\n"),
        "f.yaml:3:1: `a` is given twice, first in line 1"
    );
    assert_eq!(
        refused("{\"a\": 1, \"a\": [}"),
        "f.yaml:1:16: is no JSON: expected value"
    );
    for (text, place) in [
        ("a: [1, 2\n", "f.yaml:2:1: is no YAML: "),
        ("a: b: c\n", "f.yaml:1:"),
        ("a: 'x\n", "f.yaml:"),
        ("\u{0}\u{1}", "f.yaml:1:1: is no YAML: "),
        ("a: *b\n", "f.yaml:1:4: is no YAML: "),
        ("? [1]\n: 2\n", "f.yaml:1:3: is no key"),
    ] {
        let told = refused(text);
        assert!(told.starts_with(place), "{text:?}: {told}");
    }
}

#[test]
fn a_short_text_cannot_mean_more_than_memory_holds() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        bomb += &format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{before}"); 10].join(", ")
        );
    }
    assert!(
        refused(&bomb).ends_with("stands for too many nodes"),
        "{}",
        refused(&bomb)
    );
    let deep = "[".repeat(100_000);
    assert!(refused(&deep).starts_with("f.yaml:1:"), "{}", refused(&deep));
    assert!(refused(&("- ".repeat(50_000) + "x")).starts_with("f.yaml:1:"));
}

#[test]
fn a_dump_in_one_line_is_read_in_time_that_grows_with_it() {
    let dump = format!("[{}]", vec![r#"{"name":"é","number":1}"#; 100_000].join(","));
    let documents = Document::parse_all(&"dump.json".into(), &dump.as_str().into()).expect("it can be read");
    let place = documents[0].place("/99999/number");
    assert_eq!(&documents[0].text[place.start..place.end], r#""number":1"#);
    assert_eq!((place.line, place.column), (1, 2_399_990));
}

#[test]
fn a_node_is_found_by_its_key_in_either_spelling() {
    let text = "a_list: [{ route_config: { virtualHosts: [{ name: x, on_it: true, many: 3 }] } }]\n";
    let documents = Document::parse_all(&"f.yaml".into(), &text.into()).expect("it can be read");
    let item = documents[0].root().all("a_list").remove(0);
    let host = item.all("route_config.virtual_hosts").remove(0);
    assert_eq!(
        (host.text("name"), host.flag("on_it"), host.number("many")),
        ("x", Some(true), Some(3.0))
    );
    assert_eq!(host.told_place(), "f.yaml:1:43");
    assert!(host.get("none").is_none() && host.text("many").is_empty() && host.all("name").is_empty());
}

#[test]
fn json_with_tabs_or_a_key_twice_has_its_places() {
    let document = one("{\n\t\"a\": {\t\"b\": 1 },\n\t\"a\": { \"c\": [] }\n}");
    assert_eq!(*document.tree, json!({"a": {"c": []}}));
    assert_eq!(document.told_place("/a/b"), "f.yaml:2:9");
    assert_eq!(document.told_place("/a/c"), "f.yaml:3:9");
    assert_eq!(document.told_place("/a"), "f.yaml:3:2");
}

#[test]
fn a_plugins_path_leads_to_its_place() {
    let long = "x".repeat(70);
    let document = one(&json!({
        "routes": [{}, {"policy": {"x-a": {"b/c": 1}, "a": {"b": 1}, "a.b": 2, (&long): 3, "q\"": {"d": 1}}}]
    })
    .to_string());
    for (path, pointer) in [
        ("", ""),
        ("routes[1].policy[\"x-a\"][\"b/c\"]", "/routes/1/policy/x-a/b~1c"),
        ("routes[1].policy.a.b", "/routes/1/policy/a/b"),
        ("routes[1].policy[\"a.b\"]", "/routes/1/policy/a.b"),
        (
            &format!("routes[1].policy[\"{}…\"]", "x".repeat(64)),
            &format!("/routes/1/policy/{long}"),
        ),
        ("routes[1].policy[\"q\"\"].d", "/routes/1/policy/q\"/d"),
        ("routes[1].policy.open.for", "/routes/1/policy"),
        ("routes[7].policy", "/routes"),
        ("nonsense", ""),
    ] {
        assert_eq!(document.pointer(path), pointer, "{path}");
    }
}

#[test]
fn a_line_of_an_embedded_text_has_its_place_in_the_file() {
    let document = one("x:\n  value: |\n    { \"a\":\n      oops }\n  quoted: '{'\n");
    let place = document.place_in_text("/x/value", 2, 3);
    assert_eq!((place.line, place.column), (4, 7));
    assert_eq!(&document.text[place.start..], "oops }\n  quoted: '{'\n");
    let place = document.place_in_text("/x/quoted", 1, 1);
    assert_eq!((place.line, place.column), (5, 3));
    // Beyond the end, as where something is missing.
    let place = super::place_in_text(&document.text, 90, 90);
    assert_eq!(
        (place.start, place.end),
        (document.text.len(), document.text.len())
    );
}
