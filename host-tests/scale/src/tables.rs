//! Figures as a table for people and as JSON for programs.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

/// One table.
pub(crate) struct Part {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Part {
    pub(crate) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, row: [Value; N]) {
        self.rows.push(row.into());
    }

    pub(crate) fn print(self) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row.iter().map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }));
        }
        for (column, value) in table
            .column_iter_mut()
            .zip(self.rows.first().into_iter().flatten())
        {
            if value.is_number() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("{}\n{table}\n", self.title);
        self
    }

    /// The rows, each as an object by its columns.
    pub(crate) fn json(&self) -> Value {
        let object = |row: &Vec<Value>| -> Value {
            let members = self.columns.iter().zip(row);
            members
                .map(|(column, value)| ((*column).to_owned(), value.clone()))
                .collect()
        };
        json!({ "title": self.title, "rows": self.rows.iter().map(object).collect::<Vec<_>>() })
    }
}

/// How many times as much, to a hundredth.
pub(crate) fn ratio(of: u64, one: u64) -> Value {
    json!((of as f64 / one as f64 * 100.0).round() / 100.0)
}
