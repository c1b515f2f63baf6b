//! `policyctl force`: a breaker of a running Envoy is to be open or closed for a while, or to begin anew.

use crate::Ending;
use crate::live_state::{Admin, Refused, table};
use crate::problem::Problem;
use crate::screen::{ERROR, Screen};
use clap::{Args, ValueEnum};
use serde_json::Value;

/// Force a breaker of a running Envoy open or closed for a while, or reset it
///
/// It asks the admin plugin, which answers on a listener of its own (docs/live-state.md):
///
///   policyctl force orders open --for 10m --reason 'database is being moved'
///   policyctl force orders closed --for 5m --reason 'the failures are known and harmless'
///   policyctl force orders reset --reason 'fixed'
///
/// Nothing is forced for ever: after the time it goes by its policy again, on every worker, whatever
/// happens to whoever asked for it. What was forced, by whom and why stands in Envoy's log.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The breaker: what it is called, or its whole id, as `policyctl state --json` shows it.
    breaker: String,
    /// What it is to be.
    #[arg(value_enum)]
    state: State,
    /// For how long: from 1s to 24h. A reset takes no time.
    #[arg(long = "for", value_name = "TIME", required_if_eq_any([("state", "open"), ("state", "closed")]))]
    lasting: Option<String>,
    /// Why, for those who read the log: 1 to 200 bytes of visible text.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    admin: Admin,
}

/// What a breaker can be made to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Reject every request.
    Open,
    /// Admit every request, and do not open.
    Closed,
    /// Forget what was counted and forced, and begin closed.
    Reset,
}

impl Arguments {
    pub(crate) fn run(&self, screen: &Screen) -> Result<Ending, Problem> {
        let mut query = vec![("breaker", self.breaker.as_str()), ("reason", &self.reason)];
        let what = match (self.state, &self.lasting) {
            (State::Reset, Some(_)) => {
                return Err(Problem::new("a reset does not last").cure("leave --for out"));
            }
            (State::Reset, None) => "reset",
            (forced, lasting) => {
                query.push(("state", if forced == State::Open { "open" } else { "closed" }));
                query.extend(lasting.as_deref().map(|lasting| ("for", lasting)));
                "force"
            }
        };
        tell(self.admin.change(what, &query)?, screen, table)
    }
}

/// Tells what the plugin said.
pub(super) fn tell(
    said: Result<Value, Refused>,
    screen: &Screen,
    told: impl FnOnce(&Value) -> String,
) -> Result<Ending, Problem> {
    match said {
        Ok(state) if screen.is_json() => screen.json(&state)?,
        Ok(state) => screen.text(&told(&state))?,
        Err(refused) => {
            match screen.is_json() {
                true => screen.json(&refused.body)?,
                false => screen.aside(&format!("{ERROR}error{ERROR:#}: {}\n", refused.told()))?,
            }
            return Ok(Ending::Found);
        }
    }
    Ok(Ending::Fine)
}
