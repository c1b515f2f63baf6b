//! The seam between a plugin and the proxy that runs it.
//!
//! A module is a list of plugins, most often of one ([`module!`]). A plugin is a [`Root`], made once for each worker from its configuration, and a [`Filter`], made for each exchange.
//! It speaks the ABI itself, in both directions. The proxy-wasm SDK panics on a status and on a number that it did not
//! expect, and a panic ends the worker's virtual machine. Here a call that fails is a *degradation*: it is counted and
//! logged, and the request goes on without that step.
//!
//! What the host allows depends on the phase. So each phase has a type of its own, [`Request`], [`Response`] and
//! [`Done`], which has no way to name what is out of reach there.
//!
//! This crate decides nothing about a request.

mod carried;
mod clock;
mod contexts;
mod dispatch;
mod done;
mod explanation;
mod filter;
mod headers;
mod host;
mod ids;
mod line;
mod metrics;
mod module;
mod own_error;
mod proxy_facts;
mod randomness;
mod register;
mod reply;
mod request;
mod request_head;
mod response;
mod response_body;
mod response_trailers;
mod shared_data;
mod worker;

pub use carried::Carried;
pub use done::Done;
pub use explanation::rule_met;
pub use filter::{Answer, Filter, Root};
pub use ids::Ids;
pub use line::Line;
pub use log::Level;
pub use metrics::{Counter, CounterFamily, Gauge, Tally, raw_name};
pub use own_error::OwnError;
pub use policy::json::Object;
pub use reply::Reply;
pub use request::Request;
pub use request_head::RequestHead;
pub use response::Response;
pub use response_body::ResponseBody;
pub use response_trailers::ResponseTrailers;
pub use shared_data::GaveUp;
pub use worker::Worker;

#[doc(hidden)]
pub use host::start;
#[doc(hidden)]
pub use module::{Entry, load_one, load_several};

/// Allocates in constant time, whatever was allocated before, and is a third of the C library's allocator in size.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Makes the crate a module: of one plugin, named by its [`Root`], or of a list of them, in the order in which a request
/// comes to them, behind the name of the module.
///
/// In a module of several, the root id picks the plugin of that name. With the module's own name, or with none, the
/// configuration has a section for each plugin that is to run, named like it.
#[macro_export]
macro_rules! module {
    ($root:ty) => {
        $crate::module!(@ |bytes, clock| $crate::load_one(&$crate::Entry::of::<$root>(), bytes, clock));
    };
    ($name:literal: $($root:ty),+ $(,)?) => {
        $crate::module!(@ |bytes, clock| $crate::load_several($name, &[$($crate::Entry::of::<$root>()),+], bytes, clock));
    };
    (@ $load:expr) => {
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn _initialize() {
                $crate::start($load);
            }
        };
    };
}
