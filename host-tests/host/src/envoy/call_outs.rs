//! Sending a plugin's call-outs, and telling it what came of them.
//!
//! The root context is told, whatever context asked, and also when that one is gone by then: Envoy cancels nothing.

use std::sync::Arc;
use std::time::Duration;

use atomic_refcell::AtomicRefCell;

use super::flow::SharedStream;
use super::thread::EnvoyThread;
use crate::call_out::{Asked, CallOut, Origin, Response, Told};
use crate::client_request::{ClientRequest, Protocol};
use crate::log::Thread;
use crate::route::Route;
use crate::stream::{Stream, exchange_of};
use crate::way::{Arrival, Direction};

impl EnvoyThread {
    /// Sends what plugins asked for. Answers come later, whatever they are.
    pub(super) fn send_call_outs(&mut self) {
        let mut all = Vec::new();
        for (number, vm) in &mut self.vms {
            let unsent = vm.state_mut().call_outs.take_unsent();
            all.extend(unsent.into_iter().map(|asked| (*number, asked)));
        }
        for (number, asked) in all {
            self.send_call_out(number, asked);
        }
    }

    fn send_call_out(&mut self, vm: usize, mut asked: Asked) {
        let asking = self.vms[&vm].state().stream_of(asked.context);
        let exchange = asking.map(|(stream, _)| exchange_of(&stream));
        let origin = Origin {
            plugin: asked.plugin.clone(),
            thread: self.thread,
            token: asked.token,
            root: asked.root,
            vm,
            answer: asked.answer.take(),
            exchange: exchange.as_ref().map(Arc::downgrade),
        };
        let end = asked.body.is_empty();
        let stream = Arc::new(AtomicRefCell::new(self.call_out_stream(asked, origin)));
        if let Some(exchange) = exchange {
            exchange.borrow_mut().call_outs.push(stream.clone());
        }
        self.call_outs.push(stream.clone());
        self.pass_headers(&stream, Direction::Request, None, end);
        self.drive(&stream);
    }

    /// The request as Envoy's own client hands it to the router.
    fn call_out_stream(&self, asked: Asked, origin: Origin) -> Stream {
        let mut request = asked.headers;
        if !asked.body.is_empty() {
            request.set_in_place(b"content-length", asked.body.len().to_string().as_bytes());
        }
        request.set_in_place(b"x-envoy-internal", b"true");
        let text = |name: &[u8]| request.first(name).unwrap_or_default().to_vec();
        let arrivals = match asked.body.is_empty() {
            true => Vec::new(),
            false => vec![Arrival::Piece(asked.body.clone()), Arrival::End],
        };
        let sent = ClientRequest {
            protocol: Protocol::Http1,
            method: String::from_utf8_lossy(&text(b":method")).into_owned(),
            path: text(b":path"),
            authority: text(b":authority"),
            headers: request.pairs().to_vec(),
            ends_with_headers: asked.body.is_empty(),
            body: asked.body,
            arrivals: arrivals.clone(),
            peer: super::default_peer(),
            route: None,
            answer: None,
        };
        let route = Route::new("")
            .cluster(&asked.cluster)
            .timeout_ms(asked.timeout.into());
        let worker = match self.thread {
            Thread::Worker(number) => number,
            Thread::Canary | Thread::Main => 0,
        };
        let mut stream = Stream {
            route: Some(route),
            cluster: Some(asked.cluster),
            call_out: Some(origin),
            ..Stream::new(worker, sent, request, Vec::new(), &self.shared.clock)
        };
        stream.request_way.ended = stream.sent.ends_with_headers;
        stream.request_way.arriving = arrivals.into();
        stream
    }

    /// Tells the plugin what came of its call-out, if its VM is still there.
    pub(super) fn tell_of_call_out(&mut self, stream: &SharedStream) {
        let (token, root, vm, exchange, response) = {
            let mut borrowed = stream.borrow_mut();
            let broken = borrowed.broken;
            let delivered = borrowed.delivered.take().filter(|_| !broken);
            let trailers = borrowed.response_way.sent_trailers.take();
            let response = delivered.map(|(headers, body)| Response {
                headers,
                body,
                trailers,
            });
            let Some(origin) = &borrowed.call_out else {
                return;
            };
            let exchange = origin.exchange.as_ref().and_then(|exchange| exchange.upgrade());
            (origin.token, origin.root, origin.vm, exchange, response)
        };
        let arguments = match &response {
            Some(Response {
                headers,
                body,
                trailers,
            }) => [
                headers.len(),
                body.len(),
                trailers.as_ref().map_or(0, |trailers| trailers.len()),
            ],
            None => [0; 3],
        };
        let [headers, body, trailers] = arguments.map(|number| number as u32);
        // The VM, or the root context in it, may have been given up.
        let Some(state) = self.vms.get_mut(&vm).map(|vm| vm.state_mut()) else {
            return;
        };
        if !state.contexts.contains_key(&root) {
            return;
        }
        state.call_outs.tell(Some(Told { root, response }));
        let arguments = [token, headers, body, trailers];
        self.call_root_for(
            exchange.as_ref(),
            vm,
            root,
            "proxy_on_http_call_response",
            &arguments,
        );
        if let Some(vm) = self.vms.get_mut(&vm) {
            vm.state_mut().call_outs.tell(None);
        }
    }

    /// What plugins asked of other services on this thread, in order.
    pub(super) fn seen_call_outs(&self) -> Vec<(Duration, CallOut)> {
        let seen = |stream: &SharedStream| {
            let stream = stream.borrow();
            Some((stream.started_after, CallOut::seen(&stream)?))
        };
        self.call_outs.iter().filter_map(seen).collect()
    }
}
