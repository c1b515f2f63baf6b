//! Calling a filter, and doing what it asked for while it was called.

use std::rc::Rc;

use super::flow::SharedStream;
use super::{Envoy, Pending};
use crate::local_reply::LocalReply;
use crate::stream::Stage;
use crate::vm_state::AfterCall;

/// What a filter's callback came to.
pub(super) enum Verdict {
    Continue,
    Stop,
    Reply(LocalReply),
    Close,
}

/// The values with which a callback lets headers or data go on.
const CONTINUE: u32 = 0;

impl Envoy {
    pub(super) fn create_context(&mut self, stream: &SharedStream, filter: usize) {
        let worker = stream.borrow().worker;
        if stream.borrow().filters[filter].context.is_some() {
            return;
        }
        let (vm, root) = self.fleet().seat(worker, filter);
        if vm.dead.is_some() {
            return;
        }
        let context = vm.state_mut().add_stream(root, stream, filter);
        stream.borrow_mut().filters[filter].context = Some(context);
        self.call_filter(stream, filter, "proxy_on_context_create", &[root]);
    }

    /// Calls one callback of a filter's stream context, with the context before the arguments.
    pub(super) fn call_filter(
        &mut self,
        stream: &SharedStream,
        filter: usize,
        callback: &'static str,
        arguments: &[u32],
    ) -> Verdict {
        let worker = stream.borrow().worker;
        let context = stream.borrow().filters[filter].context;
        let (vm, _) = self.fleet().seat(worker, filter);
        let was_dead = vm.dead.is_some();
        let Some(context) = context else {
            stream.borrow_mut().filters[filter].failed = true;
            return Verdict::Reply(LocalReply::dead_vm());
        };
        let mut all = vec![context];
        all.extend_from_slice(arguments);
        let called = match vm.call(context, callback, &all) {
            Ok(called) => called,
            Err(death) => {
                if !was_dead {
                    stream.borrow_mut().died.push(death.0.clone());
                    self.deaths.push(death.0);
                }
                stream.borrow_mut().filters[filter].failed = true;
                return Verdict::Reply(LocalReply::dead_vm());
            }
        };
        let mut verdict = match called.value {
            Some(value) if value != CONTINUE => Verdict::Stop,
            _ if called.stopped => Verdict::Stop,
            _ => Verdict::Continue,
        };
        let mut others = Vec::new();
        for action in called.after {
            let (AfterCall::Reply { context: asking, .. }
            | AfterCall::Continue { context: asking, .. }
            | AfterCall::Close { context: asking }) = &action;
            let Some((of, filter)) = vm.state().stream_of(*asking) else {
                continue;
            };
            let is_own = Rc::ptr_eq(&of, stream);
            match action {
                // Of several replies Envoy sends the first.
                AfterCall::Reply { reply, .. } if is_own => {
                    if !matches!(verdict, Verdict::Reply(_)) {
                        verdict = Verdict::Reply(reply);
                    }
                }
                AfterCall::Close { .. } if is_own => verdict = Verdict::Close,
                AfterCall::Continue { .. } if is_own && !matches!(verdict, Verdict::Stop) => {}
                action => others.push(Pending {
                    stream: of,
                    filter,
                    action,
                }),
            }
        }
        self.pending.extend(others);
        if let Some(spent) = called.spent {
            stream.borrow_mut().spent.push(spent);
        }
        verdict
    }

    /// Does what filters asked for outside their own callback: resume, answer or close an exchange that they hold.
    pub(super) fn settle(&mut self) {
        while let Some(Pending {
            stream,
            filter,
            action,
        }) = self.pending.pop_front()
        {
            let stage = stream.borrow().stage;
            match (action, stage) {
                (AfterCall::Continue { request: true, .. }, Stage::RequestHeld(held)) if held == filter => {
                    stream.borrow_mut().filters[filter].sees_request = false;
                    if stream.borrow().headers_routed {
                        self.hand_over(&stream);
                    } else {
                        self.decode(&stream, filter + 1);
                    }
                }
                (AfterCall::Continue { request: false, .. }, Stage::ResponseHeld(held)) if held == filter => {
                    stream.borrow_mut().filters[filter].sees_response = false;
                    let (sent, from_upstream) =
                        (stream.borrow().headers_sent, stream.borrow().upstream_answered);
                    if sent {
                        self.deliver(&stream);
                    } else {
                        self.encode(&stream, filter, from_upstream);
                    }
                }
                (AfterCall::Reply { reply, .. }, stage) if stage != Stage::Finished => {
                    self.reply(&stream, reply);
                }
                (AfterCall::Close { .. }, stage) if stage != Stage::Finished => self.close(&stream),
                _ => {}
            }
        }
    }
}
