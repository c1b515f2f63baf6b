//! Data that all VMs of one vm_id share, changed by compare-and-swap.

use std::collections::BTreeMap;

use crate::abi::Status;

#[derive(Default)]
pub(crate) struct SharedData {
    records: BTreeMap<(String, Vec<u8>), (Vec<u8>, u32)>,
    writes: BTreeMap<(String, Vec<u8>), SharedDataWrites>,
    last_cas: u32,
}

/// How writes of one key of shared data ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedDataWrites {
    /// Writes that stand.
    pub written: u64,
    /// Writes that were refused, because somebody else had written since the writer had read (`CAS_MISMATCH`).
    pub overtaken: u64,
}

impl SharedData {
    /// The value and its number, which is never 0.
    pub(crate) fn get(&self, vm_id: &str, key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.records.get(&(vm_id.to_owned(), key.to_vec()))
    }

    /// The last VM of a vm_id has gone.
    pub(crate) fn forget(&mut self, vm_id: &str) {
        self.records.retain(|(of, _), _| of != vm_id);
        self.writes.retain(|(of, _), _| of != vm_id);
    }

    /// Writes if `cas` is 0, or the record's number, or if there is no record.
    pub(crate) fn set(&mut self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let at = (vm_id.to_owned(), key.to_vec());
        if let Some((_, present)) = self.records.get(&at)
            && cas != 0
            && cas != *present
        {
            self.writes.entry(at).or_default().overtaken += 1;
            return Err(Status::CAS_MISMATCH);
        }
        self.last_cas += 1;
        self.writes.entry(at.clone()).or_default().written += 1;
        self.records.insert(at, (value.to_vec(), self.last_cas));
        Ok(())
    }

    /// All records of a vm_id.
    pub(crate) fn all(&self, vm_id: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let own = self.records.iter().filter(|((of, _), _)| of == vm_id);
        own.map(|((_, key), (value, _))| (key.clone(), value.clone()))
            .collect()
    }

    /// How the writes of a key ended so far.
    pub(crate) fn writes(&self, vm_id: &str, key: &[u8]) -> SharedDataWrites {
        let writes = self.writes.get(&(vm_id.to_owned(), key.to_vec()));
        writes.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{SharedData, SharedDataWrites};
    use crate::abi::Status;

    #[test]
    fn a_write_needs_the_number_of_what_it_replaces() {
        let mut data = SharedData::default();
        assert_eq!(data.get("vm", b"k"), None);
        assert_eq!(data.set("vm", b"k", b"v", 0), Ok(()));
        let (_, cas) = data.get("vm", b"k").cloned().unwrap();
        assert_ne!(cas, 0);
        assert_eq!(data.set("vm", b"k", b"w", 99_999), Err(Status::CAS_MISMATCH));
        assert_eq!(data.set("vm", b"k", b"w", cas), Ok(()));
        assert_eq!(data.set("vm", b"k", b"x", cas), Err(Status::CAS_MISMATCH));
        let writes = data.writes("vm", b"k");
        assert_eq!((writes.written, writes.overtaken), (2, 2));
        assert_eq!(
            data.get("vm", b"k").map(|(value, _)| value.clone()),
            Some(b"w".to_vec())
        );
    }

    #[test]
    fn a_number_for_a_missing_key_creates_it() {
        let mut data = SharedData::default();
        assert_eq!(data.set("vm", b"new", b"v", 77), Ok(()));
        assert!(data.get("vm", b"new").is_some());
    }

    #[test]
    fn another_vm_id_shares_nothing() {
        let mut data = SharedData::default();
        data.set("a", b"k", b"v", 0).unwrap();
        assert_eq!(data.get("b", b"k"), None);
        assert_eq!(data.writes("b", b"k"), SharedDataWrites::default());
        assert_eq!((data.all("a").len(), data.all("b").len()), (1, 0));
    }
}
