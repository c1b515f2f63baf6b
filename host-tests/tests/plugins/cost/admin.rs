//! What a request to the live state costs, and one that passes by it.

use super::request;
use host::cost::usual;
use host::{Exchange, Host, Plugin};
use host_tests::plugin::{ADMIN, CIRCUIT_BREAKER, RETRY};
use serde_json::json;

/// The plugin, and a breaker and a budget to show.
fn host() -> Host {
    let plugin = |plugin: &host_tests::plugin::Plugin| {
        Plugin::new(plugin.module()).name(plugin.name).config(json!({}))
    };
    Host::chain([&ADMIN, &CIRCUIT_BREAKER, &RETRY].map(plugin))
        .seed(1)
        .plant_nothing()
}

fn ask(host: &Host, method: &str, path: &str) -> Exchange {
    host.request(method, path)
        .header("x-request-id", "order-42")
        .run(200)
}

/// What each way through the plugin costs, as the golden file has it.
pub(super) fn live_state() -> String {
    const FORCE: &str = "/.policy/force?breaker=upstream&state=closed&for=1m&reason=x";
    let mut golden = String::new();
    for (what, method, path) in [
        ("a breaker and a budget are shown", "GET", "/.policy"),
        ("a breaker is forced", "POST", FORCE),
        ("a parameter is wrong", "GET", "/.policy?x=1"),
    ] {
        let host = host();
        host.get("/r").answered_with(200);
        let cost = usual(&host, |host| ask(host, method, path)).usual;
        golden += &format!("{what}\n{cost}\n");
    }
    let admin = Host::new(ADMIN.module())
        .plugin_name("admin")
        .seed(1)
        .plant_nothing();
    let cost = usual(&admin, |host| request(host).answered_with(200)).usual;
    golden += &format!("a request is for something else\n{cost}\n");
    golden
}
