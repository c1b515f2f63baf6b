//! `policyctl schema`: the JSON Schema of a plugin's configuration, or of a scenario.

use crate::modules::Modules;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::{Ending, modules, scenario};
use clap::Args;
use serde_json::json;

/// What the schema of scenarios is called.
const SCENARIO: &str = "scenario";

/// Print the JSON Schema of a plugin's configuration, or of a scenario.
///
/// Editors complete and check a configuration by it: save it, and name it in the configuration's "$schema". Without a
/// plugin, the names of all schemas are listed.
#[derive(Args)]
pub(crate) struct Arguments {
    /// circuit-breaker, error-envelope, request-id or retry; policies for a configuration of all of them; scenario for a file that
    /// `policyctl run` plays.
    plugin: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        let names: Vec<&str> = modules.names().chain([SCENARIO]).collect();
        let Some(plugin) = &self.plugin else {
            match screen.is_json() {
                true => screen.json(&json!(names))?,
                false => screen.text(&format!("{}\n", names.join("\n")))?,
            }
            return Ok(Ending::Fine);
        };
        if plugin == SCENARIO {
            screen.text(&scenario::schema())?;
            return Ok(Ending::Fine);
        }
        let schema = modules
            .schema(plugin)
            .ok_or_else(|| modules::unknown(plugin, &names))?;
        screen.text(schema)?;
        Ok(Ending::Fine)
    }
}
