//! What a status says where nothing else is known.

use super::{Known, Retry};

/// An entry for a status.
pub(super) struct Status {
    pub(super) status: u16,
    pub(super) known: Known,
}

/// Stands for every 4xx that has no entry of its own.
pub(super) const OTHER_CLIENT_ERROR: u16 = 499;
/// Stands for every 5xx, and anything else, that has no entry of its own.
pub(super) const OTHER_SERVER_ERROR: u16 = 599;

/// The entry for this status, or for its class.
pub(super) fn find(status: u16) -> &'static Status {
    const NONE: Status = status_of(OTHER_SERVER_ERROR, "Server Error", "", Retry::Unknown);
    let class = if (400..500).contains(&status) {
        OTHER_CLIENT_ERROR
    } else {
        OTHER_SERVER_ERROR
    };
    let of = |number| ALL.iter().find(|entry| entry.status == number);
    of(status).or_else(|| of(class)).unwrap_or(&NONE)
}

const fn status_of(status: u16, phrase: &'static str, message: &'static str, retry: Retry) -> Status {
    Status {
        status,
        known: Known {
            name: phrase,
            message,
            retry,
            is_reason: false,
        },
    }
}

use Retry::{Any, Idempotent, Never, Unknown};

/// Phrases are those of RFC 9110 and of the registry of status codes. A code is its phrase in upper case.
#[rustfmt::skip]
pub(super) const ALL: &[Status] = &[
    status_of(400, "Bad Request", "The request is not valid.", Never),
    status_of(401, "Unauthorized", "Credentials are needed.", Never),
    status_of(402, "Payment Required", "A payment is needed.", Never),
    status_of(403, "Forbidden", "This is not allowed.", Never),
    status_of(404, "Not Found", "There is no such thing.", Never),
    status_of(405, "Method Not Allowed", "This cannot be done with it.", Never),
    status_of(406, "Not Acceptable", "There is no form of it that was asked for.", Never),
    status_of(407, "Proxy Authentication Required", "Credentials for the proxy are needed.", Never),
    status_of(408, "Request Timeout", "The request took too long to arrive.", Any),
    status_of(409, "Conflict", "The request does not fit the present state.", Never),
    status_of(410, "Gone", "It is no longer there.", Never),
    status_of(411, "Length Required", "The length of the request must be given.", Never),
    status_of(412, "Precondition Failed", "A condition of the request does not hold.", Never),
    status_of(413, "Content Too Large", "The request is too large.", Never),
    status_of(414, "URI Too Long", "The address is too long.", Never),
    status_of(415, "Unsupported Media Type", "The request has a form that is not supported.", Never),
    status_of(416, "Range Not Satisfiable", "There is no such part of it.", Never),
    status_of(417, "Expectation Failed", "What the request expects cannot be met.", Never),
    status_of(421, "Misdirected Request", "The request came to the wrong place.", Any),
    status_of(422, "Unprocessable Content", "The request is understood, but its content is not valid.", Never),
    status_of(423, "Locked", "It is locked.", Unknown),
    status_of(424, "Failed Dependency", "Something that it depends on failed.", Unknown),
    status_of(425, "Too Early", "The request came too early.", Any),
    status_of(426, "Upgrade Required", "Another protocol is needed.", Never),
    status_of(428, "Precondition Required", "The request must have a condition.", Never),
    status_of(429, "Too Many Requests", "There were too many requests from here.", Any),
    status_of(431, "Request Header Fields Too Large", "The headers of the request are too large.", Never),
    status_of(451, "Unavailable For Legal Reasons", "The law does not allow it to be shown.", Never),
    status_of(OTHER_CLIENT_ERROR, "Client Error", "The request was refused.", Unknown),
    status_of(500, "Internal Server Error", "Something went wrong.", Unknown),
    status_of(501, "Not Implemented", "This cannot be done.", Never),
    status_of(502, "Bad Gateway", "The service gave an answer that cannot be used.", Idempotent),
    status_of(503, "Service Unavailable", "The service is not available right now.", Idempotent),
    status_of(504, "Gateway Timeout", "The service did not answer in time.", Idempotent),
    status_of(505, "HTTP Version Not Supported", "This version of HTTP is not supported.", Never),
    status_of(507, "Insufficient Storage", "There is no room left for it.", Unknown),
    status_of(508, "Loop Detected", "The request goes around in a circle.", Never),
    status_of(511, "Network Authentication Required", "Credentials for the network are needed.", Never),
    status_of(OTHER_SERVER_ERROR, "Server Error", "Something went wrong.", Unknown),
];
