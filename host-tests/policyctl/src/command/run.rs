//! `policyctl run`: what happens in a scenario, on a clock that does not wait.

use crate::judge::{self, judge};
use crate::modules::Modules;
use crate::play::play;
use crate::problem::Problem;
use crate::scenario;
use crate::screen::{ERROR, FAINT, GOOD, Screen};
use crate::told::{Story, json, picture, text};
use crate::{Ending, shipped_scenarios};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Play scenarios against the modules, and tell what happens
///
/// A scenario says what clients send, what upstreams answer over time, and what is expected. It is
/// played by a clock that does not wait: minutes take a moment, and the same file gives the same
/// result. Use it to try a configuration against an outage before the outage comes, and in CI to
/// hold it to what you expect of it.
///
/// docs/scenarios.md tells how to write one; `policyctl run --list` lists those that this program
/// brings along.
///
/// Examples:
///   policyctl run outage-and-recovery
///   policyctl run --svg outage.svg my-outage.yaml
///   policyctl run scenarios/*.yaml
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Scenario files, - for the standard input, or names of those that --list lists.
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    scenarios: Vec<PathBuf>,
    /// List the scenarios that this program brings along.
    #[arg(long, conflicts_with_all = ["scenarios", "svg", "print"])]
    list: bool,
    /// Print the scenario itself instead of playing it: one to begin from.
    #[arg(long, conflicts_with = "svg")]
    print: bool,
    /// Also write the timeline as a picture to this file; of several scenarios, into this folder.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// How many requests to show, the first of each kind [0 for none].
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    samples: usize,
}

impl Arguments {
    pub(crate) fn run(&self, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
        if self.list {
            return list(screen);
        }
        if self.print {
            for path in &self.scenarios {
                screen.text(&scenario::source(path)?.1)?;
            }
            return Ok(Ending::Fine);
        }
        let mut documents = Vec::new();
        let mut summary = Vec::new();
        for path in &self.scenarios {
            let scenario = scenario::read(path)?;
            let bar = progress();
            let played = play(&scenario, path, modules, |part| {
                bar.set_position((part * 100.0) as u64)
            });
            bar.finish_and_clear();
            let played = played?;
            let verdicts = judge(&scenario, &played);
            let file = scenario::called(path);
            let story = Story {
                file: &file,
                scenario: &scenario,
                played: &played,
                verdicts: &verdicts,
            };
            if let Some(to) = &self.svg {
                let to = self.picture_file(to, path)?;
                std::fs::write(&to, picture(&story))
                    .map_err(|error| Problem::new(format!("{}: {error}", to.display())))?;
            }
            if screen.is_json() {
                documents.push(json(&story));
            } else {
                let between = if summary.is_empty() { "" } else { "\n" };
                screen.text(&format!("{between}{}", text(&story, self.samples)))?;
            }
            let held = verdicts.iter().filter(|verdict| verdict.held).count();
            summary.push((file.clone(), held, verdicts.len(), story.has_faults()));
        }
        if screen.is_json() {
            match documents.as_slice() {
                [one] => screen.json(one)?,
                all => screen.json(&json!(all))?,
            }
        } else if let [_, _, ..] = summary[..] {
            screen.text(&sum_up(&summary))?;
        }
        let has_faults = summary.iter().any(|(_, _, _, has_faults)| *has_faults);
        Ok(if has_faults { Ending::Found } else { Ending::Fine })
    }

    /// Where the picture of a scenario goes.
    fn picture_file(&self, to: &Path, scenario: &Path) -> Result<PathBuf, Problem> {
        if self.scenarios.len() == 1 {
            return Ok(to.to_owned());
        }
        std::fs::create_dir_all(to).map_err(|error| {
            Problem::new(format!("{}: {error}", to.display()))
                .cure("the pictures of several scenarios go into a folder")
        })?;
        let name = scenario.file_stem().unwrap_or(scenario.as_os_str());
        Ok(to.join(name).with_extension("svg"))
    }
}

fn list(screen: &Screen) -> Result<Ending, Problem> {
    let mut all = Vec::new();
    for (name, _) in shipped_scenarios::ALL {
        let scenario = scenario::read(Path::new(name))?;
        all.push((*name, scenario.title, scenario.description));
    }
    if screen.is_json() {
        let all = all.iter().map(
            |(name, title, description)| json!({ "name": name, "title": title, "description": description }),
        );
        screen.json(&json!(all.collect::<Vec<_>>()))?;
        return Ok(Ending::Fine);
    }
    let longest = all.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, title, _) in all {
        screen.text(&format!("{name:<longest$}  {FAINT}{title}{FAINT:#}\n"))?;
    }
    Ok(Ending::Fine)
}

fn sum_up(summary: &[(String, usize, usize, bool)]) -> String {
    let mut text = "\n".to_owned();
    for (file, held, all, has_faults) in summary {
        let (style, sign) = if *has_faults {
            (ERROR, '✗')
        } else {
            (GOOD, '✓')
        };
        text += &format!(
            "{style}{sign}{style:#} {file}: {held} of {}\n",
            judge::expectations(*all)
        );
    }
    text
}

/// On a terminal only, and beside what is printed.
fn progress() -> ProgressBar {
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}%") {
        bar.set_style(style);
    }
    bar
}
