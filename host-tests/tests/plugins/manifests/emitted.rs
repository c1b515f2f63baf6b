//! The manifests that `policyctl doctor --emit` writes are what their resources' definitions allow, as the samples are.

use super::{definitions, in_text};
use std::process::Command;

const POLICIES: &str = r#"{
    "error-envelope": { "service_name": "shop" },
    "request-id": {},
    "circuit-breaker": { "routes": [{ "match": { "host": "a.example" }, "policy": { "key": "route" } }] },
    "retry": { "default": { "budget": { "percent": 30 } } }
}"#;

#[test]
fn what_is_emitted_is_what_its_definition_allows() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("policies.json");
    std::fs::write(&file, POLICIES).expect("a file can be written");
    for (proxy, more, kinds) in [
        (
            "istio",
            &[][..],
            "WasmPlugin WasmPlugin EnvoyFilter VirtualService DestinationRule",
        ),
        (
            "istio",
            &["--chain"],
            "WasmPlugin WasmPlugin WasmPlugin WasmPlugin EnvoyFilter VirtualService DestinationRule",
        ),
        (
            "envoy-gateway",
            &[],
            "EnvoyExtensionPolicy ClientTrafficPolicy BackendTrafficPolicy EnvoyProxy",
        ),
        (
            "envoy-gateway",
            &["--chain"],
            "EnvoyExtensionPolicy ClientTrafficPolicy BackendTrafficPolicy EnvoyProxy",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_policyctl"))
            .args(["doctor", "--emit", proxy])
            .arg(&file)
            .args(more)
            .output()
            .expect("it starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("it prints text");
        let documents = in_text(proxy, &text);
        let found: Vec<&str> = documents.iter().map(|document| document.kind.as_str()).collect();
        assert_eq!(found.join(" "), kinds, "{proxy} {more:?}");
        for document in documents {
            let faults = definitions::faults(&document.tree);
            assert!(faults.is_empty(), "{}: {faults:#?}\n{text}", document.place);
        }
    }
}
