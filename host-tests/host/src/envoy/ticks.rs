//! Time passing: ticks of every root context, on the main thread and on the workers, in the order in which they are
//! due.

use std::time::Duration;

use super::{Envoy, Pending};
use crate::vm_state::AfterCall;

impl Envoy {
    /// Moves the clock on and runs every tick that becomes due on the way.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.shared.clock.elapsed() + by;
        while let Some((due, vm, root)) = self.next_tick().filter(|(due, _, _)| *due <= end) {
            // A tick that was due in the past runs now, not then.
            let now = due.max(self.shared.clock.elapsed());
            self.shared.clock.set_elapsed(now);
            self.tick(vm, root);
        }
        self.shared.clock.set_elapsed(end);
        self.settle();
    }

    fn next_tick(&mut self) -> Option<(Duration, usize, u32)> {
        let vms = self.fleet.as_ref()?.vms().enumerate();
        vms.filter(|(_, vm)| vm.dead.is_none())
            .filter_map(|(index, vm)| vm.state().next_tick().map(|(due, root)| (due, index, root)))
            .min()
    }

    fn tick(&mut self, vm_index: usize, root: u32) {
        let vm = self
            .fleet()
            .vms_mut()
            .nth(vm_index)
            .expect("the index comes from the same list");
        vm.state_mut().rearm_tick(root);
        match vm.call(root, "proxy_on_tick", &[root]) {
            Ok(called) => {
                let mut pending = Vec::new();
                for action in called.after {
                    let (AfterCall::Reply { context, .. }
                    | AfterCall::Continue { context, .. }
                    | AfterCall::Close { context }) = action;
                    if let Some((stream, filter)) = vm.state().stream_of(context) {
                        pending.push(Pending {
                            stream,
                            filter,
                            action,
                        });
                    }
                }
                self.pending.extend(pending);
            }
            Err(death) => self.deaths.push(death.0),
        }
        self.settle();
    }
}
