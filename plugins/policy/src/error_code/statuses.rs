//! What a status says where nothing else is known.

use super::{Known, Retry};

/// An entry for a status.
pub(super) struct Status {
    pub(super) status: u16,
    pub(super) phrase: &'static str,
    pub(super) known: Known,
}

/// Stands for every 4xx that has no entry of its own.
pub(super) const OTHER_CLIENT_ERROR: u16 = 499;
/// Stands for every 5xx, and anything else, that has no entry of its own.
pub(super) const OTHER_SERVER_ERROR: u16 = 599;

/// The entry for this status, or for its class.
pub(super) fn find(status: u16) -> &'static Status {
    const NONE: Status = status_of(
        OTHER_SERVER_ERROR,
        "Server Error",
        "SERVER_ERROR",
        "",
        Retry::Unknown,
    );
    let class = if (400..500).contains(&status) {
        OTHER_CLIENT_ERROR
    } else {
        OTHER_SERVER_ERROR
    };
    let of = |number| ALL.iter().find(|entry| entry.status == number);
    of(status).or_else(|| of(class)).unwrap_or(&NONE)
}

const fn status_of(
    status: u16,
    phrase: &'static str,
    code: &'static str,
    message: &'static str,
    retry: Retry,
) -> Status {
    Status {
        status,
        phrase,
        known: Known {
            code,
            message,
            retry,
            own_text: false,
        },
    }
}

use Retry::{Any, Idempotent, Never, Unknown};

/// Phrases are those of RFC 9110 and of the registry of status codes.
#[rustfmt::skip]
pub(super) const ALL: &[Status] = &[
    status_of(400, "Bad Request", "BAD_REQUEST", "The request is not valid.", Never),
    status_of(401, "Unauthorized", "UNAUTHORIZED", "Credentials are needed.", Never),
    status_of(402, "Payment Required", "PAYMENT_REQUIRED", "A payment is needed.", Never),
    status_of(403, "Forbidden", "FORBIDDEN", "This is not allowed.", Never),
    status_of(404, "Not Found", "NOT_FOUND", "There is no such thing.", Never),
    status_of(405, "Method Not Allowed", "METHOD_NOT_ALLOWED", "This cannot be done with it.", Never),
    status_of(406, "Not Acceptable", "NOT_ACCEPTABLE", "There is no form of it that was asked for.", Never),
    status_of(407, "Proxy Authentication Required", "PROXY_AUTHENTICATION_REQUIRED", "Credentials for the proxy are needed.", Never),
    status_of(408, "Request Timeout", "REQUEST_TIMEOUT", "The request took too long to arrive.", Any),
    status_of(409, "Conflict", "CONFLICT", "The request does not fit the present state.", Never),
    status_of(410, "Gone", "GONE", "It is no longer there.", Never),
    status_of(411, "Length Required", "LENGTH_REQUIRED", "The length of the request must be given.", Never),
    status_of(412, "Precondition Failed", "PRECONDITION_FAILED", "A condition of the request does not hold.", Never),
    status_of(413, "Content Too Large", "CONTENT_TOO_LARGE", "The request is too large.", Never),
    status_of(414, "URI Too Long", "URI_TOO_LONG", "The address is too long.", Never),
    status_of(415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE", "The request has a form that is not supported.", Never),
    status_of(416, "Range Not Satisfiable", "RANGE_NOT_SATISFIABLE", "There is no such part of it.", Never),
    status_of(417, "Expectation Failed", "EXPECTATION_FAILED", "What the request expects cannot be met.", Never),
    status_of(421, "Misdirected Request", "MISDIRECTED_REQUEST", "The request came to the wrong place.", Any),
    status_of(422, "Unprocessable Content", "UNPROCESSABLE_CONTENT", "The request is understood, but its content is not valid.", Never),
    status_of(423, "Locked", "LOCKED", "It is locked.", Unknown),
    status_of(424, "Failed Dependency", "FAILED_DEPENDENCY", "Something that it depends on failed.", Unknown),
    status_of(425, "Too Early", "TOO_EARLY", "The request came too early.", Any),
    status_of(426, "Upgrade Required", "UPGRADE_REQUIRED", "Another protocol is needed.", Never),
    status_of(428, "Precondition Required", "PRECONDITION_REQUIRED", "The request must have a condition.", Never),
    status_of(429, "Too Many Requests", "TOO_MANY_REQUESTS", "There were too many requests from here.", Any),
    status_of(431, "Request Header Fields Too Large", "REQUEST_HEADERS_TOO_LARGE", "The headers of the request are too large.", Never),
    status_of(451, "Unavailable For Legal Reasons", "UNAVAILABLE_FOR_LEGAL_REASONS", "The law does not allow it to be shown.", Never),
    status_of(OTHER_CLIENT_ERROR, "Client Error", "CLIENT_ERROR", "The request was refused.", Unknown),
    status_of(500, "Internal Server Error", "INTERNAL_SERVER_ERROR", "Something went wrong.", Unknown),
    status_of(501, "Not Implemented", "NOT_IMPLEMENTED", "This cannot be done.", Never),
    status_of(502, "Bad Gateway", "BAD_GATEWAY", "The service gave an answer that cannot be used.", Idempotent),
    status_of(503, "Service Unavailable", "SERVICE_UNAVAILABLE", "The service is not available right now.", Idempotent),
    status_of(504, "Gateway Timeout", "GATEWAY_TIMEOUT", "The service did not answer in time.", Idempotent),
    status_of(505, "HTTP Version Not Supported", "HTTP_VERSION_NOT_SUPPORTED", "This version of HTTP is not supported.", Never),
    status_of(507, "Insufficient Storage", "INSUFFICIENT_STORAGE", "There is no room left for it.", Unknown),
    status_of(508, "Loop Detected", "LOOP_DETECTED", "The request goes around in a circle.", Never),
    status_of(511, "Network Authentication Required", "NETWORK_AUTHENTICATION_REQUIRED", "Credentials for the network are needed.", Never),
    status_of(OTHER_SERVER_ERROR, "Server Error", "SERVER_ERROR", "Something went wrong.", Unknown),
];
