//! What a link may name behind its `#`: the headings, as the pages that show Markdown name them.

use super::Document;
use pulldown_cmark::{Event, Tag, TagEnd};

impl Document {
    /// The anchors of its headings, in order: in lower case, spaces as dashes, without punctuation; the second of a name
    /// ends in `-1`.
    pub fn anchors(&self) -> Vec<String> {
        let (mut anchors, mut names) = (Vec::new(), Vec::new());
        let mut heading: Option<String> = None;
        for event in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let name = anchor(&heading.take().unwrap_or_default());
                    let before = names.iter().filter(|other| **other == name).count();
                    anchors.push(match before {
                        0 => name.clone(),
                        _ => format!("{name}-{before}"),
                    });
                    names.push(name);
                }
                _ => {}
            }
        }
        anchors
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
    kept.map(|character| if character == ' ' { '-' } else { character })
        .collect::<String>()
        .to_lowercase()
}
