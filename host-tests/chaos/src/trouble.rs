//! What is tried.

use crate::configuration::Fault;
use crate::ends::End;
use crate::{Error, Result};

/// A trouble that the upstreams, the clients or the control plane make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The upstream is killed, and started again on the same port.
    Killed,
    /// The upstream accepts connections and does nothing, as a process that was stopped.
    Frozen,
    /// The upstream answers a byte at a time.
    ByteByByte,
    /// The upstream resets the connection in the middle of the headers.
    ResetInHeaders,
    /// The upstream resets the connection in the middle of the body.
    ResetInBody,
    /// The upstream answers with bytes that are no HTTP.
    Garbage,
    /// More connections than a listener takes, which stay idle or send half a request.
    CrowdedListener,
    /// More requests than a cluster takes.
    CrowdedCluster,
    /// The listeners are replaced every second, good ones and bad ones in turn.
    Reloads,
    /// The VM of a plugin dies, under `FAIL_RELOAD`. None of the plugins can be made to do that as it ships: here are others
    /// that die by a header.
    VmDeath,
}

impl Trouble {
    /// All but the death of VMs, in the order in which they are tried.
    pub const ALL: [Trouble; 9] = [
        Trouble::Killed,
        Trouble::Frozen,
        Trouble::ByteByByte,
        Trouble::ResetInHeaders,
        Trouble::ResetInBody,
        Trouble::Garbage,
        Trouble::CrowdedListener,
        Trouble::CrowdedCluster,
        Trouble::Reloads,
    ];

    /// Its name, by which it can be chosen.
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Killed => "killed",
            Trouble::Frozen => "frozen",
            Trouble::ByteByByte => "byte-by-byte",
            Trouble::ResetInHeaders => "reset-in-headers",
            Trouble::ResetInBody => "reset-in-body",
            Trouble::Garbage => "garbage",
            Trouble::CrowdedListener => "crowded-listener",
            Trouble::CrowdedCluster => "crowded-cluster",
            Trouble::Reloads => "reloads",
            Trouble::VmDeath => "vm-death",
        }
    }

    /// Those of these names; of none: all.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that is none.
    pub fn chosen(names: &[String]) -> Result<Vec<Trouble>> {
        if names.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let one = |name: &String| {
            let found = Self::ALL.into_iter().find(|trouble| trouble.name() == name);
            found.ok_or_else(|| Error::Unknown {
                unknown: name.clone(),
                known: Self::ALL.map(Trouble::name).join(", "),
            })
        };
        names.iter().map(one).collect()
    }

    /// So often it has to come for all of its kinds to have come.
    pub(crate) fn least_rounds(self) -> u64 {
        match self {
            // Good ones, and each fault.
            Trouble::Reloads => 2 * Fault::ALL.len() as u64,
            _ => 1,
        }
    }

    /// Whether the upstream fails, so that its breaker has to open.
    pub(crate) fn fails(self) -> bool {
        match self {
            Trouble::Killed
            | Trouble::Frozen
            | Trouble::ResetInHeaders
            | Trouble::ResetInBody
            | Trouble::Garbage => true,
            Trouble::ByteByByte
            | Trouble::CrowdedListener
            | Trouble::CrowdedCluster
            | Trouble::Reloads
            | Trouble::VmDeath => false,
        }
    }

    /// Whether all requests are answered as if nothing were the matter.
    pub(crate) fn is_unseen(self) -> bool {
        matches!(
            self,
            Trouble::ByteByByte | Trouble::Reloads | Trouble::CrowdedListener
        )
    }

    /// Whether a request may come to this end. Others than answers may come to clients with plugins only where they come
    /// to those without, too.
    pub(crate) fn allows(self, end: &End) -> bool {
        match end {
            End::Answered(200, None) => true,
            // Without the standard body, or with it: that is another plugin's.
            End::Answered(status, code) if self == Trouble::VmDeath => {
                *status == 503 && code.as_ref().is_none_or(|code| code == "FILTER_FAILURE")
            }
            End::Answered(..) => !self.is_unseen(),
            End::CutShort => self == Trouble::ResetInBody,
            // A listener that is full closes what it does not take.
            End::Closed => self == Trouble::CrowdedListener,
            End::Refused | End::Late | End::Malformed => false,
        }
    }
}
