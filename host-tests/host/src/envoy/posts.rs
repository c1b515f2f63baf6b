//! What one thread posts to another: that there is something in a shared queue.
//!
//! A thread takes what is posted to it once it has settled everything else. One that has nothing to do is woken.

use super::Threads;
use super::thread::EnvoyThread;
use crate::log::Thread;
use crate::shared::Shared;

/// Wakes every thread that has posts. One that is busy takes them itself, or whoever keeps it busy looks once more.
pub(super) fn deliver(shared: &Shared, threads: &Threads) {
    // Workers that are stepped would run out of their turn. They take their own posts, and get the rest at the end.
    if shared.steps.are_on() {
        return;
    }
    let wake_one = || {
        let posted = shared.queues.lock().posted_to();
        let idle = posted
            .into_iter()
            .find_map(|thread| threads[number_of(thread)].try_lock());
        idle.map(|mut thread| thread.settle()).is_some()
    };
    while wake_one() {}
}

/// The main thread's number is 0, the workers come behind.
fn number_of(thread: Thread) -> usize {
    match thread {
        Thread::Main | Thread::Canary => 0,
        Thread::Worker(number) => number + 1,
    }
}

impl EnvoyThread {
    /// Takes the first post for this thread. Says whether there was one.
    pub(super) fn receive_post(&mut self) -> bool {
        let Some(post) = self.shared.queues.lock().take_post(self.thread) else {
            return false;
        };
        // Whichever VM is of the owner's kind now, as long as the context is there.
        let vm = self
            .vms
            .iter()
            .find(|(_, vm)| vm.dead.is_none() && vm.plugin.shares_vm_with(&post.to.plugin))
            .filter(|(_, vm)| vm.state().is_root(post.to.root))
            .map(|(number, _)| *number);
        if let Some(vm) = vm {
            self.call_root_for(None, vm, post.to.root, "proxy_on_queue_ready", &[post.token]);
        }
        true
    }
}
