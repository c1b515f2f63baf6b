//! Data that all VMs of one vm_id share, changed by compare-and-swap.

use std::collections::BTreeMap;

use crate::abi::Status;

#[derive(Default)]
pub(crate) struct SharedData {
    records: BTreeMap<(String, Vec<u8>), (Vec<u8>, u32)>,
    last_cas: u32,
}

impl SharedData {
    /// The value and its number, which is never 0.
    pub(crate) fn get(&self, vm_id: &str, key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.records.get(&(vm_id.to_owned(), key.to_vec()))
    }

    /// The last VM of a vm_id has gone.
    pub(crate) fn forget(&mut self, vm_id: &str) {
        self.records.retain(|(of, _), _| of != vm_id);
    }

    /// Writes if `cas` is 0, or the record's number, or if there is no record.
    pub(crate) fn set(&mut self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let at = (vm_id.to_owned(), key.to_vec());
        if let Some((_, present)) = self.records.get(&at)
            && cas != 0
            && cas != *present
        {
            return Err(Status::CAS_MISMATCH);
        }
        self.last_cas += 1;
        self.records.insert(at, (value.to_vec(), self.last_cas));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::SharedData;
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
    }
}
