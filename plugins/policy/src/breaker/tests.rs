use super::*;

mod any;
mod codec;
mod forced;
mod gathering;
mod half_open;
mod import;
#[cfg(not(target_arch = "wasm32"))]
mod interleavings;
mod invariants;
mod naive;
mod opening;
mod trips;
mod viewed;
mod well_known;

/// One process with one breaker, whose record lives as bytes between decisions, as it does in shared data.
struct Stand {
    settings: Settings,
    bytes: Vec<u8>,
    now_millis: u64,
    draw: f64,
}

impl Stand {
    /// With the default settings, changed, and no jitter and no ramp.
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.open.jitter = 0.0;
        settings.ramp = None;
        change(&mut settings);
        Self {
            settings,
            bytes: Vec::new(),
            now_millis: 1_000_000,
            draw: 0.0,
        }
    }

    fn record(&self) -> Record {
        Record::decode(&self.bytes)
    }

    fn at(&self) -> Moment {
        Moment {
            now_millis: self.now_millis,
            draw: self.draw,
        }
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Record, &Settings, Moment) -> T) -> T {
        let mut record = self.record();
        let result = change(&mut record, &self.settings, self.at());
        self.bytes = record.encode();
        result
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now_millis += millis;
        self
    }

    fn tick(&mut self) -> Option<Transition> {
        self.change(Record::advance)
    }

    fn admit(&mut self) -> Verdict {
        self.change(Record::admit).verdict
    }

    #[track_caller]
    fn admitted(&mut self) -> Permit {
        match self.admit() {
            Verdict::Admitted(permit) => permit,
            Verdict::Rejected(rejection) => panic!("rejected: {rejection:?}, {:?}", self.record()),
        }
    }

    #[track_caller]
    fn rejected(&mut self) -> (Why, u64) {
        match self.admit() {
            Verdict::Admitted(_) => panic!("admitted: {:?}", self.record()),
            Verdict::Rejected(rejection) => (rejection.why, rejection.retry_after_seconds),
        }
    }

    fn settle(&mut self, permit: Permit, outcome: Outcome) -> Option<Transition> {
        self.change(|record, settings, at| record.settle(settings, permit, outcome, None, at))
    }

    /// A request from its admission to its end.
    #[track_caller]
    fn request(&mut self, outcome: Outcome) -> Option<Transition> {
        let permit = self.admitted();
        self.settle(permit, outcome)
    }

    #[track_caller]
    fn requests(&mut self, times: u32, outcome: Outcome) {
        for _ in 0..times {
            assert_eq!(self.request(outcome), None);
        }
    }

    #[track_caller]
    fn goes(&mut self, transition: Option<Transition>, to: State, reason: Reason) {
        let seen = transition.map(|transition| (transition.to, transition.reason));
        assert_eq!(seen, Some((to, reason)), "{:?}", self.record());
        assert_eq!(self.record().state(), to);
    }

    /// Opened by one failure.
    fn opened(change: impl FnOnce(&mut Settings)) -> Self {
        let mut stand = Self::new(|settings| {
            settings.trip.consecutive_failures = Some(1);
            change(settings);
        });
        let transition = stand.request(Outcome::Failure);
        stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
        stand
    }

    /// Opened by one failure, and now due.
    fn due(change: impl FnOnce(&mut Settings)) -> Self {
        let mut stand = Self::opened(change);
        stand.wait(stand.settings.open.first_millis);
        stand
    }
}
