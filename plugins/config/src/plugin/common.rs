//! What stands beside the policies, the same in every plugin.

use crate::rules::Match;
use crate::setting::{Given, settings, words};
use crate::value::{Int, Percent, Text};

settings! {
    /// What stands beside the policies, for the plugin as a whole.
    pub struct Common {
        /// Whether decisions are carried out.
        mode: Mode = Mode::Enforce,
        /// A roll-out: so many of the requests, chosen by their id, are enforced, the rest is shadowed. 0: all are
        /// shadowed.
        enforce_percent: Percent = Percent::ALL,
        /// The name of the service, as it stands in logs and error bodies. `null`: none.
        service_name: Option<Text> = None,
        /// What happens to keys that this version does not know. `warn` is for fleets whose plugins are not all of one
        /// version.
        unknown_keys: UnknownKeys = UnknownKeys::Refuse,
        /// Whether a route's own metadata beats the rules: `filter_metadata: { policy: { <plugin>: strict } }` names a
        /// profile, or `disabled`. An unknown name is counted, and the rules apply.
        route_metadata: bool = false,
        /// What is logged beside transitions and faults.
        log: Log = Log::default(),
        /// For which requests the decision is explained in filter state, as `policy.explain`.
        explain: Explain = Explain::None,
    }
}

settings! {
    /// What is logged beside transitions and faults.
    pub struct Log {
        /// Whether there is a line for every request.
        requests: bool = false,
        /// For which answers there is a line, from plugins that judge answers. request-id judges none.
        errors: LogErrors = LogErrors::ServerErrors,
        /// The most lines that a worker writes, in lines a second. What was held back is counted in the next line.
        /// Transitions of breakers have a bound of their own, of the same size.
        max_per_second: Int<1, 10_000> = Int::of::<10>(),
    }
}

settings! {
    /// One of `routes`.
    pub struct RuleHead {
        /// Which requests the rule is for. Must be given; `{}` matches every request, and must then be the last rule.
        pick as "match": Match = Match::default(),
        /// The profile that the rule builds on. Left out: `default`, or what is built in where that is `null`.
        profile: Given<Text> = Given(None),
        /// Takes the place of the plugin's own mode.
        mode: Given<Mode> = Given(None),
    }
}

words! {
    /// Whether decisions are carried out.
    pub enum Mode {
        /// they are.
        Enforce = "enforce",
        /// they are made, counted and logged, and nothing is changed.
        Shadow = "shadow",
        /// none are made.
        Disabled = "disabled",
    }
}

words! {
    /// What happens to keys that this version does not know.
    pub enum UnknownKeys {
        /// the configuration is refused.
        Refuse = "refuse",
        /// they are passed over, logged and counted.
        Warn = "warn",
    }
}

words! {
    /// For which answers there is a line.
    pub enum LogErrors {
        /// for no answer.
        None = "none",
        /// for those with a status from 500 on.
        ServerErrors = "5xx",
        /// for those with a status from 400 on.
        All = "all",
    }
}

words! {
    /// For which requests the decision is explained.
    pub enum Explain {
        /// for no request.
        None = "none",
        /// for those answered with a status from 400 on.
        Errors = "errors",
        /// for every request.
        All = "all",
    }
}
