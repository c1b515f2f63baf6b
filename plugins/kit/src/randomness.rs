//! Random bytes of the host, asked for in stock: a call costs more than the bytes.

use crate::host::{self, Status};
use std::cell::Cell;

/// Bytes that the host is asked for at once: ids for sixteen requests.
const STOCK: usize = 256;

/// Random bytes, each of them handed out once.
#[derive(Default)]
pub(crate) struct Randomness {
    stock: Cell<Vec<u8>>,
}

impl Randomness {
    /// Fills `bytes`, of which there are fewer than are asked for at once.
    pub(crate) fn fill(&self, bytes: &mut [u8]) -> Result<(), Status> {
        let mut stock = self.stock.take();
        if stock.len() < bytes.len() {
            stock.resize(STOCK, 0);
            // Where the host has none, there is none in stock either.
            host::random(&mut stock)?;
        }
        let left = stock.len().saturating_sub(bytes.len());
        for (byte, random) in bytes.iter_mut().zip(stock.drain(left..)) {
            *byte = random;
        }
        self.stock.set(stock);
        Ok(())
    }
}
