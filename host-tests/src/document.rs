//! The documents as their readers see them: headings, links, tables, and blocks of code.

mod anchors;
pub mod console;
mod tables;

pub use tables::{Cell, Table};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::path::{Path, PathBuf};

/// A document of this repository.
pub struct Document {
    /// Where it is, from the repository's root.
    pub path: PathBuf,
    text: String,
}

/// A fenced block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The words after the fence: a language, and what else a test needs to know.
    pub info: String,
    /// What is in it.
    pub text: String,
}

/// The repository's root.
pub fn root() -> &'static Path {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder)
}

impl Document {
    /// The document at this path from the root.
    ///
    /// # Panics
    /// When it cannot be read.
    #[track_caller]
    pub fn open(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let text = std::fs::read_to_string(root().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// A text, as if it were the document at this path.
    pub fn of(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        Self { path, text }
    }

    /// Every document there is: those at the root, those in `docs/`, and the crates' own.
    ///
    /// # Panics
    /// When a folder cannot be read.
    pub fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        for folder in ["", "docs", "envoy", "schemas", "plugins", "host-tests", "tools"] {
            collect(&root().join(folder), folder.is_empty(), &mut paths);
        }
        paths.sort();
        paths
            .iter()
            .map(|path| Self::open(path.strip_prefix(root()).unwrap_or(path)))
            .collect()
    }

    /// The page of the plugin called `plugin`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn page_of(plugin: &str) -> Self {
        Self::open(format!("docs/{plugin}.md"))
    }

    /// Its text, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part below this heading, up to the next of the same level or a higher one.
    ///
    /// # Panics
    /// When there is no such heading.
    #[track_caller]
    pub fn section(&self, heading: &str) -> Self {
        let (mut start, mut end) = (None, self.text.len());
        for (event, range) in Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter() {
            let Event::Start(Tag::Heading { level, .. }) = event else {
                continue;
            };
            let title = self.text[range.clone()].trim_start_matches('#').trim();
            match start {
                None if title == heading => start = Some((range.start, level)),
                Some((_, own)) if level <= own => {
                    end = range.start;
                    break;
                }
                _ => {}
            }
        }
        let (start, _) = start.unwrap_or_else(|| panic!("{}: no section {heading}", self.path.display()));
        Self::of(self.path.clone(), &self.text[start..end])
    }

    /// Its blocks of code, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for event in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let (info, text) = (info.to_string(), String::new());
                    open = Some(Block { info, text });
                }
                Event::Text(text) => {
                    if let Some(block) = &mut open {
                        block.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
                _ => {}
            }
        }
        blocks
    }

    /// The texts of the blocks with exactly this behind the fence.
    pub fn blocks_of(&self, info: &str) -> Vec<String> {
        let blocks = self.blocks().into_iter().filter(|block| block.info == info);
        blocks.map(|block| block.text).collect()
    }

    /// What stands as code within its sentences and tables, in order.
    pub fn codes(&self) -> Vec<String> {
        let codes = self.events().filter_map(|event| match event {
            Event::Code(code) => Some(code.to_string()),
            _ => None,
        });
        codes.collect()
    }

    /// Where its links and pictures lead, in order.
    pub fn links(&self) -> Vec<String> {
        let links = self.events().filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        });
        links.collect()
    }

    fn events(&self) -> Parser<'_> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES)
    }
}

/// The Markdown files in a folder, and in those below it unless it is the root.
fn collect(folder: &Path, is_root: bool, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .path();
        if path.is_dir() && !is_root && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, false, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}
