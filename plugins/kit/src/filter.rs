//! What a plugin is made of.

use crate::{Done, Request, Response, Worker};
use std::rc::Rc;

/// A plugin in one worker, made from its configuration, anew for each configuration.
pub trait Root: Sized + 'static {
    /// The plugin's name, as in its configuration, metrics and log lines.
    const NAME: &'static str;

    /// What a policy of this plugin is.
    type Policy: config::Policy;

    /// Makes the plugin from a configuration that was found free of faults.
    fn new(configuration: config::Plugin<Self::Policy>, worker: Rc<Worker>) -> Self;

    /// Makes the filter for one exchange.
    fn filter(self: &Rc<Self>) -> Box<dyn Filter>;
}

/// One exchange on its way through a plugin. The callbacks come in this order, and any of them may not come: the proxy
/// answers some requests before a filter has seen them, and not every request gets an answer.
pub trait Filter {
    /// The request's headers have come.
    fn request(&mut self, request: &mut Request<'_>) {
        let _ = request;
    }

    /// The response's headers have come.
    fn response(&mut self, response: &mut Response<'_>) {
        let _ = response;
    }

    /// The exchange is over.
    fn done(&mut self, done: &Done<'_>) {
        let _ = done;
    }
}
