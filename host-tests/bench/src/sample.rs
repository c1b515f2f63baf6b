//! Figures that nobody measured, for the tests of what is made of figures.

use crate::figures::Figures;

pub(crate) fn figures() -> Figures {
    let figures: Figures = serde_json::from_str(include_str!("sample.json")).expect("they are figures");
    figures.judged()
}
