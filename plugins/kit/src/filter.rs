//! What a plugin is made of.

use crate::{Done, Reply, Request, Response, ResponseBody, ResponseTrailers, Worker};
use std::rc::Rc;

/// A plugin in one worker, made from its configuration, anew for each configuration.
pub trait Root: Sized + 'static {
    /// The plugin's name, as in its configuration, metrics and log lines.
    const NAME: &'static str;

    /// What its configuration is.
    type Configuration: config::Configuration;

    /// Whether it has records in shared data, and says by which configuration.
    const REGISTERS: bool = false;

    /// Makes the plugin from a configuration that was found free of faults.
    fn new(configuration: Self::Configuration, worker: Rc<Worker>) -> Self;

    /// Makes the filter for one exchange.
    fn filter(self: &Rc<Self>) -> Box<dyn Filter>;

    /// The second that [`Worker::ask_for_ticks`] asked for has passed. (A plugin that wants it lists `proxy_on_tick` in its
    /// `callbacks.txt`, and so with the next.)
    fn tick(&self) {}

    /// The proxy has another configuration for the plugin, or stops, and the last exchange that this one has begun is
    /// over. It comes once: with the proxy's callback for the end, where the plugin lists `proxy_on_done`, else when the
    /// proxy forgets the configuration.
    fn over(&self) {}
}

/// What a filter answers to headers.
pub enum Answer {
    /// They go on, with the changes made to them.
    GoOn,
    /// The client gets this instead, and the exchange is over.
    Reply(Reply),
}

/// One exchange on its way through a plugin. The callbacks come in this order, and any of them may not come: the proxy
/// answers some requests before a filter has seen them, and not every request gets an answer.
pub trait Filter: 'static {
    /// The request's headers have come. Where it is answered with a reply, that comes by as the response.
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let _ = request;
        Answer::GoOn
    }

    /// The request has come as a whole, where it did not with its headers. (A plugin that wants it lists
    /// `proxy_on_request_body` and `proxy_on_request_trailers` in its `callbacks.txt`.)
    fn request_ended(&mut self) {}

    /// The response's headers have come.
    fn response(&mut self, response: &mut Response<'_>) -> Answer {
        let _ = response;
        Answer::GoOn
    }

    /// A piece of the response's body has come. (A plugin that wants it lists `proxy_on_response_body` in its
    /// `callbacks.txt`, and so with the next.)
    fn response_body(&mut self, body: &mut ResponseBody<'_>) {
        let _ = body;
    }

    /// The response's trailers have come: no further piece of the body does.
    fn response_trailers(&mut self, trailers: &ResponseTrailers<'_>) {
        let _ = trailers;
    }

    /// The host refused the reply that `request` or `response` answered: what came goes on.
    fn reply_refused(&mut self) {}

    /// The exchange is over. (Where a plugin stands in a cluster, the proxy tells it only one that lists
    /// `proxy_on_done`.)
    fn done(&mut self, done: &Done<'_>) {
        let _ = done;
    }
}
