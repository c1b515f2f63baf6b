//! A sample on a real Envoy with two workers, as `make run` starts it, and a shell in front of it.

use host_tests::document::console::{Step, matches};
use host_tests::document::root;
use host_tests::plugin::REQUEST_ID;
use live::{Envoy, Sample, Upstream, wait};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(20);
/// Where a sample listens, as it stands in the file.
const LISTENER: &str = "127.0.0.1:10000";
const ADMINISTRATION: &str = "127.0.0.1:9901";
const OPERATORS: &str = "127.0.0.1:10002";

pub struct Session {
    envoy: Envoy,
    _upstream: Upstream,
}

impl Session {
    /// The sample at this path from the root.
    pub fn start(path: &str) -> Self {
        let upstream = Upstream::start().expect("an upstream can be started");
        let start = || {
            let sample = Sample::open(&root().join(path))?
                .on_free_ports()
                .cluster("upstream", upstream.address())?;
            let modules = REQUEST_ID.path().parent().expect("the modules are in a folder");
            let configuration = sample
                .to_yaml()
                .replace("\"dist/", &format!("\"{}/", modules.display()));
            Envoy::with(&configuration).concurrency(2).start()
        };
        let envoy = start().unwrap_or_else(|error: live::Error| panic!("{path}: {error}"));
        Self {
            envoy,
            _upstream: upstream,
        }
    }

    /// Takes these steps, and says which came to something else.
    pub fn run(&self, steps: &[Step]) -> Vec<String> {
        let faults = steps.iter().filter_map(|step| match step {
            Step::Command { line, prints } => self.fault_of(line, prints),
            Step::Logged(line) => self.missing_from_log(line),
            Step::Accessed(entry) => self.missing_from_access_log("an entry", entry, |entry, members| {
                let members = members.as_object().expect("its members");
                members.iter().all(|(member, value)| entry[member] == *value)
            }),
            Step::Explained(list) => self.missing_from_access_log("an explanation", list, |entry, list| {
                let text = entry["explain"].as_str().unwrap_or_default();
                serde_json::from_str::<Value>(text).is_ok_and(|told| is_the_same(&told, list))
            }),
        });
        faults.collect()
    }

    fn fault_of(&self, line: &str, shown: &str) -> Option<String> {
        let mut printed = String::new();
        let mut look = || {
            printed = self.print(line);
            Ok(matches(shown, &printed).then_some(()))
        };
        // What is counted is there a little later than the answer that it is about; to look at it changes nothing.
        let is_as_shown = if line.contains(ADMINISTRATION) {
            wait::until(BOUND, "what is shown", look).is_ok()
        } else {
            look().is_ok_and(|found: Option<()>| found.is_some())
        };
        if is_as_shown {
            return None;
        }
        Some(format!("$ {line}\nprints\n{printed}\nand not\n{shown}"))
    }

    fn print(&self, line: &str) -> String {
        let addresses = self.addresses();
        let line = addresses
            .iter()
            .fold(line.to_owned(), |line, (shown, real)| line.replace(shown, real));
        // The desk tool is found as if it were installed.
        let tool = Path::new(env!("CARGO_BIN_EXE_policyctl"))
            .parent()
            .expect("it is in a folder");
        let path = std::env::var("PATH").expect("there is a PATH");
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(root())
            .env("PATH", format!("{}:{path}", tool.display()))
            .env("NO_PROXY", "*")
            .output()
            .expect("a shell can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("not found"), "{line}: {said}");
        let printed = String::from_utf8_lossy(&output.stdout) + said;
        addresses
            .iter()
            .fold(printed.into_owned(), |printed, (shown, real)| {
                printed.replace(real, shown)
            })
    }

    fn missing_from_log(&self, shown: &str) -> Option<String> {
        let mut last = String::new();
        let look = || {
            last = self.envoy.log()?;
            let mut lines = last
                .lines()
                .filter_map(|line| line.find('{').map(|at| &line[at..]));
            Ok(lines.any(|line| matches(shown, line)).then_some(()))
        };
        let found = wait::until(BOUND, "a line in the log", look);
        found.err().map(|_| format!("no line\n{shown}\nin\n{last}"))
    }

    /// Asks whether an entry of the access log is what this JSON shows.
    fn missing_from_access_log(
        &self,
        what: &str,
        shown: &str,
        is_shown: impl Fn(&Value, &Value) -> bool,
    ) -> Option<String> {
        let json = match serde_json::from_str(shown) {
            Ok(json) => json,
            Err(error) => return Some(format!("no JSON ({error}):\n{shown}")),
        };
        let mut last = Vec::new();
        let found = wait::until(BOUND, what, || {
            last = self.envoy.access_log()?;
            Ok(last.iter().any(|entry| is_shown(entry, &json)).then_some(()))
        });
        found
            .is_err()
            .then(|| format!("the access log has not {what} as\n{shown}\nbut\n{last:#?}"))
    }

    /// Each address as it stands in the file, and where the sample really listens.
    fn addresses(&self) -> Vec<(&'static str, String)> {
        let listener = self.envoy.address().expect("the sample listens");
        let mut addresses = vec![
            (LISTENER, listener.to_string()),
            (ADMINISTRATION, self.envoy.admin().to_string()),
        ];
        // Not every sample has one.
        let operators = self.envoy.listener("operators").ok();
        addresses.extend(operators.map(|address| (OPERATORS, address.to_string())));
        addresses
    }
}

/// Whether this is what is shown, but for how long to stay away: that has jitter.
fn is_the_same(told: &Value, shown: &Value) -> bool {
    let without_time = |value: &Value| {
        let mut value = value.clone();
        for plugin in value.as_array_mut().into_iter().flatten() {
            if let Some(seconds) = plugin.get_mut("retry_after").filter(|seconds| seconds.is_u64()) {
                *seconds = Value::Null;
            }
        }
        value
    };
    without_time(told) == without_time(shown)
}
