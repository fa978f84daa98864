//! `[retention]`: how long what was said is kept.

use serde::Deserialize;

use super::Lapse;

const LEAST_MS: i64 = 7 * 86_400_000;

/// For how long.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Lines of the history; for ever without it.
    pub history: Option<Lapse>,
}

impl Retention {
    /// What is wrong with it.
    pub(super) fn trouble(&self) -> Option<String> {
        let short = self.history.is_some_and(|history| history.0 < LEAST_MS);
        short.then(|| {
            "`history` of `[retention]` is less than 7d: what TikTok still delivers again could not be told from it".to_owned()
        })
    }

    #[must_use]
    pub fn history_ms(&self) -> Option<i64> {
        self.history.map(|history| history.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::server::settings::Settings;

    const GOOD: &str = "[[app]]\nid = \"a\"\nsecret = { env = \"S\" }";

    #[test]
    fn the_history_is_kept_for_ever_unless_a_time_of_a_week_or_more_is_given() {
        let read =
            |text: &str| Settings::parse("r.toml", &format!("{GOOD}\n{text}\n")).map(|settings| settings.retention.history_ms());
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("[retention]\nhistory = \"400d\"").unwrap(), Some(400 * 86_400_000));
        assert!(read("[retention]\nhistory = \"6d\"").unwrap_err().message.contains("less than 7d"));
        assert!(read("[retention]\nhistry = \"9d\"").is_err());
    }
}
