//! Envoy's own filters that answer requests by themselves.

use serde_json::{Value, json};

fn filter(name: &str, members: Value) -> Value {
    let mut typed_config = members;
    typed_config["@type"] = json!(format!(
        "type.googleapis.com/envoy.extensions.filters.http.{name}"
    ));
    json!({ "name": name, "typed_config": typed_config })
}

/// Answers 503.
pub fn fault() -> Value {
    let abort = json!({ "http_status": 503, "percentage": { "numerator": 100 } });
    filter("fault.v3.HTTPFault", json!({ "abort": abort }))
}

/// Asks a service whether the request may pass. What stands before the request's own path tells it what to say.
pub fn authority(path_prefix: &str) -> Value {
    let server = json!({ "uri": "http://authority", "cluster": "authority", "timeout": "10s" });
    let service = json!({ "server_uri": server, "path_prefix": path_prefix });
    filter("ext_authz.v3.ExtAuthz", json!({ "http_service": service }))
}

/// Lets only requests with a token pass.
pub fn jwt() -> Value {
    let keys = json!({ "keys": [{ "kty": "oct", "alg": "HS256", "kid": "1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" }] });
    let provider = json!({ "issuer": "tests", "local_jwks": { "inline_string": keys.to_string() } });
    filter(
        "jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": { "tests": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "tests" } }],
        }),
    )
}

/// Lets nobody pass.
pub fn nobody_may() -> Value {
    filter(
        "rbac.v3.RBAC",
        json!({ "rules": { "action": "ALLOW", "policies": {} } }),
    )
}

/// Lets one request pass.
pub fn rate_limit() -> Value {
    let all = json!({ "default_value": { "numerator": 100 } });
    filter(
        "local_ratelimit.v3.LocalRateLimit",
        json!({
            "stat_prefix": "limit",
            "token_bucket": { "max_tokens": 1, "fill_interval": "3600s" },
            "filter_enabled": all,
            "filter_enforced": all,
        }),
    )
}

/// Lets no body of more than four bytes pass.
pub fn body_limit() -> Value {
    filter("buffer.v3.Buffer", json!({ "max_request_bytes": 4 }))
}

/// Hands on what the authority answers, headers and all.
pub fn lua(path: &str) -> Value {
    let code = format!(
        r#"function envoy_on_request(handle)
             local headers, body = handle:httpCall("authority",
               {{ [":method"] = "GET", [":path"] = "{path}", [":authority"] = "authority" }}, "", 10000)
             handle:respond(headers, body)
           end"#
    );
    filter(
        "lua.v3.Lua",
        json!({ "default_source_code": { "inline_string": code } }),
    )
}
