//! `tracestate`, to the letter of W3C Trace Context level 2.
//!
//! Read only where `traceparent` is valid. A list that breaks the grammar is dropped whole, since what stands in it
//! cannot be told apart; that never harms `traceparent`. Several header lines are one list. It has at most 32 members:
//! of more, the right-most are the oldest and go first.

/// Members that a list may have.
const MAX_MEMBERS: usize = 32;
/// Characters of a key, and of a value.
const MAX_LENGTH: usize = 256;

/// What becomes of the `tracestate` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceState {
    /// It is absent, or one line that can go on as it is.
    Keep,
    /// It is replaced by this one line.
    Replace(Vec<u8>),
    /// It is invalid or has no member.
    Remove,
}

impl TraceState {
    /// Judges the header's lines, in their order.
    pub fn judge(lines: &[&[u8]]) -> Self {
        let mut members: Vec<(&[u8], &[u8])> = Vec::new();
        let mut as_sent = true;
        for line in lines {
            for member in line.split(|byte| *byte == b',').map(trim) {
                if member.is_empty() {
                    continue;
                }
                let Some(key) = key_of(member) else {
                    return Self::Remove;
                };
                // One entry a key: the left-most is the latest.
                if members.len() == MAX_MEMBERS || members.iter().any(|(other, _)| *other == key) {
                    as_sent = false;
                } else {
                    members.push((key, member));
                }
            }
        }
        match (lines.len(), members.is_empty(), as_sent) {
            (0, ..) => Self::Keep,
            (_, true, _) => Self::Remove,
            (1, false, true) => Self::Keep,
            _ => Self::Replace(
                members
                    .iter()
                    .map(|(_, member)| *member)
                    .collect::<Vec<_>>()
                    .join(&b','),
            ),
        }
    }
}

/// Optional white space (RFC 9110, section 5.6.3) around a member is no part of it.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The key of a valid member.
fn key_of(member: &[u8]) -> Option<&[u8]> {
    let equals = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (member.get(..equals)?, member.get(equals.checked_add(1)?..)?);
    let starts = matches!(key.first()?, b'a'..=b'z' | b'0'..=b'9');
    let key_char = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let value_char = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    let valid = starts
        && key.len() <= MAX_LENGTH
        && key.iter().all(key_char)
        && (1..=MAX_LENGTH).contains(&value.len())
        && value.iter().all(value_char);
    valid.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn check(lines: &[&str], expect: TraceState) {
        assert_eq!(
            TraceState::judge(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()),
            expect,
            "{lines:?}"
        );
    }

    fn replace(line: &str) -> TraceState {
        TraceState::Replace(line.into())
    }

    /// `count` members, `k0=v` first.
    fn members(count: usize) -> String {
        (0..count)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn a_valid_line_goes_on_as_it_is() {
        for line in [
            "congo=t61rcWkgMzE",
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
            "0tenant@sys_tem-1*/=!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
            "a=1 ,\t b=2",
            "a=1,,b=2,",
            "a= leading space counts",
        ] {
            check(&[line], TraceState::Keep);
        }
        check(&[], TraceState::Keep);
    }

    #[test]
    fn several_lines_become_one_in_their_order() {
        check(&["a=1", "b=2"], replace("a=1,b=2"));
        check(&["a=1, b=2 ", "", " c=3"], replace("a=1,b=2,c=3"));
    }

    #[test]
    fn a_list_without_members_is_not_sent() {
        check(&[""], TraceState::Remove);
        check(&[" , ,\t"], TraceState::Remove);
        check(&["", ""], TraceState::Remove);
    }

    #[test]
    fn an_invalid_member_drops_the_list() {
        for line in [
            "a",
            "=1",
            "a=",
            "A=1",
            "_a=1",
            "a b=1",
            "a =1",
            "a=1=2",
            "a=\u{e9}",
            "a=1;b=2,c",
            "a=1\u{7f}",
            "@a=1",
        ] {
            check(&[line], TraceState::Remove);
            check(&["b=2", line], TraceState::Remove);
        }
    }

    #[test]
    fn keys_and_values_have_256_characters_at_most() {
        let long = "a".repeat(256);
        check(&[&format!("{long}=1")], TraceState::Keep);
        check(&[&format!("{long}a=1")], TraceState::Remove);
        check(&[&format!("k={long}")], TraceState::Keep);
        check(&[&format!("k={long}a")], TraceState::Remove);
    }

    #[test]
    fn of_more_than_32_members_the_right_most_go() {
        check(&[&members(32)], TraceState::Keep);
        check(&[&members(33)], replace(&members(32)));
        check(
            &[&members(20), "x=1", &members(20)],
            replace(&format!("{},x=1", members(20))),
        );
    }

    #[test]
    fn of_a_key_given_twice_the_left_most_stays() {
        check(&["a=1,b=2,a=3"], replace("a=1,b=2"));
    }

    /// Values at the edges of the grammar.
    const VALUES: &[&str] = &["1", " 1", "!\"#$%&'()*+-./", ":;<>?@[\\]^_`{|}~", "a b  c"];

    proptest! {
        #[test]
        fn whatever_is_sent_on_is_itself_valid(
            lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4)
        ) {
            if let TraceState::Replace(line) = TraceState::judge(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>()) {
                prop_assert_eq!(TraceState::judge(&[&line]), TraceState::Keep);
            }
        }

        #[test]
        fn lists_of_valid_members_are_never_dropped(
            list in prop::collection::vec((0usize..999, prop::sample::select(VALUES)), 1..40),
            split in 0usize..40,
        ) {
            let list: Vec<_> = list.iter().map(|(key, value)| format!("{key}@t={value}")).collect();
            let (left, right) = list.split_at(split.min(list.len()));
            let lines = [left.join(","), right.join(" , ")];
            prop_assert_ne!(TraceState::judge(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()), TraceState::Remove);
        }
    }
}
