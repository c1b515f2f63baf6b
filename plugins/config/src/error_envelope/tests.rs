#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::plugin::load;
use crate::setting::{Part, Setting};

/// The policy of requests that no rule picks.
fn policy(default: &str) -> Result<Policy, String> {
    let plugin = load::<Policy>(format!("{{\"default\": {default}}}").as_bytes());
    let plugin = plugin.map_err(|faults| faults.to_string())?;
    let request = crate::rules::tests::get("h", "/");
    plugin
        .decide(&request, None)
        .policy
        .map(|policy| Policy::clone(policy))
        .ok_or("no policy".to_owned())
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let written = crate::node::tests::as_json(&Policy::default().written());
    let expected = concat!(
        r#"{"format":"negotiate","statuses":["4xx","5xx"],"origins":["local","upstream"],"#,
        r#""passthrough":"structured","upstream_message":"client_errors","max_body_bytes":65536,"#,
        r#""documentation_base_url":null,"context_headers":{},"catalog":[]}"#
    );
    assert_eq!(written, expected);
    // The keys of the defaults can themselves be configured.
    assert_eq!(policy(expected), Ok(Policy::default()));
    assert_eq!(Policy::KEYS.len(), 9);
}
