//! What a host says when a plugin refuses its configuration.

use std::fmt;

use crate::envoy::Refusal;
use crate::log::{LogLine, Thread};

/// Why a host did not start.
pub struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) log: Vec<LogLine>,
}

impl Refused {
    /// What the plugins logged up to then.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    /// The plugin that refused.
    pub fn plugin(&self) -> &str {
        &self.refusal.plugin
    }

    /// Where it refused; a configuration is first tried on [`Thread::Canary`].
    pub fn thread(&self) -> Thread {
        self.refusal.thread
    }

    /// Why, in the host's words: what the module did. What is wrong with its configuration is in its log.
    pub fn reason(&self) -> &str {
        &self.refusal.reason
    }

    /// Whether a VM died, which is a defect, rather than the plugin saying no.
    pub fn trapped(&self) -> bool {
        self.refusal.trapped
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal {
            plugin,
            thread,
            reason,
            ..
        } = &self.refusal;
        writeln!(f, "plugin {plugin} did not start on {thread:?}: {reason}")?;
        writeln!(f, "log:")?;
        self.log.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refused {}
