//! Deployments while the runtime runs: sprints that have begun finish on what they began with, the next ones have the new
//! version.

use std::sync::Arc;

use super::deploy::{DeployError, Deployed, Depot, Listed, Whose};
use super::handle::Handle;
use super::plan::Plan;
use super::port::{Compiler, Files, StoreError};
use super::versions::Live;
use crate::bot::Bot;
use crate::calendar::Moment;

/// How long a process has for a rollback.
const CLAIM_MS: i64 = 60_000;
/// Claims of one rollback whose processes ended before it was done.
const CLAIMS_MAX: u32 = 16;
/// Instead of a claim that led to nothing.
const GIVEN_UP: &[u8] = b"0 ";
/// So much of a name that nothing here has is repeated.
const NAME_SHOWN: usize = 60;

/// The versions of one bot of this process: of the one that accounts share, or of an account's own.
#[derive(Clone)]
pub struct Deployments {
    handle: Handle,
    account: Option<String>,
    /// The accounts that have a bot of their own.
    owners: Vec<String>,
}

impl Handle {
    /// The number of the shared bot's live version; 0 where versions are not kept.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.core.versions.shared().number
    }

    /// The versions of the bot that accounts share.
    #[must_use]
    pub fn shared(&self) -> Deployments {
        Deployments { handle: self.clone(), account: None, owners: self.core.versions.owners() }
    }

    /// Those of an account's own bot (`business_id`), or of the shared one where none is named.
    ///
    /// # Errors
    /// When the account has no bot of its own.
    pub fn deployments(&self, account: Option<&str>) -> Result<Deployments, DeployError> {
        let shared = self.shared();
        let Some(account) = account else { return Ok(shared) };
        if shared.owners.iter().any(|owner| owner == account) {
            return Ok(Deployments { account: Some(account.to_owned()), ..shared });
        }
        // What somebody has typed is told in one line.
        let named: String = account.chars().filter(|shown| !shown.is_control()).take(NAME_SHOWN).collect();
        let why = if self.core.accounts.called(account).is_empty() {
            format!("no account `{named}` is served here")
        } else {
            format!("account `{named}` has no bot of its own; name its `flows` in the settings, or leave the account out")
        };
        Err(DeployError::Nobody(why))
    }

    /// The bot of a stored version, or a live one of that number.
    ///
    /// # Errors
    /// When there is no such version, it cannot be used, or the store cannot be read.
    pub async fn bot_of(&self, number: u32) -> Result<Arc<Bot>, DeployError> {
        let live = self.core.versions.all();
        if let Some(live) = live.iter().find(|live| live.number == number) {
            return Ok(Arc::clone(&live.bot));
        }
        let compiler = self.core.versions.compiler().filter(|_| self.core.versions.are_kept()).ok_or_else(not_kept)?;
        let loaded = super::deploy::load(self.store(), compiler.as_ref(), number).await?;
        loaded.map_err(|why| DeployError::Refused(why.to_string()))
    }
}

fn not_kept() -> DeployError {
    DeployError::Refused("versions of the bot are not kept here".to_owned())
}

impl Deployments {
    /// The number of the live version; 0 where versions are not kept.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.live().map_or(0, |live| live.number)
    }

    fn live(&self) -> Option<Arc<Live>> {
        let versions = &self.handle.core.versions;
        match &self.account {
            Some(account) => versions.own(account),
            None => Some(versions.shared()),
        }
    }

    /// What a deployment of these files would mean for whoever is in the middle of something.
    ///
    /// # Errors
    /// When the flows have errors, or the store cannot be read.
    pub async fn plan(&self, files: &Files) -> Result<Plan, DeployError> {
        self.depot(self.compiler()?).plan(files).await
    }

    /// Stores the files as a version and makes it live, here at once and in every process of the store within a second or so.
    ///
    /// # Errors
    /// When the flows have errors or the plan has critical findings; then all is as before.
    pub async fn deploy(&self, files: &Files) -> Result<(Deployed, Plan), DeployError> {
        let compiler = self.compiler()?;
        let _deploying = self.handle.core.versions.deploying.lock().await;
        let (deployed, bot, plan) = self.depot(compiler).apply(files).await?;
        self.go_live(&deployed, bot);
        Ok((deployed, plan))
    }

    /// The same where the files were never stored before; else all stays as it is, so that whoever only has something else
    /// read anew undoes no rollback. Gives what was done, or the number that the files have already.
    ///
    /// # Errors
    /// As [`Self::deploy`].
    pub async fn refresh(&self, files: &Files) -> Result<Result<Deployed, u32>, DeployError> {
        match self.depot(self.compiler()?).stored(files).await? {
            Some(number) => Ok(Err(number)),
            None => self.deploy(files).await.map(|(deployed, _)| Ok(deployed)),
        }
    }

    /// The same for files that somebody has just saved: without a plan.
    ///
    /// # Errors
    /// When the flows have errors; then all is as before.
    pub async fn take_over(&self, files: &Files) -> Result<Deployed, DeployError> {
        let compiler = self.compiler()?;
        let _deploying = self.handle.core.versions.deploying.lock().await;
        let (deployed, bot) = self.depot(compiler).take_over(files).await?;
        self.go_live(&deployed, bot);
        Ok(deployed)
    }

    /// Makes the version before the live one live again. Of a `name` it does so once: the same name again changes nothing.
    ///
    /// # Errors
    /// When there is none, or it cannot be used any more.
    pub async fn roll_back(&self, name: Option<&str>) -> Result<Deployed, DeployError> {
        let compiler = self.compiler()?;
        let _deploying = self.handle.core.versions.deploying.lock().await;
        let depot = self.depot(compiler);
        let claim = match name {
            Some(name) => self.claim(&depot, name).await?,
            None => None,
        };
        let done = depot.roll_back(name).await;
        if let (Some(claim), Err(_)) = (&claim, &done) {
            // Nothing was done: whoever asks again need not wait.
            self.handle.store().put_meta(claim, GIVEN_UP).await?;
        }
        let (deployed, bot) = done?;
        if let Some(bot) = bot {
            self.go_live(&deployed, bot);
        }
        Ok(deployed)
    }

    /// Of several processes that are asked for the same rollback at the same time one carries it out: whose claim is the
    /// first in the store. A claim that led to nothing, since its process ended, is over after a minute.
    async fn claim(&self, depot: &Depot<'_>, name: &str) -> Result<Option<String>, DeployError> {
        for nth in 0..CLAIMS_MAX {
            if depot.has_rolled_back(name).await? {
                return Ok(None);
            }
            let whose = self.account.as_ref().map_or_else(String::new, |account| format!("{account}:"));
            let (key, now) = (format!("rollback:{whose}{name}:{nth}"), self.handle.core.now());
            let mine = format!("{} {:016x}", now.0, self.handle.entropy().next_u64());
            let first = self.handle.store().put_meta_once(&key, mine.as_bytes()).await?;
            if first == mine.as_bytes() {
                return Ok(Some(key));
            }
            let made = std::str::from_utf8(&first).ok().and_then(|first| first.split_once(' ')?.0.parse().ok());
            if made.is_some_and(|made| now.since_ms(Moment(made)) < CLAIM_MS) && !depot.has_rolled_back(name).await? {
                let text = "another process carries out this rollback just now; ask again";
                return Err(DeployError::Store(StoreError::Busy(text.to_owned())));
            }
        }
        Ok(None)
    }

    /// The stored versions, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn versions(&self) -> Result<Vec<Listed>, DeployError> {
        self.depot(self.compiler()?).list().await
    }

    fn compiler(&self) -> Result<&Arc<dyn Compiler>, DeployError> {
        let none = || match (self.owners.as_slice(), &self.account) {
            (owners, None) if !owners.is_empty() => {
                let text = format!("accounts share no bot here; name one that has its own: {}", owners.join(", "));
                DeployError::Refused(text)
            }
            _ => not_kept(),
        };
        self.handle.core.versions.compiler().filter(|_| self.version() != 0).ok_or_else(none)
    }

    fn depot<'a>(&'a self, compiler: &'a Arc<dyn Compiler>) -> Depot<'a> {
        let whose = match &self.account {
            Some(account) => Whose::Own(account),
            None => Whose::Shared { but: &self.owners },
        };
        Depot { store: self.handle.store(), compiler: compiler.as_ref(), now: self.handle.core.now(), whose }
    }

    fn go_live(&self, deployed: &Deployed, bot: Arc<Bot>) {
        if self.version() != deployed.live {
            let account = self.account.as_deref();
            tracing::info!(number = deployed.live, name = bot.name, account, "another version of the bot is live");
            self.handle.core.versions.set_live(account, deployed.live, bot);
        }
    }
}
