//! Records of shared data as bytes: a version, little-endian numbers one after the other, and a checksum.
//!
//! What lies in shared data under a record's name may be anybody's. So whatever is not wholly as it was written is no
//! record.

/// Adds a number.
pub(crate) fn put(to: &mut Vec<u8>, number: u64) {
    to.extend_from_slice(&number.to_le_bytes());
}

/// Adds a number.
pub(crate) fn put32(to: &mut Vec<u8>, number: u32) {
    to.extend_from_slice(&number.to_le_bytes());
}

/// Adds a text of at most 65535 bytes, with its length; of a longer one nothing.
pub(crate) fn put_text(to: &mut Vec<u8>, text: &str) {
    let (length, text) = match u16::try_from(text.len()) {
        Ok(length) => (length, text),
        Err(_) => (0, ""),
    };
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(text.as_bytes());
}

/// Closes a record that begins with its version.
pub(crate) fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&body);
    put32(&mut body, sum);
    body
}

/// What follows the version in a record of this version.
pub(crate) fn unseal(bytes: &[u8], version: u8) -> Option<Rest<'_>> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    let (first, rest) = body.split_first()?;
    (u32::from_le_bytes(*sum) == checksum(body) && *first == version).then_some(Rest(rest))
}

/// FNV-1a: enough to tell a record from what somebody else has left under its name.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// What is left to read. Each of its readers gives nothing where the bytes end or make no sense.
pub(crate) struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    /// All of these bytes.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A text with its length, of at most so many bytes.
    pub(crate) fn text_up_to(&mut self, longest: usize) -> Option<String> {
        let length = self.u16().map(usize::from).filter(|length| *length <= longest)?;
        self.text(length).map(str::to_owned)
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// So many bytes of text.
    pub(crate) fn text(&mut self, length: usize) -> Option<&'b str> {
        core::str::from_utf8(self.bytes(length)?).ok()
    }
}
