//! How alike two words are.

/// Slips that `like` forgives in a phrase of so many letters: none up to three, one up to seven, two from eight.
#[must_use]
pub const fn allowed_slips(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Whether at most `slips` letters were changed, left out, added or swapped with their neighbour between two folded texts.
#[must_use]
pub fn similar(a: &str, b: &str, slips: usize) -> bool {
    if slips == 0 {
        return a == b;
    }
    // Most texts differ in length by more than the slips: they cost a count, not a table.
    a.chars().count().abs_diff(b.chars().count()) <= slips && strsim::osa_distance(a, b) <= slips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_by_length() {
        assert_eq!([3, 4, 7, 8].map(allowed_slips), [0, 1, 1, 2]);
    }

    #[test]
    fn a_swap_a_gap_and_a_wrong_letter_are_one_slip_each() {
        for typo in ["odrer", "oder", "ordxr", "orderr"] {
            assert!(similar("order", typo, 1), "{typo}");
        }
        assert!(!similar("order", "odxer", 1));
        assert!(similar("طلبي", "طلب", 1));
    }

    #[test]
    fn a_long_stranger_is_refused_by_its_length() {
        assert!(!similar("order", &"x".repeat(1_000_000), 2));
    }
}
