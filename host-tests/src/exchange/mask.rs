//! What is made anew in each run, told by its shape.

use super::Exchange;
use regex::{Captures, Regex};

impl Exchange {
    /// The text with each id that was made in it as its shape, numbered by its first appearance, and without times. What the
    /// exchange itself sends stays.
    ///
    /// # Panics
    /// Never.
    pub fn mask(&self, text: &str) -> String {
        let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
        let made = Regex::new(&format!("\\b(?:{uuid}|[0-9a-f]{{32}}|[0-9a-f]{{16}})\\b"))
            .expect("it is an expression");
        // The time of an error, as its body has it.
        let time = Regex::new(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").expect("it is an expression");
        let text = &time.replace_all(text, "<a time>");
        let mut known: Vec<String> = Vec::new();
        let masked = made.replace_all(text, |found: &Captures<'_>| {
            let plain = found[0].replace('-', "");
            let sent = |value: &Vec<u8>| {
                String::from_utf8_lossy(value)
                    .to_lowercase()
                    .replace('-', "")
                    .contains(&plain)
            };
            if self.headers.iter().any(|(_, value)| sent(value)) {
                return found[0].to_owned();
            }
            let number = known.iter().position(|other| *other == plain).unwrap_or_else(|| {
                known.push(plain.clone());
                known.len() - 1
            });
            match found.get(1) {
                Some(version) => format!("<uuid version {} number {number}>", version.as_str()),
                None => format!("<{} hex digits number {number}>", plain.len()),
            }
        });
        masked.into_owned()
    }
}
