//! One configuration, under which the requests of a log happen once more.
//!
//! The modules run in the test host, on its virtual clock. Requests come when they came, and their upstreams answer as late
//! as they did; what the plugins make of it is theirs. Retries that the plugins let the router make are made, and each gets
//! the answer that the first attempt got: what another one would have been is in no log.

use super::behind::{Answered, Behind, Failure};
use super::breakers::Breakers;
use super::chain::Chain;
use super::logged::Logged;
use super::outcome::{Outcome, Texts};
use super::time::Nanos;
use host::{Answer, Cluster, Exchange, Host, Request};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// Where nothing happens for longer, what the clock does is not worth waiting for: the plugins tick each second.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(3600);

/// What a host gives to write down. All that is told of breakers begins so.
const WATCHED: &str = "circuit_breaker_";

/// How soon to look again at a request that is being tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A configuration at work.
pub(super) struct Side {
    host: Host,
    workers: usize,
    clock: LogClock,
    /// By the host's clock.
    now: Duration,
    under_way: HashMap<u64, Exchange>,
    /// When requests are over, if they are not tried again, by the host's clock.
    ends: BinaryHeap<Reverse<(Duration, u64)>>,
    /// When clients go away, likewise.
    departures: BinaryHeap<Reverse<(Duration, u64)>>,
    /// How many requests have come.
    taken: u64,
    texts: Texts,
    breakers: Breakers,
}

impl Side {
    /// Starts the plugins.
    pub(super) fn start(chain: Chain, workers: usize) -> Result<Self, host::Refused> {
        // What Envoy's own limits of a cluster allow is in no log: they allow all, so that the plugins alone decide.
        let cluster = |name: &str| Cluster::new(name).max_retries(u32::MAX);
        let of_clusters = chain.of_clusters.into_iter();
        let host = Host::chain(chain.plugins)
            .clusters(of_clusters.map(|(name, plugins)| cluster(&name).filters(plugins)))
            .other_clusters(cluster(""))
            .workers(workers)
            // A request whose line names no route has one all the same; those that Envoy found none for have none here.
            .routes([])
            .allow_vm_death()
            .allow_memory_growth()
            .without_records()
            .watch_metrics(WATCHED);
        host.try_start()?;
        Ok(Self {
            host,
            workers,
            clock: LogClock::default(),
            now: Duration::ZERO,
            under_way: HashMap::new(),
            ends: BinaryHeap::new(),
            departures: BinaryHeap::new(),
            taken: 0,
            texts: Texts::default(),
            breakers: Breakers::default(),
        })
    }

    /// The next request comes in. Requests are numbered as they come, from 0; `done` gets each that is over.
    pub(super) fn take(&mut self, logged: &Logged, mut done: impl FnMut(u64, Outcome)) {
        let number = self.taken;
        self.taken += 1;
        let (arrival, left_out) = self.clock.by_host(logged.start);
        while let Some(Reverse((due, leaving))) = self.departures.peek().copied()
            && due <= arrival
        {
            self.departures.pop();
            self.advance_to(due);
            self.leave(leaving, &mut done);
        }
        self.advance_to(arrival);
        self.collect(&mut done);
        self.clock.leave_out(left_out);
        let worker = usize::try_from(number % self.workers as u64).unwrap_or(0);
        let exchange = request(&self.host, worker, logged).send();
        if exchange.is_finished() {
            return done(number, Outcome::of(&exchange, &mut self.texts));
        }
        let end = arrival + logged.each;
        match logged.behind {
            Behind::ClientLeft => self.departures.push(Reverse((end, number))),
            _ => self.ends.push(Reverse((end, number))),
        }
        self.under_way.insert(number, exchange);
    }

    /// The log is at its end: what is under way ends, too. What is not over long after it should be is given up.
    pub(super) fn finish(mut self, mut done: impl FnMut(u64, Outcome)) -> Breakers {
        let ends = self.ends.iter().chain(&self.departures);
        let last = ends.map(|Reverse((due, _))| *due).max().unwrap_or_default();
        while let Some(due) = self.next_end().filter(|due| *due <= last + LONGEST_GAP) {
            self.advance_to(due);
            while let Some(Reverse((leaves, number))) = self.departures.peek().copied()
                && leaves <= due
            {
                self.departures.pop();
                self.leave(number, &mut done);
            }
            self.collect(&mut done);
        }
        let mut left: Vec<u64> = self.under_way.keys().copied().collect();
        left.sort_unstable();
        for number in left {
            self.leave(number, &mut done);
        }
        self.note_breakers();
        self.breakers.deaths = self.host.deaths();
        self.breakers
    }

    fn next_end(&self) -> Option<Duration> {
        let ends = [self.ends.peek(), self.departures.peek()];
        ends.into_iter().flatten().map(|Reverse((due, _))| *due).min()
    }

    fn advance_to(&mut self, time: Duration) {
        if time > self.now {
            self.host.advance(time - self.now);
            self.now = time;
            self.note_breakers();
        }
    }

    /// Hands over what is over by now.
    fn collect(&mut self, done: &mut impl FnMut(u64, Outcome)) {
        while let Some(Reverse((due, number))) = self.ends.peek().copied()
            && due <= self.now
        {
            self.ends.pop();
            match self.under_way.get(&number) {
                Some(exchange) if !exchange.is_finished() => {
                    self.ends.push(Reverse((self.now + LOOK_AGAIN, number)));
                }
                _ => self.hand_over(number, done),
            }
        }
    }

    fn leave(&mut self, number: u64, done: &mut impl FnMut(u64, Outcome)) {
        if let Some(exchange) = self.under_way.remove(&number) {
            let exchange = match exchange.is_finished() {
                true => exchange,
                false => exchange.client_aborts(),
            };
            done(number, Outcome::of(&exchange, &mut self.texts));
        }
    }

    fn hand_over(&mut self, number: u64, done: &mut impl FnMut(u64, Outcome)) {
        if let Some(exchange) = self.under_way.remove(&number) {
            done(number, Outcome::of(&exchange, &mut self.texts));
        }
    }

    fn note_breakers(&mut self) {
        for moved in self.host.take_moves() {
            self.breakers.note(&moved, self.clock.by_log(moved.after));
        }
        // Nobody reads them here: what is told of breakers comes from their metrics, which no limit holds back.
        self.host.take_logs();
    }
}

/// The log's time and the host's. They run alike, but that the end of a long gap is left out.
#[derive(Default)]
struct LogClock {
    /// The host's zero, by the log.
    zero: Option<Nanos>,
    last: Nanos,
}

impl LogClock {
    /// When a request of the log comes by the host's clock, and how much of the gap before it is left out. Requests are
    /// asked for in their order.
    fn by_host(&mut self, start: Nanos) -> (Duration, Nanos) {
        let zero = *self.zero.get_or_insert(start);
        let longest = u64::try_from(LONGEST_GAP.as_nanos()).unwrap_or(u64::MAX);
        let gap = start.saturating_sub(self.last.max(zero));
        self.last = start;
        let left_out = gap.saturating_sub(longest);
        let since = start.saturating_sub(zero).saturating_sub(left_out);
        (Duration::from_nanos(since), left_out)
    }

    /// What is told of the gap has been told: from here on it is left out.
    fn leave_out(&mut self, of_gap: Nanos) {
        self.zero = self.zero.map(|zero| zero.saturating_add(of_gap));
    }

    /// The log's time.
    fn by_log(&self, after: Duration) -> Nanos {
        let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.zero.unwrap_or(0).saturating_add(after)
    }
}

/// The request as it is sent once more.
fn request(host: &Host, worker: usize, logged: &Logged) -> Request {
    let worker = host.worker(worker);
    let grpc_status = match &logged.behind {
        Behind::Answered(answered) => answered.grpc_status,
        _ => None,
    };
    let mut request = match grpc_status {
        Some(_) => worker.grpc(logged.path.as_bytes()),
        None => worker.request(&logged.method, logged.path.as_bytes()),
    };
    request = request.host(logged.authority.as_bytes());
    if let Some(id) = &logged.id {
        request = request.header("x-request-id", id.as_bytes());
    }
    for (name, value) in &logged.headers {
        request = request.header(name.as_bytes(), value.as_bytes());
    }
    if logged.behind != Behind::Nowhere {
        request = request.route(logged.route.clone());
    }
    match answer(logged) {
        Some(answer) => request.upstream_answers(answer.after(logged.each)),
        None => request,
    }
}

/// What its upstream answers to each attempt, if one is asked.
fn answer(logged: &Logged) -> Option<Answer> {
    let answer = match &logged.behind {
        Behind::Answered(answered) => {
            let headers = logged.response_headers.iter();
            headers.fold(answered_with(answered), |answer, (name, value)| {
                answer.header(name, value.as_bytes())
            })
        }
        Behind::Failed(failure) => match failure {
            Failure::NoHealthyUpstream => Answer::no_healthy_upstream(),
            Failure::Unconnected => Answer::connection_failure(),
            Failure::Timeout => Answer::timeout(),
            Failure::Closed => Answer::reset(),
            Failure::Reset => Answer::stream_reset(),
            Failure::Refused => Answer::refused_stream(),
            Failure::NoHttp => Answer::protocol_error(),
            Failure::Overflow => Answer::overflow(),
        },
        Behind::ClientLeft => Answer::never(),
        Behind::Itself { .. } | Behind::Nowhere | Behind::Refused(_) => return None,
    };
    Some(answer)
}

fn answered_with(answered: &Answered) -> Answer {
    match (answered.grpc_status, answered.broke_off) {
        (Some(status), _) => Answer::grpc(status),
        (None, true) => Answer::new(answered.code).cut_off(),
        (None, false) => Answer::new(answered.code),
    }
}

#[cfg(test)]
mod tests {
    use super::LogClock;
    use std::time::Duration;

    const HOUR: u64 = 3600 * 1_000_000_000;

    #[test]
    fn of_a_long_gap_the_first_hour_passes_and_the_rest_is_left_out() {
        let mut clock = LogClock::default();
        assert_eq!(clock.by_host(10 * HOUR), (Duration::ZERO, 0));
        assert_eq!(clock.by_host(11 * HOUR), (Duration::from_secs(3600), 0));
        let (arrival, left_out) = clock.by_host(16 * HOUR);
        assert_eq!((arrival, left_out), (Duration::from_secs(7200), 4 * HOUR));
        let within = Duration::from_secs(3600 + 60);
        assert_eq!(
            clock.by_log(within),
            11 * HOUR + HOUR / 60,
            "what happens within the gap happens at its time"
        );
        clock.leave_out(left_out);
        assert_eq!(clock.by_log(arrival), 16 * HOUR);
        assert_eq!(clock.by_host(17 * HOUR), (Duration::from_secs(3 * 3600), 0));
    }
}
