//! Shared data: records that all workers of the proxy see, changed by compare-and-swap.

use crate::host::{self, Status};
use crate::worker::Worker;

/// How often a change is tried when other workers change the same record in between. The host swaps under one lock, so
/// of the workers that try at once one always succeeds.
const TRIES: usize = 16;

/// A number that no record has: a write that carries it succeeds only if there is no record yet.
const ABSENT: u32 = u32::MAX;

/// Why a change was not made, or a record not read. It was counted and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The host refused.
    Refused,
    /// Other workers were faster each time.
    Contended,
}

/// What is to be there in the place of what is; `None` to leave it.
type Change<'c> = dyn FnMut(Option<&[u8]>) -> Option<Vec<u8>> + 'c;

impl Worker {
    /// Reads a record of shared data; `None` if there is none.
    ///
    /// # Errors
    /// [`GaveUp::Refused`] where the host did not hand it over.
    pub fn read_shared(&self, key: &str) -> Result<Option<Vec<u8>>, GaveUp> {
        self.read_with_cas(key).map(|(record, _)| record)
    }

    /// Changes a record of shared data: `change` gets what is there and returns what is to be there, or `None` to leave
    /// it. It is called again, with the new record, each time that another worker was faster.
    ///
    /// # Errors
    /// [`GaveUp`] where the host refused, or after 16 tries.
    pub fn change_shared(
        &self,
        key: &str,
        mut change: impl FnMut(Option<&[u8]>) -> Option<Vec<u8>>,
    ) -> Result<(), GaveUp> {
        self.change_with(key, &mut change)
    }

    // Not part of its generic caller, which is compiled again for each change.
    fn change_with(&self, key: &str, change: &mut Change<'_>) -> Result<(), GaveUp> {
        for _ in 0..TRIES {
            let (record, cas) = self.read_with_cas(key)?;
            let Some(changed) = change(record.as_deref()) else {
                return Ok(());
            };
            match host::set_shared_data(key, &changed, cas) {
                Ok(()) => return Ok(()),
                Err(Status::CAS_MISMATCH) => {}
                refused => return self.tolerate("shared_data_write", refused).ok_or(GaveUp::Refused),
            }
        }
        self.degrade(
            "shared_data_contention",
            "other workers changed the record at each try",
        );
        Err(GaveUp::Contended)
    }

    fn read_with_cas(&self, key: &str) -> Result<(Option<Vec<u8>>, u32), GaveUp> {
        match host::shared_data(key) {
            Ok((record, cas)) => Ok((Some(record), cas)),
            Err(Status::NOT_FOUND) => Ok((None, ABSENT)),
            refused => {
                self.tolerate("shared_data_read", refused);
                Err(GaveUp::Refused)
            }
        }
    }
}
