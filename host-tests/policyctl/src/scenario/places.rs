//! Where in its file what stands of a scenario.

use super::Scenario;
use super::units::At;
use crate::document::{Document, escaped};

impl Scenario {
    /// Tells everything that can be blamed its place in the file.
    pub(super) fn tell_places(&mut self, document: &Document) {
        one(&mut self.policies, "/policies", document);
        one(&mut self.policies_file, "/policies_file", document);
        one(&mut self.bootstrap, "/bootstrap", document);
        one(&mut self.listener, "/listener", document);
        list(&mut self.filters, "/filters", document);
        list(&mut self.routes, "/routes", document);
        list(&mut self.upstream, "/upstream", document);
        for (name, cluster) in &mut self.clusters {
            let pointer = format!("/clusters/{}", escaped(name));
            cluster.place = document.place(&pointer);
            list(&mut cluster.value.phases, &format!("{pointer}/phases"), document);
            list(
                &mut cluster.value.filters,
                &format!("{pointer}/filters"),
                document,
            );
        }
        list(&mut self.clients, "/clients", document);
        list(&mut self.changes, "/changes", document);
        list(&mut self.expect, "/expect", document);
    }
}

fn one<T>(value: &mut Option<At<T>>, pointer: &str, document: &Document) {
    if let Some(value) = value {
        value.place = document.place(pointer);
    }
}

fn list<T>(values: &mut [At<T>], pointer: &str, document: &Document) {
    for (index, value) in values.iter_mut().enumerate() {
        value.place = document.place(&format!("{pointer}/{index}"));
    }
}
