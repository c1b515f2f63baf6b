//! `policyctl completions`: what a shell has to know to complete the command line.

use crate::Ending;
use crate::problem::Problem;
use crate::screen::Screen;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print the completions of a shell.
///
/// Bash: `source <(policyctl completions bash)`. Zsh: save it as `_policyctl` in a folder of `$fpath`. Fish: save it as
/// ~/.config/fish/completions/policyctl.fish.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Which shell.
    shell: Shell,
}

impl Arguments {
    pub(crate) fn run(&self, screen: &Screen) -> Result<Ending, Problem> {
        let mut command = crate::arguments::Arguments::command();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "policyctl", &mut script);
        screen.text(&String::from_utf8_lossy(&script))?;
        Ok(Ending::Fine)
    }
}
