//! Queues that plugins share by vm_id and name, and what they post to the threads of those who own them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::abi::Status;
use crate::log::Thread;
use crate::plugin::Plugin;

/// All queues. One keeps what is in it when another context registers it.
#[derive(Default)]
pub(crate) struct SharedQueues {
    tokens: BTreeMap<(String, Vec<u8>), u32>,
    queues: BTreeMap<u32, Queue>,
    last_token: u32,
    posts: Vec<Post>,
}

struct Queue {
    owner: Owner,
    items: VecDeque<Vec<u8>>,
}

/// Who is told that there is something in a queue: the last root context that registered it.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) thread: Thread,
    /// One whose VM it is. The VM that serves it when the news arrives need not be the one that registered.
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) root: u32,
}

/// News for a thread: there is something in a queue.
pub(crate) struct Post {
    pub(crate) to: Owner,
    pub(crate) token: u32,
}

impl SharedQueues {
    /// Makes a queue, or takes over the one of this name. Tokens count from 1 and are not used again.
    pub(crate) fn register(&mut self, vm_id: &str, name: &[u8], owner: Owner) -> u32 {
        let token = *self
            .tokens
            .entry((vm_id.to_owned(), name.to_vec()))
            .or_insert_with(|| {
                self.last_token += 1;
                self.last_token
            });
        match self.queues.get_mut(&token) {
            Some(queue) => queue.owner = owner,
            None => {
                let items = VecDeque::new();
                self.queues.insert(token, Queue { owner, items });
            }
        }
        token
    }

    pub(crate) fn resolve(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        self.tokens.get(&(vm_id.to_owned(), name.to_vec())).copied()
    }

    /// What is in a queue, the oldest first.
    pub(crate) fn items(&self, token: u32) -> Vec<Vec<u8>> {
        let queue = self.queues.get(&token);
        queue
            .map(|queue| queue.items.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Each item is news of its own.
    pub(crate) fn enqueue(&mut self, token: u32, item: Vec<u8>) -> Result<(), Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.push_back(item);
        let to = queue.owner.clone();
        self.posts.push(Post { to, token });
        Ok(())
    }

    pub(crate) fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.pop_front().ok_or(Status::EMPTY)
    }

    /// The first news for a thread.
    pub(crate) fn take_post(&mut self, thread: Thread) -> Option<Post> {
        let at = self.posts.iter().position(|post| post.to.thread == thread)?;
        Some(self.posts.remove(at))
    }

    /// Where there is news for.
    pub(crate) fn posted_to(&self) -> Vec<Thread> {
        self.posts.iter().map(|post| post.to.thread).collect()
    }

    /// The last VM of a vm_id has gone.
    pub(crate) fn forget(&mut self, vm_id: &str) {
        let gone = self.tokens.extract_if(.., |(of, _), _| of == vm_id);
        let gone: Vec<u32> = gone.map(|(_, token)| token).collect();
        for token in gone {
            self.queues.remove(&token);
        }
    }
}
