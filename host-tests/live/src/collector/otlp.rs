//! The part of OTLP's trace messages (`opentelemetry/proto/trace/v1/trace.proto`) that is read here.
//!
//! The published crate of these messages brings an SDK with it, for a handful of fields. What is not named here is
//! skipped in decoding, as protobuf has it.

use super::Span;
use prost::Message;
use std::collections::BTreeMap;

/// The spans of an export request; `None` if it is none.
pub(super) fn spans(body: &[u8]) -> Option<Vec<Span>> {
    let request = ExportRequest::decode(body).ok()?;
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let attributes = resource.attributes.iter().chain(&span.attributes);
            let attributes: BTreeMap<_, _> = attributes
                .map(|attribute| (attribute.key.clone(), attribute.text()))
                .collect();
            spans.push(Span {
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_span_id: Some(hex(&span.parent_span_id)).filter(|id| !id.is_empty()),
                name: span.name,
                attributes,
            });
        }
    }
    Some(spans)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Message)]
struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<SpanMessage>,
}

#[derive(Message)]
struct SpanMessage {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
}

#[derive(Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Message)]
struct AnyValue {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4")]
    kind: Option<Kind>,
}

#[derive(prost::Oneof)]
enum Kind {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
}

impl KeyValue {
    /// The value as text; empty for lists and maps, which nobody reads here.
    fn text(&self) -> String {
        match self.value.as_ref().and_then(|value| value.kind.as_ref()) {
            Some(Kind::Text(text)) => text.clone(),
            Some(Kind::Bool(value)) => value.to_string(),
            Some(Kind::Int(value)) => value.to_string(),
            Some(Kind::Double(value)) => value.to_string(),
            None => String::new(),
        }
    }
}
