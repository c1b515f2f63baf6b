//! From the proxy's callbacks to those of the plugins, in the order of the module's list.
//!
//! One context passes through the whole list: a request from its first plugin to its last, an answer the other way. What a
//! callback can ask of the host is asked once for all of them, and each sees the changes of those before it.

use crate::clock::Clock;
use crate::host;
use crate::line::Line;
use crate::module::{Installed, Load, Refused};
use crate::request::RequestPhase;
use crate::response::ResponsePhase;
use crate::response_body::Piece;
use crate::{Answer, Done, Filter, Request, Response, ResponseBody, ResponseTrailers, Worker};
use config::Fault;
use log::Level;
use std::rc::Rc;

/// Faults of one configuration that are logged as errors, a line each, and then how many more there are. The rest is for
/// who looks for it, and is logged at a level that proxies leave out.
const FAULTS_LOGGED: usize = 50;

/// What the proxy is to do with what has come, by the ABI's number.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Action {
    Continue = 0,
    Pause = 1,
}

/// A module in one worker; before its first configuration it has no plugins.
pub(crate) struct Module {
    load: Load,
    clock: Rc<Clock>,
    plugins: Rc<Vec<Installed>>,
    is_over: bool,
}

impl Module {
    pub(crate) fn new(load: Load) -> Self {
        Self {
            load,
            clock: Rc::default(),
            plugins: Rc::default(),
            is_over: false,
        }
    }

    /// Has the proxy hand over a configuration of so many bytes, and takes it. `false`: it is refused, and why is logged.
    pub(crate) fn configured(&mut self, size: usize) -> bool {
        self.clock.begin();
        self.configure(size).inspect_err(log_refusal).is_ok()
    }

    fn configure(&mut self, size: usize) -> Result<(), Refused> {
        // An empty configuration is not asked for: a host may answer that there is none.
        let read = if size == 0 {
            Ok(Vec::new())
        } else {
            host::plugin_configuration(size)
        };
        let plugins = (self.load)(read.as_deref().ok(), &self.clock)?;
        self.over();
        self.plugins = Rc::new(plugins);
        self.is_over = false;
        Ok(())
    }

    pub(crate) fn tick(&self) {
        self.clock.begin();
        for installed in self.plugins.iter().filter(|each| each.worker.wants_ticks.get()) {
            installed.plugin.tick();
        }
    }

    /// The configuration is over, and so is every exchange that met it.
    pub(crate) fn over(&mut self) {
        if core::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.clock.begin();
        for installed in &*self.plugins {
            installed.plugin.over();
        }
    }

    /// Without a plugin, an exchange passes through untouched.
    pub(crate) fn exchange(&self) -> Exchange {
        Exchange {
            filters: self.plugins.iter().map(|each| each.plugin.filter()).collect(),
            clock: Rc::clone(&self.clock),
            plugins: Rc::clone(&self.plugins),
            entered: 0,
        }
    }
}

/// Logs why a configuration is not used.
fn log_refusal(refused: &Refused) {
    let line = |level| Line::new(refused.plugin, level, "configuration_refused");
    let log = |level, fault: &Fault| {
        line(level)
            .with(|line| {
                line.text("path", fault.path()).text("fault", fault.rule());
            })
            .write();
    };
    let faults = &refused.faults;
    for fault in faults.iter().take(FAULTS_LOGGED) {
        log(Level::Error, fault);
    }
    if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_LOGGED) {
        let fault = format!("{more} more faults are not listed");
        line(Level::Error)
            .with(|line| {
                line.text("path", "")
                    .text("fault", &fault)
                    .number("more", more as u64);
            })
            .write();
    }
    for fault in faults.iter().skip(FAULTS_LOGGED) {
        log(Level::Debug, fault);
    }
}

/// One exchange.
pub(crate) struct Exchange {
    clock: Rc<Clock>,
    plugins: Rc<Vec<Installed>>,
    /// One of each plugin; none once the exchange is over.
    filters: Vec<Box<dyn Filter>>,
    /// How many of them the request has come to. A reply of the last of them is no response to those behind it.
    entered: usize,
}

impl Exchange {
    /// The request has come as a whole.
    pub(crate) fn request_ended(&mut self) {
        self.clock.begin();
        for filter in self.filters.iter_mut().take(self.entered) {
            filter.request_ended();
        }
    }

    /// Has an answer, or a part of it, come by the filters that the request has come to, the last one first, until one of
    /// them says that it ends there.
    fn back(&mut self, step: &mut dyn FnMut(&mut dyn Filter, &Rc<Worker>) -> Action) -> Action {
        self.clock.begin();
        for index in (0..self.entered).rev() {
            if let (Some(filter), Some(installed)) = (self.filters.get_mut(index), self.plugins.get(index))
                && let Action::Pause = step(&mut **filter, &installed.worker)
            {
                return Action::Pause;
            }
        }
        Action::Continue
    }

    /// The proxy tells it with a callback for the log or with one for the end, or with both.
    pub(crate) fn over(&mut self) {
        self.clock.begin();
        for (installed, mut filter) in self.plugins.iter().zip(core::mem::take(&mut self.filters)) {
            filter.done(&Done::new(&installed.worker));
        }
    }

    pub(crate) fn request_headers(&mut self, end_of_stream: bool) -> Action {
        self.clock.begin();
        let mut phase = RequestPhase::new(end_of_stream, self.plugins.len() > 1);
        for (installed, filter) in self.plugins.iter().zip(&mut self.filters) {
            self.entered += 1;
            match filter.request(&mut Request::new(&installed.worker, &mut phase)) {
                Answer::GoOn => phase.passed(installed.worker.plugin()),
                Answer::Reply(reply) => {
                    phase.write_back();
                    if reply.send(&installed.worker) {
                        return Action::Pause;
                    }
                    filter.reply_refused();
                    phase.passed(installed.worker.plugin());
                }
            }
        }
        phase.write_back();
        Action::Continue
    }

    pub(crate) fn response_headers(&mut self, end_of_stream: bool) -> Action {
        let mut phase = ResponsePhase::new(end_of_stream);
        let action = self.back(&mut |filter, worker| {
            match filter.response(&mut Response::new(worker, &mut phase)) {
                Answer::GoOn => {}
                // Filters that the response has not come by never see the reply: a proxy skips them, too.
                Answer::Reply(reply) if reply.send(worker) => return Action::Pause,
                Answer::Reply(_) => filter.reply_refused(),
            }
            Action::Continue
        });
        if let Action::Continue = action {
            phase.write_back();
        }
        action
    }

    pub(crate) fn response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let is_last = end_of_stream;
        let mut piece = Piece { size, is_last };
        self.back(&mut |filter, worker| {
            filter.response_body(&mut ResponseBody::new(worker, &mut piece));
            Action::Continue
        })
    }

    pub(crate) fn response_trailers(&mut self) -> Action {
        self.back(&mut |filter, worker| {
            filter.response_trailers(&ResponseTrailers::new(worker));
            Action::Continue
        })
    }
}
