//! What the client and the upstream saw of an exchange, and what a test expects of it.

use std::time::Duration;

use super::Exchange;
use crate::call_out::CallOut;
use crate::cost::Cost;
use crate::field::Field;
use crate::flags;
use crate::header_map::{HeaderMap, named};
use crate::log::LogLine;
use crate::stream::SharedStream;

impl Exchange {
    /// The status that the client got; 0 if none.
    pub fn status(&self) -> u16 {
        let stream = self.stream.borrow();
        stream.code.filter(|_| stream.delivered.is_some()).unwrap_or(0)
    }

    /// The number of the client's connection, property `connection.id`: no other exchange of the host has it.
    pub fn connection(&self) -> u64 {
        self.stream.borrow().connection_id
    }

    /// `%RESPONSE_CODE%`: the status in access logs, which may be there although the client got none; 0 if not.
    pub fn response_code(&self) -> u16 {
        self.stream.borrow().code.unwrap_or(0)
    }

    /// The client got this status.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> &Exchange {
        let message = self.because(&format!("the status is {}, not {status}", self.status()));
        self.require(self.status() == status, &message);
        self
    }

    /// The response has this header exactly once, with this value.
    #[track_caller]
    pub fn header(&self, name: &str, value: impl AsRef<[u8]>) -> &Exchange {
        self.response_header(name).is(value);
        self
    }

    /// The response does not have this header.
    #[track_caller]
    pub fn no_header(&self, name: &str) -> &Exchange {
        self.response_header(name).is_absent();
        self
    }

    /// A header of the response as the client got it.
    pub fn response_header(&self, name: &str) -> Field<'_> {
        let stream = self.stream.borrow();
        let values = stream
            .delivered
            .as_ref()
            .map(|(headers, _)| headers.all(name.as_bytes()));
        Field::new(
            self,
            format!("response header {name}"),
            values.unwrap_or_default(),
        )
    }

    /// A header of the request as the upstream got it (in the last attempt that reached it); `:path`, `:method`
    /// and `:authority` too.
    pub fn upstream_header(&self, name: &str) -> Field<'_> {
        let name = name.to_ascii_lowercase();
        let values = self
            .upstream_headers()
            .into_iter()
            .filter(|(n, _)| *n == name)
            .map(|(_, value)| value);
        Field::new(self, format!("upstream header {name}"), values.collect())
    }

    /// Filter state by the name that the plugin gave it (access logs see it with `wasm.` in front).
    pub fn filter_state(&self, name: &str) -> Field<'_> {
        let value = self.stream.borrow().filter_state.get(name.as_bytes()).cloned();
        Field::new(self, format!("filter state {name}"), value.into_iter().collect())
    }

    /// All filter state that plugins have set, by name.
    ///
    /// ```
    /// let marks = r#"(module
    ///     (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
    ///     (func (export "proxy_abi_version_0_2_1"))
    ///     (func (export "malloc") (param i32) (result i32) (i32.const 0))
    ///     (memory (export "memory") 1) (data (i32.const 0) "mark1")
    ///     (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ///         (drop (call $set (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 1)))
    ///         (i32.const 0)))"#;
    /// let exchange = host::Host::new(wat::parse_str(marks).unwrap()).get("/").answered_with(200);
    /// assert_eq!(exchange.filter_states(), [("mark".to_owned(), b"1".to_vec())]);
    /// ```
    pub fn filter_states(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        let all = stream.filter_state.iter();
        all.map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.clone()))
            .collect()
    }

    /// The virtual host and the route that the request takes, by name; none, if there is none for it.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, Route};
    /// let host = Host::new(plugin).routes([Route::new("orders").path("/orders")]);
    /// let exchange = host.get("/orders").header("x-api-key", "k").answered_with(200);
    /// assert_eq!(exchange.route(), Some(("all".to_owned(), "orders".to_owned())));
    /// assert_eq!(host.get("/").header("x-api-key", "k").expect_rejected(404).route(), None);
    /// ```
    pub fn route(&self) -> Option<(String, String)> {
        let stream = self.stream.borrow();
        let route = stream.route.as_ref()?;
        Some((route.virtual_host.clone(), route.name.clone()))
    }

    /// How long it took, by the host's clock; none, as long as it is under way.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, millis};
    /// let host = Host::new(plugin);
    /// let exchange = host.get("/").header("x-api-key", "k").expect_forwarded();
    /// host.advance(millis(7));
    /// assert_eq!(exchange.lasted(), None);
    /// assert_eq!(exchange.answer(200).lasted(), Some(millis(7)));
    /// ```
    pub fn lasted(&self) -> Option<Duration> {
        let stream = self.stream.borrow();
        Some(stream.ended_after?.saturating_sub(stream.started_after))
    }

    /// Filter state that Envoy's own filters read, by the name that they know: what the plugin set with the foreign
    /// function `set_envoy_filter_state`.
    pub fn envoys_filter_state(&self, name: &str) -> Field<'_> {
        let stream = self.stream.borrow();
        let value = stream.envoys_filter_state.get(name.as_bytes()).cloned();
        Field::new(
            self,
            format!("filter state {name} of Envoy"),
            value.into_iter().collect(),
        )
    }

    /// All headers of the response in order, `:status` first; none if there was no response.
    pub fn response_headers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        named(
            stream
                .delivered
                .as_ref()
                .map(|(headers, _)| headers.pairs())
                .unwrap_or_default(),
        )
    }

    /// All headers of the request as the upstream got it, in order, pseudo headers first; none if it got none.
    pub fn upstream_headers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        let attempt = stream.routing.last_reached();
        named(
            attempt
                .map(|attempt| attempt.headers.as_slice())
                .unwrap_or_default(),
        )
    }

    /// Whether the request reached the upstream.
    pub fn reached_upstream(&self) -> bool {
        self.stream.borrow().routing.last_reached().is_some()
    }

    /// The body that the upstream got.
    pub fn upstream_body(&self) -> Vec<u8> {
        self.upstream_pieces().concat()
    }

    /// The response's body.
    pub fn body(&self) -> Vec<u8> {
        self.stream
            .borrow()
            .delivered
            .as_ref()
            .map(|(_, body)| body.clone())
            .unwrap_or_default()
    }

    /// The response's body as it left, piece by piece.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        self.stream.borrow().response_way.sent.clone()
    }

    /// The request's body as the upstream got it, piece by piece.
    pub fn upstream_pieces(&self) -> Vec<Vec<u8>> {
        let stream = self.stream.borrow();
        let attempt = stream.routing.last_reached();
        attempt.map(|attempt| attempt.pieces.clone()).unwrap_or_default()
    }

    /// A trailer of the response as the client got it.
    pub fn response_trailer(&self, name: &str) -> Field<'_> {
        let trailers = self.stream.borrow().response_way.sent_trailers.clone();
        let values = trailers.map(|map| map.all(name.as_bytes()));
        Field::new(
            self,
            format!("response trailer {name}"),
            values.unwrap_or_default(),
        )
    }

    /// A trailer of the request as the upstream got it.
    pub fn upstream_trailer(&self, name: &str) -> Field<'_> {
        let stream = self.stream.borrow();
        let attempt = stream.routing.last_reached();
        let trailers = attempt.and_then(|attempt| attempt.trailers.as_ref());
        let values = trailers.map(|map| map.all(name.as_bytes()));
        Field::new(
            self,
            format!("upstream trailer {name}"),
            values.unwrap_or_default(),
        )
    }

    /// All trailers of the response as the client got it, in order.
    pub fn response_trailers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        let trailers = stream.response_way.sent_trailers.as_ref();
        named(trailers.map(HeaderMap::pairs).unwrap_or_default())
    }

    /// All trailers of the request as the upstream got it, in order.
    pub fn upstream_trailers(&self) -> Vec<(String, Vec<u8>)> {
        let stream = self.stream.borrow();
        let attempt = stream.routing.last_reached();
        let trailers = attempt.and_then(|attempt| attempt.trailers.as_ref());
        named(trailers.map(HeaderMap::pairs).unwrap_or_default())
    }

    /// The statuses below 200 that the client got before its response.
    pub fn informational(&self) -> Vec<u16> {
        self.stream.borrow().informational.clone()
    }

    /// Whether the client's connection broke off after it had the response's headers.
    pub fn broke_off(&self) -> bool {
        self.stream.borrow().broken
    }

    /// The response has this body.
    #[track_caller]
    pub fn expect_body(&self, body: impl AsRef<[u8]>) -> &Exchange {
        self.require(self.body() == body.as_ref(), "the body is another");
        self
    }

    /// `%RESPONSE_CODE_DETAILS%`: where the response came from.
    pub fn details(&self) -> String {
        String::from_utf8_lossy(&self.stream.borrow().details).into_owned()
    }

    /// `%RESPONSE_FLAGS%`: why a response is not simply the upstream's, such as `UT` or `URX,UC`; `-` for no reason.
    pub fn flags(&self) -> String {
        flags::in_short(self.stream.borrow().flags)
    }

    /// What plugins asked of other services in this exchange, in order.
    pub fn call_outs(&self) -> Vec<CallOut> {
        let stream = self.stream.borrow();
        let seen = |call_out: &SharedStream| CallOut::seen(&call_out.borrow());
        stream.call_outs.iter().filter_map(seen).collect()
    }

    /// What plugins logged in this exchange.
    pub fn logs(&self) -> Vec<LogLine> {
        self.stream.borrow().log.clone()
    }

    /// What the exchange cost so far.
    pub fn cost(&self) -> Cost {
        Cost {
            callbacks: self.stream.borrow().spent.clone(),
        }
    }
}
