//! `[fetch]`: what calls of the business's systems may do beyond what the bot says.

use secrecy::SecretString;
use serde::Deserialize;

use crate::fetch;
use crate::runtime::FetchLimits;

/// What `fetch` may do beyond what the bot says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Hosts that may stand at addresses of this machine and of private networks.
    pub open: Vec<String>,
    /// Requests under way.
    pub at_once: usize,
    /// The same of one host.
    pub at_once_per_host: usize,
    /// Calls that wait for a place; more fail at once.
    pub waiting: usize,
    /// Bytes of an answer, unpacked.
    pub answer_bytes_max: usize,
    /// The only way out, where there is one; a name and a password may stand in it.
    #[serde(deserialize_with = "hidden")]
    pub proxy: Option<SecretString>,
}

impl Default for Fetch {
    fn default() -> Self {
        let (limits, options) = (FetchLimits::default(), fetch::Options::default());
        Self {
            open: options.open,
            at_once: limits.at_once,
            at_once_per_host: limits.at_once_per_host,
            waiting: limits.waiting_max,
            answer_bytes_max: options.answer_bytes_max,
            proxy: options.proxy,
        }
    }
}

fn hidden<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(deserializer).map(|address| Some(SecretString::from(address)))
}

impl Fetch {
    #[must_use]
    pub fn limits(&self) -> FetchLimits {
        FetchLimits { at_once: self.at_once, at_once_per_host: self.at_once_per_host, waiting_max: self.waiting }
    }

    #[must_use]
    pub fn options(&self) -> fetch::Options {
        let (open, proxy) = (self.open.clone(), self.proxy.clone());
        fetch::Options { open, answer_bytes_max: self.answer_bytes_max, proxy }
    }

    /// What is wrong with it.
    pub(super) fn trouble(&self) -> Option<String> {
        for (name, value, most) in [
            ("at_once", self.at_once, 10_000),
            ("at_once_per_host", self.at_once_per_host, 1_000),
            ("answer_bytes_max", self.answer_bytes_max, 16 << 20),
        ] {
            if !(1..=most).contains(&value) {
                return Some(format!("`{name} = {value}` of `[fetch]` is not between 1 and {most}"));
            }
        }
        let is_none = |open: &&String| open.is_empty() || open.contains("//") || open.contains(['/', '@', '*', ' ']);
        let open = self.open.iter().find(is_none)?;
        Some(format!("`{open}` in `open` of `[fetch]` is no host; write it as in `localhost`, `10.0.0.5` or `[::1]`"))
    }
}

#[cfg(test)]
mod tests {
    use crate::runtime::FetchLimits;
    use crate::server::settings::Settings;

    const GOOD: &str = "[[app]]\nid = \"a\"\nsecret = { env = \"S\" }";

    #[test]
    fn what_fetch_may_do_has_defaults_and_bounds() {
        let fetch = |text: &str| Settings::parse("r.toml", &format!("{GOOD}\n[fetch]\n{text}\n")).map(|settings| settings.fetch);
        let usual = fetch("open = [\"localhost\", \"[::1]\"]").unwrap();
        assert_eq!((usual.limits(), usual.open.len()), (FetchLimits::default(), 2));
        let proxied = fetch("proxy = \"http://mona:hunter2@proxy:3128\"").unwrap();
        assert!(proxied.proxy.is_some() && !format!("{proxied:?}").contains("hunter2"));
        for (wrong, says) in [
            ("at_once = 0", "is not between 1 and 10000"),
            ("answer_bytes_max = 99999999", "is not between 1 and 16777216"),
            ("open = [\"http://localhost\"]", "is no host"),
            ("opne = []", "did you mean `open`?"),
        ] {
            let error = fetch(wrong).unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
        }
    }
}
