//! Where an exchange begins, and where its client ends it: the connection manager's side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atomic_refcell::AtomicRefCell;

use super::flow::SharedStream;
use super::thread::EnvoyThread;
use crate::client_request::{ClientRequest, Protocol};
use crate::edge::{self, Refusal};
use crate::flags;
use crate::header_map::HeaderMap;
use crate::local_reply::LocalReply;
use crate::stream::{Stage, Stream, exchange_of};
use crate::way::{Direction, Way};

impl EnvoyThread {
    /// A client's request comes in on a worker. It goes on until it waits for something outside of Envoy.
    pub(super) fn open(&mut self, sent: ClientRequest) -> SharedStream {
        let (mut request, source) = self.settings.edge.receive(&sent, &mut self.shared.random.lock());
        self.shared
            .secrets
            .lock()
            .add_to(&mut request, Direction::Request);
        let connection_id = 1 + self.shared.connections.fetch_add(1, Ordering::Relaxed);
        let refused = edge::refuse(&sent);
        let taken = self.take_seats(None);
        let metrics_before = match self.settings.keeps_records {
            true => self.shared.metrics.lock().all(),
            false => BTreeMap::new(),
        };
        let mut stream = Stream {
            source,
            connection_id,
            direction: self.settings.edge.direction as u64,
            metrics_before,
            ..Stream::new(self.worker(), sent, request, taken, &self.shared.clock)
        };
        stream.request_way.arriving = stream.sent.arrivals.iter().cloned().collect();
        stream.request_way.ended = stream.sent.ends_with_headers && refused.is_none();
        let stream = Arc::new(AtomicRefCell::new(stream));
        self.choose_route(&mut stream.borrow_mut());
        match refused {
            Some(Refusal::Reply(reply)) => self.refuse(&stream, reply),
            Some(Refusal::Reset(details, flags)) => self.reset_client(&stream, details, flags),
            None if !may_upgrade(&stream.borrow()) => {
                self.reply(&stream, LocalReply::own(403, "", "upgrade_failed", 0));
            }
            None => {
                self.continue_client(&stream);
                let end = stream.borrow().request_way.ended;
                self.pass_headers(&stream, Direction::Request, None, end);
            }
        }
        self.drive(&stream);
        self.settle();
        stream
    }

    /// A client that waits for a 100 before it sends its body gets that from Envoy, unless the upstream is to say it.
    fn continue_client(&mut self, stream: &SharedStream) {
        if self.settings.edge.proxy_100_continue {
            return;
        }
        let mut stream = stream.borrow_mut();
        let expects = stream.request.first(b"expect");
        if expects.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue")) {
            stream.request.remove(b"expect");
            stream.informational.push(100);
            stream.code = Some(100);
        }
    }

    /// The upstream sends a status below 200 before its answer. Envoy keeps it to itself unless it was told to pass a
    /// 100 on.
    pub(super) fn inform(&mut self, stream: &SharedStream, status: u16) {
        if self.settings.edge.proxy_100_continue {
            let mut stream = stream.borrow_mut();
            stream.informational.push(status);
            stream.code = Some(status);
        }
    }

    /// The codec's own answer: filters only log it, and see no header of the request then. Where its path is at fault,
    /// Envoy had read as far as that.
    fn refuse(&mut self, stream: &SharedStream, reply: LocalReply) {
        {
            let mut borrowed = stream.borrow_mut();
            let read = std::mem::replace(&mut borrowed.request, HeaderMap::request());
            if reply.details == b"path_normalization_failed" {
                let names = [&b":authority"[..], b":path", b":method", b":scheme"];
                let read_so_far = match borrowed.sent.protocol {
                    Protocol::Http1 => &names[..3],
                    Protocol::Http2 => &names,
                };
                for name in read_so_far {
                    borrowed.request.add(name, read.first(name).unwrap_or_default());
                }
            }
        }
        self.reply(stream, reply);
    }

    /// The codec resets the stream before there are any filters.
    fn reset_client(&mut self, stream: &SharedStream, details: &str, flags: u64) {
        {
            let mut stream = stream.borrow_mut();
            stream.filters.clear();
            stream.request_way = Way::new(0);
            stream.response_way = Way::new(0);
            stream.details = details.as_bytes().to_vec();
            stream.flags |= flags;
        }
        self.finish(stream);
    }

    /// The client goes away.
    pub(super) fn abort(&mut self, stream: &SharedStream) {
        let (details, flags) = match stream.borrow().sent.protocol {
            Protocol::Http1 => ("downstream_remote_disconnect", flags::CLIENT_GONE),
            Protocol::Http2 => ("http2.remote_reset", flags::CLIENT_RESET),
        };
        self.lose_client(stream, details, flags);
    }

    /// Envoy goes away.
    pub(super) fn cut_off(&mut self, stream: &SharedStream) {
        self.lose_client(
            stream,
            "downstream_local_disconnect(purging_socket_that_have_not_progressed_to_connections)",
            flags::CLIENT_GONE,
        );
    }

    fn lose_client(&mut self, stream: &SharedStream, details: &str, flags: u64) {
        let stream = &exchange_of(stream);
        if stream.borrow().stage == Stage::Finished {
            return;
        }
        {
            let mut stream = stream.borrow_mut();
            stream.details = details.as_bytes().to_vec();
            stream.flags |= flags;
            stream.broken = stream.headers_sent;
        }
        self.finish(stream);
        self.settle();
    }
}

/// Whether a request may go on, as far as it asks to change its protocol: the route must allow that one, if there is a route.
fn may_upgrade(stream: &Stream) -> bool {
    let allows = |protocol: &[u8]| {
        let route = stream.route.as_ref();
        route.is_none_or(|route| route.allows_upgrade(protocol))
    };
    stream.sent.upgrade().is_none_or(allows)
}
