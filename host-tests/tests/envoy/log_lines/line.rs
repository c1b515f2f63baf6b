//! A line of a plugin, as Envoy writes it.

use regex::Regex;
use serde_json::Value;

/// What Envoy puts before each line of its log, and before those of plugins also who wrote it.
const OF_ENVOY: &str = r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[(?<worker>\d+)\]\[(?<level>[a-z]+)\]\[(?<component>[a-z0-9_]+)\] ";
const OF_PLUGIN: &str =
    r"^\[[^\]]*context\.cc:\d+\] wasm log (?:(?<name>\S+) )?(?<root>\S+) (?<vm>\S+): (?<text>.*)$";

/// A line of ours.
pub struct Line {
    /// The thread of Envoy: a worker, or the main one.
    pub worker: String,
    pub plugin: String,
    /// What stands behind the prefix.
    pub json: Value,
}

impl Line {
    /// When it was written, by its own time stamp: milliseconds of the day.
    #[track_caller]
    pub fn millis(&self) -> u64 {
        let stamp = self.json["timestamp"].as_str().expect("it has a time stamp");
        let day = stamp.get(11..23).unwrap_or_else(|| panic!("{stamp}"));
        let number = |range: std::ops::Range<usize>| day[range].parse::<u64>().expect("a number");
        ((number(0..2) * 60 + number(3..5)) * 60 + number(6..8)) * 1000 + number(9..12)
    }
}

/// The lines of ours in a log, in which each must be what the documents say: one JSON object, written by the plugin that it
/// names, at the level that it says. What is no line of ours must be one of Envoy's: no part of one of ours stands alone.
#[track_caller]
pub fn lines(log: &str) -> Vec<Line> {
    let of_envoy = Regex::new(OF_ENVOY).expect("it is an expression");
    let of_plugin = Regex::new(OF_PLUGIN).expect("it is an expression");
    let mut lines = Vec::new();
    for line in log.lines() {
        let Some(head) = of_envoy.captures(line) else {
            panic!("neither Envoy's nor ours: {line}");
        };
        let rest = &line[head[0].len()..];
        let Some(of_plugin) = of_plugin.captures(rest) else {
            assert_ne!(
                &head["component"], "wasm",
                "of a module, and not a line of ours: {line}"
            );
            continue;
        };
        let json = json_of(&of_plugin["text"], &head["level"]);
        // Of what belongs to no request, Envoy does not tell the filter's name.
        let plugin = &of_plugin["root"];
        let name = of_plugin.name("name").map_or(plugin, |name| name.as_str());
        assert_eq!((&json["plugin"], name), (&Value::from(plugin), plugin), "{line}");
        assert_eq!(&of_plugin["vm"], "policies", "{line}");
        lines.push(Line {
            worker: head["worker"].to_owned(),
            plugin: plugin.to_owned(),
            json,
        });
    }
    lines
}

#[track_caller]
fn json_of(text: &str, level: &str) -> Value {
    let json: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(json.is_object(), "{text}");
    let severity = match level {
        "info" => "INFO",
        "warning" => "WARN",
        "error" => "ERROR",
        other => panic!("no line is written at the level {other}: {text}"),
    };
    assert_eq!(json["severity"], severity, "{text}");
    for member in ["timestamp", "plugin", "event"] {
        assert!(json[member].is_string(), "no {member}: {text}");
    }
    json
}

#[test]
#[should_panic(expected = "neither Envoy's nor ours")]
fn half_a_line_is_a_fault() {
    lines("[2026-11-22 04:30:14.183][16162][info][main] [a.cc:1] starting\n\"event\":\"request\"}\n");
}

#[test]
#[should_panic(expected = "trailing characters")]
fn two_objects_in_a_line_are_a_fault() {
    lines(
        "[2026-11-22 04:30:14.183][16162][info][wasm] [source/extensions/common/wasm/context.cc:1190] wasm log retry retry \
         policies: {\"severity\":\"INFO\"}{}\n",
    );
}
