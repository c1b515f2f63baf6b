//! The register of the records that there are, for whoever shows all of them.

use crate::worker::Worker;
use policy::register::{Bucket, Entered, Registered};

impl Worker {
    /// Enters what is said of the record of this name, where it is not known yet. False if it could not be written, which
    /// was counted: to be tried again. What finds no room was counted, too.
    pub fn register(&self, of: Registered, name: &str, entry: &[u8]) -> bool {
        let mut entered = Entered::Known;
        let written = self.change_shared(&of.bucket_of(name), |bytes| {
            let mut bucket = bytes.map(Bucket::decode).unwrap_or_default();
            entered = bucket.enter(name, entry);
            (entered == Entered::Changed).then(|| bucket.encode())
        });
        if entered == Entered::Full {
            self.degrade(
                "register",
                "there are more records than the register has room for: the live state does not show all",
            );
        }
        written.is_ok()
    }
}
