//! The world of an exchange on the real Envoy: the plugin's sample, or one that is made of another's.

use super::modules::made;
use crate::stand::{Stand, sample_of};
use host_tests::exchange::{Exchange, Made, Place};
use host_tests::plugin::{ERROR_ENVELOPE, Plugin};
use live::{Envoy, Sample, Upstream};
use serde_json::{Value, json};

const CONNECTION_MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const ENTRY: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/access_log/0/typed_config/log_format/json_format";

/// An Envoy in which this exchange can take place, with its plugins of these modules.
pub fn stand(plugin: &Plugin, exchange: &Exchange, of: Made) -> Stand {
    let upstream = Upstream::start().expect("an upstream can be started");
    let sample = if ["circuit-breaker", "retry"].contains(&plugin.name) {
        among_errors(&upstream, plugin, exchange)
    } else {
        let sample = sample_of(plugin, &upstream);
        sample.configuration(plugin.name, &exchange.configuration).ok()
    };
    let sample = sample.and_then(|sample| sample.set(ENTRY, entry()).ok());
    let sample = made(sample.expect("the sample has these parts"), of);
    let envoy = Envoy::with(&sample.to_yaml()).start();
    let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
    Stand { envoy, upstream }
}

/// An entry of the access log: all that an exchange leaves there and does not hang on the time.
fn entry() -> Value {
    let of_envoy = [
        ("code", "%RESPONSE_CODE%"),
        ("details", "%RESPONSE_CODE_DETAILS%"),
        ("flags", "%RESPONSE_FLAGS%"),
        ("route", "%ROUTE_NAME%"),
        ("cluster", "%UPSTREAM_CLUSTER%"),
        ("attempts", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"),
        ("received", "%BYTES_RECEIVED%"),
        ("sent", "%BYTES_SENT%"),
    ];
    let of_plugins = [
        "request_id",
        "trace_id",
        "error_code",
        "error_origin",
        "circuit",
        "circuit_upstream",
        "retry",
        "retry_charged",
        "explain",
    ];
    let of_envoy = of_envoy.map(|(name, value)| (name.to_owned(), json!(value)));
    let of_plugins = of_plugins.map(|name| {
        let value = format!("%FILTER_STATE(wasm.policy.{name}:PLAIN)%");
        (name.to_owned(), json!(value))
    });
    Value::Object(of_envoy.into_iter().chain(of_plugins).collect())
}

/// The sample of error-envelope, whose routes lead to every reason for an error, with the plugin in it.
fn among_errors(upstream: &Upstream, plugin: &Plugin, exchange: &Exchange) -> Option<Sample> {
    let sample = sample_of(&ERROR_ENVELOPE, upstream);
    let mut sample = sample
        .configuration("error-envelope", &json!({ "service_name": "demo" }))
        .ok()?;
    let own = filter(plugin, &exchange.configuration);
    let routes = format!("{CONNECTION_MANAGER}/route_config/virtual_hosts/0/routes");
    sample
        .tree()
        .pointer_mut(&routes)?
        .as_array_mut()?
        .splice(0..0, own_routes());
    if plugin.name == "retry" {
        // What they tell the router is the plugin's to take away.
        let loopback = json!({ "cidr_ranges": [{ "address_prefix": "127.0.0.0", "prefix_len": 8 }] });
        let connection_manager = sample.tree().pointer_mut(CONNECTION_MANAGER)?.as_object_mut()?;
        connection_manager.insert("internal_address_config".to_owned(), loopback);
    }
    match exchange.place {
        Place::Cluster => {
            *clusters_filters(sample.tree())? = json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http_protocol_options": {} },
                "http_filters": [own, {
                    "name": "envoy.filters.http.upstream_codec",
                    "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
                }],
            } });
            return Some(sample);
        }
        Place::Sample | Place::Alone => {
            let filters = format!("{CONNECTION_MANAGER}/http_filters");
            sample
                .tree()
                .pointer_mut(&filters)?
                .as_array_mut()?
                .insert(2, own);
        }
    }
    if exchange.place == Place::Alone {
        let connection_manager = sample.tree().pointer_mut(CONNECTION_MANAGER)?.as_object_mut()?;
        // It is for what no plugin of ours sees, and looks for traces of them.
        connection_manager.remove("local_reply_config");
        sample = sample.without_filter("error-envelope").ok()?;
        sample = sample.without_filter("request-id").ok()?;
    }
    Some(sample)
}

fn filter(plugin: &Plugin, configuration: &Value) -> Value {
    json!({
        "name": plugin.name,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": plugin.name,
                "root_id": plugin.name,
                "vm_config": {
                    "vm_id": "policies",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": plugin.path() } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration.to_string(),
                },
            },
        },
    })
}

fn own_routes() -> [Value; 2] {
    let fallback = json!({ "name": "x-fallback", "string_match": { "exact": "1" } });
    [
        json!({
            "name": "fallback",
            "match": { "prefix": "/", "headers": [fallback] },
            "direct_response": { "status": 200, "body": { "inline_string": "yesterday's" } },
        }),
        json!({
            "name": "retried",
            "match": { "prefix": "/retried" },
            "route": { "cluster": "upstream", "timeout": "0s", "retry_policy": { "retry_on": "5xx", "num_retries": 4 } },
        }),
    ]
}

/// Where the settings of the cluster `upstream` are that hold its filters.
fn clusters_filters(tree: &mut Value) -> Option<&mut Value> {
    let clusters = tree.pointer_mut("/static_resources/clusters")?.as_array_mut()?;
    let upstream = clusters
        .iter_mut()
        .find(|cluster| cluster["name"] == "upstream")?;
    let members = upstream.as_object_mut()?;
    Some(
        members
            .entry("typed_extension_protocol_options")
            .or_insert(Value::Null),
    )
}
