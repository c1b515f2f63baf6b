//! The commands of `make` that a newcomer types first.

use host_tests::document::root;
use live::{binary, wait};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// It may have to build first.
const BOUND: Duration = Duration::from_secs(600);

/// `make`, as somebody types it at the root of the repository.
pub(crate) fn make(arguments: &[&str]) -> Command {
    let mut command = Command::new("make");
    command.args(arguments).current_dir(root());
    // What an outer make told, this one must not hear.
    for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
        command.env_remove(name);
    }
    command.env("ENVOY", binary().expect("an Envoy"));
    command
}

#[track_caller]
fn output(arguments: &[&str]) -> String {
    let output = make(arguments).output().expect("make can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn help_lists_the_targets() {
    let help = output(&["help"]);
    for target in ["run", "demo", "test", "wasm", "dist"] {
        assert!(
            help.lines()
                .any(|line| line.trim_start().starts_with(&format!("{target} "))),
            "{target} is not in\n{help}"
        );
    }
}

#[test]
fn wasm_leaves_the_modules_that_the_documents_load() {
    output(&["wasm"]);
    for plugin in host_tests::plugin::ALL {
        assert!(plugin.path().is_file(), "{}", plugin.path().display());
    }
}

#[test]
fn dist_packages_what_the_documents_say() {
    output(&["dist"]);
    let dist = root().join("dist");
    for left in ["SHA256SUMS", "schemas", "oci"] {
        assert!(dist.join(left).exists(), "make dist left no {left}");
    }
}

/// `make run`, in a group of its own, as a shell starts it.
struct Run(Child);

impl Run {
    fn interrupt(&self) {
        let group = format!("-{}", self.0.id());
        let status = Command::new("kill").args(["-INT", "--", &group]).status();
        assert!(status.expect("kill can be started").success());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = Command::new("kill")
            .args(["-KILL", "--", &format!("-{}", self.0.id())])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

#[test]
fn run_starts_the_sample_says_what_to_try_and_stops_on_ctrl_c() {
    let ports = ["LISTENER_PORT=0", "ADMIN_PORT=0", "UPSTREAM_PORT=0"];
    let mut command = make(&["run"]);
    command.args(ports).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = Run(command.process_group(0).spawn().expect("make can be started"));
    let (sender, lines) = mpsc::channel();
    let pipe = BufReader::new(run.0.stdout.take().expect("a pipe"));
    thread::spawn(move || {
        let mut lines = pipe.lines().map_while(Result::ok);
        lines.all(|line| sender.send(line).is_ok())
    });
    let mut until = |text: &str| {
        let mut said = String::new();
        while !said.contains(text) {
            let Ok(line) = lines.recv_timeout(BOUND) else {
                let mut errors = String::new();
                let _ = run.0.stderr.take().expect("a pipe").read_to_string(&mut errors);
                panic!("no {text} in:\n{said}\n{errors}");
            };
            said.push_str(&line);
            said.push('\n');
        }
        said
    };
    let head = until("Ctrl-C stops all of it");
    assert!(head.contains("Try, an outage first"), "{head}");
    assert!(!head.contains("127.0.0.1:10000"), "{head}");
    let listener = head.lines().find_map(|line| line.trim().strip_prefix("Envoy"));
    let listener = listener.and_then(|rest| rest.trim().strip_prefix("http://")?.split(' ').next());
    let listener: SocketAddr = listener.expect("its address").parse().expect("an address");
    assert!(TcpStream::connect(listener).is_ok(), "{head}");

    run.interrupt();
    let ended = wait::until(BOUND, "its end", || Ok(run.0.try_wait().expect("its status")));
    ended.unwrap_or_else(|error| panic!("{error}"));
    let closed = wait::until(BOUND, "the end of Envoy", || {
        Ok(TcpStream::connect(listener).is_err().then_some(()))
    });
    closed.unwrap_or_else(|error| panic!("{error}"));
}
