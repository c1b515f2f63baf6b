//! The order in which a round measures its cells: another one each time, so that what the machine does at the side, and
//! what one cell leaves behind for the next, does not always meet the same cell.

use crate::cell::Cell;
use fastrand::Rng;

/// Orders, one after the other, all from one seed.
pub(crate) struct Orders {
    random: Rng,
    cells: Vec<Cell>,
}

impl Orders {
    pub(crate) fn of(cells: &[Cell], seed: u64) -> Self {
        let each = cells
            .iter()
            .flat_map(|&cell| std::iter::repeat_n(cell, cell.turns()));
        Self {
            random: Rng::with_seed(seed),
            cells: each.collect(),
        }
    }

    /// The next one: each cell as often as it has a turn.
    pub(crate) fn next(&mut self) -> Vec<Cell> {
        self.random.shuffle(&mut self.cells);
        self.cells.clone()
    }

    /// The next one, with each cell but once.
    pub(crate) fn next_once(&mut self) -> Vec<Cell> {
        let mut once = Vec::new();
        for cell in self.next() {
            if !once.contains(&cell) {
                once.push(cell);
            }
        }
        once
    }
}

#[cfg(test)]
mod tests {
    use super::Orders;
    use crate::cell::chosen;

    #[test]
    fn each_round_has_each_cell_in_another_order() {
        let cells = chosen(&[]).expect("all of them");
        let mut orders = Orders::of(&cells, 1);
        let rounds = [orders.next(), orders.next(), orders.next()];
        assert!(rounds[0] != rounds[1] && rounds[1] != rounds[2] && rounds[0] != rounds[2]);
        for round in rounds {
            for cell in &cells {
                let turns = round.iter().filter(|other| *other == cell).count();
                let expected = match (cell.workload.name(), cell.variant.name()) {
                    ("calls", _) => 3,
                    (_, "no-filter" | "no-op") => 5,
                    _ => 1,
                };
                assert_eq!(turns, expected, "{cell}");
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_orders_again() {
        let cells = chosen(&[]).expect("all of them");
        let [mut one, mut again, mut other] = [7, 7, 8].map(|seed| Orders::of(&cells, seed));
        for _ in 0..3 {
            let order = one.next();
            assert_eq!(order, again.next());
            assert_ne!(order, other.next());
        }
    }
}
