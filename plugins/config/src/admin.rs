//! The configuration of the admin plugin: on which path it answers, and whom.
//!
//! It has no policies and no rules: what it does concerns no request but those to itself.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::fault::Faults;
use crate::node::Node;
use crate::pattern::Subtree;
use crate::plugin::{Common, Configuration, UnknownKeys};
use crate::setting::{Place, Reading, extra_members, settings};
use crate::value::{AtLeastOne, Form, Network, Text};

/// The plugin's name, as its files and root id have it.
pub const NAME: &str = "admin";

settings! {
    /// On which path the plugin answers, and whom.
    pub struct Settings {
        /// The path of the live state, below which it is changed, too. Requests with another path pass through untouched.
        path: Subtree = Subtree::of("/.policy"),
        /// The peers that are answered, by the address of their connection. All others are refused.
        cidrs: AtLeastOne<Network> = AtLeastOne::of([
            Network::V4(Ipv4Addr::LOCALHOST, 32),
            Network::V6(Ipv6Addr::LOCALHOST, 128),
        ]),
        /// The name of the service, as it stands in logs and error bodies. `null`: none.
        service_name: Option<Text> = None,
        /// What happens to keys that this version does not know. `warn` is for fleets whose plugins are not all of one
        /// version.
        unknown_keys: UnknownKeys = UnknownKeys::Refuse,
    }
}

/// What stands beside the settings: for editors, and means nothing here.
const SECTIONS: [&str; 1] = ["$schema"];

/// A whole configuration.
#[derive(Debug)]
pub struct Admin {
    /// What it says.
    pub settings: Settings,
    common: Common,
    warnings: Faults,
}

impl Configuration for Admin {
    fn load(node: &Node) -> Result<Self, Faults> {
        let mut reading = Reading::of(node);
        let mut settings = Settings::default();
        extra_members(node, &mut settings, &Place::top(), &mut reading, &SECTIONS);
        let Reading { faults, warnings, .. } = reading;
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            common: Common {
                service_name: settings.service_name.clone(),
                unknown_keys: settings.unknown_keys,
                ..Common::default()
            },
            settings,
            warnings,
        })
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn warnings(&self) -> &Faults {
        &self.warnings
    }
}

#[cfg(test)]
mod tests;
