//! The words that libFuzzer puts into inputs: every key and every value that a schema names. It would take it long to find
//! out by itself that a key is called `max_body_bytes`.

use serde_json::Value;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

/// The words of all schemas in this folder, as libFuzzer reads them.
pub(crate) fn of(schemas: &Path) -> Result<String, Box<dyn Error>> {
    let mut words = BTreeSet::new();
    for entry in fs::read_dir(schemas)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".schema.json") {
            collect(&serde_json::from_slice(&fs::read(path)?)?, &mut words);
        }
    }
    let is_plain = |word: &&String| {
        word.bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte))
    };
    let lines = words.iter().filter(is_plain);
    // With quotes and without: the first is JSON, the second a Struct.
    let line = |word: &String| format!("\"\\\"{word}\\\"\"\n\"{word}\"\n");
    Ok(lines.map(line).collect())
}

fn collect(node: &Value, words: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("properties", Value::Object(keys)) => words.extend(keys.keys().cloned()),
                    ("const" | "enum" | "default", value) => texts(value, words),
                    _ => {}
                }
                collect(value, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        _ => {}
    }
}

fn texts(node: &Value, words: &mut BTreeSet<String>) {
    match node {
        Value::String(text) if (1..=40).contains(&text.len()) => {
            words.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, words)),
        Value::Object(members) => members.values().for_each(|item| texts(item, words)),
        _ => {}
    }
}
