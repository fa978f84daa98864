//! Deployments while the runtime runs: sprints that have begun finish on what they began with, the next ones have the new
//! version.

use std::sync::Arc;

use super::deploy::{DeployError, Deployed, Depot, Listed};
use super::handle::Handle;
use super::plan::Plan;
use super::port::{Compiler, Files};
use crate::bot::Bot;

impl Handle {
    /// The number of the live version; 0 where versions are not kept.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.core.versions.live().number
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
        let _deploying = self.core.versions.deploying.lock().await;
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
        let _deploying = self.core.versions.deploying.lock().await;
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
        let _deploying = self.core.versions.deploying.lock().await;
        let (deployed, bot) = self.depot(compiler).roll_back(name).await?;
        if let Some(bot) = bot {
            self.go_live(&deployed, bot);
        }
        Ok(deployed)
    }

    /// The stored versions, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn versions(&self) -> Result<Vec<Listed>, DeployError> {
        self.depot(self.compiler()?).list().await
    }

    fn compiler(&self) -> Result<&Arc<dyn Compiler>, DeployError> {
        let none = || DeployError::Refused("versions of the bot are not kept here".to_owned());
        self.core.versions.compiler().filter(|_| self.version() != 0).ok_or_else(none)
    }

    fn depot<'a>(&'a self, compiler: &'a Arc<dyn Compiler>) -> Depot<'a> {
        Depot { store: self.store(), compiler: compiler.as_ref(), now: self.core.now() }
    }

    fn go_live(&self, deployed: &Deployed, bot: Arc<Bot>) {
        if self.version() != deployed.live {
            tracing::info!(number = deployed.live, name = bot.name, "another version of the bot is live");
            self.core.versions.set_live(deployed.live, bot);
        }
    }
}
