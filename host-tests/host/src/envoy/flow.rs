//! The way of an exchange through its filters: decode in order, encode in reverse, then log, done, delete.

use std::cell::RefCell;
use std::rc::Rc;

use super::Envoy;
use super::calls::Verdict;
use crate::edge;
use crate::local_reply::LocalReply;
use crate::stream::{FilterView, Stage, Stream};

pub(crate) type SharedStream = Rc<RefCell<Stream>>;

impl Envoy {
    /// Runs the request phase of every filter, from this one on.
    pub(super) fn decode(&mut self, stream: &SharedStream, from: usize) {
        for filter in from..filters_of(stream) {
            self.create_context(stream, filter);
            let arguments = {
                let mut stream = stream.borrow_mut();
                stream.stage = Stage::Decoding;
                stream.filters[filter].sees_request = true;
                [
                    stream.request.len() as u32,
                    u32::from(stream.request_body.is_empty()),
                ]
            };
            let verdict = self.call_filter(stream, filter, "proxy_on_request_headers", &arguments);
            stream.borrow_mut().filters[filter].entered = true;
            match verdict {
                Verdict::Continue => stream.borrow_mut().filters[filter].sees_request = false,
                Verdict::Stop => {
                    stream.borrow_mut().stage = Stage::RequestHeld(filter);
                    return;
                }
                Verdict::Reply(reply) => return self.reply(stream, reply),
                Verdict::Close => return self.close(stream),
            }
        }
        self.route(stream);
    }

    /// Runs the body past every filter: one piece with it, then the empty one with which HTTP/1 ends it.
    pub(super) fn decode_body(&mut self, stream: &SharedStream) -> bool {
        let whole = std::mem::take(&mut stream.borrow_mut().request_body);
        let mut forwarded = Vec::new();
        for (piece, last) in [(whole, false), (Vec::new(), true)] {
            stream.borrow_mut().request_body = piece;
            for filter in 0..filters_of(stream) {
                let length = {
                    let mut stream = stream.borrow_mut();
                    stream.filters[filter].sees_request_body = true;
                    stream.request_body.len() as u32
                };
                let verdict = self.call_filter(
                    stream,
                    filter,
                    "proxy_on_request_body",
                    &[length, u32::from(last)],
                );
                match verdict {
                    Verdict::Continue => stream.borrow_mut().filters[filter].sees_request_body = false,
                    Verdict::Stop => {
                        stream.borrow_mut().stage = Stage::RequestHeld(filter);
                        return false;
                    }
                    Verdict::Reply(reply) => {
                        self.reply(stream, reply);
                        return false;
                    }
                    Verdict::Close => {
                        self.close(stream);
                        return false;
                    }
                }
            }
            forwarded.append(&mut stream.borrow_mut().request_body);
        }
        stream.borrow_mut().request_body = forwarded;
        true
    }

    /// Answers in the place of the upstream. In the request phase the reply passes the response phase of every
    /// filter already entered; once response headers are on their way it goes straight to the client.
    pub(super) fn reply(&mut self, stream: &SharedStream, reply: LocalReply) {
        if stream.borrow().headers_sent {
            return self.break_off(stream, reply);
        }
        let in_response = {
            let mut stream = stream.borrow_mut();
            let in_response = matches!(stream.stage, Stage::Encoding | Stage::ResponseHeld(_));
            let (headers, body) = reply.render(&stream.request);
            stream.code = Some(status_of(&headers));
            stream.details = reply.details;
            stream.flags |= reply.flags;
            stream.response = Some(headers);
            stream.response_body = body;
            in_response
        };
        if in_response {
            self.send_headers(stream);
            self.deliver(stream);
        } else {
            self.encode(stream, filters_of(stream), false);
        }
    }

    /// Too late for another response: the client's connection breaks off after the headers it has.
    fn break_off(&mut self, stream: &SharedStream, reply: LocalReply) {
        {
            let mut stream = stream.borrow_mut();
            stream.details = reply.details;
            stream.delivered = stream.response.clone().map(|headers| (headers, Vec::new()));
        }
        self.finish(stream);
    }

    /// Runs the response phase of the entered filters below this one, in reverse.
    pub(super) fn encode(&mut self, stream: &SharedStream, below: usize, from_upstream: bool) {
        stream.borrow_mut().stage = Stage::Encoding;
        for filter in (0..below).rev() {
            if !stream.borrow().filters[filter].takes_part() {
                continue;
            }
            let arguments = {
                let mut stream = stream.borrow_mut();
                stream.filters[filter].sees_response = true;
                let headers = stream.response.as_ref().map_or(0, |headers| headers.len());
                [headers as u32, u32::from(stream.response_body.is_empty())]
            };
            match self.call_filter(stream, filter, "proxy_on_response_headers", &arguments) {
                Verdict::Continue => stream.borrow_mut().filters[filter].sees_response = false,
                Verdict::Stop => {
                    stream.borrow_mut().stage = Stage::ResponseHeld(filter);
                    return;
                }
                Verdict::Reply(reply) => return self.reply(stream, reply),
                Verdict::Close => return self.close(stream),
            }
        }
        let body_follows = self.send_headers(stream) && !stream.borrow().response_body.is_empty();
        if body_follows && !self.encode_body(stream, from_upstream) {
            return;
        }
        self.deliver(stream);
    }

    /// Runs the body past the entered filters. An upstream's ends with an empty piece, a local reply's does not.
    fn encode_body(&mut self, stream: &SharedStream, from_upstream: bool) -> bool {
        let whole = std::mem::take(&mut stream.borrow_mut().response_body);
        let mut pieces = vec![(whole, !from_upstream)];
        if from_upstream {
            pieces.push((Vec::new(), true));
        }
        let mut sent = Vec::new();
        for (piece, last) in pieces {
            stream.borrow_mut().response_body = piece;
            for filter in (0..filters_of(stream)).rev() {
                if !stream.borrow().filters[filter].takes_part() {
                    continue;
                }
                let length = {
                    let mut stream = stream.borrow_mut();
                    stream.filters[filter].sees_response_body = true;
                    stream.response_body.len() as u32
                };
                let arguments = [length, u32::from(last)];
                match self.call_filter(stream, filter, "proxy_on_response_body", &arguments) {
                    Verdict::Continue => stream.borrow_mut().filters[filter].sees_response_body = false,
                    Verdict::Stop => {
                        stream.borrow_mut().stage = Stage::ResponseHeld(filter);
                        return false;
                    }
                    Verdict::Reply(reply) => {
                        self.reply(stream, reply);
                        return false;
                    }
                    Verdict::Close => {
                        self.close(stream);
                        return false;
                    }
                }
            }
            sent.append(&mut stream.borrow_mut().response_body);
        }
        stream.borrow_mut().response_body = sent;
        true
    }

    /// All filters have let the response's headers go. False if Envoy had to answer in their place.
    fn send_headers(&mut self, stream: &SharedStream) -> bool {
        let mut borrowed = stream.borrow_mut();
        let stream = &mut *borrowed;
        stream.headers_sent = true;
        let Some(headers) = &mut stream.response else {
            return true;
        };
        let complete = headers.has(b":status");
        if !complete {
            let message = "missing required header: :status";
            (*headers, stream.response_body) = LocalReply::own(502, message, "", 0).render(&stream.request);
            stream.details =
                b"filter_removed_required_response_headers{missing_required_header:_:status}".to_vec();
        }
        stream.code = Some(status_of(headers));
        edge::finish_response(headers, self.shared.clock.system_time(), !stream.request_complete);
        complete
    }

    /// The whole response goes to the client.
    pub(super) fn deliver(&mut self, stream: &SharedStream) {
        {
            let mut stream = stream.borrow_mut();
            let body = stream.response_body.clone();
            let framed = stream
                .response
                .as_ref()
                .map(|map| edge::frame_response(map, &body, &stream.sent.method));
            stream.delivered = framed.map(|headers| (headers, body));
        }
        self.finish(stream);
    }

    /// The stream is reset: the client gets no response.
    pub(super) fn close(&mut self, stream: &SharedStream) {
        {
            let mut stream = stream.borrow_mut();
            if stream.details.is_empty() {
                stream.details = b"wasm_close_stream".to_vec();
            }
        }
        self.finish(stream);
    }

    /// `on_log` of all filters, the ones never entered included, then done and delete of each.
    pub(super) fn finish(&mut self, stream: &SharedStream) {
        let now = self.shared.clock.elapsed();
        let filters = {
            let mut stream = stream.borrow_mut();
            stream.stage = Stage::Finished;
            stream.ended_after = Some(now);
            stream.filters.len()
        };
        for filter in 0..filters {
            self.create_context(stream, filter);
            {
                let view = &mut stream.borrow_mut().filters[filter];
                *view = FilterView {
                    context: view.context,
                    in_log: true,
                    ..FilterView::default()
                };
            }
            let verdict = self.call_filter(stream, filter, "proxy_on_log", &[]);
            let failed = stream.borrow().filters[filter].failed;
            if matches!(verdict, Verdict::Reply(_)) && !failed {
                let death =
                    "send_local_response in proxy_on_log: Envoy logs again and again until it crashes";
                stream.borrow_mut().died.push(death.to_owned());
                self.deaths.push(death.to_owned());
            }
            stream.borrow_mut().filters[filter].in_log = false;
        }
        for filter in 0..filters {
            self.call_filter(stream, filter, "proxy_on_done", &[]);
            self.call_filter(stream, filter, "proxy_on_delete", &[]);
            let (worker, context) = (stream.borrow().worker, stream.borrow().filters[filter].context);
            if let Some(context) = context {
                self.fleet()
                    .seat(worker, filter)
                    .0
                    .state_mut()
                    .remove_context(context);
            }
        }
        stream.borrow_mut().metrics_after = Some(self.shared.metrics.borrow().all());
    }
}

/// How many filters the chain has. (A borrow inside a call or a loop's head would last as long as that.)
pub(super) fn filters_of(stream: &SharedStream) -> usize {
    stream.borrow().filters.len()
}

fn status_of(headers: &crate::header_map::HeaderMap) -> u16 {
    let status = headers
        .first(b":status")
        .and_then(|text| std::str::from_utf8(text).ok());
    status.and_then(|text| text.parse().ok()).unwrap_or(0)
}
