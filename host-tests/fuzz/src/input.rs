//! Bytes, taken piece by piece for what a target needs. When they are used up, all numbers are 0 and all texts empty.
//!
//! Of its own, and not the crate `arbitrary`: there a version may read the same bytes otherwise, and the corpus would be
//! about something else.

/// How often a pattern is repeated at most, in bytes: a few bytes of input can then make a header of a megabyte.
const LONGEST_REPEATED: usize = 1 << 20;

/// What is left of an input.
#[derive(Clone, Copy)]
pub(crate) struct Input<'i>(pub(crate) &'i [u8]);

impl<'i> Input<'i> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Yes, once in so many.
    pub(crate) fn one_in(&mut self, times: u8) -> bool {
        self.byte().is_multiple_of(times)
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from(self.u32()) | u64::from(self.u32()) << 32
    }

    /// A time or a number that is most often small, and sometimes any.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=199 => u64::from(small),
            200..=249 => u64::from(self.u32()),
            250..=253 => self.u64(),
            254 => u64::MAX / 2,
            255 => u64::MAX,
        }
    }

    /// From 0 to 1, 1 excluded.
    pub(crate) fn draw(&mut self) -> f64 {
        f64::from(self.byte()) / 256.0
    }

    /// One of these.
    pub(crate) fn one_of<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[usize::from(self.byte()) % choices.len()]
    }

    /// So many bytes, or what is left.
    pub(crate) fn take(&mut self, length: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Some bytes as they are, as many as the first one says.
    pub(crate) fn bytes(&mut self) -> &'i [u8] {
        let length = self.byte().into();
        self.take(length)
    }

    /// Up to the next line feed, which is no part of it.
    pub(crate) fn line(&mut self) -> &'i [u8] {
        let length = self.0.iter().position(|byte| *byte == b'\n');
        let line = self.take(length.unwrap_or(self.0.len()));
        self.byte();
        line
    }

    /// Up to so many lines.
    pub(crate) fn lines(&mut self, most: usize) -> Vec<&'i [u8]> {
        let mut lines = Vec::new();
        while !self.is_empty() && lines.len() < most {
            lines.push(self.line());
        }
        lines
    }

    /// A value of any length: bytes as they are, one of these, or bytes that are repeated up to a megabyte.
    pub(crate) fn value(&mut self, known: &[&str]) -> Vec<u8> {
        match self.byte() {
            0..=149 => self.bytes().to_vec(),
            150..=229 if !known.is_empty() => self.one_of(known).as_bytes().to_vec(),
            150..=249 => {
                let (pattern, times) = (self.bytes(), usize::from(self.byte()));
                self.repeated(pattern, times)
            }
            _ => {
                let (pattern, times) = (self.bytes(), self.u32() as usize % (1 << 16));
                self.repeated(pattern, times)
            }
        }
    }

    fn repeated(&self, pattern: &[u8], times: usize) -> Vec<u8> {
        pattern.repeat(times.min(LONGEST_REPEATED / pattern.len().max(1)))
    }
}
