//! Every key of a plugin, as the part of its page in `docs/` that no hand writes.

use std::fmt::Write;

use super::schema::{DEFAULT, PROFILES, ROUTES, RULE_POLICY, line};
use super::{Member, Shape};
use crate::admin;
use crate::node::Node;
use crate::plugin::{Common, Policy, RuleHead};
use crate::setting::Part;

const BEGIN: &str =
    "<!-- Generated from the declarations in plugins/config; `make bless` writes it anew. -->";
const END: &str = "<!-- Here ends what is generated. -->";

/// A plugin's page with its keys between its two marks, in place of what stands there.
///
/// # Errors
/// When the page does not have each mark once, in this order.
pub fn with_keys<P: Policy>(page: &str) -> Result<String, String> {
    between_marks(page, &keys::<P>())
}

/// As [`with_keys`], of the admin plugin, which has no policies.
///
/// # Errors
/// Those of [`with_keys`].
pub fn with_admin_keys(page: &str) -> Result<String, String> {
    let mut tables = Page::default();
    let extra = [("$schema", "anything", "", "For editors; not read.")];
    tables.section("", &admin::Settings::members(), &extra);
    between_marks(page, &(tables.text.trim_end().to_owned() + "\n"))
}

fn between_marks(page: &str, keys: &str) -> Result<String, String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) if !after.contains(BEGIN) && !after.contains(END) => {
            Ok(format!("{before}{BEGIN}\n\n{keys}\n{END}{after}"))
        }
        _ => Err(format!(
            "must have, once and in this order, the lines\n{BEGIN}\n{END}"
        )),
    }
}

/// The tables of all keys of the plugin with this policy.
fn keys<P: Policy>() -> String {
    let mut page = Page::default();
    page.paragraph("### For the plugin as a whole");
    let extra = [
        ("default", "a policy, or `null`", "`{}`", DEFAULT),
        ("profiles", "object of policies", "`{}`", PROFILES),
        ("routes", "list of rules", "`[]`", ROUTES),
        ("$schema", "anything", "", "For editors; not read."),
    ];
    page.section("", &Common::members(), &extra);
    page.paragraph("### A rule");
    page.section(
        "",
        &RuleHead::members(),
        &[("policy", "a policy", "", RULE_POLICY)],
    );
    page.paragraph("### A policy");
    page.paragraph("It stands under `default`, in a profile, or in a rule's `policy`.");
    page.section("", &P::members(), &[]);
    page.text.trim_end().to_owned() + "\n"
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn paragraph(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    /// A table of members, then those of their words that need an explanation, then a table for each nested part.
    fn section(&mut self, path: &str, members: &[Member], extra: &[(&str, &str, &str, &str)]) {
        self.text
            .push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
        for member in members {
            let default = match (&member.default, &member.shape) {
                (None, _) => "must be given".to_owned(),
                (Some(_), Shape::Optional(_)) => String::new(),
                (Some(_), Shape::Object(_)) => "see below".to_owned(),
                (Some(default), _) => format!("`{}`", json(default)),
            };
            let meaning = [line(member.doc), words(&member.shape)].join(" ");
            self.row(
                &[path, member.key].concat(),
                &value(&member.shape),
                &default,
                &meaning,
            );
        }
        for (key, value, default, meaning) in extra {
            self.row(key, value, default, &line(meaning));
        }
        self.text.push('\n');
        for member in members {
            if let Some((nested, place)) = nested(&member.shape) {
                let path = [path, member.key, place].concat();
                self.paragraph(&format!("#### `{path}`"));
                self.section(&(path + "."), nested, &[]);
            }
        }
    }

    fn row(&mut self, key: &str, value: &str, default: &str, meaning: &str) {
        let cell = |text: &str| text.trim().replace('|', "\\|");
        let cells = [&format!("`{key}`"), value, default, meaning].map(cell);
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }
}

/// The members of a part that is written below its table, and where in the setting it stands.
fn nested(shape: &Shape) -> Option<(&[Member], &'static str)> {
    match shape {
        Shape::Object(members) => Some((members, "")),
        Shape::List { of, .. } => nested(of).map(|(members, _)| (members, "[]")),
        Shape::Nullable(of) | Shape::Optional(of) => nested(of),
        _ => None,
    }
}

/// What may stand there, in words.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Integer { min, max } => format!("whole number, {min} to {max}"),
        Shape::Number { min, max } => format!("number, {min} to {max}"),
        Shape::Percent => "percentage, 0 to 100".to_owned(),
        Shape::Text { what, .. } => what.clone(),
        Shape::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{}\"`", word.word)).collect();
            words.join(", ")
        }
        Shape::List { of, min, max } => {
            let least = if *min > 0 {
                format!(" at least {min}")
            } else {
                String::new()
            };
            let most = max.map(|max| format!(" at most {max}")).unwrap_or_default();
            format!("list of{least}{most}: {}", value(of))
        }
        Shape::Map { keys, of } => format!("object of: {} → {}", value(keys), value(of)),
        Shape::Object(members) if members.iter().all(|member| member.default.is_none()) => {
            let member = |member: &Member| format!("`\"{}\"`: {}", member.key, value(&member.shape));
            format!(
                "{{ {} }}",
                members.iter().map(member).collect::<Vec<_>>().join(", ")
            )
        }
        Shape::Object(_) => "object".to_owned(),
        Shape::Nullable(of) => format!("{}, or `null`", value(of)),
        Shape::Optional(of) => value(of),
        Shape::Choice(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join("; or "),
    }
}

/// What each word means.
fn words(shape: &Shape) -> String {
    match shape {
        Shape::Words(words) => {
            let meanings: Vec<String> = words
                .iter()
                .map(|word| format!("`{}`: {}", word.word, line(word.doc)))
                .collect();
            meanings.join(" ")
        }
        Shape::Nullable(of) | Shape::Optional(of) | Shape::List { of, .. } => words(of),
        _ => String::new(),
    }
}

fn json(node: &Node) -> String {
    serde_json::to_string(node).unwrap_or_default()
}
