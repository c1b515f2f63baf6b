//! Calling a filter, and doing what it asked for while it was called.

use std::sync::Arc;

use super::fatal;
use super::flow::SharedStream;
use super::seats::Footing;
use super::thread::{EnvoyThread, Pending};
use crate::local_reply::LocalReply;
use crate::stream::{Stage, exchange_of};
use crate::vm_state::AfterCall;
use crate::way::Direction;

/// What a filter's callback came to.
pub(super) enum Verdict {
    /// It returned this number; 0, to go on, where the guest does not have the callback.
    Return(u32),
    /// A host call of it stopped the exchange, whatever it returned.
    Stop,
    /// The exchange ended while it was called.
    Gone,
    Reply(LocalReply),
    Close,
}

impl EnvoyThread {
    /// Creates a filter's stream context where there is none. Gives the reply that it asked for in there: Envoy sends it
    /// after the callback that follows.
    pub(super) fn create_context(&mut self, stream: &SharedStream, filter: usize) -> Option<LocalReply> {
        if stream.borrow().filters[filter].context.is_some() {
            return None;
        }
        let Footing::Seat(seat) = stream.borrow().taken[filter].footing else {
            return None;
        };
        let (vm, root) = self.sitting(seat);
        if vm.dead.is_some() {
            return None;
        }
        let context = vm.state_mut().add_stream(root, stream, filter);
        stream.borrow_mut().filters[filter].context = Some(context);
        let verdict = self.call_filter(stream, filter, "proxy_on_context_create", &[root]);
        match verdict {
            Verdict::Reply(reply) if !stream.borrow().filters[filter].failed => Some(reply),
            _ => None,
        }
    }

    /// Calls one callback of a filter's stream context, with the context before the arguments.
    pub(super) fn call_filter(
        &mut self,
        stream: &SharedStream,
        filter: usize,
        callback: &'static str,
        arguments: &[u32],
    ) -> Verdict {
        let context = stream.borrow().filters[filter].context;
        let footing = stream.borrow().taken[filter].footing;
        let (seat, context) = match (footing, context) {
            (Footing::LeftOut, _) => return Verdict::Return(0),
            (Footing::Seat(seat), Some(context)) => (seat, context),
            _ => {
                stream.borrow_mut().filters[filter].failed = true;
                return Verdict::Reply(LocalReply::dead_vm());
            }
        };
        let (vm, _) = self.sitting(seat);
        let was_dead = vm.dead.is_some();
        let mut all = vec![context];
        all.extend_from_slice(arguments);
        let called = match vm.call(context, callback, &all) {
            Ok(called) => called,
            Err(death) => {
                let mut reply = LocalReply::dead_vm();
                if !was_dead {
                    let words = std::mem::take(&mut vm.last_words);
                    let reason = death.0 + last_words(words, stream, &mut reply);
                    exchange_of(stream).borrow_mut().died.push(reason.clone());
                    self.shared.deaths.lock().push(reason);
                }
                stream.borrow_mut().filters[filter].failed = true;
                self.send_call_outs();
                return Verdict::Reply(reply);
            }
        };
        let returned = called.value.unwrap_or(0);
        let mut verdict = match returned {
            _ if called.stopped => Verdict::Stop,
            returned => Verdict::Return(returned),
        };
        let mut others = Vec::new();
        let mut going_on = Vec::new();
        for action in called.after {
            let (AfterCall::Reply { context: asking, .. }
            | AfterCall::Continue { context: asking, .. }
            | AfterCall::Close { context: asking }) = &action;
            let Some((of, filter)) = vm.state().stream_of(*asking) else {
                continue;
            };
            let is_own = Arc::ptr_eq(&of, stream);
            match action {
                // Of several replies Envoy sends the first, with the details of the last.
                AfterCall::Reply { reply, .. } if is_own => match &mut verdict {
                    Verdict::Reply(first) => first.details = reply.details,
                    _ => verdict = Verdict::Reply(reply),
                },
                AfterCall::Close { .. } if is_own => verdict = Verdict::Close,
                AfterCall::Continue { request, .. } if is_own => going_on.push((filter, request)),
                action => others.push(Pending {
                    stream: of,
                    filter,
                    action,
                }),
            }
        }
        self.pending.extend(others);
        self.send_call_outs();
        if let Some(spent) = called.spent {
            exchange_of(stream).borrow_mut().spent.push(spent);
        }
        let resumed = going_on.iter().any(|(_, request)| !request);
        let end = arguments.last() == Some(&1);
        if let Some(death) = fatal::reason(callback, &verdict, returned, resumed, end) {
            stream.borrow_mut().died.push(death.to_owned());
            self.shared.deaths.lock().push(death.to_owned());
        }
        // Before what the callback returned counts: so going on and then stopping stops for good, as in Envoy.
        for (filter, request) in going_on {
            self.go_on(stream, filter, request);
        }
        let ended = stream.borrow().stage == Stage::Finished;
        let in_the_end = matches!(callback, "proxy_on_log" | "proxy_on_done" | "proxy_on_delete");
        if ended && !in_the_end {
            Verdict::Gone
        } else {
            verdict
        }
    }

    /// A filter lets a direction go on. A request does not, once the response has come to its end.
    fn go_on(&mut self, stream: &SharedStream, filter: usize, request: bool) {
        if !(request && stream.borrow().response_way.ended) {
            self.resume(stream, filter, direction(request));
        }
    }

    /// Does all that is to be done now: what filters asked for outside their own callback, then what call-outs came to,
    /// then what the clock says, then what is posted to this thread. (What takes no time happens at once.)
    pub(super) fn settle(&mut self) {
        self.send_call_outs();
        loop {
            if let Some(pending) = self.pending.pop_front() {
                self.act_on(pending);
            } else if let Some(call_out) = self.ended_call_outs.pop_front() {
                self.tell_of_call_out(&call_out);
            } else if let Some(timer) = self.timers.take_due(self.shared.clock.elapsed()) {
                self.go_off(timer);
            } else if !self.receive_post() {
                return;
            }
        }
    }

    /// Resumes, answers or closes an exchange that a filter holds.
    fn act_on(
        &mut self,
        Pending {
            stream,
            filter,
            action,
        }: Pending,
    ) {
        let stage = stream.borrow().stage;
        match action {
            _ if stage == Stage::Finished => {}
            AfterCall::Continue { request, .. } => {
                if request {
                    stream.borrow_mut().filters[filter].request.headers = false;
                } else {
                    stream.borrow_mut().filters[filter].response.headers = false;
                }
                self.go_on(&stream, filter, request);
            }
            AfterCall::Reply { reply, .. } => self.reply(&stream, reply),
            AfterCall::Close { .. } => self.close(&stream),
        }
        self.drive(&exchange_of(&stream));
    }
}

/// What becomes of that for which a callback asked before it trapped: of a reply to a request Envoy keeps the details; a
/// reply to a response, or an end of the stream, crashes it.
fn last_words(words: Vec<AfterCall>, stream: &SharedStream, to_send: &mut LocalReply) -> &'static str {
    for word in words {
        match word {
            AfterCall::Reply { reply, .. } if stream.borrow().response.is_none() => {
                to_send.details = reply.details;
            }
            AfterCall::Reply { .. } => return " after proxy_send_local_response: Envoy itself crashes",
            AfterCall::Close { .. } => return " after proxy_close_stream: Envoy itself crashes",
            AfterCall::Continue { .. } => {}
        }
    }
    ""
}

fn direction(request: bool) -> Direction {
    if request {
        Direction::Request
    } else {
        Direction::Response
    }
}
