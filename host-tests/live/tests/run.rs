//! `live run` shows what is running, stops all of it, and says what it could not start.

use live::client::{self, Request};
use live::{Sample, binary, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const BOUND: Duration = Duration::from_secs(60);
const FREE_PORTS: [&str; 6] = [
    "--listener-port",
    "0",
    "--admin-port",
    "0",
    "--upstream-port",
    "0",
];

/// A run of the sample without its plugin, on free ports.
struct Run {
    runner: Child,
    lines: Receiver<String>,
    /// What it said until it was ready.
    head: String,
    _folder: TempDir,
}

impl Run {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sample = without_plugin(folder.path());
        let mut runner = live_run(&sample, &FREE_PORTS)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(runner.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        let mut run = Run {
            runner,
            lines,
            head: String::new(),
            _folder: folder,
        };
        run.head = run.lines_until("Ctrl-C stops all of it");
        run
    }

    /// Its lines up to one that holds `text`.
    fn lines_until(&self, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            let line = self
                .lines
                .recv_timeout(BOUND)
                .unwrap_or_else(|_| panic!("no `{text}` in:\n{all}"));
            all.push_str(&line);
            all.push('\n');
        }
        all
    }

    /// The address that its head gives for `what`.
    fn address(&self, what: &str) -> SocketAddr {
        let line = self
            .head
            .lines()
            .find_map(|line| line.trim().strip_prefix(what))
            .expect(what);
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|rest| rest.split(' ').next());
        address.expect("an address").parse().expect("an address")
    }

    fn envoy_process(&self) -> u32 {
        let number = self
            .head
            .split_once("(process ")
            .and_then(|(_, rest)| rest.split_once(')'));
        number.expect("a process id").0.parse().expect("a number")
    }

    fn addresses(&self) -> [SocketAddr; 3] {
        ["Envoy", "its administration", "demo upstream"].map(|what| self.address(what))
    }

    fn ended(&mut self) -> ExitStatus {
        let ended = wait::until(BOUND, "its end", || {
            Ok(self.runner.try_wait().expect("its status"))
        });
        ended.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = self.runner.kill();
        let _ = self.runner.wait();
    }
}

fn live_run(sample: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_live"));
    command.arg("run").arg("--sample").arg(sample).args(arguments);
    command.env("ENVOY", binary().expect("an Envoy"));
    command
}

fn without_plugin(folder: &Path) -> std::path::PathBuf {
    let sample = Sample::load("request-id.yaml").and_then(|sample| sample.without_filter("request-id"));
    let file = folder.join("sample.yaml");
    let head = "# A sample.\n#\n# Try:\n#   curl http://127.0.0.1:10000/orders\n";
    std::fs::write(
        &file,
        format!("{head}\n{}", sample.expect("the sample").to_yaml()),
    )
    .expect("a file");
    file
}

fn send(process: u32, signal: Signal) {
    let id = i32::try_from(process)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    kill_process(id, signal).expect("the process is there");
}

#[track_caller]
fn nobody_listens(addresses: &[SocketAddr]) {
    for address in addresses {
        let closed = wait::until(BOUND, &format!("the end of whoever listens on {address}"), || {
            Ok(TcpStream::connect(address).is_err().then_some(()))
        });
        closed.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// What a run that cannot start says.
fn refusal(sample: &Path, arguments: &[&str]) -> String {
    let output = live_run(sample, arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn it_says_what_to_try_with_the_addresses_it_has() {
    let run = Run::start();
    let listener = run.address("Envoy");
    assert!(
        run.head
            .contains(&format!("Try:\n  curl http://{listener}/orders\n")),
        "{}",
        run.head
    );
}

#[test]
fn it_shows_each_request() {
    let run = Run::start();
    client::send(run.address("Envoy"), &Request::get("/orders")).expect("a response");
    let shown = run.lines_until("request  ");
    assert!(
        shown.contains("request  GET /orders → 200 via_upstream"),
        "{shown}"
    );
    assert!(shown.contains("route=orders"), "{shown}");
}

#[test]
fn ctrl_c_and_a_request_to_end_stop_all_of_it() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut run = Run::start();
        let addresses = run.addresses();
        send(run.runner.id(), signal);
        assert!(run.ended().success());
        assert!(run.lines_until("stopped").contains("stopping"));
        nobody_listens(&addresses);
    }
}

#[test]
fn nothing_outlives_it_when_it_is_killed() {
    let mut run = Run::start();
    let addresses = run.addresses();
    send(run.runner.id(), Signal::KILL);
    run.ended();
    nobody_listens(&addresses);
}

#[test]
fn it_fails_when_envoy_dies_and_says_how() {
    let mut run = Run::start();
    let addresses = run.addresses();
    send(run.envoy_process(), Signal::KILL);
    assert_eq!(run.ended().code(), Some(1));
    let mut said = String::new();
    run.runner
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut said)
        .expect("text");
    assert!(said.starts_with("error: Envoy ended (signal: 9"), "{said}");
    nobody_listens(&addresses);
}

#[test]
fn a_taken_port_is_named_with_the_ways_to_choose_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = without_plugin(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for (flag, variable, what) in [
        ("--listener-port", "LISTENER_PORT", "the listener"),
        ("--admin-port", "ADMIN_PORT", "the administration interface"),
        ("--upstream-port", "UPSTREAM_PORT", "the demo upstream"),
    ] {
        let mut arguments = FREE_PORTS;
        let at = arguments.iter().position(|other| *other == flag).expect("a flag") + 1;
        arguments[at] = &port;
        let said = refusal(&sample, &arguments);
        assert!(
            said.starts_with(&format!("error: 127.0.0.1:{port}, where {what} of ")),
            "{said}"
        );
        assert!(said.contains(&format!("make run {variable}=<port>")), "{said}");
        assert!(said.contains(&format!("live run {flag} <port>")), "{said}");
    }
}

#[test]
fn a_missing_module_a_missing_envoy_and_a_missing_sample_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let module = folder.path().join("absent.wasm");
    let sample = folder.path().join("sample.yaml");
    let text = Sample::load("request-id.yaml").and_then(|sample| sample.module("request-id", &module));
    std::fs::write(&sample, text.expect("the sample").to_yaml()).expect("a file");
    assert!(refusal(&sample, &[]).contains("absent.wasm is missing: `make wasm` builds it"));

    let plain = without_plugin(folder.path());
    let said = refusal(
        &plain,
        &[&FREE_PORTS[..], &["--envoy", "/nonexistent/envoy"]].concat(),
    );
    assert!(
        said.contains("no Envoy at /nonexistent/envoy: run `make tools`"),
        "{said}"
    );

    assert!(refusal(Path::new("/nonexistent.yaml"), &[]).contains("reading /nonexistent.yaml: "));
}
