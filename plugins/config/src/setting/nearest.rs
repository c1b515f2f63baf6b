//! What a name was probably meant to be.

/// The name that a key was probably meant to be: at most two letters off, and no more than half of them.
pub(crate) fn nearest<'n>(key: &str, names: &[&'n str]) -> Option<&'n str> {
    const LONGEST: usize = 64;
    const MOST_OFF: usize = 2;
    if key.len() > LONGEST {
        return None;
    }
    let mut best = None;
    let mut least = MOST_OFF + 1;
    for name in names {
        let off = letters_off(key.as_bytes(), name.as_bytes());
        if off < least && off * 2 <= name.len() {
            best = Some(*name);
            least = off;
        }
    }
    best
}

/// Levenshtein's distance: letters to put in, take out or replace.
fn letters_off(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (deleted, letter) in from.iter().enumerate() {
        let mut diagonal = deleted;
        let mut left = deleted + 1;
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = left;
        }
        for (cell, other) in cells.zip(to) {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
