//! What a run shows: what is running, what to try, and then what happens, a line each.

use super::ports::Running;
use live::Span;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// The terminal, or whatever stands in for it.
pub(super) struct Screen<W> {
    out: W,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W) -> Self {
        Screen { out }
    }

    /// What is running, and what to try.
    pub(super) fn running(&mut self, sample: &Path, process: u32, running: &Running, trials: &str) {
        self.note(&format!("{} is running:", sample.display()));
        if let Some(listener) = running.listener {
            self.note(&format!(
                "  Envoy                http://{listener} (process {process})"
            ));
        }
        self.note(&format!("  its administration   http://{}", running.admin));
        if let Some(upstream) = running.upstream {
            self.note(&format!(
                "  demo upstream        http://{upstream} (explains itself there)"
            ));
        }
        if let Some(collector) = running.collector {
            self.note(&format!("  collector of traces  http://{collector}"));
        }
        self.note(&format!("\n{trials}"));
        self.note("Ctrl-C stops all of it. Requests and the plugins' log lines follow.\n");
    }

    /// A line of the JSON access log.
    pub(super) fn access(&mut self, line: &str) {
        let Ok(Value::Object(entry)) = serde_json::from_str(line) else {
            return self.note(&format!("access   {line}"));
        };
        let text = |key: &str| match entry.get(key) {
            None | Some(Value::Null) => "-".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let [method, path, code, details] = ["method", "path", "code", "details"].map(text);
        let mut shown = format!("request  {method} {path} → {code} {details}");
        let told = ["time", "method", "path", "code", "details"];
        for (key, value) in entry
            .iter()
            .filter(|(key, value)| !told.contains(&key.as_str()) && !value.is_null())
        {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            shown.push_str(&format!("  {key}={value}"));
        }
        self.note(&shown);
    }

    /// A line of Envoy's log: a plugin's without what Envoy puts before it, any other whole.
    pub(super) fn log(&mut self, line: &str) {
        let plugin = line.split_once(" wasm log ").and_then(|(before, rest)| {
            let level = before.split("][").nth(2)?;
            let (plugin, message) = rest.split_once(": ")?;
            Some((level, plugin.split(' ').next()?, message))
        });
        match plugin {
            Some((level, plugin, message)) => self.note(&format!("plugin   {plugin} {level} {message}")),
            None => self.note(&format!("envoy    {line}")),
        }
    }

    /// A span that Envoy's tracer sent.
    pub(super) fn span(&mut self, span: &Span) {
        let parent = span.parent_span_id.as_deref().unwrap_or("-");
        self.note(&format!(
            "span     {}  trace_id={}  span_id={}  parent={parent}",
            span.name, span.trace_id, span.span_id
        ));
    }

    /// A line as it is.
    pub(super) fn note(&mut self, line: &str) {
        // When nobody reads any more, the run goes on until it is stopped.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }
}

/// The part of a sample's head comment that says what to try. It begins with a line such as `Try:` or `Try (as root):`.
pub(super) fn trials(sample: &str) -> String {
    let head = sample.lines().map_while(|line| line.strip_prefix('#'));
    let text = head
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| !(line.starts_with("Try") && line.ends_with(':')));
    text.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Screen, trials};

    #[track_caller]
    fn check(show: impl FnOnce(&mut Screen<&mut Vec<u8>>), expected: &str) {
        let mut out = Vec::new();
        show(&mut Screen::new(&mut out));
        assert_eq!(String::from_utf8_lossy(&out).trim_end(), expected);
    }

    #[test]
    fn an_access_log_entry_is_one_readable_line() {
        let line = r#"{"time":"now","method":"GET","path":"/a","code":404,"details":"route_not_found","route":null,"request_id":"x"}"#;
        check(
            |screen| screen.access(line),
            "request  GET /a → 404 route_not_found  request_id=x",
        );
    }

    #[test]
    fn an_access_log_line_that_is_no_json_is_shown_whole() {
        check(|screen| screen.access("[now] GET /"), "access   [now] GET /");
    }

    #[test]
    fn a_plugins_line_loses_envoys_prefix() {
        let line = r#"[2026-11-22 04:30:14.183][16162][info][wasm] [source/extensions/common/wasm/context.cc:1190] wasm log request-id request-id policies: {"event":"request"}"#;
        check(
            |screen| screen.log(line),
            r#"plugin   request-id info {"event":"request"}"#,
        );
    }

    #[test]
    fn envoys_own_line_is_shown_whole() {
        check(
            |screen| screen.log("[now][1][warning][main] careful"),
            "envoy    [now][1][warning][main] careful",
        );
    }

    #[test]
    fn what_to_try_is_the_end_of_the_head_comment() {
        assert_eq!(
            trials("# What.\n#\n# Try:\n#   curl x\n#       200\n\nadmin:\n# Try:\n"),
            "Try:\n  curl x\n      200\n"
        );
        assert_eq!(
            trials("# Try it not.\n# Try (as root):\n#   curl x\n"),
            "Try (as root):\n  curl x\n"
        );
    }

    #[test]
    fn every_sample_says_what_to_try() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../envoy");
        let files = std::fs::read_dir(folder).expect("the folder of samples");
        let paths = files.map(|file| file.expect("a file").path());
        let mut samples: Vec<_> = paths.filter(|path| path.is_file()).collect();
        samples.push(std::path::Path::new(folder).join("ecds/envoy.yaml"));
        assert!(samples.len() >= 10, "{samples:?}");
        for path in samples {
            let text = std::fs::read_to_string(&path).expect("a sample is text");
            assert!(trials(&text).contains("127.0.0.1:10000"), "{}", path.display());
        }
    }
}
