//! The tables of a document.

use super::Document;
use pulldown_cmark::{Event, Tag, TagEnd};

/// A table, row by row, its head left out.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The titles of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// All that is in it.
    pub text: String,
    /// What of that is code.
    pub codes: Vec<String>,
}

impl Document {
    /// Its tables, in order.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        let mut table = Table::default();
        let mut row = Vec::new();
        let mut cell = Cell::default();
        for event in self.events() {
            match event {
                Event::Text(text) => cell.text.push_str(&text),
                Event::Code(code) => {
                    cell.text.push_str(&code);
                    cell.codes.push(code.to_string());
                }
                Event::Start(Tag::TableCell) => cell = Cell::default(),
                Event::End(TagEnd::TableCell) => row.push(std::mem::take(&mut cell)),
                Event::End(TagEnd::TableHead) => {
                    table.head = row.drain(..).map(|cell| cell.text).collect();
                }
                Event::End(TagEnd::TableRow) => table.rows.push(std::mem::take(&mut row)),
                Event::End(TagEnd::Table) => tables.push(std::mem::take(&mut table)),
                _ => {}
            }
        }
        tables
    }
}
