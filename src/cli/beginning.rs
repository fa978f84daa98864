//! What bots a server begins with: the live versions of the store, which the files become where they are new.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{calls, flows, output};
use crate::bot::Bot;
use crate::runtime::port::{Clock as _, Compiler, Files, Store};
use crate::runtime::{Begun, DeployError, Depot, OwnBot, Whose};
use crate::server::compiler::FlowCompiler;
use crate::server::settings::Settings;
use crate::system::SystemClock;

/// Answers nobody: of the accounts that were connected without a bot of their own, where none is shared.
const SILENT: &str = "bot \"No shared bot\" {\n    languages en\n}\n";

/// The files of one bot as they are now; `None` where they have errors.
pub(super) struct Read {
    /// `business_id`, of an account's own bot.
    account: Option<String>,
    pub(super) files: anyhow::Result<Option<Files>>,
}

impl Read {
    /// For messages: nothing of the shared bot, `account -000abc: ` of an own one.
    fn whose(&self) -> String {
        self.account.as_ref().map_or_else(String::new, |account| format!("account {account}: "))
    }
}

/// Reads the files of every bot of the settings, and shows what is wrong with them.
pub(super) fn read(settings: &Settings, folder: &Path) -> Vec<Read> {
    let one = |(account, paths): (Option<&str>, &[PathBuf])| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        let loaded = flows::load_to_serve(&paths);
        if let Ok(loaded) = &loaded {
            output::findings(loaded);
        }
        let files = loaded.map(|loaded| loaded.bot.is_some().then(|| loaded.files(folder)));
        Read { account: account.map(str::to_owned), files }
    };
    settings.bots().into_iter().map(one).collect()
}

/// The bots of a server.
pub(super) struct Bots {
    /// The number of its version; 0 where accounts share no bot.
    pub(super) number: u32,
    pub(super) shared: Arc<Bot>,
    pub(super) own: Vec<OwnBot>,
}

/// The bots that are served; `None` where one of them is nowhere to be had.
pub(super) async fn begin(store: &dyn Store, compiler: &dyn Compiler, read: &[Read]) -> anyhow::Result<Option<Bots>> {
    let owners: Vec<String> = read.iter().filter_map(|one| one.account.clone()).collect();
    let silent = Files { flows: vec![("none.flow".to_owned(), SILENT.to_owned())], images: Vec::new() };
    let silent = FlowCompiler.compile(&silent).await.map_err(anyhow::Error::msg)?;
    let mut bots = Bots { number: 0, shared: silent, own: Vec::new() };
    for one in read {
        let whose = match &one.account {
            Some(account) => Whose::Own(account),
            None => Whose::Shared { but: &owners },
        };
        let depot = Depot { store, compiler, now: SystemClock.now(), whose };
        let Some(Begun { number, bot, .. }) = begin_one(&depot, one).await? else { return Ok(None) };
        calls::say_what_is_missing(&bot);
        match &one.account {
            Some(account) => bots.own.push(OwnBot { account: account.clone(), version: number, bot }),
            None => (bots.number, bots.shared) = (number, bot),
        }
    }
    Ok(Some(bots))
}

async fn begin_one(depot: &Depot<'_>, read: &Read) -> anyhow::Result<Option<Begun>> {
    let whose = read.whose();
    if let Ok(Some(files)) = &read.files {
        let begun = depot.begin(Some(files)).await?;
        if let Some(other) = begun.other_files {
            anstream::println!("{whose}the flows here are version {other}; version {} is live", begun.number);
        }
        return Ok(Some(begun));
    }
    match (&read.files, depot.begin(None).await) {
        (files, Ok(begun)) => {
            let why = files.as_ref().err().map_or("they have errors".to_owned(), |error| format!("{error:#}"));
            anstream::eprintln!("rejoinder: {whose}the flows are not served: {why}; version {} goes on", begun.number);
            Ok(Some(begun))
        }
        (_, Err(error @ DeployError::Store(_))) => Err(error.into()),
        (Err(error), Err(_)) => Err(anyhow::anyhow!("{whose}{error:#}")),
        (Ok(_), Err(_)) => Ok(None),
    }
}
