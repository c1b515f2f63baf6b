//! What is compared: the same listener of the same Envoy, without plugins and with them.

/// A listener, with a cluster and an upstream of its own, which all have its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Without plugins.
    Plain,
    /// All four plugins in a chain, as in `envoy/envoy.yaml`.
    Chain,
    /// All four plugins in one pass.
    OnePass,
}

impl Variant {
    /// All of them.
    pub const ALL: [Variant; 3] = [Variant::Plain, Variant::Chain, Variant::OnePass];
    /// Those with plugins.
    pub const GUARDED: [Variant; 2] = [Variant::Chain, Variant::OnePass];

    /// Its name, which its listener, cluster and breaker have, too.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::Chain => "chain",
            Variant::OnePass => "one-pass",
        }
    }
}
