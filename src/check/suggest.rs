//! "Did you mean": the nearest known name, where one is near.

/// The candidate nearest to `wrong`; `None` where all are too far to be a slip of the same word.
pub(super) fn nearest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let most = match wrong.chars().count() {
        0..=2 => 1,
        3..=7 => 2,
        _ => 3,
    };
    let lower = crate::text::skeleton(wrong).to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count().max(2))
        .min_by(|left, right| left.cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Help for an unknown name: the nearest one, else what there is, where that is little enough to read.
pub(super) fn help<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> Option<String> {
    if let Some(near) = nearest(wrong, candidates.clone()) {
        // To the author the two may look the same.
        let letter = crate::text::disguised(wrong).filter(|_| near.is_ascii());
        let look = letter.map(|(letter, script)| format!(" the `{letter}` here is a {script} letter"));
        return Some(format!("did you mean `{near}`?{}", look.unwrap_or_default()));
    }
    let all: Vec<String> = candidates.into_iter().take(9).map(|name| format!("`{name}`")).collect();
    (!all.is_empty() && all.len() < 9).then(|| format!("there is {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(nearest("trakc", ["track", "lost"]), Some("track"));
        assert_eq!(nearest("Support", ["support"]), Some("support"));
        assert_eq!(nearest("طلبى", ["طلبي", "سعر"]), Some("طلبي"));
    }

    #[test]
    fn a_letter_of_another_script_is_told() {
        let said = help("trаck", ["track", "lost"]);
        assert_eq!(said.as_deref(), Some("did you mean `track`? the `а` here is a Cyrillic letter"));
    }

    #[test]
    fn a_stranger_finds_the_list() {
        assert_eq!(nearest("elephant", ["track", "lost"]), None);
        assert_eq!(help("elephant", ["track", "lost"]).as_deref(), Some("there is `track`, `lost`"));
        assert_eq!(help("x", []), None);
    }
}
