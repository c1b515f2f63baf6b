//! Texts with places to fill in: `{{name}}` within a line is a word; alone on a line it is a block, which is indented as it
//! is, or left out with its line where it is empty.

/// A text, and what goes into its places.
pub(super) struct Template {
    text: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Template {
    pub(super) fn new(text: &'static str) -> Self {
        Self {
            text,
            values: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    pub(super) fn filled(&self) -> String {
        let mut filled = String::new();
        for line in self.text.lines() {
            let indented = line.trim_start();
            let indent = line.strip_suffix(indented).unwrap_or_default();
            let block = indented
                .strip_prefix("{{")
                .and_then(|rest| rest.strip_suffix("}}"));
            let block = block.and_then(|name| self.values.iter().find(|(known, _)| *known == name));
            if let Some((_, value)) = block {
                for line in value.lines() {
                    filled += format!("{indent}{line}").trim_end();
                    filled.push('\n');
                }
                continue;
            }
            let mut line = line.to_owned();
            for (name, value) in &self.values {
                line = line.replace(&format!("{{{{{name}}}}}"), value);
            }
            filled += &line;
            filled.push('\n');
        }
        filled
    }
}

/// The text, each line of it this much further in.
pub(super) fn indented(text: &str, by: usize) -> String {
    let lines = text.lines().map(|line| format!("{:by$}{line}", ""));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn words_are_put_into_their_lines_and_blocks_are_indented() {
        let template = Template::new("a: {{x}}-{{x}}\n  {{block}}\n  {{nothing}}\nend");
        let filled = template
            .with("x", "1")
            .with("block", "b:\n  c: 2")
            .with("nothing", "");
        assert_eq!(filled.filled(), "a: 1-1\n  b:\n    c: 2\nend\n");
    }
}
