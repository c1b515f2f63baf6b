//! Values that nobody can guess, in shapes that a parser, a log or a body could stumble over.

use fastrand::Rng;

/// So much chance that no plugin comes upon it by itself.
const CHANCE: usize = 16;

/// A value, and what of it is chance: the rest of it might stand anywhere.
pub(crate) struct Value {
    pub(crate) whole: Vec<u8>,
    pub(crate) secret: Vec<u8>,
}

/// A secret in some shape. It may look like an id, but stands where none is read.
pub(crate) fn any(random: &mut Rng) -> Value {
    let secret = core(random);
    let core = secret.as_slice();
    let whole = match random.u32(..11) {
        0 => core.to_vec(),
        1 => [b"Bearer ", core, b".sig"].concat(),
        2 => [b"Basic ", core, b"=="].concat(),
        3 => [b"theme=dark; session=", core, b"; lang=en"].concat(),
        4 => [b"\xff\xfe", core, b"\x80\xc3"].concat(),
        5 => [b"\"", core, b"\", \"\\n\\u0000"].concat(),
        6 => [core, &vec![b'a'; random.usize(1_000..6_000)]].concat(),
        7 => [b"{\"message\":\"", core, b"\"}"].concat(),
        8 => [b"x-", core, b": "].concat(),
        9 => [b"https://user:", core, b"@host/?q=1"].concat(),
        _ => [b"00-", hexadecimal(random).as_slice(), core, b"-01"].concat(),
    };
    Value { whole, secret }
}

/// A secret in a header from which ids are read, and which is none.
pub(crate) fn refused_id(random: &mut Rng) -> Value {
    let secret = core(random);
    let core = secret.as_slice();
    let whole = match random.u32(..4) {
        0 => [core, b" with a space"].concat(),
        1 => [b"\"", core, b"\""].concat(),
        2 => [core, b"\xff"].concat(),
        _ => [core, &[b'.'; 200]].concat(),
    };
    Value { whole, secret }
}

/// Letters and digits.
fn core(random: &mut Rng) -> Vec<u8> {
    (0..CHANCE).map(|_| random.alphanumeric() as u8).collect()
}

/// As trace ids and digests look.
fn hexadecimal(random: &mut Rng) -> Vec<u8> {
    format!("{:032x}", random.u128(..)).into_bytes()
}
