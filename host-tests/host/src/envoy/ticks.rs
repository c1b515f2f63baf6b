//! Time passing on a thread: ticks of its root contexts and timers, in the order in which they are due.

use std::time::Duration;

use super::thread::{EnvoyThread, Pending};
use super::timers::Timer;
use crate::stream::Stage;
use crate::vm_state::AfterCall;

impl EnvoyThread {
    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let tick = self.next_tick().map(|(due, _, _)| due);
        [tick, self.timers.next_due()].into_iter().flatten().min()
    }

    /// Runs what is due first, if that is now: a tick before a timer.
    pub(super) fn run_due(&mut self) {
        let now = self.shared.clock.elapsed();
        if let Some((_, vm, root)) = self.next_tick().filter(|(due, _, _)| *due <= now) {
            self.tick(vm, root);
        } else if let Some(timer) = self.timers.take_due(now) {
            self.go_off(timer);
        }
        self.settle();
    }

    pub(super) fn go_off(&mut self, timer: Timer) {
        match timer {
            Timer::Answer(stream, outcome) => {
                if stream.borrow().stage != Stage::Finished {
                    self.answer(&stream, outcome);
                }
            }
        }
    }

    fn next_tick(&self) -> Option<(Duration, usize, u32)> {
        let vms = self.vms.iter().enumerate();
        vms.filter(|(_, vm)| vm.dead.is_none())
            .filter_map(|(index, vm)| vm.state().next_tick().map(|(due, root)| (due, index, root)))
            .min()
    }

    fn tick(&mut self, vm: usize, root: u32) {
        let vm = &mut self.vms[vm];
        vm.state_mut().rearm_tick(root);
        match vm.call(root, "proxy_on_tick", &[root]) {
            Ok(called) => {
                for action in called.after {
                    let (AfterCall::Reply { context, .. }
                    | AfterCall::Continue { context, .. }
                    | AfterCall::Close { context }) = action;
                    if let Some((stream, filter)) = vm.state().stream_of(context) {
                        self.pending.push_back(Pending {
                            stream,
                            filter,
                            action,
                        });
                    }
                }
            }
            Err(death) => self.shared.deaths.lock().push(death.0),
        }
    }
}
