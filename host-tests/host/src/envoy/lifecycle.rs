//! How an Envoy starts, takes another configuration, and shuts down.

use std::sync::Arc;

use parking_lot::Mutex;

use super::thread::EnvoyThread;
use super::{Envoy, Phase, Refusal, Settings, Threads, posts};
use crate::log::Thread;
use crate::plugin::Plugin;

/// The VMs from which all others of their kind are made, and what they know of configurations.
pub(super) type Bases = Vec<Base>;

pub(super) struct Base {
    plugin: Arc<Plugin>,
    /// Plugins that were tried on a canary, and why those were refused that were. Envoy does not try them again.
    tried: Vec<(Arc<Plugin>, Option<Refusal>)>,
}

impl Envoy {
    /// Starts all VMs in Envoy's order, unless that is done: for each plugin first a trial, then the main thread's own
    /// VM; when all plugins have passed, the workers.
    pub(crate) fn start(&self) -> Result<(), Refusal> {
        let mut phase = self.phase.lock();
        match *phase {
            Phase::New => {}
            Phase::Running(_) => return Ok(()),
            Phase::ShutDown => panic!("the host has shut down"),
        }
        let setup = self.setup.borrow();
        let settings = Arc::new(setup.settings.clone());
        if let Some(not_planted) = &settings.not_planted {
            let all = setup.all_plugins();
            let secrets = all.flat_map(|(_, plugin)| plugin.module.secrets.iter());
            secrets
                .filter(|secret| !not_planted.iter().any(|name| secret.is_called(name)))
                .for_each(|secret| self.shared.secrets.lock().plant(secret));
        }
        let mut bases = self.bases.lock();
        let mut main = EnvoyThread::new(&settings, &self.shared, Thread::Main);
        for (cluster, plugin) in setup.all_plugins() {
            self.admit(&mut bases, &settings, plugin)?;
            self.tolerate(&settings, main.add(cluster, plugin))?;
        }
        let mut threads = vec![Mutex::new(main)];
        for number in 0..settings.workers {
            let mut worker = EnvoyThread::new(&settings, &self.shared, Thread::Worker(number));
            for (cluster, plugin) in setup.all_plugins() {
                self.tolerate(&settings, worker.add(cluster, plugin))?;
            }
            threads.push(Mutex::new(worker));
        }
        // What was asked for while starting is answered only now. A canary is gone by then, and its call-outs with it.
        for thread in &threads {
            thread.lock().settle();
        }
        posts::deliver(&self.shared, &threads);
        *phase = Phase::Running(Arc::new(threads));
        Ok(())
    }

    /// Puts a plugin in another one's place in the chain, if a canary accepts it. Exchanges in flight keep the old one.
    pub(crate) fn update(&self, place: usize, plugin: Plugin) -> Result<(), Refusal> {
        let threads = self.threads();
        // One update after another.
        let mut bases = self.bases.lock();
        let (plugin, settings) = {
            let main = threads[0].lock();
            if main.chain[place].plugin.is_same_as(&plugin) {
                return Ok(());
            }
            (Arc::new(plugin), main.settings.clone())
        };
        self.forget_unused_bases(&mut bases, &threads);
        self.admit(&mut bases, &settings, &plugin)?;
        for thread in threads.iter() {
            if let Err(refusal) = thread.lock().replace(place, &plugin) {
                self.go_on_without(refusal);
            }
        }
        for thread in threads.iter() {
            thread.lock().retire();
        }
        posts::deliver(&self.shared, &threads);
        self.forget_unused_bases(&mut bases, &threads);
        Ok(())
    }

    /// Ends all exchanges and root contexts, on the workers first.
    pub(crate) fn shut_down(&self) {
        let threads = self.threads();
        for thread in threads[1..].iter().chain(&threads[..1]) {
            thread.lock().shut_down();
        }
        *self.phase.lock() = Phase::ShutDown;
    }

    /// The plugins of clusters, then those of the chain, as new requests get them.
    pub(crate) fn plugins(&self) -> Vec<Arc<Plugin>> {
        match &*self.phase.lock() {
            Phase::Running(threads) => {
                let main = threads[0].lock();
                main.chain.iter().map(|place| place.plugin.clone()).collect()
            }
            Phase::New | Phase::ShutDown => {
                let setup = self.setup.borrow();
                setup.all_plugins().map(|(_, plugin)| plugin.clone()).collect()
            }
        }
    }

    /// The first plugin of the listener's chain, as new requests get it.
    pub(crate) fn first_plugin(&self) -> Option<Arc<Plugin>> {
        let started = match &*self.phase.lock() {
            Phase::Running(threads) => {
                let main = threads[0].lock();
                let mut chain = main.chain.iter();
                let first = chain.find(|place| place.cluster.is_none());
                first.map(|place| place.plugin.clone())
            }
            Phase::New | Phase::ShutDown => None,
        };
        started.or_else(|| self.setup.borrow().plugins.first().cloned())
    }

    /// Tries a configuration on the main thread. The first plugin of its kind starts the VM from which the others are
    /// made, which gets no context; then a canary is asked, and thrown away.
    fn admit(
        &self,
        bases: &mut Bases,
        settings: &Arc<Settings>,
        plugin: &Arc<Plugin>,
    ) -> Result<(), Refusal> {
        let mut canary = EnvoyThread::new(settings, &self.shared, Thread::Canary);
        let base = match bases.iter().position(|base| base.plugin.shares_vm_with(plugin)) {
            Some(known) => &mut bases[known],
            None => {
                canary.start_vm(plugin)?;
                canary = EnvoyThread::new(settings, &self.shared, Thread::Canary);
                bases.push(Base {
                    plugin: plugin.clone(),
                    tried: Vec::new(),
                });
                bases.last_mut().expect("it was just pushed")
            }
        };
        if let Some((_, before)) = base.tried.iter().find(|(tried, _)| tried.is_same_as(plugin)) {
            return before.clone().map_or(Ok(()), Err);
        }
        let seated = canary.add(None, plugin);
        base.tried.push((plugin.clone(), seated.clone().err()));
        seated
    }

    /// A base goes with the last VM that was made from it, and with the last base of a vm_id all that its VMs shared.
    fn forget_unused_bases(&self, bases: &mut Bases, threads: &Threads) {
        let in_use = |base: &mut Base| threads.iter().any(|thread| thread.lock().has_vm_of(&base.plugin));
        let unused: Vec<Base> = bases.extract_if(.., |base| !in_use(base)).collect();
        for vm_id in unused.iter().map(|base| &base.plugin.vm_id) {
            if !bases.iter().any(|base| base.plugin.vm_id == *vm_id) {
                self.shared.shared_data.lock().forget(vm_id);
                self.shared.queues.lock().forget(vm_id);
            }
        }
    }

    /// What was posted to threads that had nothing else to do meanwhile.
    pub(crate) fn deliver_posts(&self) {
        posts::deliver(&self.shared, &self.threads());
    }

    /// A thread refused what the canary had accepted. Envoy starts all the same and leaves the plugin out there; so
    /// does this one, where the test can live with that.
    fn tolerate(&self, settings: &Settings, seated: Result<(), Refusal>) -> Result<(), Refusal> {
        match seated {
            Err(refusal) if settings.allow_vm_death => {
                self.go_on_without(refusal);
                Ok(())
            }
            seated => seated,
        }
    }

    fn go_on_without(&self, refusal: Refusal) {
        let Refusal {
            plugin,
            thread,
            reason,
            ..
        } = refusal;
        self.shared.deaths.lock().push(format!(
            "{reason}: {thread:?} refuses what the canary accepted, and goes on without plugin {plugin}"
        ));
    }
}

impl EnvoyThread {
    /// Ends the exchanges, the last one first, then the root contexts of the chain, the last one first.
    fn shut_down(&mut self) {
        for stream in self.open_streams().into_iter().rev() {
            self.cut_off(&stream);
        }
        self.leave_all();
    }
}
