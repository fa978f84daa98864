//! `[events]`: who is told of what happens, and how long what was not taken is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Lapse, Secret};
use crate::fetch::herald::Target;
use crate::runtime::{EVENT_TYPES, Endpoint, EventOptions};

/// Who is told of what happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// How long what was given up can still be replayed.
    pub kept: Lapse,
    /// Events of one endpoint that are kept at most.
    pub rows: u64,
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<Hearer>,
}

/// One endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hearer {
    pub name: String,
    pub url: String,
    /// `whsec_…`
    pub secret: Secret,
    /// While the secret is changed: events are signed with both.
    pub old_secret: Option<Secret>,
    /// `message.received`, `message.*`, `emit.order`; all without it.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether it is told what customers and the bot write.
    #[serde(default)]
    pub texts: bool,
    #[serde(default = "at_once")]
    pub at_once: usize,
    #[serde(default = "timeout")]
    pub timeout: Lapse,
}

fn at_once() -> usize {
    8
}
fn timeout() -> Lapse {
    Lapse(15_000)
}

impl Default for Events {
    fn default() -> Self {
        let EventOptions { endpoints: _, kept_ms, rows_max } = EventOptions::default();
        Self { kept: Lapse(kept_ms), rows: rows_max, endpoints: Vec::new() }
    }
}

impl Hearer {
    /// As the runtime knows it: the address by its digest alone.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        let digest = Sha256::digest(self.url.as_bytes());
        Endpoint {
            name: Arc::from(self.name.as_str()),
            place: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
            types: self.types.clone(),
            texts: self.texts,
            at_once: self.at_once,
            timeout_ms: self.timeout.0,
        }
    }

    fn trouble(&self, open: &[String]) -> Option<String> {
        let name = &self.name;
        if let Err(why) = Target::address(&self.url, open) {
            return Some(format!("`url` of the endpoint `{name}` is refused: {why}"));
        }
        if !(1..=64).contains(&self.at_once) {
            return Some(format!("`at_once = {}` of the endpoint `{name}` is not between 1 and 64", self.at_once));
        }
        if !(1_000..=60_000).contains(&self.timeout.0) {
            return Some(format!("`timeout` of the endpoint `{name}` is not between 1s and 60s"));
        }
        let unknown = self.types.iter().find(|pattern| {
            let beginning = pattern.strip_suffix('*').unwrap_or(pattern);
            let whole = beginning.len() == pattern.len();
            let fits = |kind: &&str| if whole { *kind == beginning } else { kind.starts_with(beginning) };
            !beginning.starts_with("emit.") && !EVENT_TYPES.iter().any(fits)
        })?;
        let nearest = EVENT_TYPES.iter().min_by_key(|kind| strsim::damerau_levenshtein(kind, unknown));
        let nearest = nearest.map_or(String::new(), |kind| format!("; did you mean `{kind}`?"));
        Some(format!("`{unknown}` in `types` of the endpoint `{name}` is no type of event{nearest}"))
    }
}

impl Events {
    #[must_use]
    pub fn options(&self) -> EventOptions {
        let endpoints = self.endpoints.iter().map(Hearer::endpoint).collect();
        EventOptions { endpoints, kept_ms: self.kept.0, rows_max: self.rows }
    }

    /// What is wrong with it; `open` are the hosts that `[fetch]` opens.
    pub(super) fn trouble(&self, open: &[String]) -> Option<String> {
        if !(3_600_000..=90 * 86_400_000).contains(&self.kept.0) {
            return Some("`kept` of `[events]` is not between 1h and 90d".to_owned());
        }
        if !(100..=10_000_000).contains(&self.rows) {
            return Some(format!("`rows = {}` of `[events]` is not between 100 and 10000000", self.rows));
        }
        let mut names = BTreeSet::new();
        for endpoint in &self.endpoints {
            let name = &endpoint.name;
            let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
            if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
                return Some(format!("`{name}` is no name of an endpoint: write up to 32 of `a-z`, `0-9`, `-` and `_`"));
            }
            if !names.insert(name) {
                return Some(format!("the endpoint `{name}` is given twice"));
            }
        }
        self.endpoints.iter().find_map(|endpoint| endpoint.trouble(open))
    }
}

#[cfg(test)]
mod tests {
    use crate::server::settings::Settings;

    const GOOD: &str = "[[app]]\nid = \"a\"\nsecret = { env = \"S\" }\n[fetch]\nopen = [\"localhost\"]\n";
    const SHOP: &str = "[[events.endpoint]]\nname = \"shop\"\nurl = \"https://shop.example/events\"\nsecret = { env = \"W\" }\n";

    #[test]
    fn endpoints_have_names_addresses_and_filters() {
        let read = |text: &str| Settings::parse("r.toml", &format!("{GOOD}{text}")).map(|settings| settings.events);
        let events =
            read(&format!("[events]\nkept = \"2d\"\n{SHOP}types = [\"message.*\", \"emit.order\", \"fault\"]\n")).unwrap();
        let endpoint = events.endpoints[0].endpoint();
        assert_eq!((events.options().kept_ms, endpoint.texts, endpoint.at_once), (172_800_000, false, 8));
        let wanted = ["message.sent", "emit.order", "fault", "emit.orders", "goal.reached"].map(|kind| endpoint.wants(kind));
        assert_eq!(wanted, [true, true, true, false, false]);
        assert!(read(&SHOP.replace("https://shop.example", "http://localhost:9")).is_ok());
        for (wrong, says) in [
            (SHOP.replace("https:", "http:"), "only a host of `open`"),
            (SHOP.replace("https://", "https://mona:hunter2@"), "a name and a password"),
            (SHOP.replace("\"shop\"", "\"The Shop\""), "is no name of an endpoint"),
            (format!("{SHOP}{SHOP}"), "is given twice"),
            (format!("{SHOP}types = [\"mesage.sent\"]\n"), "did you mean `message.sent`?"),
            (format!("{SHOP}timeout = \"5m\"\n"), "is not between 1s and 60s"),
            (format!("{SHOP}at_once = 0\n"), "is not between 1 and 64"),
            (format!("[events]\nkept = \"1m\"\n{SHOP}"), "is not between 1h and 90d"),
            (format!("{SHOP}text = true\n"), "did you mean `texts`?"),
        ] {
            let error = read(&wrong).unwrap_err();
            assert!(error.message.contains(says) && !error.message.contains("hunter2"), "{}", error.message);
        }
    }
}
