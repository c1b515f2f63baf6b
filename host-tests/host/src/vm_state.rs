//! What the host functions of one VM work on: its contexts, its metrics' numbers, and what it asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Memory, StoreLimits, StoreLimitsBuilder, TypedFunc};

use crate::call_out::CallOuts;
use crate::cost::Meter;
use crate::envoy::Settings;
use crate::local_reply::LocalReply;
use crate::log::{Level, LogLine, Thread};
use crate::metrics::MetricIds;
use crate::plugin::Plugin;
use crate::shared::Shared;
use crate::stream::SharedStream;

/// What the host functions of one VM work on.
pub(crate) struct VmState {
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) thread: Thread,
    pub(crate) vm_id: String,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    pub(crate) contexts: BTreeMap<u32, Context>,
    next_context: u32,
    /// Root contexts that have ended but for their `proxy_done`.
    waiting: Vec<u32>,
    /// Those of them that have said it.
    pub(crate) done: Vec<u32>,
    /// The context of the callback that runs.
    pub(crate) current: u32,
    /// The context that the guest chose instead; 0 for none.
    pub(crate) effective: u32,
    pub(crate) callback: &'static str,
    /// The host call that it makes, or has made last.
    pub(crate) calling: &'static str,
    /// Where the guest is while it may call hardly anything.
    pub(crate) restricted: Option<&'static str>,
    /// Why the guest's allocator failed. The callback that needed it goes on, but the VM is dead after it.
    pub(crate) allocator_failed: Option<wasmtime::Error>,
    pub(crate) metric_ids: MetricIds,
    /// What the guest asked for that Envoy does once the callback has returned.
    pub(crate) after: Vec<AfterCall>,
    /// A local response was asked for: whatever the callback returns, the exchange does not go on.
    pub(crate) stop_iteration: bool,
    pub(crate) call_outs: CallOuts,
    /// The buffer that was asked for last, of those that are no body of an exchange, with the context that asked.
    pub(crate) last_buffer: Option<(u32, Vec<u8>)>,
    /// Properties that a context declared, and whether they are read-only. Only a root context's count.
    pub(crate) declared: BTreeMap<(u32, Vec<u8>), bool>,
    pub(crate) meter: Meter,
    pub(crate) limits: StoreLimits,
}

/// A context of the guest.
pub(crate) struct Context {
    pub(crate) root: u32,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) kind: ContextKind,
}

pub(crate) enum ContextKind {
    Root { configuring: bool, tick: Option<Tick> },
    Stream { stream: SharedStream, filter: usize },
}

/// A root context's timer.
#[derive(Clone, Copy)]
pub(crate) struct Tick {
    pub(crate) period: Duration,
    /// Since the host was made.
    pub(crate) due: Duration,
}

/// What happens after a callback, by the context that asked for it.
pub(crate) enum AfterCall {
    Reply { context: u32, reply: LocalReply },
    Continue { context: u32, request: bool },
    Close { context: u32 },
}

/// Envoy's limit for a VM's memory.
const MEMORY_LIMIT: usize = 1 << 30;

impl VmState {
    pub(crate) fn new(
        plugin: &Plugin,
        shared: &Arc<Shared>,
        thread: Thread,
        settings: &Arc<Settings>,
    ) -> VmState {
        VmState {
            shared: shared.clone(),
            settings: settings.clone(),
            thread,
            vm_id: plugin.vm_id.clone(),
            vm_configuration: plugin.vm_configuration.0.clone(),
            environment: plugin.environment.clone(),
            memory: None,
            allocate: None,
            contexts: BTreeMap::new(),
            next_context: 1,
            waiting: Vec::new(),
            done: Vec::new(),
            current: 0,
            effective: 0,
            callback: "start",
            calling: "",
            restricted: Some("before the VM has started (in _initialize, main or _start)"),
            allocator_failed: None,
            metric_ids: MetricIds::default(),
            after: Vec::new(),
            stop_iteration: false,
            call_outs: CallOuts::default(),
            last_buffer: None,
            declared: BTreeMap::new(),
            meter: Meter::default(),
            limits: StoreLimitsBuilder::new().memory_size(MEMORY_LIMIT).build(),
        }
    }

    /// A new root context, its callbacks not yet called.
    pub(crate) fn add_root(&mut self, plugin: &Arc<Plugin>) -> u32 {
        let kind = ContextKind::Root {
            configuring: false,
            tick: None,
        };
        let id = self.next_context();
        self.contexts.insert(
            id,
            Context {
                root: id,
                plugin: plugin.clone(),
                kind,
            },
        );
        id
    }

    /// A new stream context under a root.
    pub(crate) fn add_stream(&mut self, root: u32, stream: &SharedStream, filter: usize) -> u32 {
        let id = self.next_context();
        let plugin = self
            .contexts
            .get(&root)
            .expect("a plugin's root context lives as long as its VM")
            .plugin
            .clone();
        let kind = ContextKind::Stream {
            stream: stream.clone(),
            filter,
        };
        self.contexts.insert(id, Context { root, plugin, kind });
        id
    }

    fn next_context(&mut self) -> u32 {
        let id = self.next_context;
        self.next_context += 1;
        id
    }

    /// The buffer that this context asked for last; empty before any.
    pub(crate) fn last_buffer(&self, context: u32) -> Vec<u8> {
        let last = self.last_buffer.iter().filter(|(asked, _)| *asked == context);
        last.map(|(_, bytes)| bytes.clone()).next().unwrap_or_default()
    }

    pub(crate) fn remove_context(&mut self, id: u32) {
        self.contexts.remove(&id);
        self.declared.retain(|(context, _), _| *context != id);
    }

    pub(crate) fn set_configuring(&mut self, root: u32, now: bool) {
        if let Some(context) = self.contexts.get_mut(&root)
            && let ContextKind::Root { configuring, .. } = &mut context.kind
        {
            *configuring = now;
        }
    }

    /// A root context has ended, and is to stay until it says `proxy_done`.
    pub(crate) fn wait_for_done(&mut self, root: u32) {
        self.waiting.push(root);
    }

    /// `proxy_done` for a plugin. Says whether a root context of it waited for that.
    pub(crate) fn say_done(&mut self, plugin: &Plugin) -> bool {
        let of_plugin = |root| {
            self.contexts
                .get(root)
                .is_some_and(|context| context.plugin.is_same_as(plugin))
        };
        let Some(at) = self.waiting.iter().position(of_plugin) else {
            return false;
        };
        self.done.push(self.waiting.remove(at));
        true
    }

    pub(crate) fn vm_configuration_length(&self) -> u32 {
        self.vm_configuration.len() as u32
    }

    /// The exchange and the filter's place in it of a stream context.
    pub(crate) fn stream_of(&self, context: u32) -> Option<(SharedStream, usize)> {
        match &self.contexts.get(&context)?.kind {
            ContextKind::Stream { stream, filter } => Some((stream.clone(), *filter)),
            ContextKind::Root { .. } => None,
        }
    }

    pub(crate) fn is_root(&self, context: u32) -> bool {
        let context = self.contexts.get(&context);
        context.is_some_and(|context| matches!(context.kind, ContextKind::Root { .. }))
    }

    /// The exchanges that still have a context in this VM.
    pub(crate) fn streams(&self) -> Vec<SharedStream> {
        let contexts = self.contexts.values();
        contexts
            .filter_map(|context| match &context.kind {
                ContextKind::Stream { stream, .. } => Some(stream.clone()),
                ContextKind::Root { .. } => None,
            })
            .collect()
    }

    /// When the next tick of any root context is due.
    pub(crate) fn next_tick(&self) -> Option<(Duration, u32)> {
        let contexts = self.contexts.iter();
        contexts
            .filter_map(|(&id, context)| match context.kind {
                ContextKind::Root { tick: Some(tick), .. } => Some((tick.due, id)),
                _ => None,
            })
            .min()
    }

    /// Sets the next tick of a root context one period on. (The callback may then change it.)
    pub(crate) fn rearm_tick(&mut self, root: u32) {
        if let Some(context) = self.contexts.get_mut(&root)
            && let ContextKind::Root { tick: Some(tick), .. } = &mut context.kind
        {
            tick.due += tick.period;
        }
    }

    pub(crate) fn log_line(&self, level: Level, plugin: String, message: &[u8]) -> LogLine {
        LogLine {
            level,
            plugin,
            thread: self.thread,
            message: String::from_utf8_lossy(message).into_owned(),
        }
    }
}
