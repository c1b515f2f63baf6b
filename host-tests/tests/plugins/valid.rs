//! What a valid id and a valid trace context look like, told apart by hand: nothing here is the plugins' code.

/// The id is a UUID of this version (`'4'` or `'7'`), with RFC 9562's variant, in lower case.
#[track_caller]
pub(crate) fn assert_uuid(id: &str, version: char) {
    let parts: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(parts.iter().all(|part| is_hex(part.as_bytes())), "{id}");
    assert!(parts[2].starts_with(version), "{id} is not of version {version}");
    assert!(
        parts[3].starts_with(['8', '9', 'a', 'b']),
        "{id} has another variant"
    );
}

/// Whether it is an id that any log, shell or header can take.
pub(crate) fn is_id(id: &[u8], max_length: usize) -> bool {
    let allowed = |byte: &u8| (0x21..=0x7e).contains(byte) && !b"\"'`\\,;".contains(byte);
    (1..=max_length).contains(&id.len()) && id.iter().all(allowed)
}

/// Whether it is a `traceparent` as a proxy sends one: version 00, no unknown flags.
pub(crate) fn is_traceparent(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else {
        return false;
    };
    let is_field = |field: &[u8], length: usize| field.len() == length && is_hex(field);
    let not_zero = |field: &[u8]| field.iter().any(|byte| *byte != b'0');
    *version == b"00"
        && is_field(trace, 32)
        && not_zero(trace)
        && is_field(parent, 16)
        && not_zero(parent)
        && [&b"00"[..], b"01", b"02", b"03"].contains(flags)
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn what_is_valid_is_told_apart() {
    assert_uuid("019b76da-a800-7abc-8def-0123456789ab", '7');
    assert!(is_id(b"order-42", 8) && !is_id(b"order-42", 7) && !is_id(b"", 7));
    assert!(
        b"\"'`\\,; \t\x7f\x80\xff\0"
            .iter()
            .all(|byte| !is_id(&[*byte], 7))
    );
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert!(is_traceparent(parent.as_bytes()));
    for wrong in [
        parent.to_uppercase(),
        parent.replace("-01", "-04"),
        parent.replacen("00", "01", 1),
        parent.replace("b7ad6b7169203331", "0000000000000000"),
        format!("{parent}-"),
    ] {
        assert!(!is_traceparent(wrong.as_bytes()), "{wrong}");
    }
}
