//! How a decision of the configuration is explained, alike in every plugin.

use config::{Decision, Mode, Origin};
use policy::json::Object;

/// The rule that a request met, the profile behind it, and whether the decision is carried out.
pub fn rule_met<P>(decision: &Decision<'_, P>, enforced: bool) -> Object {
    let mut members = Object::default();
    let profile = match decision.origin {
        Origin::Default => {
            members.text("rule", "default");
            None
        }
        Origin::Rule { index, profile } => {
            members.text("rule", &format!("routes[{index}]"));
            profile
        }
        Origin::Metadata { profile } => {
            members.text("rule", "route_metadata");
            profile
        }
    };
    if let Some(profile) = profile {
        members.text("profile", profile);
    }
    let enforced = decision.mode == Mode::Enforce && enforced;
    members.text("mode", if enforced { "enforce" } else { "shadow" });
    members
}
