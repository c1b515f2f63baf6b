//! `policyctl state`: what the breakers and budgets of a running Envoy are in.

use crate::Ending;
use crate::live_state::{Admin, table};
use crate::problem::Problem;
use crate::screen::Screen;
use clap::Args;

/// Show what the breakers and retry budgets of a running Envoy are in
///
/// It asks the admin plugin, which answers on a listener of its own (docs/live-state.md):
///
///   policyctl state
///   policyctl state orders --admin http://127.0.0.1:10002/.policy
///
/// A breaker is listed once it has met a request. With --json, what the plugin says is printed as it is.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Only this breaker: what it is called, or its whole id.
    breaker: Option<String>,
    #[command(flatten)]
    admin: Admin,
}

impl Arguments {
    pub(crate) fn run(&self, screen: &Screen) -> Result<Ending, Problem> {
        let said = self.admin.state(self.breaker.as_deref())?;
        super::force::tell(said, screen, table)
    }
}
