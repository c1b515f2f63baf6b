//! The real Envoy with all scenarios in it, and the peers around it, which take a step when Envoy has done with the last.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use host_tests::scenario::{Mark, Scenario, Seen, Step};
use live::Envoy;
use live::wire::{Acceptor, Attempt};

use super::Numbered;
use super::bootstrap::{self, Upstreams};
use super::differences;
use super::lines::{Line, plugins_line};
use super::peers::{self, Client};

/// How long Envoy may take for a step. Beyond it, the scenario differs, and its later steps are not waited for as long.
const PATIENCE: Duration = Duration::from_secs(2);
const IMPATIENCE: Duration = Duration::from_millis(100);
/// Between two looks.
const PAUSE: Duration = Duration::from_micros(300);

/// An Envoy with a listener for each scenario.
pub struct Stage {
    envoy: Envoy,
    upstream: Acceptor,
    other: Acceptor,
    _modules: tempfile::TempDir,
    /// Up to where the log was read, and the lines of each scenario's plugins.
    read: u64,
    lines: HashMap<usize, Vec<Line>>,
    seen: Vec<Seen>,
}

/// What is going on in one scenario.
struct Play {
    clients: Vec<Client>,
    /// How many lines there were before the first step.
    before: usize,
    others_answered: usize,
    /// Pieces stand on the wire as they are.
    upgrades: bool,
}

impl Stage {
    pub fn start(scenarios: &[Numbered<'_>]) -> Stage {
        let acceptor = || Acceptor::start().expect("an upstream can listen");
        let (upstream, other) = (acceptor(), acceptor());
        let modules = tempfile::tempdir().expect("a folder can be made");
        let configuration = {
            let upstreams = Upstreams {
                upstream: upstream.address(),
                other: other.address(),
            };
            bootstrap::configuration(scenarios, &upstreams, |bytes| {
                let path = modules.path().join(format!(
                    "{}.wasm",
                    fs::read_dir(modules.path()).map_or(0, Iterator::count)
                ));
                fs::write(&path, bytes).expect("a module can be written");
                path.display().to_string()
            })
        };
        let envoy = Envoy::with(&configuration)
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        Stage {
            envoy,
            upstream,
            other,
            _modules: modules,
            read: 0,
            lines: HashMap::new(),
            seen: Vec::new(),
        }
    }

    /// Takes the steps of a scenario, each when the last one has come as far as in the host.
    pub fn play(&mut self, number: usize, scenario: &Scenario, marks: &[Mark]) {
        self.read_log();
        let mut play = Play {
            clients: Vec::new(),
            before: self.lines.get(&number).map_or(0, Vec::len),
            others_answered: 0,
            upgrades: scenario.upgrades(),
        };
        let mut patience = if differences::are_listed(scenario.name) {
            IMPATIENCE
        } else {
            PATIENCE
        };
        for (step, mark) in scenario.steps.iter().zip(marks) {
            self.take(number, step, &mut play);
            if !self.reaches(number, scenario, &mut play, mark, patience) {
                patience = IMPATIENCE;
            }
        }
        let last = marks.last().expect("there is a mark for the end");
        let over = scenario
            .steps
            .len()
            .checked_sub(1)
            .and_then(|at| marks.get(at))
            .is_some_and(|mark| mark == last);
        if !over {
            play.clients.iter().for_each(Client::abort);
            self.reaches(number, scenario, &mut play, last, patience);
        }
        // A plugin can crash Envoy. What does so belongs to the host's own tests, which say what becomes of it there.
        let running = self.envoy.is_running().expect("the system tells");
        assert!(running, "Envoy crashed in `{}`", scenario.name);
        let seen = self.peers_seen(&play);
        self.seen.push(seen);
        play.clients.iter().for_each(Client::close);
        self.upstream.forget();
        self.other.forget();
    }

    fn take(&mut self, number: usize, step: &Step, play: &mut Play) {
        match step {
            Step::Request(request) => {
                let address = self
                    .envoy
                    .listener(&bootstrap::listener_name(number))
                    .expect("it has a listener");
                play.clients.push(Client::send(address, request));
            }
            Step::ClientSends(piece) => with_last(&play.clients, |client| client.piece(piece, play.upgrades)),
            Step::ClientEnds(trailers) => with_last(&play.clients, |client| client.end(trailers)),
            Step::ClientAborts => with_last(&play.clients, Client::abort),
            Step::Passes(_) => {}
            Step::Answer(answer) => with_last(&self.upstream.attempts(), |attempt| {
                peers::answer(attempt, answer)
            }),
            Step::UpstreamInforms(status) => with_last(&self.upstream.attempts(), |attempt| {
                peers::inform(attempt, *status);
            }),
            Step::UpstreamSends(piece) => {
                with_last(&self.upstream.attempts(), |attempt| {
                    peers::piece(attempt, piece, play.upgrades);
                });
            }
            Step::UpstreamEnds(trailers) => {
                with_last(&self.upstream.attempts(), |attempt| {
                    peers::end_answer(attempt, trailers)
                });
            }
            Step::UpstreamResets => with_last(&self.upstream.attempts(), Attempt::reset),
            Step::UpstreamCloses => with_last(&self.upstream.attempts(), Attempt::close),
        }
    }

    /// Waits until it has come as far as this.
    fn reaches(
        &mut self,
        number: usize,
        scenario: &Scenario,
        play: &mut Play,
        mark: &Mark,
        patience: Duration,
    ) -> bool {
        let end = Instant::now() + patience;
        loop {
            self.read_log();
            self.answer_others(scenario, play);
            if self.mark(number, play).has_reached(mark) {
                return true;
            }
            if Instant::now() > end {
                if std::env::var_os("SCENARIO").is_some() {
                    println!(
                        "not reached in `{}`: {mark:?}, only {:?}",
                        scenario.name,
                        self.mark(number, play)
                    );
                }
                return false;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The cluster `other` answers by its script.
    fn answer_others(&self, scenario: &Scenario, play: &mut Play) {
        for attempt in self.other.attempts().iter().skip(play.others_answered) {
            let complete = attempt.request().is_some_and(|request| request.complete);
            let answer = scenario.other.get(play.others_answered).or(scenario.other.last());
            let Some(answer) = answer.filter(|_| complete) else {
                return;
            };
            peers::answer(attempt, answer);
            play.others_answered += 1;
        }
    }

    fn mark(&self, number: usize, play: &Play) -> Mark {
        let mut mark = Mark {
            lines: self
                .lines
                .get(&number)
                .map_or(0, Vec::len)
                .saturating_sub(play.before),
            ..Mark::default()
        };
        for client in &play.clients {
            let reply = client.received();
            mark.replies += usize::from(reply.is_some());
            mark.client_bytes += reply.as_ref().map_or(0, |reply| reply.body().len());
            mark.over += usize::from(client.is_over() || reply.is_some_and(|reply| reply.complete));
        }
        for attempt in self.upstream.attempts() {
            if let Some(request) = attempt.request() {
                mark.attempts += 1;
                mark.upstream_bytes += request.body().len();
                mark.upstream_trailers += request.trailers.len();
            }
        }
        mark
    }

    fn read_log(&mut self) {
        let (text, next) = self.envoy.log_from(self.read).expect("Envoy has a log");
        self.read = next;
        for line in text.lines() {
            if let Some((number, line)) = plugins_line(line) {
                self.lines.entry(number).or_default().push(line);
            }
        }
    }

    fn peers_seen(&self, play: &Play) -> Seen {
        let mut seen = Seen {
            replies: play.clients.iter().map(Client::reply).collect(),
            ..Seen::default()
        };
        for (cluster, acceptor) in [("upstream", &self.upstream), ("other", &self.other)] {
            let attempts = acceptor.attempts();
            let sent = attempts.iter().filter_map(peers::sent);
            seen.attempts.extend(sent.map(|sent| (cluster.to_owned(), sent)));
        }
        seen
    }

    /// Ends Envoy. What logs and statistics have is added to what the peers saw.
    pub fn end(mut self, scenarios: &[Numbered<'_>]) -> Vec<Seen> {
        let statistics = self.envoy.stats().expect("Envoy tells its statistics");
        self.read_log();
        let Stage {
            envoy,
            lines,
            mut seen,
            ..
        } = self;
        let stopped = envoy.stop().expect("Envoy stops");
        for (&(number, scenario), seen) in scenarios.iter().zip(&mut seen) {
            let lines = lines.get(&number).map(Vec::as_slice).unwrap_or_default();
            // The main thread's VMs are there before any worker's.
            let main = lines.first().map(|line| line.thread.clone());
            for line in lines {
                let side = if Some(&line.thread) == main.as_ref() {
                    &mut seen.main
                } else {
                    &mut seen.worker
                };
                side.push((line.plugin.clone(), line.text.clone()));
            }
            for name in scenario.metrics() {
                let value = statistics
                    .get(&format!("wasmcustom.{name}"))
                    .copied()
                    .unwrap_or_default();
                seen.metrics.push((name, value));
            }
            for entry in stopped
                .access_log
                .iter()
                .filter(|entry| entry["scenario"] == number)
            {
                let status = entry["status"]
                    .as_u64()
                    .and_then(|status| u16::try_from(status).ok());
                let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                seen.ends
                    .push((status.unwrap_or_default(), text("flags"), text("details")));
            }
        }
        seen
    }
}

/// The last one, if there is one, does something.
fn with_last<T>(peers: &[T], act: impl FnOnce(&T)) {
    if let Some(peer) = peers.last() {
        act(peer);
    }
}
