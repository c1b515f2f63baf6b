//! Of many numbers, the few that are told.

/// The smallest; `None` of none.
pub(crate) fn minimum(numbers: &[f64]) -> Option<f64> {
    numbers.iter().copied().min_by(f64::total_cmp)
}

/// The middle one, or the mean of the middle two; `None` of none.
pub(crate) fn median(numbers: &[f64]) -> Option<f64> {
    let sorted = sorted(numbers);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted.get(middle.checked_sub(1)?)? + upper) / 2.0)
}

/// The smallest that at least this share of the numbers are not above (nearest rank); `None` of none.
pub(crate) fn quantile(numbers: &[f64], share: f64) -> Option<f64> {
    let sorted = sorted(numbers);
    let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::{median, minimum, quantile};

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn one_bad_round_does_not_move_the_median() {
        assert_eq!(median(&[1.0, 1.0, 1.0, 1_000.0]), Some(1.0));
    }

    #[test]
    fn the_minimum_may_be_below_zero() {
        assert_eq!(minimum(&[3.0, -1.0, 2.0]), Some(-1.0));
        assert_eq!(minimum(&[]), None);
    }

    #[test]
    fn a_quantile_is_one_of_the_numbers() {
        let numbers: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(quantile(&numbers, 0.5), Some(100.0));
        assert_eq!(quantile(&numbers, 0.99), Some(198.0));
        assert_eq!(quantile(&numbers, 1.0), Some(200.0));
        assert_eq!(quantile(&numbers, 0.0), Some(1.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
