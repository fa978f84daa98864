//! `rejoinder.toml`: read strictly, every unknown key is an error with a suggestion.

mod bots;
mod events;
mod fetch;
mod retention;
mod traces;

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

pub use self::events::{Events, Hearer};
pub use self::fetch::Fetch;
pub use self::retention::Retention;
pub use self::traces::Traces;
use crate::channel::Market;

/// The settings of `rejoinder serve`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Files or folders; `.flow` files and the images beside them: the bot of every account that names none of its own.
    /// Empty where each account does; `flows` where nothing is said.
    #[serde(default)]
    pub flows: Vec<PathBuf>,
    #[serde(default)]
    pub store: Place,
    /// How long a start waits for its database; without end where nothing is said.
    pub store_wait: Option<Lapse>,
    #[serde(default = "default_listen")]
    pub listen: String,
    /// Where operators reach it: metrics and health; `off` for nowhere.
    #[serde(default = "default_admin_listen")]
    pub admin_listen: String,
    /// What opens more than metrics to operators; made anew at each start without it.
    pub admin_token: Option<Secret>,
    /// Where TikTok reaches this server, without a path.
    pub public_url: Option<String>,
    /// Which lines of the log are shown: `warn`, `info`, `debug`, or as RUST_LOG.
    pub log: Option<String>,
    /// Before going live: ids of the persons or conversations that alone are answered.
    #[serde(default)]
    pub testers: Vec<String>,
    /// Encrypts tokens and customers' texts at rest.
    pub token_key: Option<Secret>,
    /// Calls of the business's systems.
    #[serde(default)]
    pub fetch: Fetch,
    /// Where each input's way is told; nowhere without it.
    pub traces: Option<Traces>,
    /// Who is told of what happens.
    #[serde(default)]
    pub events: Events,
    /// How long what was said is kept.
    #[serde(default)]
    pub retention: Retention,
    #[serde(default, rename = "app")]
    pub apps: Vec<App>,
}

/// One app registered at TikTok.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// `client_key`, up to 64 characters.
    pub id: String,
    pub secret: Secret,
    #[serde(default = "default_api")]
    pub api: String,
    #[serde(default = "default_calls_per_second")]
    pub calls_per_second: f64,
    /// Conversations that each account may answer a day, in UTC.
    pub conversations_a_day: Option<u32>,
    #[serde(default = "default_signature_age")]
    pub signature_age_max: Lapse,
    #[serde(default = "default_margin")]
    pub window_margin: Lapse,
    #[serde(default, rename = "account")]
    pub accounts: Vec<Account>,
}

/// One business account that authorised the app.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub business_id: String,
    pub access_token: Option<Secret>,
    pub refresh_token: Option<Secret>,
    /// ISO 3166 code of the country the account is registered in.
    pub market: Option<String>,
    /// Files or folders of its own bot; it shares the one of the others without them.
    pub flows: Option<Vec<PathBuf>>,
}

impl Account {
    /// Why the channel does not serve the account, where it does not.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        let market = self.market.as_deref().filter(|market| Market::of(market) == Some(Market::Closed))?;
        Some(format!("TikTok's messages are not open to accounts of {}", market.to_ascii_uppercase()))
    }
}

/// A secret's place: `{ env = "…" }`, `{ file = "…" }`, or a plain string, which is warned about.
#[derive(Clone, Debug)]
pub enum Secret {
    Environment(String),
    File(PathBuf),
    Plain(SecretString),
}

/// Where the store is: the path of a SQLite file, or `postgres://user:password@host/database`, which may stand elsewhere
/// as every secret may.
#[derive(Clone, Debug)]
pub enum Place {
    File(PathBuf),
    Database(Secret),
}

impl Default for Place {
    fn default() -> Self {
        Self::File("rejoinder.db".into())
    }
}

impl Place {
    /// Whether a text is the URL of a PostgreSQL database rather than a path.
    #[must_use]
    pub fn is_database(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// The store of a dry run, a file of its own: what is only told as sent must never be taken for it.
    #[must_use]
    pub fn of_dry_run(&self) -> Self {
        let file = match self {
            Self::File(path) => path.clone(),
            Self::Database(_) => "rejoinder.db".into(),
        };
        let mut name = file.into_os_string();
        name.push(".dry-run");
        Self::File(name.into())
    }

    /// The file whose name other files of this store have with an ending.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Database(_) => "rejoinder".into(),
        }
    }
}

/// A length of time written as `300s`, `5m`, `1h30m`, `2d`; in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse(pub i64);

fn default_listen() -> String {
    "127.0.0.1:8080".into()
}
fn default_admin_listen() -> String {
    "127.0.0.1:0".into()
}
fn default_api() -> String {
    "https://business-api.tiktok.com/open_api/v1.3".into()
}
const fn default_calls_per_second() -> f64 {
    10.0
}
const fn default_signature_age() -> Lapse {
    Lapse(300_000)
}
const fn default_margin() -> Lapse {
    Lapse(300_000)
}

/// What is wrong with the settings: place, reason, repair.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// Ready to be shown, with line and column where there is a place.
    pub message: String,
}

impl Settings {
    /// Reads the text of a settings file; `path` is for messages.
    ///
    /// # Errors
    /// A message with place, reason and, for an unknown key, the nearest known one.
    pub fn parse(path: &str, text: &str) -> Result<Self, SettingsError> {
        let mut settings: Self = toml::from_str(text).map_err(|error| explain(path, text, &error))?;
        settings.validate(path)?;
        if settings.flows.is_empty() && !settings.each_has_its_own() {
            settings.flows.push(PathBuf::from("flows"));
        }
        Ok(settings)
    }

    fn validate(&self, path: &str) -> Result<(), SettingsError> {
        let fail = |message: String| Err(SettingsError { message: format!("{path}: {message}") });
        if self.apps.is_empty() {
            return fail("no `[[app]]` is given; add one with `id` and `secret` of your app at TikTok".into());
        }
        if self.testers.iter().any(|tester| tester.trim().is_empty()) {
            return fail("`testers` holds an empty id".into());
        }
        let traces = || self.traces.as_ref()?.trouble();
        if let Some(trouble) = self
            .fetch
            .trouble()
            .or_else(|| self.events.trouble(&self.fetch.open))
            .or_else(|| self.retention.trouble())
            .or_else(|| self.trouble_of_bots())
            .or_else(traces)
        {
            return fail(trouble);
        }
        let mut seen = BTreeMap::new();
        for app in &self.apps {
            if seen.insert(app.id.as_str(), ()).is_some() {
                return fail(format!("app `{}` is given twice", app.id));
            }
            if !(0.1..=1_000.0).contains(&app.calls_per_second) {
                return fail(format!(
                    "`calls_per_second = {}` of app `{}` is not between 0.1 and 1000",
                    app.calls_per_second, app.id
                ));
            }
            if app.conversations_a_day == Some(0) {
                return fail(format!(
                    "`conversations_a_day = 0` of app `{}` answers nobody; `rejoinder pause` stops all sending",
                    app.id
                ));
            }
            if !(5_000..=259_200_000).contains(&app.signature_age_max.0) {
                return fail(format!("`signature_age_max` of app `{}` is not between 5s and 72h", app.id));
            }
            if !(0..=86_400_000).contains(&app.window_margin.0) {
                return fail(format!("`window_margin` of app `{}` is not between 0s and 24h", app.id));
            }
            if !app.api.starts_with("https://") && !app.api.starts_with("http://") {
                return fail(format!("`api` of app `{}` is not an http address", app.id));
            }
            let mut accounts = BTreeMap::new();
            for account in &app.accounts {
                if let Some(market) = account.market.as_deref().filter(|market| Market::of(market).is_none()) {
                    return fail(format!(
                        "`market = \"{market}\"` of account `{}` is no country; write its code of two letters, as in `EG`",
                        account.business_id
                    ));
                }
                if accounts.insert(account.business_id.as_str(), ()).is_some() {
                    return fail(format!("account `{}` of app `{}` is given twice", account.business_id, app.id));
                }
            }
        }
        Ok(())
    }
}

fn explain(path: &str, text: &str, error: &toml::de::Error) -> SettingsError {
    let place = error.span().map_or_else(String::new, |span| {
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(":{line}:{column}")
    });
    let mut message = format!("{path}{place}: {}", error.message());
    if let Some(nearest) = suggestion(error.message()) {
        message.push_str(&format!("; did you mean `{nearest}`?"));
    }
    SettingsError { message }
}

/// The known key nearest to an unknown one, read out of serde's own sentence.
fn suggestion(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    rest.split('`')
        .skip(1)
        .step_by(2)
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3)
        .map(|(_, known)| known.to_owned())
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Secret;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("`{ env = \"NAME\" }`, `{ file = \"path\" }` or a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::Plain(SecretString::from(text.to_owned())))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
                use serde::de::Error as _;
                let Some((key, value)) = map.next_entry::<String, String>()? else {
                    return Err(A::Error::custom("a secret needs `env` or `file`"));
                };
                if map.next_key::<String>()?.is_some() {
                    return Err(A::Error::custom("a secret has one of `env` and `file`, not both"));
                }
                match key.as_str() {
                    "env" => Ok(Secret::Environment(value)),
                    "file" => Ok(Secret::File(value.into())),
                    _ => Err(A::Error::unknown_field(&key, &["env", "file"])),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use secrecy::ExposeSecret as _;
        Ok(match Secret::deserialize(deserializer)? {
            Secret::Plain(text) if Self::is_database(text.expose_secret()) => Self::Database(Secret::Plain(text)),
            // Not repeated: it may hold a password.
            Secret::Plain(text) if text.expose_secret().contains("://") => {
                return Err(serde::de::Error::custom(
                    "`store` is a URL, but none of `postgres://user:password@host/database`; a SQLite file is named by its path",
                ));
            }
            Secret::Plain(text) => Self::File(text.expose_secret().into()),
            elsewhere => Self::Database(elsewhere),
        })
    }
}

impl Lapse {
    /// Reads `300s`, `5m`, `1h30m`; `None` for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        lapse_ms(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Lapse {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is not a length of time; write it as `300s`, `5m` or `1h30m`"))
        })
    }
}

/// Milliseconds of `1h30m`; units `ms s m h d`, each at most once is not required.
fn lapse_ms(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(ms)?)?;
        rest = next;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
flows = ["flows"]
store = "rejoinder.db"
listen = "127.0.0.1:8080"
public_url = "https://bot.example.com"
token_key = { env = "REJOINDER_KEY" }

[[app]]
id = "7364323437050855441"
secret = { env = "TIKTOK_APP_SECRET" }
calls_per_second = 10
signature_age_max = "300s"
window_margin = "5m"

[[app.account]]
business_id = "-000abc"
access_token = { file = "token.txt" }
market = "EG"
"#;

    #[test]
    fn the_settings_of_the_readme_are_read_whole() {
        let settings = Settings::parse("rejoinder.toml", GOOD).unwrap();
        assert_eq!(settings.apps.len(), 1);
        assert_eq!(settings.apps[0].window_margin, Lapse(300_000));
        assert_eq!(settings.apps[0].accounts[0].market.as_deref(), Some("EG"));
        assert!(matches!(settings.apps[0].secret, Secret::Environment(_)));
    }

    #[test]
    fn an_unknown_key_names_its_place_and_the_nearest_known_one() {
        let error = Settings::parse("rejoinder.toml", "flows = [\"a\"]\nstor = \"x\"\n").unwrap_err();
        assert!(error.message.starts_with("rejoinder.toml:2:1: unknown field `stor`"), "{}", error.message);
        assert!(error.message.ends_with("did you mean `store`?"), "{}", error.message);
        let error = Settings::parse("r.toml", &GOOD.replace("window_margin", "windw_margin")).unwrap_err();
        assert!(error.message.contains("did you mean `window_margin`?"), "{}", error.message);
    }

    #[test]
    fn wrong_values_say_what_would_be_right() {
        for (from, to, says) in [
            ("\"5m\"", "\"5 minutes\"", "is not a length of time"),
            ("calls_per_second = 10", "calls_per_second = 0", "is not between 0.1 and 1000"),
            ("calls_per_second = 10", "conversations_a_day = 0", "answers nobody"),
            ("market = \"EG\"", "market = \"Egypt\"", "write its code of two letters"),
            ("{ env = \"TIKTOK_APP_SECRET\" }", "{ enw = \"X\" }", "did you mean `env`?"),
            ("store = \"rejoinder.db\"", "store = \"mysql://u:hunter2@h/d\"", "none of `postgres://"),
        ] {
            let error = Settings::parse("r.toml", &GOOD.replace(from, to)).unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
            assert!(!error.message.contains("hunter2"), "{}", error.message);
        }
    }

    #[test]
    fn the_store_is_a_file_or_a_database_whose_url_is_a_secret() {
        let store = |text: &str| Settings::parse("r.toml", &GOOD.replace("\"rejoinder.db\"", text)).unwrap().store;
        assert!(matches!(store("\"data/a.db\""), Place::File(path) if path == std::path::Path::new("data/a.db")));
        for url in ["\"postgres://u:hunter2@h/d\"", "\"postgresql://u:hunter2@h/d\""] {
            let store = store(url);
            assert!(matches!(store, Place::Database(Secret::Plain(_))));
            assert!(!format!("{store:?}").contains("hunter2"));
        }
        assert!(
            matches!(store("{ env = \"DATABASE_URL\" }"), Place::Database(Secret::Environment(name)) if name == "DATABASE_URL")
        );
        assert!(matches!(Place::default(), Place::File(_)));
    }

    #[test]
    fn a_plain_secret_never_shows_in_debug_output() {
        let settings = Settings::parse("r.toml", &GOOD.replace("{ env = \"TIKTOK_APP_SECRET\" }", "\"hunter2hunter2\"")).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn lengths_of_time_are_read_exactly() {
        assert_eq!(lapse_ms("1h30m"), Some(5_400_000));
        assert_eq!(lapse_ms("0s"), Some(0));
        for wrong in ["", "5", "m", "5x", "-5m", "99999999999999999999s", "9223372036854775807d"] {
            assert_eq!(lapse_ms(wrong), None, "{wrong}");
        }
    }
}
