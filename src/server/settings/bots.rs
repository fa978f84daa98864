//! Which account has which bot: the one that is shared, or one of its own.

use std::path::PathBuf;

use super::{Account, Settings};

impl Settings {
    /// The files of each bot: of the one that accounts share, where there is one, and of each account's own
    /// (`business_id`).
    #[must_use]
    pub fn bots(&self) -> Vec<(Option<&str>, &[PathBuf])> {
        let mut bots: Vec<(Option<&str>, &[PathBuf])> = Vec::new();
        if !self.flows.is_empty() {
            bots.push((None, &self.flows));
        }
        for account in self.accounts() {
            let whose = Some(account.business_id.as_str());
            if let Some(flows) = account.flows.as_deref().filter(|_| bots.iter().all(|(known, _)| *known != whose)) {
                bots.push((whose, flows));
            }
        }
        bots
    }

    /// The accounts that have a bot of their own.
    #[must_use]
    pub fn owners(&self) -> Vec<String> {
        self.bots().into_iter().filter_map(|(account, _)| account.map(str::to_owned)).collect()
    }

    /// The files of the bot that answers for an account.
    #[must_use]
    pub fn flows_of(&self, account: &str) -> &[PathBuf] {
        let own = self.accounts().find(|known| known.business_id == account && known.flows.is_some());
        own.and_then(|account| account.flows.as_deref()).unwrap_or(&self.flows)
    }

    fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.apps.iter().flat_map(|app| &app.accounts)
    }

    pub(super) fn each_has_its_own(&self) -> bool {
        self.accounts().next().is_some() && self.accounts().all(|account| account.flows.is_some())
    }

    /// What is wrong with the accounts' own bots.
    pub(super) fn trouble_of_bots(&self) -> Option<String> {
        for account in self.accounts() {
            let id = &account.business_id;
            let Some(flows) = &account.flows else { continue };
            if flows.is_empty() {
                return Some(format!("`flows = []` of account `{id}` names no bot; leave it out to share the one of the others"));
            }
            let others = self.accounts().filter(|other| other.business_id == *id).filter_map(|other| other.flows.as_ref());
            if others.into_iter().any(|other| other != flows) {
                return Some(format!("account `{id}` names other `flows` in another app; it has one bot"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
flows = ["flows"]

[[app]]
id = "7364323437050855441"
secret = { env = "TIKTOK_APP_SECRET" }

[[app.account]]
business_id = "-000abc"
flows = ["flows/shop"]
"#;

    #[test]
    fn an_account_that_names_flows_has_a_bot_of_its_own() {
        let one = GOOD.to_owned();
        let settings = Settings::parse("r.toml", &one).unwrap();
        let paths = |settings: &Settings| -> Vec<(Option<String>, String)> {
            let bots = settings.bots().into_iter();
            bots.map(|(account, flows)| (account.map(str::to_owned), flows[0].display().to_string())).collect()
        };
        let (shared, own) = ((None, "flows".to_owned()), (Some("-000abc".to_owned()), "flows/shop".to_owned()));
        assert_eq!(paths(&settings), [shared.clone(), own.clone()]);
        assert_eq!(
            (settings.owners(), settings.flows_of("-000abc")),
            (vec!["-000abc".to_owned()], &[PathBuf::from("flows/shop")][..])
        );
        assert_eq!(settings.flows_of("-000other"), [PathBuf::from("flows")]);
        // Nobody shares one.
        let alone = one.replace("flows = [\"flows\"]\n", "");
        assert_eq!(paths(&Settings::parse("r.toml", &alone).unwrap()), std::slice::from_ref(&own));
        // Somebody does.
        let more = format!("{alone}\n[[app.account]]\nbusiness_id = \"-000def\"\n");
        assert_eq!(paths(&Settings::parse("r.toml", &more).unwrap()), [shared.clone(), own]);
        assert_eq!(paths(&Settings::parse("r.toml", "[[app]]\nid = \"1\"\nsecret = \"s\"\n").unwrap()), [shared]);

        let none = one.replace("[\"flows/shop\"]", "[]");
        assert!(Settings::parse("r.toml", &none).unwrap_err().message.contains("leave it out to share"));
        let twice = format!("{one}\n[[app]]\nid = \"2\"\nsecret = \"s\"\n[[app.account]]\nbusiness_id = \"-000abc\"\n");
        assert_eq!(Settings::parse("r.toml", &twice).unwrap().owners().len(), 1);
        let other = format!("{twice}flows = [\"flows/other\"]\n");
        assert!(Settings::parse("r.toml", &other).unwrap_err().message.contains("names other `flows` in another app"));
    }
}
