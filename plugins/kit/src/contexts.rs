//! From the number that a callback comes with to the module or the exchange that it is for.
//!
//! Not the SDK's dispatcher: it panics on a number that it does not know, and brings what no plugin here has, streams,
//! call-outs and a root context that calls every host function there is, which was an eighth of a module.

use crate::dispatch::{Action, Exchange, Module};
use crate::module::Load;
use hashbrown::HashTable;
use std::cell::Cell;

/// What the proxy knows by a number.
enum Context {
    /// The module under one configuration.
    Module(Module),
    /// An exchange that passes through it.
    Exchange(Exchange),
}

/// All that a worker has.
struct Contexts {
    load: Load,
    all: HashTable<(u32, Context)>,
}

thread_local! {
    /// `None` before the start, and while a callback runs: a host that began another meanwhile would find nothing, and not
    /// what is being changed. They live as long as the worker.
    static CONTEXTS: Cell<Option<&'static mut Contexts>> = const { Cell::new(None) };
}

/// Makes the module one that finds its plugins so.
pub(crate) fn start(load: Load) {
    let all = HashTable::new();
    CONTEXTS.set(Some(Box::leak(Box::new(Contexts { load, all }))));
}

/// Begins a context of this number: of the module, where it is `within` 0, else of an exchange that passes through that
/// module.
pub(crate) fn create(id: u32, within: u32) {
    with((), |contexts| contexts.create(id, within));
}

/// Forgets the context of this number.
pub(crate) fn delete(id: u32) {
    with((), |contexts| {
        if let Ok(found) = contexts.all.find_entry(hash(id), is(id)) {
            let ((_, context), _) = found.remove();
            if let Context::Module(mut module) = context {
                module.over();
            }
        }
    });
}

/// Takes a step with the module of this number. Where it is none, all is well.
// Apart from the callbacks, so that it is compiled once and not for each of them; and so the next.
#[inline(never)]
pub(crate) fn of_module(id: u32, step: &mut dyn FnMut(&mut Module) -> bool) -> bool {
    with(true, |contexts| match contexts.find(id) {
        Some(Context::Module(module)) => step(module),
        _ => true,
    })
}

/// Takes a step with the exchange of this number. Where it is none, whatever has come goes on.
#[inline(never)]
pub(crate) fn of_exchange(id: u32, step: &mut dyn FnMut(&mut Exchange) -> Action) -> Action {
    with(Action::Continue, |contexts| match contexts.find(id) {
        Some(Context::Exchange(exchange)) => step(exchange),
        _ => Action::Continue,
    })
}

fn with<T>(otherwise: T, step: impl FnOnce(&mut Contexts) -> T) -> T {
    let Some(contexts) = CONTEXTS.take() else {
        return otherwise;
    };
    let done = step(contexts);
    CONTEXTS.set(Some(contexts));
    done
}

impl Contexts {
    fn create(&mut self, id: u32, within: u32) {
        let context = match within {
            0 => Context::Module(Module::new(self.load)),
            _ => match self.find(within) {
                Some(Context::Module(module)) => Context::Exchange(module.exchange()),
                _ => return,
            },
        };
        let place = self.all.entry(hash(id), is(id), |(id, _)| hash(*id));
        place.insert((id, context));
    }

    fn find(&mut self, id: u32) -> Option<&mut Context> {
        let found = self.all.find_mut(hash(id), is(id));
        found.map(|(_, context)| context)
    }
}

fn is(id: u32) -> impl Fn(&(u32, Context)) -> bool {
    move |(known, _)| *known == id
}

/// Numbers come one after the other. The table goes by the lowest bits and by the highest: a factor that is odd and
/// large (2^64 divided by the golden ratio) spreads them over both.
fn hash(id: u32) -> u64 {
    u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
