//! What is measured: a cell is a workload under a variant.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Declares an enum whose values have a name for programs and one for people.
macro_rules! named {
    ($(#[$doc:meta])* $enum:ident { $($(#[$of:meta])* $value:ident = $name:literal, $title:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $enum {
            $($(#[$of])* #[serde(rename = $name)] $value,)*
        }

        impl $enum {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[$enum] = &[$($enum::$value),*];

            /// Its name for programs.
            pub fn name(self) -> &'static str {
                match self { $($enum::$value => $name,)* }
            }

            /// Its name for people.
            pub fn title(self) -> &'static str {
                match self { $($enum::$value => $title,)* }
            }
        }
    };
}

named! {
    /// What stands before the router.
    Variant {
        /// Nothing.
        NoFilter = "no-filter", "no filter";
        /// Envoy's own header_mutation, which sets a request and a response header.
        HeaderMutation = "header-mutation", "native header_mutation";
        /// Envoy's own local_ratelimit, whose limit is never reached.
        LocalRatelimit = "local-ratelimit", "native local_ratelimit";
        /// A Lua filter whose functions are empty.
        LuaNothing = "lua-nothing", "no-op Lua";
        /// A Lua filter that makes an id, keeps it, and sets it on the request and on the response.
        LuaRequestId = "lua-request-id", "Lua, request-id's visible work";
        /// A wasm filter that does nothing.
        NoOp = "no-op", "no-op wasm";
        /// Four of them, in one VM.
        NoOpFourTimes = "no-op-four-times", "no-op wasm, four filters";
        /// The plugin of that name, with its defaults.
        RequestId = "request-id", "request-id";
        /// The plugin of that name, with its defaults.
        ErrorEnvelope = "error-envelope", "error-envelope";
        /// The plugin of that name, with its defaults.
        CircuitBreaker = "circuit-breaker", "circuit-breaker";
        /// The plugin of that name, with its defaults.
        Retry = "retry", "retry";
        /// All four plugins, a module each.
        Chain = "chain", "all four, a module each";
        /// All four plugins, filters of one module.
        ByRootIds = "by-root-ids", "all four, by root ids";
        /// All four plugins, one filter.
        OnePass = "one-pass", "all four in one pass";
        /// A wasm filter that is not on an SDK, has few callbacks, and does nothing.
        NoCall = "no-call", "no host call";
        /// The same with one call to the host in each request, and so are all that follow: the request's headers, all at once.
        RequestHeaderMap = "request-header-map", "the request's headers, read all at once";
        /// The response's headers, all at once.
        ResponseHeaderMap = "response-header-map", "the response's headers, read all at once";
        /// One of the response's headers.
        ResponseStatus = "response-status", "the response's `:status`, read";
        /// A header of the request is set.
        SetRequestHeader = "set-request-header", "a header of the request, set";
        /// A header of the response is set.
        SetResponseHeader = "set-response-header", "a header of the response, set";
        /// A property that says where the request goes.
        ClusterName = "cluster-name", "property `xds.cluster_name`";
        /// A property that says which way the listener's traffic goes.
        ListenerDirection = "listener-direction", "property `xds.listener_direction`";
        /// A property that says how often the request was tried: not yet.
        AttemptsOfRequest = "attempts-of-request", "property `upstream.request_attempt_count`, with the request";
        /// A property that says how often the request was tried.
        AttemptsOfResponse = "attempts-of-response", "property `upstream.request_attempt_count`, with the response";
        /// A property that says where the response comes from.
        CodeDetails = "code-details", "property `response.code_details`";
        /// Filter state is set.
        SetFilterState = "set-filter-state", "filter state, set";
        /// Filter state that nobody has set is asked for.
        NoFilterState = "no-filter-state", "filter state, asked for and absent";
        /// A record of 100 bytes.
        SharedRecord = "shared-record", "a shared record of 100 bytes, read";
        /// The time.
        Clock = "clock", "the time";
        /// Sixteen random bytes.
        RandomBytes = "random-bytes", "16 random bytes";
        /// A counter goes up by one.
        Counter = "counter", "a counter, incremented";
    }
}

impl Variant {
    /// What is compared with what else could stand there.
    pub const FILTERS: &[Variant] = Variant::ALL.split_at(Variant::NoCall as usize).0;
    /// The module without a call to the host, and those with one.
    pub const CALLS: &[Variant] = Variant::ALL.split_at(Variant::NoCall as usize).1;

    /// Whether request-id is in it, and counts the ids of all requests.
    pub(crate) fn counts_ids(self) -> bool {
        use Variant::{ByRootIds, Chain, OnePass, RequestId};
        matches!(self, RequestId | Chain | ByRootIds | OnePass)
    }
}

named! {
    /// What is asked of it.
    Workload {
        /// Envoy answers by itself.
        DirectResponse = "direct-response", "direct response";
        /// An upstream answers 200.
        Upstream = "upstream", "real upstream";
        /// The upstream has failed, and its breaker is open.
        OpenBreaker = "open-breaker", "open breaker";
        /// An upstream answers 404 with a text, in whose place error-envelope writes JSON.
        ReplacedError = "replaced-error", "replaced error";
        /// As of the upstream, of modules that make one call to the host in each request.
        Calls = "calls", "one host call";
    }
}

/// Under [`Workload::Calls`]: what a request costs without any, and with each of them.
const WITH_CALLS: &[Variant] = &{
    let mut all = [Variant::NoFilter; Variant::CALLS.len() + 2];
    all[1] = Variant::NoOp;
    let mut call = 0;
    while call < Variant::CALLS.len() {
        all[call + 2] = Variant::CALLS[call];
        call += 1;
    }
    all
};

impl Workload {
    /// The variants that are measured under it.
    pub fn variants(self) -> &'static [Variant] {
        use Variant::{ByRootIds, Chain, CircuitBreaker, ErrorEnvelope, NoFilter, NoOp, OnePass};
        match self {
            Workload::DirectResponse | Workload::Upstream => Variant::FILTERS,
            Workload::OpenBreaker => &[CircuitBreaker, Chain, ByRootIds, OnePass],
            Workload::ReplacedError => &[NoFilter, NoOp, ErrorEnvelope, Chain, ByRootIds, OnePass],
            // Between the module without a call and the filter on the SDK there are callbacks.
            Workload::Calls => WITH_CALLS,
        }
    }

    /// The workload under which *no filter* is what this one is compared with: a rejection takes the place of a request
    /// to the upstream.
    pub fn compared_with(self) -> Workload {
        match self {
            Workload::OpenBreaker => Workload::Upstream,
            other => other,
        }
    }

    /// What it asks for.
    pub fn path(self) -> &'static str {
        match self {
            Workload::DirectResponse => "/direct",
            Workload::Upstream | Workload::Calls => "/upstream",
            Workload::OpenBreaker => "/failing",
            Workload::ReplacedError => "/missing",
        }
    }

    /// The status of each of its answers.
    pub fn status(self) -> u16 {
        match self {
            Workload::DirectResponse | Workload::Upstream | Workload::Calls => 200,
            Workload::OpenBreaker => 503,
            Workload::ReplacedError => 404,
        }
    }
}

/// A workload under a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What is asked.
    pub workload: Workload,
    /// What stands in the way.
    pub variant: Variant,
}

impl Cell {
    /// The one that its marginal figures are over.
    pub fn base(self) -> Cell {
        Cell {
            workload: self.workload.compared_with(),
            variant: match self.workload {
                Workload::Calls => Variant::NoCall,
                _ => Variant::NoFilter,
            },
        }
    }

    /// So often it is measured in a round: those that others are compared with more often, because their noise is in all
    /// that is told of the others.
    pub fn turns(self) -> usize {
        match (self.workload, self.variant) {
            // What one call costs is little beside the noise of a turn. All have as many, because the middle one of
            // more is lower.
            (Workload::Calls, _) => 3,
            (_, Variant::NoFilter | Variant::NoOp) => 5,
            _ => 1,
        }
    }

    /// Whether it is told how long its requests take. One call is too little for that.
    pub fn is_timed(self) -> bool {
        self.workload != Workload::Calls
    }

    /// The listener that it is measured at.
    pub fn listener(self) -> String {
        match self.workload {
            // A breaker that is to open has a configuration of its own.
            Workload::OpenBreaker => format!("{}, open", self.variant.name()),
            _ => self.variant.name().to_owned(),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}, {}", self.workload.title(), self.variant.title())
    }
}

/// The cells of the workloads and variants of these names, and those that they are compared with; all of them, where none
/// is named.
///
/// # Errors
/// [`Error::Unknown`] for a name that is neither's.
pub fn chosen(names: &[String]) -> Result<Vec<Cell>> {
    let mut workloads = Vec::new();
    let mut variants = Vec::new();
    for name in names {
        match (
            Workload::ALL.iter().find(|workload| workload.name() == name),
            Variant::ALL.iter().find(|variant| variant.name() == name),
        ) {
            (Some(workload), _) => workloads.push(*workload),
            (None, Some(variant)) => variants.push(*variant),
            (None, None) => return Err(unknown(name)),
        }
    }
    let picked = |cell: &Cell| {
        (workloads.is_empty() || workloads.contains(&cell.workload))
            && (variants.is_empty() || variants.contains(&cell.variant))
    };
    let all = || {
        let each = Workload::ALL.iter();
        each.flat_map(|&workload| {
            let variants = workload.variants().iter();
            variants.map(move |&variant| Cell { workload, variant })
        })
    };
    let picked: Vec<Cell> = all().filter(picked).collect();
    let is_needed = |cell: &Cell| {
        let no_op = |one: &Cell| one.workload == cell.workload && cell.variant == Variant::NoOp;
        picked
            .iter()
            .any(|one| one == cell || one.base() == *cell || no_op(one))
    };
    Ok(all().filter(is_needed).collect())
}

fn unknown(name: &str) -> Error {
    let workloads = Workload::ALL.iter().map(|workload| workload.name());
    let known: Vec<&str> = workloads
        .chain(Variant::ALL.iter().map(|variant| variant.name()))
        .collect();
    Error::Unknown {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

#[cfg(test)]
mod tests;
