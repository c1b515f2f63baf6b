//! Why there is no answer of an upstream.

/// Why Envoy's router answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Timeout,
    NoHealthyUpstream,
    Unconnected,
    Reset,
    ProtocolError,
    RemoteReset,
    RefusedStream,
    Overflow,
}

impl Failure {
    /// Whether the request had reached an upstream by then.
    pub(crate) fn upstream_saw_it(self) -> bool {
        !matches!(
            self,
            Failure::NoHealthyUpstream | Failure::Unconnected | Failure::Overflow
        )
    }

    /// What the rendered exchange says.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Failure::Timeout => "time-out",
            Failure::NoHealthyUpstream => "no healthy upstream",
            Failure::Unconnected => "connection refused",
            Failure::Reset => "connection closed",
            Failure::ProtocolError => "no HTTP",
            Failure::RemoteReset => "stream reset",
            Failure::RefusedStream => "stream refused",
            Failure::Overflow => "overflow",
        }
    }
}
