//! What changes while a scenario is played: configurations, and workers that die.

use super::driver::Driver;
use super::seen::Happened;
use super::setting;
use crate::scenario;
use std::time::Duration;

impl<P: FnMut(f64)> Driver<'_, P> {
    /// Makes the change with this index.
    pub(super) fn change(&mut self, index: usize, now: Duration) {
        let change = &self.scenario.changes[index].value;
        let (what, refused) = match (
            &change.policies,
            &change.filter,
            &change.config,
            change.kill_worker,
        ) {
            (Some(configuration), ..) => self.update(scenario::POLICIES, configuration),
            (_, Some(filter), Some(configuration), _) => self.update(filter, configuration),
            (.., Some(worker)) => {
                self.setting.host.kill_worker(worker);
                self.deaths_seen = self.setting.host.deaths().len();
                (format!("the VMs of worker {worker} die"), false)
            }
            _ => return,
        };
        let what = match &change.note {
            Some(note) if refused => format!("{note}: {what}"),
            Some(note) => note.clone(),
            None => what,
        };
        self.happened.push(Happened {
            at: now,
            what,
            is_fault: refused,
        });
    }

    fn update(&self, filter: &str, configuration: &serde_json::Value) -> (String, bool) {
        if !self.setting.filters.contains(filter) {
            let names = self
                .setting
                .filters
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            return (
                format!("there is no filter {filter} to change, but {names}"),
                true,
            );
        }
        match self.setting.host.update(filter, configuration.clone()) {
            Ok(()) => (format!("{filter} gets another configuration"), false),
            Err(refused) => {
                let why = setting::why(&refused).join("; ");
                (
                    format!("{filter} refuses the new configuration and keeps the old one: {why}"),
                    true,
                )
            }
        }
    }
}
