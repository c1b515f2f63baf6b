//! What a client sends to be known by nobody else is in no line of any plugin, and in no answer.

use super::Broken;
use crate::story::client::SECRET;
use host::LogLine;

const PROMISE: &str = "no value of a header that holds a secret is told to anybody";

pub(crate) fn check(lines: &[LogLine]) -> Result<(), Broken> {
    lines.iter().try_for_each(|line| of_text(line.message.as_bytes()))
}

pub(crate) fn of_text(text: &[u8]) -> Result<(), Broken> {
    let told = text.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    Broken::unless(!told, PROMISE, || String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_middle_of_a_text_is_found() {
        assert!(of_text(format!("{{\"header\":\"Bearer {SECRET}\"}}").as_bytes()).is_err());
        assert_eq!(of_text(b"nothing of it"), Ok(()));
    }
}
