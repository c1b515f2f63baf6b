//! What a line of an access log says, whatever its members are called.
//!
//! Envoy's JSON format has whatever members its operator chose. Those of this project's samples are known, of Istio's and
//! Envoy Gateway's defaults, and of Envoy's own examples. Where a line has several names of one fact, the first one counts.

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What a line says. A fact is `None` where the line has no such member, or nothing in it (`null`, `-`, empty).
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts<'l> {
    pub(super) time: Option<Text<'l>>,
    pub(super) method: Option<Text<'l>>,
    pub(super) path: Option<Text<'l>>,
    pub(super) authority: Option<Text<'l>>,
    pub(super) code: Option<Text<'l>>,
    pub(super) flags: Option<Text<'l>>,
    pub(super) details: Option<Text<'l>>,
    pub(super) route: Option<Text<'l>>,
    pub(super) virtual_host: Option<Text<'l>>,
    pub(super) cluster: Option<Text<'l>>,
    pub(super) duration: Option<Text<'l>>,
    pub(super) attempts: Option<Text<'l>>,
    pub(super) grpc_status: Option<Text<'l>>,
    pub(super) request_id: Option<Text<'l>>,
    pub(super) circuit: Option<Text<'l>>,
    pub(super) error_code: Option<Text<'l>>,
    /// The line has a member for the error code, if only `null`.
    pub(super) knows_error_codes: bool,
    pub(super) headers: Vec<(Text<'l>, Text<'l>)>,
    pub(super) response_headers: Vec<(Text<'l>, Text<'l>)>,
}

/// A text of the line, or one that had to be made of it.
pub(super) type Text<'l> = Cow<'l, str>;

/// A member with this in front of its name is a header of the request.
const HEADER: &str = "header:";
/// A member with this in front of its name is a header of the answer.
const RESPONSE_HEADER: &str = "response_header:";

impl<'l> Facts<'l> {
    /// The fact that a member of this name is.
    fn named(&mut self, name: &str) -> Option<&mut Option<Text<'l>>> {
        Some(match name {
            "time" | "start_time" | "timestamp" | "@timestamp" => &mut self.time,
            "method" | ":method" | "request_method" => &mut self.method,
            "path" | ":path" | "x-envoy-original-path" | "x-envoy-origin-path" | "original_path" => {
                &mut self.path
            }
            "authority" | ":authority" | "host" => &mut self.authority,
            "code" | "response_code" | "status" | "status_code" => &mut self.code,
            "flags" | "response_flags" => &mut self.flags,
            "details" | "response_code_details" => &mut self.details,
            "route" | "route_name" => &mut self.route,
            "virtual_host" | "virtual_host_name" => &mut self.virtual_host,
            "cluster" | "upstream_cluster" | "cluster_name" => &mut self.cluster,
            "duration_ms" | "duration" => &mut self.duration,
            "attempts" | "upstream_request_attempt_count" | "attempt_count" => &mut self.attempts,
            "grpc_status" | "grpc_status_number" => &mut self.grpc_status,
            "request_id" | "x-request-id" => &mut self.request_id,
            "circuit" => &mut self.circuit,
            "error_code" => &mut self.error_code,
            _ => return None,
        })
    }

    fn take(&mut self, name: &str, value: Option<Text<'l>>) {
        self.knows_error_codes |= name == "error_code";
        let Some(value) = value.filter(|value| !matches!(&**value, "" | "-")) else {
            return;
        };
        if let Some(fact) = self.named(name) {
            fact.get_or_insert(value);
        } else if let Some(header) = name.strip_prefix(HEADER) {
            self.headers.push((Cow::Owned(header.to_owned()), value));
        } else if let Some(header) = name.strip_prefix(RESPONSE_HEADER) {
            self.response_headers.push((Cow::Owned(header.to_owned()), value));
        }
    }
}

/// Whether a member of this name is of any use.
fn is_known(name: &str) -> bool {
    Facts::default().named(name).is_some() || name.starts_with(HEADER) || name.starts_with(RESPONSE_HEADER)
}

impl<'de> Deserialize<'de> for Facts<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Facts<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object, as Envoy's json_format writes one for each request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Facts<'de>, A::Error> {
        let mut facts = Facts::default();
        while let Some(Name(name)) = members.next_key()? {
            if is_known(&name) {
                let Scalar(value) = members.next_value()?;
                facts.take(&name, value);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(facts)
    }
}

struct Name<'l>(Text<'l>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Name<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a name")
            }
            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        from.deserialize_str(Borrowed)
    }
}

/// A text or a number, which Envoy writes as either; `None` for anything else.
struct Scalar<'l>(Option<Text<'l>>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = Scalar<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a text or a number")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar(None))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}
