//! The versions of bots that this process has at hand: the live ones, of the bot that accounts share and of accounts' own,
//! and those that still have runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::core::Core;
use super::deploy;
use super::port::{AccountId, Compiler, StoreError};
use super::sources::{self, Unusable};
use crate::bot::{Asset, Bot};
use crate::engine::{Moves, Older};

/// Versions beside the live one that are kept compiled.
const COMPILED_MAX: usize = 32;
/// Versions that are looked through, from the newest on, for an image that the live one no longer has.
const SEARCHED_MAX: usize = 8;
/// The store is asked again after this, where it did not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// What another process has deployed is asked for this much less often than its news.
const LESS_OFTEN: u32 = 5;

/// The bot that answers, and its number; 0 where versions are not kept.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) number: u32,
    pub(super) bot: Arc<Bot>,
    /// Which flows of other versions mean the same in this one.
    moves: Mutex<HashMap<u32, Arc<Moves>>>,
}

impl Live {
    pub(super) fn new(number: u32, bot: Arc<Bot>) -> Self {
        Self { number, bot, moves: Mutex::default() }
    }

    fn moves(&self, number: u32, old: &Bot) -> Arc<Moves> {
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(moves.entry(number).or_insert_with(|| Arc::new(Moves::between(old, &self.bot))))
    }
}

/// Which bot answers whom.
#[derive(Clone, Debug)]
struct Answering {
    shared: Arc<Live>,
    /// By `business_id`, of the accounts that have a bot of their own.
    own: BTreeMap<String, Arc<Live>>,
}

impl Answering {
    fn all(&self) -> impl Iterator<Item = &Arc<Live>> {
        std::iter::once(&self.shared).chain(self.own.values())
    }
}

/// What is known of a version that is not live.
#[derive(Clone)]
enum Known {
    Loading,
    Compiled(Arc<Bot>),
    Unusable(Unusable),
}

/// A version that a sprint needs beside the live one.
pub(super) struct Needed {
    number: u32,
    pub(super) bot: Arc<Bot>,
    moves: Arc<Moves>,
}

impl Needed {
    pub(super) fn older(&self) -> Older<'_> {
        Older { number: self.number, bot: &self.bot, moves: &self.moves }
    }

    /// For the history.
    pub(super) fn named(&self) -> (u32, String) {
        (self.number, self.bot.digest.clone())
    }
}

/// Why a sprint cannot begin.
pub(super) enum NotReady {
    /// It will be: whoever waits hears of it.
    Loading,
    /// Only a newer program can.
    Newer(String),
}

pub(super) struct Versions {
    live: ArcSwap<Answering>,
    compiler: Option<Arc<dyn Compiler>>,
    known: Mutex<HashMap<u32, (u64, Known)>>,
    wanted: mpsc::UnboundedSender<u32>,
    /// Raised whenever more is known.
    ready: watch::Sender<u64>,
    /// One deployment at a time.
    pub(super) deploying: tokio::sync::Mutex<()>,
}

impl Versions {
    pub(super) fn new(
        shared: Live,
        own: impl IntoIterator<Item = (String, Live)>,
        compiler: Option<Arc<dyn Compiler>>,
    ) -> (Self, mpsc::UnboundedReceiver<u32>) {
        let (wanted, asked) = mpsc::unbounded_channel();
        let own = own.into_iter().map(|(account, live)| (account, Arc::new(live))).collect();
        let live = ArcSwap::from_pointee(Answering { shared: Arc::new(shared), own });
        let ready = watch::Sender::new(0);
        (Self { live, compiler, known: Mutex::default(), wanted, ready, deploying: tokio::sync::Mutex::default() }, asked)
    }

    /// The bot of an account (`business_id`): its own, or the one that it shares.
    pub(super) fn live(&self, account: &str) -> Arc<Live> {
        let live = self.live.load();
        Arc::clone(live.own.get(account).unwrap_or(&live.shared))
    }

    /// The bot of the accounts that have none of their own.
    pub(super) fn shared(&self) -> Arc<Live> {
        Arc::clone(&self.live.load().shared)
    }

    /// The own bot of an account; `None` where it has none.
    pub(super) fn own(&self, account: &str) -> Option<Arc<Live>> {
        self.live.load().own.get(account).cloned()
    }

    /// The accounts that have a bot of their own, in order.
    pub(super) fn owners(&self) -> Vec<String> {
        self.live.load().own.keys().cloned().collect()
    }

    /// Every bot that answers somebody, the shared one first.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.live.load().all().cloned().collect()
    }

    /// Whether versions are kept of any bot.
    pub(super) fn are_kept(&self) -> bool {
        self.live.load().all().any(|live| live.number != 0)
    }

    pub(super) fn compiler(&self) -> Option<&Arc<dyn Compiler>> {
        self.compiler.as_ref()
    }

    /// From the next sprint on this one is live, as an account's own bot or as the shared one. The one before stays at hand:
    /// its runs go on in it.
    pub(super) fn set_live(&self, account: Option<&str>, number: u32, bot: Arc<Bot>) {
        let live = Arc::new(Live::new(number, bot));
        let before = self.live.rcu(|answering| {
            let mut answering = Answering::clone(answering);
            match account {
                Some(account) => drop(answering.own.insert(account.to_owned(), Arc::clone(&live))),
                None => answering.shared = Arc::clone(&live),
            }
            answering
        });
        let before = match account {
            Some(account) => before.own.get(account).cloned(),
            None => Some(Arc::clone(&before.shared)),
        };
        if let Some(before) = before.filter(|before| before.number != 0 && before.number != number) {
            self.keep(before.number, Known::Compiled(Arc::clone(&before.bot)));
        }
        self.ready.send_modify(|count| *count += 1);
    }

    /// Tells when more is known.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.ready.subscribe()
    }

    /// The versions of these numbers, but for those that are gone for good.
    pub(super) fn needed(&self, numbers: &[u32], live: &Live) -> Result<Vec<Needed>, NotReady> {
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            match self.known(*number) {
                Some(Known::Compiled(bot)) => {
                    let moves = live.moves(*number, &bot);
                    found.push(Needed { number: *number, bot, moves });
                }
                Some(Known::Unusable(Unusable::Gone(_))) => {}
                Some(Known::Unusable(Unusable::Newer(why))) => return Err(NotReady::Newer(why)),
                Some(Known::Loading) => return Err(NotReady::Loading),
                None => {
                    self.keep(*number, Known::Loading);
                    let _ = self.wanted.send(*number);
                    return Err(NotReady::Loading);
                }
            }
        }
        Ok(found)
    }

    /// The compiled bot of a version, as far as it is at hand.
    fn compiled(&self, number: u32) -> Option<Arc<Bot>> {
        match self.known(number) {
            Some(Known::Compiled(bot)) => Some(bot),
            _ => None,
        }
    }

    fn known(&self, number: u32) -> Option<Known> {
        // What another account's bot is just now need not be made again.
        if let Some(live) = self.live.load().all().find(|live| live.number == number) {
            return Some(Known::Compiled(Arc::clone(&live.bot)));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = newest(&known) + 1;
        let (used, found) = known.get_mut(&number)?;
        *used = tick;
        Some(found.clone())
    }

    fn keep(&self, number: u32, what: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = newest(&known) + 1;
        known.insert(number, (tick, what));
        // What is being loaded stays: somebody waits for it.
        while known.values().filter(|(_, what)| !matches!(what, Known::Loading)).count() > COMPILED_MAX {
            let oldest = known.iter().filter(|(_, (_, what))| !matches!(what, Known::Loading));
            let Some(oldest) = oldest.min_by_key(|(_, (used, _))| *used).map(|(number, _)| *number) else { break };
            known.remove(&oldest);
        }
    }
}

fn newest(known: &HashMap<u32, (u64, Known)>) -> u64 {
    known.values().map(|(used, _)| *used).max().unwrap_or(0)
}

impl Core {
    /// The live bot of an account; the shared one of an account that is not known here.
    pub(super) fn live_of(&self, account: AccountId) -> Arc<Live> {
        match self.accounts.ever(account) {
            Some(account) => self.versions.live(&account.open_id),
            None => self.versions.shared(),
        }
    }
}

/// Reads and compiles what is wanted, one after the other, so that no more than one core is taken from the others.
pub(super) async fn load_wanted(core: Arc<Core>, mut wanted: mpsc::UnboundedReceiver<u32>) {
    while let Some(number) = wanted.recv().await {
        if core.versions.compiled(number).is_some() {
            continue;
        }
        let known = match load_surely(&core, number).await {
            Ok(bot) => Known::Compiled(bot),
            Err(why) => {
                tracing::error!(number, %why, "a version of the bot that still has runs cannot be used");
                Known::Unusable(why)
            }
        };
        core.versions.keep(number, known);
        core.versions.ready.send_modify(|count| *count += 1);
    }
}

async fn load_surely(core: &Core, number: u32) -> Result<Arc<Bot>, Unusable> {
    loop {
        match load(core, number).await {
            Ok(loaded) => return loaded,
            Err(error) => {
                tracing::warn!(%error, number, "a version of the bot could not be read; asked again in a second");
                core.sleep(AGAIN_AFTER).await;
            }
        }
    }
}

async fn load(core: &Core, number: u32) -> Result<Result<Arc<Bot>, Unusable>, StoreError> {
    let Some(compiler) = core.versions.compiler() else {
        return Ok(Err(Unusable::Gone("versions of the bot are not kept here".to_owned())));
    };
    deploy::load(core.ports.store.as_ref(), compiler.as_ref(), number).await
}

/// Hears of what other processes on the store have deployed.
pub(super) async fn listen(core: Arc<Core>) {
    let mut refused = BTreeMap::new();
    loop {
        core.sleep(core.news_every * LESS_OFTEN).await;
        for account in std::iter::once(None).chain(core.versions.owners().into_iter().map(Some)) {
            match follow(&core, account.as_deref(), &mut refused).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the store did not say which version of the bot is live"),
            }
        }
    }
}

async fn follow(core: &Core, account: Option<&str>, refused: &mut BTreeMap<Option<String>, u32>) -> Result<(), StoreError> {
    let Some(number) = live_number(core, account).await? else { return Ok(()) };
    let whose = account.map(str::to_owned);
    let live = match account {
        Some(account) => core.versions.live(account).number,
        None => core.versions.shared().number,
    };
    // A bot whose versions are not kept here is no other process's matter.
    if number == live || live == 0 || refused.get(&whose) == Some(&number) {
        return Ok(());
    }
    let bot = match core.versions.compiled(number) {
        Some(bot) => Ok(bot),
        None => load(core, number).await?,
    };
    let _deploying = core.versions.deploying.lock().await;
    // Another deployment may have come meanwhile; the next look finds it.
    if live_number(core, account).await? != Some(number) {
        return Ok(());
    }
    match bot {
        Ok(bot) => {
            tracing::info!(number, name = bot.name, account, "another version of the bot is live");
            core.versions.set_live(account, number, bot);
        }
        Err(why) => {
            tracing::error!(number, %why, account, "the live version of the bot cannot be used here; the one before goes on");
            refused.insert(whose, number);
        }
    }
    Ok(())
}

async fn live_number(core: &Core, account: Option<&str>) -> Result<Option<u32>, StoreError> {
    let value = core.ports.store.meta(&deploy::row_of(account)).await?;
    Ok(value.and_then(|value| deploy::Standing::decode(&value)).map(|standing| standing.live))
}

/// An image by its digest: of a live version, or of one before whose reply still waits.
pub(super) async fn image(core: &Core, digest: &str) -> Option<Arc<Asset>> {
    let of = |bot: &Bot| bot.assets.values().find(|asset| asset.digest == digest).cloned();
    let live = core.versions.all();
    if let Some(asset) = live.iter().find_map(|live| of(&live.bot)) {
        return Some(asset);
    }
    if !core.versions.are_kept() {
        return None;
    }
    let stored = core.ports.store.versions().await.ok()?;
    let others = stored.iter().rev().map(|row| row.number).filter(|number| live.iter().all(|live| live.number != *number));
    for number in others.take(SEARCHED_MAX) {
        let bot = match core.versions.compiled(number) {
            Some(bot) => bot,
            None => match load(core, number).await {
                Ok(Ok(bot)) => bot,
                _ => continue,
            },
        };
        if let Some(asset) = of(&bot) {
            core.versions.keep(number, Known::Compiled(bot));
            return Some(asset);
        }
    }
    None
}

/// The bot of a stored version.
pub(super) async fn of_row(compiler: &dyn Compiler, row: &super::port::VersionRow) -> Result<Arc<Bot>, Unusable> {
    let files = sources::files(row)?;
    compiler.compile(&files).await.map_err(|why| sources::not_compiled(row, &why))
}
