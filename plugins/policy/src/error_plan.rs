//! What is to become of an error on its way to the client, told from its headers alone.
//!
//! Headers go out before the body comes. So what only the body can tell comes too late for them, and nothing of a body
//! is read unless something in it is wanted.

use crate::accept::Accept;
use crate::envelope::Format;
use crate::media_type::MediaType;

/// What is known of an error when its headers come.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The status.
    pub status: u16,
    /// What the client accepts.
    pub accept: Accept,
    /// The type of the request's body: a gRPC client understands nothing else.
    pub request_type: MediaType,
    /// The type of the error's body.
    pub media_type: MediaType,
    /// Whether the body is encoded (`content-encoding`).
    pub is_encoded: bool,
    /// The announced length of the body, if it is announced.
    pub length: Option<u64>,
    /// Whether there is no body. (The answer to HEAD counts as if it had the one that GET would get.)
    pub is_whole: bool,
    /// Whether trailers are announced (`trailer`): they may end the body where nothing can be written any more.
    pub announces_trailers: bool,
    /// Whether it says that it is in the standard form already (`x-error-code`).
    pub has_code: bool,
    /// Whether another plugin of ours made it.
    pub is_ours: bool,
}

/// What the configuration wants.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Which bodies stay.
    pub passthrough: Passthrough,
    /// Whether a message that comes with this error may be shown.
    pub message: bool,
    /// Bytes of a body that are read at most.
    pub max_body_bytes: u64,
    /// The form of the body.
    pub form: Form,
}

/// Which bodies stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passthrough {
    /// Those whose type is JSON or XML.
    Structured,
    /// Those in a form that is known for errors.
    Enveloped,
    /// None.
    Never,
}

/// How the form is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is always this one.
    Always(Format),
    /// By what the client accepts.
    Negotiated,
}

impl Form {
    /// The form for this client.
    pub fn format(self, accept: Accept) -> Format {
        match self {
            Self::Always(format) => format,
            Self::Negotiated if accept.prefers_problem() => Format::Problem,
            Self::Negotiated => Format::Standard,
        }
    }
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It stays as it is.
    Leave(Why),
    /// It is in the standard form, and the client wants it so, or in its own: it stays, by that choice.
    Keep,
    /// The body is replaced, and nothing of it is read.
    Replace,
    /// The body is read, then replaced.
    Read,
    /// The body is read; one in the standard form stays, or becomes a problem where that was announced.
    ReadUnlessStandard,
    /// The body is in the standard form: it is read, and becomes a problem.
    Reformat,
}

/// Why something is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is gRPC, whose errors are elsewhere.
    Grpc,
    /// It is a stream of events.
    EventStream,
    /// It says that it is enveloped already.
    Enveloped,
    /// It is in a structured form.
    Structured,
    /// It is a page, and the client prefers one.
    Page,
}

impl Why {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::EventStream => "event_stream",
            Self::Enveloped => "enveloped",
            Self::Structured => "structured",
            Self::Page => "page",
        }
    }
}

/// Decides it.
pub fn plan(facts: &Facts, wishes: &Wishes) -> Plan {
    if facts.request_type == MediaType::Grpc || facts.media_type == MediaType::Grpc {
        return Plan::Leave(Why::Grpc);
    }
    if facts.media_type == MediaType::EventStream {
        return Plan::Leave(Why::EventStream);
    }
    let readable = !facts.is_encoded
        && !facts.announces_trailers
        && !facts.is_whole
        && wishes.max_body_bytes > 0
        && facts.length.is_none_or(|length| length <= wishes.max_body_bytes);
    if facts.is_ours {
        let wanted = wishes.form.format(facts.accept);
        return if wanted == Format::Problem && readable {
            Plan::Reformat
        } else {
            Plan::Keep
        };
    }
    if facts.has_code && wishes.passthrough != Passthrough::Never {
        return Plan::Leave(Why::Enveloped);
    }
    if facts.is_whole {
        return Plan::Replace;
    }
    let has_words = match facts.media_type {
        MediaType::Json | MediaType::Problem | MediaType::PlainText => wishes.message,
        _ => false,
    };
    match (facts.media_type, wishes.passthrough) {
        (MediaType::Json | MediaType::Xml | MediaType::Problem, Passthrough::Structured) => {
            Plan::Leave(Why::Structured)
        }
        (MediaType::Problem, Passthrough::Enveloped) => Plan::Leave(Why::Enveloped),
        (MediaType::Html, Passthrough::Structured | Passthrough::Enveloped)
            if facts.status < 500 && facts.accept.prefers_html() =>
        {
            Plan::Leave(Why::Page)
        }
        (MediaType::Json, Passthrough::Enveloped) if readable => Plan::ReadUnlessStandard,
        _ if has_words && readable => Plan::Read,
        _ => Plan::Replace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const DEFAULTS: Wishes = Wishes {
        passthrough: Passthrough::Structured,
        message: true,
        max_body_bytes: 100,
        form: Form::Negotiated,
    };

    fn facts(media_type: MediaType) -> Facts {
        Facts {
            status: 404,
            accept: Accept::read(&[]),
            request_type: MediaType::Other,
            media_type,
            is_encoded: false,
            length: None,
            is_whole: false,
            announces_trailers: false,
            has_code: false,
            is_ours: false,
        }
    }

    fn wishes(passthrough: Passthrough) -> Wishes {
        Wishes {
            passthrough,
            ..DEFAULTS
        }
    }

    #[test]
    fn by_default_what_is_structured_stays_and_what_is_not_is_replaced_with_its_message() {
        for media_type in [MediaType::Json, MediaType::Xml, MediaType::Problem] {
            assert_eq!(plan(&facts(media_type), &DEFAULTS), Plan::Leave(Why::Structured));
        }
        assert_eq!(plan(&facts(MediaType::PlainText), &DEFAULTS), Plan::Read);
        assert_eq!(plan(&facts(MediaType::Html), &DEFAULTS), Plan::Replace);
        assert_eq!(plan(&facts(MediaType::Other), &DEFAULTS), Plan::Replace);
    }

    #[test]
    fn of_what_is_structured_only_known_forms_stay_where_that_is_wanted() {
        let wishes = wishes(Passthrough::Enveloped);
        assert_eq!(plan(&facts(MediaType::Json), &wishes), Plan::ReadUnlessStandard);
        assert_eq!(plan(&facts(MediaType::Xml), &wishes), Plan::Replace);
        assert_eq!(
            plan(&facts(MediaType::Problem), &wishes),
            Plan::Leave(Why::Enveloped)
        );
        let quiet = Wishes {
            message: false,
            ..wishes
        };
        assert_eq!(plan(&facts(MediaType::Json), &quiet), Plan::ReadUnlessStandard);
    }

    #[test]
    fn nothing_stays_where_nothing_is_to() {
        let wishes = wishes(Passthrough::Never);
        for media_type in [MediaType::Json, MediaType::Problem, MediaType::PlainText] {
            assert_eq!(plan(&facts(media_type), &wishes), Plan::Read);
        }
        let coded = Facts {
            has_code: true,
            ..facts(MediaType::Xml)
        };
        assert_eq!(plan(&coded, &wishes), Plan::Replace);
    }

    #[test]
    fn grpc_and_event_streams_are_left_alone_whatever_is_wanted() {
        for passthrough in [
            Passthrough::Structured,
            Passthrough::Enveloped,
            Passthrough::Never,
        ] {
            let wishes = wishes(passthrough);
            let asked = Facts {
                request_type: MediaType::Grpc,
                ..facts(MediaType::PlainText)
            };
            assert_eq!(plan(&asked, &wishes), Plan::Leave(Why::Grpc));
            assert_eq!(plan(&facts(MediaType::Grpc), &wishes), Plan::Leave(Why::Grpc));
            assert_eq!(
                plan(&facts(MediaType::EventStream), &wishes),
                Plan::Leave(Why::EventStream)
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_replaced_unread() {
        let text = facts(MediaType::PlainText);
        for (what, unreadable) in [
            (
                "encoded",
                Facts {
                    is_encoded: true,
                    ..text
                },
            ),
            (
                "trailers",
                Facts {
                    announces_trailers: true,
                    ..text
                },
            ),
            (
                "too long",
                Facts {
                    length: Some(101),
                    ..text
                },
            ),
            (
                "no body",
                Facts {
                    is_whole: true,
                    ..text
                },
            ),
        ] {
            assert_eq!(plan(&unreadable, &DEFAULTS), Plan::Replace, "{what}");
        }
        assert_eq!(
            plan(
                &Facts {
                    length: Some(100),
                    ..text
                },
                &DEFAULTS
            ),
            Plan::Read
        );
        assert_eq!(
            plan(
                &text,
                &Wishes {
                    message: false,
                    ..DEFAULTS
                }
            ),
            Plan::Replace
        );
        assert_eq!(
            plan(
                &text,
                &Wishes {
                    max_body_bytes: 0,
                    ..DEFAULTS
                }
            ),
            Plan::Replace
        );
    }

    #[test]
    fn an_error_without_a_body_is_structured_by_name_only() {
        let empty = Facts {
            is_whole: true,
            ..facts(MediaType::Json)
        };
        assert_eq!(plan(&empty, &DEFAULTS), Plan::Replace);
    }

    #[test]
    fn a_browser_keeps_the_page_of_a_client_error_and_of_no_server_error() {
        let browser = Facts {
            accept: Accept::read(&[b"text/html, */*;q=0.8"]),
            ..facts(MediaType::Html)
        };
        assert_eq!(plan(&browser, &DEFAULTS), Plan::Leave(Why::Page));
        assert_eq!(plan(&browser, &wishes(Passthrough::Never)), Plan::Replace);
        assert_eq!(
            plan(
                &Facts {
                    status: 500,
                    ..browser
                },
                &DEFAULTS
            ),
            Plan::Replace
        );
    }

    #[test]
    fn our_own_replies_are_only_reformatted_and_only_on_demand() {
        let ours = Facts {
            is_ours: true,
            has_code: true,
            ..facts(MediaType::Json)
        };
        assert_eq!(plan(&ours, &DEFAULTS), Plan::Keep);
        let problem = Facts {
            accept: Accept::read(&[b"application/problem+json"]),
            ..ours
        };
        assert_eq!(plan(&problem, &DEFAULTS), Plan::Reformat);
        assert_eq!(plan(&problem, &wishes(Passthrough::Never)), Plan::Reformat);
        let whole = Facts {
            is_whole: true,
            ..problem
        };
        assert_eq!(plan(&whole, &DEFAULTS), Plan::Keep);
    }
}
