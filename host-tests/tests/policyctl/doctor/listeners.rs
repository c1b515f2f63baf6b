//! What is found of several listeners together, and of that of the live state.

use super::cases::sample;
use super::found;

#[test]
fn plugins_on_the_way_in_and_on_the_way_out_are_to_be_told_apart() {
    let sample = sample("envoy/policies.yaml");
    let mut directions = ["INBOUND", "OUTBOUND"].into_iter();
    let mut text = String::new();
    for line in sample.lines() {
        text += line;
        text.push('\n');
        if line.starts_with("    - name: ") && text.contains("listeners:") && !text.contains("clusters:\n") {
            let direction = directions.next().expect("there are two listeners");
            text += &format!("      traffic_direction: {direction}\n");
        }
    }
    assert_eq!(found(text), ["both-ways", "burst-unbounded", "burst-unbounded"]);
}

/// A listener of the live state, and a breaker in another.
fn admin(address: &str, manager: &str, route: &str, vm_id: &str) -> String {
    let sample = sample("envoy/circuit-breaker-five-in-a-row.yaml");
    let listener = format!(
        "  listeners:
    - name: state
      address:
        socket_address: {{ address: {address}, port_value: 9902 }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: state
                {manager}
                route_config:
                  name: state
                  virtual_hosts:
                    - name: state
                      domains: [\"*\"]
                      routes: [{{ match: {{ prefix: / }}, {route} }}]
                http_filters:
                  - name: admin
                    typed_config:
                      \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        name: admin
                        root_id: admin
                        failure_policy: FAIL_RELOAD
                        vm_config: {{ vm_id: {vm_id}, code: {{ local: {{ filename: dist/admin.wasm }} }} }}
                        configuration:
                          \"@type\": type.googleapis.com/google.protobuf.StringValue
                          value: '{{ \"cidrs\": [\"127.0.0.1/32\"] }}'
                  - name: envoy.filters.http.router
"
    );
    sample.replacen("  listeners:\n", &listener, 1)
}

#[test]
fn the_live_state_is_for_operators_alone() {
    let manager = "use_remote_address: true\n                skip_xff_append: true";
    let nothing = "direct_response: { status: 404 }";
    assert_eq!(found(admin("127.0.0.1", manager, nothing, "policies")), [""; 0]);
    for (text, expected) in [
        (admin("0.0.0.0", manager, nothing, "policies"), "admin-open"),
        (admin("127.0.0.1", "", nothing, "policies"), "admin-peer"),
        (
            admin("127.0.0.1", manager, "route: { cluster: upstream }", "policies"),
            "admin-among-traffic",
        ),
        (admin("127.0.0.1", manager, nothing, "others"), "admin-apart"),
    ] {
        assert_eq!(found(text), [expected]);
    }
}
