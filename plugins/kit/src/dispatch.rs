//! From the SDK's callbacks to a plugin's.

use crate::host;
use crate::line::Line;
use crate::{Answer, Done, Filter, Request, Response, ResponseBody, ResponseTrailers, Root, Worker};
use log::Level;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, GrpcStatusCode};
use std::rc::Rc;

/// Faults of one configuration that are logged, a line each; how many more there are is logged after them.
const FAULTS_LOGGED: usize = 50;

/// Makes the root context of a module that holds one plugin.
pub fn root_context<R: Root>() -> Box<dyn RootContext> {
    Box::new(Worked::<R> { configured: None })
}

/// A plugin in one worker, `None` before its first configuration.
struct Worked<R> {
    configured: Option<(Rc<R>, Rc<Worker>)>,
}

impl<R: Root> Worked<R> {
    fn configure(&mut self, size: usize) -> bool {
        let refuse = |path: &str, fault: &str| {
            Line::new(R::NAME, Level::Error, "configuration_refused")
                .with(|line| {
                    line.text("path", path).text("fault", fault);
                })
                .write();
        };
        // An empty configuration is not asked for: a host may answer that there is none.
        let read = if size == 0 {
            Ok(Vec::new())
        } else {
            host::plugin_configuration(size)
        };
        let Ok(bytes) = read else {
            refuse("", "the host did not hand the configuration over");
            return false;
        };
        let configuration = match config::load::<R::Policy>(&bytes) {
            Ok(configuration) => configuration,
            Err(faults) => {
                for fault in faults.iter().take(FAULTS_LOGGED) {
                    refuse(fault.path(), fault.rule());
                }
                if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_LOGGED) {
                    refuse("", &format!("{more} more faults are not listed"));
                }
                return false;
            }
        };
        let worker = Rc::new(Worker::new(R::NAME, &configuration.common));
        for unknown in configuration.warnings.iter() {
            worker.passed_over("unknown_key", unknown.path(), unknown.rule());
        }
        self.configured = Some((Rc::new(R::new(configuration, Rc::clone(&worker))), worker));
        true
    }
}

impl<R: Root> Context for Worked<R> {
    fn on_done(&mut self) -> bool {
        if let Some((root, _)) = &self.configured {
            root.over();
        }
        true
    }
}

impl<R: Root> RootContext for Worked<R> {
    fn on_configure(&mut self, size: usize) -> bool {
        self.configure(size)
    }

    fn on_tick(&mut self) {
        if let Some((root, _)) = &self.configured {
            root.tick();
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        // The SDK panics on `None`: an exchange without a plugin passes through untouched.
        let passage = self
            .configured
            .as_ref()
            .map(|(root, worker)| (root.filter(), Rc::clone(worker)));
        Some(Box::new(Exchange { passage }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One exchange.
struct Exchange<F> {
    passage: Option<(F, Rc<Worker>)>,
}

impl<F: Filter> Exchange<F> {
    /// The proxy tells it with a callback for the log or with one for the end, or with both.
    fn over(&mut self) {
        if let Some((mut filter, worker)) = self.passage.take() {
            filter.done(&Done::new(&worker));
        }
    }
}

impl<F: Filter> Context for Exchange<F> {
    fn on_done(&mut self) -> bool {
        self.over();
        true
    }
}

impl<F: Filter> HttpContext for Exchange<F> {
    crate::left_out::without_host_calls!();

    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        if let Some((filter, worker)) = &mut self.passage {
            let mut request = Request::new(worker, end_of_stream);
            let answer = filter.request(&mut request);
            request.write_back();
            match answer {
                Answer::GoOn => {}
                Answer::Reply(reply) if reply.send(worker) => return Action::Pause,
                Answer::Reply(_) => filter.reply_refused(),
            }
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, _size: usize, end_of_stream: bool) -> Action {
        if let Some((filter, _)) = self.passage.as_mut().filter(|_| end_of_stream) {
            filter.request_ended();
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        if let Some((filter, _)) = &mut self.passage {
            filter.request_ended();
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        if let Some((filter, worker)) = &mut self.passage {
            let mut response = Response::new(worker, end_of_stream);
            match filter.response(&mut response) {
                Answer::GoOn => response.write_back(),
                Answer::Reply(reply) if reply.send(worker) => return Action::Pause,
                Answer::Reply(_) => filter.reply_refused(),
            }
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if let Some((filter, worker)) = &mut self.passage {
            filter.response_body(&mut ResponseBody::new(worker, size, end_of_stream));
        }
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        if let Some((filter, worker)) = &mut self.passage {
            filter.response_trailers(&ResponseTrailers::new(worker));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        self.over();
    }
}
