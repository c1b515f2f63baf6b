//! A plugin's configuration by itself, and which plugin it is for.

use super::{Given, Installed, ModuleFrom, Stands};
use crate::document::Document;
use crate::modules::{self, Modules};
use crate::problem::Problem;
use std::path::Path;

/// The plugin that is configured so.
///
/// # Errors
/// It cannot be told which one that is, or there is none of that name.
pub(super) fn find(
    document: &Document,
    modules: &Modules,
    plugin: Option<&str>,
) -> Result<Installed, Problem> {
    let names: Vec<&'static str> = modules.names().collect();
    let plugin = match plugin {
        Some(given) => {
            let known = names.iter().find(|name| **name == given);
            *known.ok_or_else(|| modules::unknown(given, &names))?
        }
        None => guess(document, &names).ok_or_else(|| {
            let place = document.place("");
            Problem::at(
                &document.name,
                place.line.max(1),
                place.column.max(1),
                "which plugin is this for?",
            )
            .cure(format!("say it with --plugin: {}", names.join(", ")))
        })?,
    };
    // As it was written: the plugin has its own opinion of a key that is given twice.
    let is_json = document.text.trim_start().starts_with('{');
    let text = match is_json {
        true => document.text.to_string(),
        false => document.tree.to_string(),
    };
    Ok(Installed {
        plugin: Some(plugin),
        shipped: Some(plugin),
        name: plugin.to_owned(),
        root_id: plugin.to_owned(),
        vm_id: String::new(),
        module: ModuleFrom::Unsaid,
        failure_policy: None,
        given: Given::Text(text),
        stands: Stands::Unsaid,
        document: document.clone(),
        pointer: String::new(),
        configuration: Some(document.clone()),
    })
}

/// By its schema, by its sections, or by the file's name.
fn guess(document: &Document, names: &[&'static str]) -> Option<&'static str> {
    let by_schema = || {
        let schema = document.tree.get("$schema")?.as_str()?;
        let file = schema.rsplit('/').next()?;
        let named = file.strip_suffix(".schema.json")?;
        names.iter().find(|name| **name == named)
    };
    // No plugin has a setting that is called as a plugin.
    let by_sections = || {
        let mut keys = document.tree.as_object()?.keys();
        keys.any(|key| names.contains(&key.as_str())).then_some(())?;
        names.iter().find(|name| **name == "policies")
    };
    let by_file = || {
        let stem = Path::new(&*document.name)
            .file_stem()?
            .to_str()?
            .replace('_', "-");
        names.iter().find(|name| **name == stem)
    };
    by_schema().or_else(by_sections).or_else(by_file).copied()
}
