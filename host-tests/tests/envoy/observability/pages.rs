//! A dashboard is drawn without Grafana, with what the real Prometheus says.

use super::dashboards::{all, busy};
use crate::samples::eventually;
use live::dashboard::page;
use std::time::Duration;

#[test]
fn every_dashboard_is_drawn_with_all_that_it_shows() {
    let (_stand, prometheus) = busy();
    for dashboard in all() {
        let panels = dashboard.panels();
        let drawn = eventually("a page with data in each panel", || {
            let drawn = page(
                &dashboard,
                &prometheus,
                Duration::from_secs(60),
                Duration::from_secs(20),
            );
            let drawn = drawn.unwrap_or_else(|error| panic!("{error}"));
            (!drawn.contains(">no data<")).then_some(drawn)
        });
        for panel in &panels {
            assert!(
                drawn.contains(&format!("<h2>{}</h2>", panel.title)),
                "{}",
                panel.title
            );
        }
        let of_kind = |kind: &str| panels.iter().filter(|panel| panel.kind == kind).count();
        let charts = of_kind("timeseries") + of_kind("state-timeline");
        assert_eq!(drawn.matches("<svg ").count(), charts);
        assert_eq!(drawn.matches("<table>").count(), of_kind("table"));
        assert_eq!(drawn.matches("class=\"number\"").count(), of_kind("stat"));
    }
}
