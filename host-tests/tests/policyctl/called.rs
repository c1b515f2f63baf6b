//! A call of the program.

use std::io::Write;
use std::process::{Command, Stdio};

/// A call of the program, from the repository's root.
pub(crate) struct Call {
    command: Command,
    input: Vec<u8>,
}

/// What came of it.
pub(crate) struct Called {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `policyctl` with these arguments.
pub(crate) fn policyctl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policyctl"));
    command.args(arguments).current_dir(host_tests::document::root());
    // What the terminal of whoever runs the tests is like is not to be seen.
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    Call {
        command,
        input: Vec::new(),
    }
}

impl Call {
    /// With this on the standard input.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// In this folder.
    pub(crate) fn within(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Calls it.
    pub(crate) fn run(mut self) -> Called {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        let input = self.input;
        // Beside reading what it prints: both pipes may be full.
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("it ends");
        // Who does not read his input is not to be blamed for it.
        let _ = writer.join().expect("the input is written");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        Called {
            code: output.status.code().expect("it ends by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Calls it, and it ends with this code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Called {
        let called = self.run();
        assert_eq!(called.code, code, "{}\n{}", called.out, called.err);
        called
    }
}

impl Called {
    /// What it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}
