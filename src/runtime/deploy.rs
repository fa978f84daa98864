//! Deployments, as a store sees them: versions are stored, one row says which is live, a plan says what that means for
//! whoever is in the middle of something. For a store that no runtime has open, and for the runtime itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{self, Plan, Subject};
use super::port::{AccountId, Compiler, ConversationId, Files, LIVE, Store, StoreError, VersionRow};
use super::sources::{self, Unusable};
use super::versions::of_row;
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::Conversation;

/// Versions that a store holds at most.
pub const VERSIONS_MAX: usize = 1_000;
/// The newest are kept whether they have runs or not.
const NEWEST_KEPT: usize = 50;
/// Others are removed when they have no runs and were not live for so long: until then another process may think they are.
const REMOVED_AFTER_MS: i64 = 60 * 60 * 1_000;
/// When versions ceased to be live is remembered of so many.
const LEFT_KEPT: usize = 64;
/// Rollbacks whose names are remembered.
const ASKED_KEPT: usize = 64;
/// Conversations that are looked at in one go.
const PAGE: usize = 500;

/// Which bot is meant. Versions are numbered over all of them; which one is live is each bot's own matter.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// The one of every account but these (`business_id`), which have a bot of their own.
    Shared { but: &'a [String] },
    /// An account's own one (`business_id`).
    Own(&'a str),
}

impl Whose<'_> {
    fn account(&self) -> Option<&str> {
        match self {
            Self::Shared { .. } => None,
            Self::Own(account) => Some(account),
        }
    }

    /// Whether the bot answers for this account.
    fn answers(&self, account: &str) -> bool {
        match self {
            Self::Shared { but } => but.iter().all(|own| own != account),
            Self::Own(own) => *own == account,
        }
    }
}

/// The key of `meta` of the row that says which version of a bot is live: of the shared one, or of an account's own.
pub(super) fn row_of(account: Option<&str>) -> String {
    account.map_or_else(|| LIVE.to_owned(), |account| format!("{LIVE}:{account}"))
}

/// Why nothing was deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// No such bot.
    #[error("{0}")]
    Nobody(String),
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The flows, or what the plan found.
    #[error("{0}")]
    Refused(String),
}

/// The row that says which version is live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub live: u32,
    /// Where a rollback leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    pub since: Moment,
    /// When others ceased to be live, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<(u32, Moment)>,
    /// Rollbacks by what their callers call them, the newest last: a rollback that is asked for again would lead back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<String>,
}

impl Standing {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether the bot is or was in this version.
    fn knows(&self, number: u32) -> bool {
        self.live == number || self.before == Some(number) || self.left.iter().any(|(left, _)| *left == number)
    }

    /// The row after `number` has gone live.
    fn then(&self, number: u32, now: Moment) -> Self {
        let mut left = self.left.clone();
        left.retain(|(known, _)| *known != number && *known != self.live);
        if self.live != number && self.live != 0 {
            left.push((self.live, now));
        }
        let from = left.len().saturating_sub(LEFT_KEPT);
        let before = if self.live == number { self.before } else { Some(self.live).filter(|number| *number != 0) };
        Self { live: number, before, since: now, left: left.split_off(from), asked: self.asked.clone() }
    }

    /// The same, after a rollback of this name.
    fn asked(mut self, name: Option<&str>) -> Self {
        self.asked.extend(name.map(str::to_owned));
        let from = self.asked.len().saturating_sub(ASKED_KEPT);
        self.asked.drain(..from);
        self
    }
}

/// A stored version, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub version: u32,
    pub digest: String,
    pub stored: Moment,
    /// The program that stored it.
    pub program: String,
    pub live: bool,
    /// A rollback leads here.
    pub before: bool,
    /// Accounts whose own bot is live in it (`business_id`).
    pub accounts: Vec<String>,
    /// Conversations that are in the middle of something that began in it.
    pub customers: u64,
}

/// What a deployment or a rollback led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployed {
    pub live: u32,
    pub before: Option<u32>,
    /// It was live already.
    pub unchanged: bool,
}

/// The version of a bot that is live, and its bot.
pub struct Begun {
    pub number: u32,
    pub bot: Arc<Bot>,
    /// The files at hand are another version, which was stored before.
    pub other_files: Option<u32>,
}

/// A store and what is needed to read its versions.
#[derive(Clone, Copy)]
pub struct Depot<'a> {
    pub store: &'a dyn Store,
    pub compiler: &'a dyn Compiler,
    pub now: Moment,
    pub whose: Whose<'a>,
}

/// The bot of a stored version, or why there is none.
pub(super) async fn load(
    store: &dyn Store,
    compiler: &dyn Compiler,
    number: u32,
) -> Result<Result<Arc<Bot>, Unusable>, StoreError> {
    Ok(match store.version(number).await? {
        Some(row) => of_row(compiler, &row).await,
        None => Err(Unusable::Gone(format!("version {number} is not stored"))),
    })
}

impl Depot<'_> {
    /// What is live; `None` before the first deployment. A row that cannot be read is no reason to answer by another bot.
    async fn standing(&self) -> Result<Option<Standing>, DeployError> {
        self.standing_of(self.whose.account()).await
    }

    async fn standing_of(&self, account: Option<&str>) -> Result<Option<Standing>, DeployError> {
        let value = self.store.meta(&row_of(account)).await?.filter(|value| !value.is_empty());
        let read = |value: Vec<u8>| {
            let unreadable =
                || DeployError::Refused("the store does not say which version is live: its row is damaged".to_owned());
            Standing::decode(&value).ok_or_else(unreadable)
        };
        value.map(read).transpose()
    }

    async fn write(&self, standing: &Standing) -> Result<(), DeployError> {
        let value = serde_json::to_vec(standing).map_err(|error| DeployError::Refused(error.to_string()))?;
        Ok(self.store.put_meta(&row_of(self.whose.account()), &value).await?)
    }

    /// The own bots of accounts that there are or were, by `business_id`.
    async fn own(&self) -> Result<BTreeMap<String, Standing>, DeployError> {
        let mut accounts: BTreeSet<String> = self.store.accounts().await?.into_iter().map(|row| row.open_id).collect();
        match self.whose {
            Whose::Shared { but } => accounts.extend(but.iter().cloned()),
            Whose::Own(account) => drop(accounts.insert(account.to_owned())),
        }
        let mut found = BTreeMap::new();
        for account in accounts {
            if let Some(standing) = self.standing_of(Some(&account)).await? {
                found.insert(account, standing);
            }
        }
        Ok(found)
    }

    /// Whether this bot was in a stored version before: another bot of the same files may have stored it.
    fn had(&self, standing: Option<&Standing>, number: u32) -> bool {
        match self.whose {
            Whose::Shared { .. } => true,
            Whose::Own(_) => standing.is_some_and(|standing| standing.knows(number)),
        }
    }

    /// What a server begins with: the live version of the store. Files that were never stored are deployed first, files that
    /// were are left for what the row says; so a start after a rollback does not undo it.
    ///
    /// # Errors
    /// When there is neither a live version nor files, or the live one cannot be used.
    pub async fn begin(&self, files: Option<&Files>) -> Result<Begun, DeployError> {
        let standing = self.standing().await?;
        let row = files.map(|files| sources::row(files, self.now)).transpose().map_err(DeployError::Refused)?;
        let stored = self.store.versions().await?;
        let same = |row: &VersionRow| stored.iter().find(|known| known.digest == row.digest).map(|known| known.number);
        let number = row.as_ref().and_then(same).filter(|number| self.had(standing.as_ref(), *number));
        if let (Some(files), Some(row)) = (files, row.as_ref()) {
            let live = number.filter(|number| standing.as_ref().is_some_and(|standing| standing.live == *number));
            if standing.is_none() || number.is_none() || live.is_some() {
                let bot = self.compiler.compile(files).await.map_err(DeployError::Refused)?;
                // What is live is not written again: somebody may have rolled it back meanwhile.
                let number = match live {
                    Some(number) => number,
                    None => self.go_live(row.clone()).await?.live,
                };
                return Ok(Begun { number, bot, other_files: None });
            }
        }
        let Some(standing) = standing else {
            return Err(DeployError::Refused("there are no flows and no live version in the store".to_owned()));
        };
        let bot = load(self.store, self.compiler, standing.live).await?;
        let bot = bot.map_err(|why| DeployError::Refused(format!("the live version of the store cannot be used: {why}")))?;
        Ok(Begun { number: standing.live, bot, other_files: number })
    }

    /// The number that these files have already; `None` where the bot was never of them.
    ///
    /// # Errors
    /// When they are too large to be kept, or the store cannot be read.
    pub async fn stored(&self, files: &Files) -> Result<Option<u32>, DeployError> {
        let row = sources::row(files, self.now).map_err(DeployError::Refused)?;
        let stored = self.store.versions().await?;
        let number = stored.into_iter().find(|known| known.digest == row.digest).map(|known| known.number);
        let standing = self.standing().await?;
        Ok(number.filter(|number| self.had(standing.as_ref(), *number)))
    }

    /// What a deployment of these files would mean.
    ///
    /// # Errors
    /// When the flows have errors, or the store cannot be read.
    pub async fn plan(&self, files: &Files) -> Result<Plan, DeployError> {
        Ok(self.planned(files).await?.1)
    }

    async fn planned(&self, files: &Files) -> Result<(Arc<Bot>, Plan), DeployError> {
        let bot = self.compiler.compile(files).await.map_err(DeployError::Refused)?;
        let row = sources::row(files, self.now).map_err(DeployError::Refused)?;
        let plan = self.plan_for(&bot, Some(&row.digest)).await?;
        Ok((bot, plan))
    }

    /// What it would mean if this bot were live.
    async fn plan_for(&self, bot: &Bot, digest: Option<&str>) -> Result<Plan, DeployError> {
        let stored = self.store.versions().await?;
        let standing = self.standing().await?;
        let number = stored.iter().find(|row| Some(row.digest.as_str()) == digest).map(|row| row.number);
        let census = self.census(Some(self.whose)).await?;
        let live = standing.as_ref().map(|standing| standing.live);
        let mut bots: BTreeMap<u32, Result<Arc<Bot>, String>> = BTreeMap::new();
        for version in census.versions().chain(live) {
            if Some(version) != number && !bots.contains_key(&version) {
                let loaded = load(self.store, self.compiler, version).await?;
                bots.insert(version, loaded.map_err(|why| why.to_string()));
            }
        }
        Ok(plan::make(&Subject { bot, number, live, bots: &bots, census: &census }))
    }

    /// Stores the files as a version and makes it live by one row.
    ///
    /// # Errors
    /// When the flows have errors or the plan has critical findings; then nothing was changed.
    pub async fn apply(&self, files: &Files) -> Result<(Deployed, Arc<Bot>, Plan), DeployError> {
        let (bot, plan) = self.planned(files).await?;
        if let Some(finding) = plan.critical() {
            return Err(DeployError::Refused(finding.to_owned()));
        }
        let row = sources::row(files, self.now).map_err(DeployError::Refused)?;
        let deployed = self.go_live(row).await?;
        Ok((deployed, bot, plan))
    }

    /// As [`Self::apply`] for files that a developer has just saved: nobody is asked who would lose what.
    ///
    /// # Errors
    /// When the flows have errors.
    pub async fn take_over(&self, files: &Files) -> Result<(Deployed, Arc<Bot>), DeployError> {
        let bot = self.compiler.compile(files).await.map_err(DeployError::Refused)?;
        let row = sources::row(files, self.now).map_err(DeployError::Refused)?;
        Ok((self.go_live(row).await?, bot))
    }

    async fn go_live(&self, row: VersionRow) -> Result<Deployed, DeployError> {
        let standing = self.standing().await?.unwrap_or_default();
        let stored = self.store.versions().await?;
        let known = stored.iter().find(|known| known.digest == row.digest).map(|known| known.number);
        if known.is_some_and(|number| number == standing.live) {
            return Ok(Deployed { live: standing.live, before: standing.before, unchanged: true });
        }
        if known.is_none() && stored.len() >= NEWEST_KEPT {
            self.prune(&stored).await?;
            if self.store.versions().await?.len() >= VERSIONS_MAX {
                let why = format!("{VERSIONS_MAX} versions are stored and all of them were live lately or have runs");
                return Err(DeployError::Refused(why));
            }
        }
        let number = self.store.put_version(row).await?;
        let standing = standing.then(number, self.now);
        self.write(&standing).await?;
        Ok(Deployed { live: number, before: standing.before, unchanged: false })
    }

    /// Whether a rollback of this name is among the newest.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_rolled_back(&self, name: &str) -> Result<bool, DeployError> {
        Ok(self.standing().await?.is_some_and(|standing| standing.asked.iter().any(|asked| asked == name)))
    }

    /// Makes the version before the live one live again; once more, and the first is back. Of a `name` it does so once: the
    /// same name again gives no bot and changes nothing.
    ///
    /// # Errors
    /// When there is none before it, or it cannot be used any more.
    pub async fn roll_back(&self, name: Option<&str>) -> Result<(Deployed, Option<Arc<Bot>>), DeployError> {
        let standing = self.standing().await?;
        let known = |standing: &&Standing| name.is_some_and(|name| standing.asked.iter().any(|asked| asked == name));
        if let Some(standing) = standing.as_ref().filter(known) {
            return Ok((Deployed { live: standing.live, before: standing.before, unchanged: true }, None));
        }
        let before = standing.as_ref().and_then(|standing| standing.before);
        let (Some(standing), Some(before)) = (standing, before) else {
            return Err(DeployError::Refused("there is no version before the live one".to_owned()));
        };
        let bot = load(self.store, self.compiler, before).await?.map_err(|why| DeployError::Refused(why.to_string()))?;
        // The name is in the same row: whoever asks again after a crash finds both or neither.
        let standing = standing.then(before, self.now).asked(name);
        self.write(&standing).await?;
        Ok((Deployed { live: before, before: standing.before, unchanged: false }, Some(bot)))
    }

    /// The stored versions, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Listed>, DeployError> {
        let standing = self.standing().await?.unwrap_or_default();
        let census = self.census(Some(self.whose)).await?;
        let stored = self.store.versions().await?;
        let own = self.own().await?;
        let accounts = |number: u32| {
            own.iter().filter(|(_, standing)| standing.live == number).map(|(account, _)| account.clone()).collect()
        };
        let listed = stored.into_iter().map(|row| Listed {
            version: row.number,
            digest: row.digest,
            stored: row.at,
            program: row.program,
            live: row.number == standing.live,
            before: Some(row.number) == standing.before,
            accounts: accounts(row.number),
            customers: census.customers(row.number),
        });
        Ok(listed.collect())
    }

    /// Removes versions that nobody needs any more.
    async fn prune(&self, stored: &[VersionRow]) -> Result<(), DeployError> {
        let mut standings: Vec<Standing> = self.own().await?.into_values().collect();
        standings.extend(self.standing_of(None).await?);
        let newest: BTreeSet<u32> = stored.iter().rev().take(NEWEST_KEPT).map(|row| row.number).collect();
        let needed = |standing: &Standing, number: u32| {
            let left = standing.left.iter().find(|(known, _)| *known == number);
            let lately = left.is_some_and(|(_, at)| self.now.since_ms(*at) < REMOVED_AFTER_MS);
            number == standing.live || Some(number) == standing.before || lately
        };
        let spare = |number: u32| !newest.contains(&number) && !standings.iter().any(|standing| needed(standing, number));
        let spare: Vec<u32> = stored.iter().map(|row| row.number).filter(|number| spare(*number)).collect();
        if spare.is_empty() {
            return Ok(());
        }
        let census = self.census(None).await?;
        let unused: Vec<u32> = spare.into_iter().filter(|number| census.customers(*number) == 0).collect();
        Ok(self.store.remove_versions(&unused).await?)
    }

    /// Walks through all conversations, a page at a time; counts those that a bot answers, or all.
    async fn census(&self, whose: Option<Whose<'_>>) -> Result<Census, DeployError> {
        let mut census = Census::default();
        let accounts = self.store.accounts().await?;
        let aside = |whose: Whose<'_>| {
            accounts.iter().filter(move |row| !whose.answers(&row.open_id)).map(|row| row.id).collect::<BTreeSet<AccountId>>()
        };
        let others = whose.map(aside).unwrap_or_default();
        let mut after = ConversationId(0);
        loop {
            let rows = self.store.conversations_after(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(census) };
            after = last.id;
            for row in rows.into_iter().filter(|row| !others.contains(&row.account)) {
                // What cannot be read is not touched by a deployment either.
                if let Ok(conversation) = Conversation::decode(&row.state) {
                    census.add(&conversation);
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Where customers are in the middle of something.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    /// By version, flow, step and digest: how many, with the flows that they return to.
    pub(super) places: BTreeMap<Place, u64>,
    by_version: BTreeMap<u32, u64>,
    /// Conversations that have a value in a field of the contact.
    pub(super) fields: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) version: u32,
    pub(super) flow: Arc<str>,
    pub(super) step: usize,
    pub(super) digest: u64,
    pub(super) callers: Vec<Arc<str>>,
}

impl Census {
    fn add(&mut self, conversation: &Conversation) {
        let mut versions = BTreeSet::new();
        for parked in conversation.places() {
            versions.insert(parked.version);
            let (version, flow, callers) = (parked.version, parked.flow, parked.callers);
            let place = Place { version, flow, step: parked.step, digest: parked.digest, callers };
            *self.places.entry(place).or_default() += 1;
        }
        for version in versions {
            *self.by_version.entry(version).or_default() += 1;
        }
        for name in conversation.contact_fields() {
            *self.fields.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn versions(&self) -> impl Iterator<Item = u32> {
        self.by_version.keys().copied()
    }

    fn customers(&self, version: u32) -> u64 {
        self.by_version.get(&version).copied().unwrap_or(0)
    }
}
