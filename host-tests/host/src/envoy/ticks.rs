//! Time passing on a thread: ticks of its root contexts and timers, in the order in which they are due.

use std::time::Duration;

use super::thread::EnvoyThread;
use super::timers::Timer;
use crate::log::Thread;

/// What became due: see [`crate::Host::run_next`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A tick of the plugin of this name.
    Tick(Thread, String),
    /// Something of the router: an answer, a time-out, a back-off's end.
    Timer(Thread),
}

impl EnvoyThread {
    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let tick = self.next_tick().map(|(due, _, _)| due);
        [tick, self.timers.next_due()].into_iter().flatten().min()
    }

    /// Runs what is due first, if that is now: a tick before a timer. Says what that was.
    pub(super) fn run_due(&mut self) -> Due {
        let now = self.shared.clock.elapsed();
        let mut ran = Due::Timer(self.thread);
        if let Some((_, vm, root)) = self.next_tick().filter(|(due, _, _)| *due <= now) {
            let plugin = self.plugin_of(vm, root);
            ran = Due::Tick(self.thread, plugin);
            self.tick(vm, root);
        } else if let Some(timer) = self.timers.take_due(now) {
            self.go_off(timer);
        }
        self.settle();
        ran
    }

    pub(super) fn go_off(&mut self, timer: Timer) {
        match timer {
            Timer::Answer(stream, attempt, outcome) => self.answer_attempt(&stream, attempt, outcome),
            Timer::Timeout(stream) => self.route_timeout(&stream),
            Timer::PerTryTimeout(stream, attempt) => self.per_try_timeout(&stream, attempt),
            Timer::Retry(stream, attempt) => self.retry(&stream, attempt),
        }
    }

    fn next_tick(&self) -> Option<(Duration, usize, u32)> {
        let alive = self.vms.iter().filter(|(_, vm)| vm.dead.is_none());
        alive
            .filter_map(|(&number, vm)| vm.state().next_tick().map(|(due, root)| (due, number, root)))
            .min()
    }

    fn tick(&mut self, vm: usize, root: u32) {
        if let Some(vm) = self.vms.get_mut(&vm) {
            vm.state_mut().rearm_tick(root);
        }
        self.call_root(vm, root, "proxy_on_tick");
    }
}
