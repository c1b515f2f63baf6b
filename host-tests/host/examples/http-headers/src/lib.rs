//! The SDK's http-headers example, rewritten: logs the headers of both directions, and answers `/hello` itself.
//!
//! It is a plugin as anyone would write it with the SDK alone, to show that the host tests what it does not know.
//! The one thing that it takes more care with than most: header values are bytes. The SDK's string getters panic on
//! a value that is no UTF-8, and with that one client ends a worker.
#![forbid(unsafe_code)]

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange))
    }
}

struct Exchange;

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let headers = self.get_http_request_headers_bytes();
        list("request", &headers);
        let is_hello = |(name, value): &(String, Bytes)| name == ":path" && value == b"/hello";
        if !headers.iter().any(is_hello) {
            return Action::Continue;
        }
        self.send_http_response(200, vec![("x-answered-by", "http-headers")], Some(b"hello\n"));
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        list("response", &self.get_http_response_headers_bytes());
        Action::Continue
    }

    fn on_log(&mut self) {
        info!("over");
    }
}

fn list(what: &str, headers: &[(String, Bytes)]) {
    for (name, value) in headers {
        info!("{what} {name}: {}", value.escape_ascii());
    }
}
