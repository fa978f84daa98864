//! `[traces]`: who hears of each input's way through the server.

use serde::Deserialize;

/// Where spans go, by OTLP over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// The whole address of the collector, as in `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: String,
    #[serde(default = "default_service")]
    pub service: String,
    /// The share of inputs that are traced, 0 to 1.
    #[serde(default = "default_sample")]
    pub sample: f64,
}

fn default_service() -> String {
    "rejoinder".into()
}
const fn default_sample() -> f64 {
    1.0
}

impl Traces {
    /// What is wrong with it. The address is not repeated: somebody may have written a password into it.
    pub(super) fn trouble(&self) -> Option<String> {
        let rest = self.endpoint.strip_prefix("http://").or_else(|| self.endpoint.strip_prefix("https://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(['@', ' ']) => {}
            _ => {
                let text = "`endpoint` of `[traces]` is no http address without a name and a password; write it as \
                            `http://127.0.0.1:4318/v1/traces`, and what the collector wants to be shown into OTEL_EXPORTER_OTLP_HEADERS";
                return Some(text.to_owned());
            }
        }
        if self.service.trim().is_empty() {
            return Some("`service` of `[traces]` is empty".to_owned());
        }
        (!(0.0..=1.0).contains(&self.sample)).then(|| format!("`sample = {}` of `[traces]` is not between 0 and 1", self.sample))
    }
}

#[cfg(test)]
mod tests {
    use crate::server::settings::Settings;

    const GOOD: &str = "[[app]]\nid = \"a\"\nsecret = { env = \"S\" }";

    #[test]
    fn traces_go_nowhere_unless_an_address_is_given_and_all_of_it_has_bounds() {
        let traces = |text: &str| Settings::parse("r.toml", &format!("{GOOD}\n{text}\n")).map(|settings| settings.traces);
        assert!(traces("").unwrap().is_none());
        let usual = traces("[traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"").unwrap().unwrap();
        assert_eq!((usual.service.as_str(), usual.sample), ("rejoinder", 1.0));
        for (wrong, says) in [
            ("service = \"x\"", "missing field `endpoint`"),
            ("endpoint = \"collector:4317\"", "is no http address"),
            ("endpoint = \"http://u:hunter2@h/\"", "OTEL_EXPORTER_OTLP_HEADERS"),
            ("endpoint = \"http://h/\"\nsample = 1.5", "is not between 0 and 1"),
            ("endpoint = \"http://h/\"\nsampel = 1", "did you mean `sample`?"),
            ("endpoint = \"http://h/\"\nservice = \" \"", "is empty"),
        ] {
            let error = traces(&format!("[traces]\n{wrong}")).unwrap_err();
            assert!(error.message.contains(says) && !error.message.contains("hunter2"), "{}", error.message);
        }
    }
}
