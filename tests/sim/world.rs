//! TikTok and the people in it: conversations as TikTok has them, its own rules, and what anybody does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use rejoinder::calendar::Moment;
use rejoinder::channel::{Content, fingerprint};
use rejoinder::engine::{ColleagueAction, EchoSource};
use rejoinder::runtime::Handle;
use rejoinder::tiktok::client::skew::Skew;
use tokio::sync::{Notify, mpsc};

use crate::bots::Cast;
use crate::chance::Chance;
use crate::evidence::{Evidence, Tag};
use crate::mutants::Mutant;
use crate::plan::{Plan, What, Wrong};
use crate::time::{HOUR, MINUTE, ProcessClock, Time};
use crate::troubles::Troubles;

pub const APP: &str = "7364323437050855441";
pub const APP_SECRET: &str = "app-secret-of-the-story";
/// The access token, which must be found nowhere.
pub const TOKEN: &str = "act.token-of-the-story!1234.va";
const WINDOW_MS: i64 = 48 * HOUR;
const REPLIES: usize = 10;

/// Who said something.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    Customer,
    Bot(Tag),
    /// From TikTok's app or its pages.
    Colleague {
        web: bool,
    },
    Automatic(&'static str),
    /// Another program, or an answer to a comment, which begins in another place.
    Program,
}

#[derive(Clone, Debug)]
pub struct Said {
    pub id: String,
    /// TikTok's time.
    pub at: Moment,
    /// True time.
    pub stored: i64,
    pub side: Side,
    pub kind: &'static str,
    pub text: String,
    pub fingerprint: u64,
}

/// A customer and the conversation with one account.
#[derive(Debug, Default)]
pub struct Customer {
    pub said: Vec<Said>,
    /// Id, and the buttons' titles and ids.
    pub card: Option<(String, Vec<(String, String)>)>,
    pub commented: BTreeMap<String, Moment>,
    /// Answers to each comment.
    pub comments_answered: BTreeMap<String, u32>,
}

/// A running process of ours.
pub struct Process {
    pub number: u32,
    /// Which of the processes that share the store; a process that is started again keeps its place.
    pub node: usize,
    /// Its clock beside the others'.
    pub beside_ms: i64,
    /// It stands still until then.
    pub frozen: Arc<AtomicI64>,
    /// It reaches no store until then.
    pub no_store: AtomicI64,
    /// It reaches no TikTok until then.
    pub cut_off: AtomicI64,
    pub dead: AtomicBool,
    /// Told when it ends, in the order of asking: a story must not depend on chance that it has not drawn.
    pub end: Notify,
    /// How far TikTok's clock is from ours, as this process has measured.
    pub skew: Skew,
}

impl Process {
    pub fn clock(&self, time: &Time) -> ProcessClock {
        time.clock_of(self.beside_ms, Arc::clone(&self.frozen))
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Returns when the process has ended.
    pub async fn ended(&self) {
        let end = self.end.notified();
        if !self.is_dead() {
            end.await;
        }
    }
}

/// The end of a process, asked for by somebody: start again so much later.
pub struct Ended {
    pub process: u32,
    pub down_ms: i64,
}

pub struct World {
    pub time: Time,
    pub plan: Plan,
    pub cast: Arc<Cast>,
    pub mutant: Option<Mutant>,
    pub ended: mpsc::UnboundedSender<Ended>,
    state: Mutex<State>,
}

pub struct State {
    pub customers: Vec<Customer>,
    pub evidence: Evidence,
    pub troubles: Troubles,
    pub processes: BTreeMap<usize, (Arc<Process>, Handle)>,
    /// Who leads the app, and until when.
    pub leader: Option<(u32, i64)>,
    pub unreachable_until: i64,
    pub no_network_until: i64,
    /// Accounts whose access token has ended.
    pub expired: BTreeSet<usize>,
    pub renewing: Vec<Arc<AtomicI64>>,
    /// The committed mark of each conversation (or of a customer's comments) that no call has used, with its content.
    pub marked: BTreeMap<(usize, bool), (Tag, Content)>,
    pub media: BTreeSet<String>,
    pub ids: u64,
    pub chance: Chance,
    pub healing: bool,
    /// A commit was told that never was.
    pub lied: bool,
    /// Whom TikTok has let an account answer on which of its days.
    pub answered: BTreeSet<(i64, usize, usize)>,
    /// Deliveries that were refused, where a rule is broken.
    pub refused: BTreeSet<usize>,
    arrivals: VecDeque<i64>,
}

impl World {
    pub fn new(time: Time, plan: Plan, cast: Arc<Cast>, mutant: Option<Mutant>, ended: mpsc::UnboundedSender<Ended>) -> Self {
        let customers = plan.customers.iter().map(|_| Customer::default()).collect();
        let state = State {
            customers,
            evidence: Evidence::default(),
            troubles: Troubles::new(&plan.troubles),
            processes: BTreeMap::new(),
            leader: None,
            unreachable_until: 0,
            no_network_until: 0,
            expired: BTreeSet::new(),
            renewing: Vec::new(),
            marked: BTreeMap::new(),
            media: BTreeSet::new(),
            ids: 0,
            chance: Chance::new(plan.seed).fork("world"),
            healing: false,
            lied: false,
            answered: BTreeSet::new(),
            refused: BTreeSet::new(),
            arrivals: VecDeque::new(),
        };
        let world = Self { time, plan, cast, mutant, ended, state: Mutex::new(state) };
        for (who, ms, text) in &world.plan.before {
            world.said_before(*who, *ms, text);
        }
        world
    }

    /// Written before anybody here answered.
    fn said_before(&self, who: usize, ms: i64, text: &str) {
        let at = self.tiktok_now().plus_ms(-ms);
        let mut state = self.lock();
        state.ids += 1;
        let id = format!("m{}+A==", state.ids);
        let fingerprint = fingerprint("text", text);
        let said = Said { id, at, stored: -ms, side: Side::Customer, kind: "text", text: text.to_owned(), fingerprint };
        let said_of = &mut state.customers[who].said;
        said_of.push(said);
        said_of.sort_by_key(|said| said.at);
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// TikTok's clock.
    pub fn tiktok_now(&self) -> Moment {
        self.time.true_moment().plus_ms(self.plan.tiktok_ms)
    }

    pub fn tell(&self, text: impl std::fmt::Display) {
        let now = self.time.now();
        self.lock().evidence.tell(now, text);
    }

    pub fn draw(&self, low: i64, high: i64) -> i64 {
        self.lock().chance.between(low, high)
    }

    pub fn open_id(account: usize) -> String {
        format!("-shop{account}")
    }

    /// TikTok's id of a conversation.
    pub fn external(who: usize) -> String {
        format!("u5Jh+psel/{who}==")
    }

    pub fn person(who: usize) -> String {
        format!("person+{who}/x")
    }

    /// Whose conversation it is, and whether it is the stand-in one of the customer's comments.
    pub fn whose(&self, external: &[u8]) -> (Option<usize>, bool) {
        let text = String::from_utf8_lossy(external);
        let all = || 0..self.plan.customers.len();
        if let Some(who) = all().find(|who| Self::external(*who) == text) {
            return (Some(who), false);
        }
        (all().find(|who| format!("comments:{}", Self::person(*who)) == text), true)
    }

    /// One of the processes that live, as whoever stands before them would choose.
    pub fn anyone(&self) -> Option<(Arc<Process>, Handle)> {
        let mut state = self.lock();
        let living: Vec<usize> =
            state.processes.iter().filter(|(_, (process, _))| !process.is_dead()).map(|(node, _)| *node).collect();
        let node = match living.as_slice() {
            [] => return None,
            [one] => *one,
            several => state.chance.pick(several),
        };
        state.processes.get(&node).cloned()
    }

    /// Whether a process leads the app; one that has the store for itself always does.
    pub fn leads(&self, process: &Process) -> bool {
        let now = self.time.now();
        let leader = self.lock().leader;
        self.plan.nodes == 1 || leader.is_some_and(|(number, until)| number == process.number && now < until)
    }

    fn of(&self, node: usize) -> Option<Arc<Process>> {
        self.lock().processes.get(&node).map(|(process, _)| Arc::clone(process))
    }

    /// The process ends now: nothing it does from here on is seen by anybody.
    pub fn kill(&self, process: &Process, down_ms: i64, why: &str) {
        if process.dead.swap(true, Ordering::SeqCst) {
            return;
        }
        process.end.notify_waiters();
        self.tell(format_args!("process {} ends: {why}; down for {down_ms} ms", process.number));
        let _ = self.ended.send(Ended { process: process.number, down_ms });
    }

    /// Puts a message of anybody into a conversation, with TikTok's id and time.
    pub fn say(&self, who: usize, side: Side, kind: &'static str, text: &str) -> Said {
        let (now, stored) = (self.tiktok_now(), self.time.now());
        let mut state = self.lock();
        state.ids += 1;
        let id = format!("m{}+A==", state.ids);
        let said = &mut state.customers[who].said;
        // TikTok's order is the order of its times.
        let at = said.last().map_or(now, |last| now.max(last.at.plus_ms(1)));
        let seen = if matches!(kind, "text" | "template") { text } else { "" };
        let new = Said { id, at, stored, side, kind, text: text.to_owned(), fingerprint: fingerprint(kind, seen) };
        said.push(new.clone());
        let (side, id) = (&new.side, &new.id);
        state.evidence.tell(stored, format_args!("c{who} {side:?} {kind} {text:?} ({id})"));
        new
    }

    /// Why TikTok would not take a message of the bot's into this conversation now.
    pub fn barred(&self, who: usize) -> Option<&'static str> {
        let now = self.tiktok_now();
        let state = self.lock();
        let said = &state.customers[who].said;
        let Some(last) = said.iter().rposition(|said| said.side == Side::Customer) else { return Some("never wrote") };
        if now.since_ms(said[last].at) >= WINDOW_MS {
            return Some("window");
        }
        (said.len() - last > self.replies()).then_some("ten")
    }

    /// Messages of the business side between two of the customer.
    pub fn replies(&self) -> usize {
        if self.is(Mutant::OneTooMany) { REPLIES - 1 } else { REPLIES }
    }

    /// Whether TikTok lets the account answer this conversation today; it then does so for the rest of the day.
    pub fn has_its_day(&self, state: &mut State, who: usize) -> bool {
        let Some(most) = self.plan.tiktok_a_day.filter(|_| !state.healing) else { return true };
        let (day, account) = (self.tiktok_now().0.div_euclid(24 * HOUR), self.plan.customers[who]);
        let today = state.answered.range((day, account, 0)..=(day, account, usize::MAX)).count();
        today < most && state.answered.insert((day, account, who)) || state.answered.contains(&(day, account, who))
    }

    /// Counts a call at TikTok's door; true where it is one too many in this second.
    pub fn too_fast(&self) -> bool {
        let now = self.time.now();
        let mut state = self.lock();
        state.arrivals.retain(|at| now - at < 1_000);
        state.arrivals.push_back(now);
        state.arrivals.len() > REPLIES
    }

    /// From now on nothing goes wrong, and clocks are right.
    pub fn heal(&self) {
        let now = self.time.now();
        let mut state = self.lock();
        state.troubles.stop();
        state.unreachable_until = now;
        state.no_network_until = now;
        for (process, _) in state.processes.values() {
            for hindered in [&*process.frozen, &process.no_store, &process.cut_off] {
                hindered.store(now, Ordering::SeqCst);
            }
        }
        state.healing = true;
        state.evidence.healed_at = now;
        state.evidence.tell(now, "the faults stop");
        drop(state);
        self.time.set_offset(self.plan.tiktok_ms);
    }

    fn hinder(&self, node: usize, until: i64, what: impl Fn(&Process) -> &AtomicI64) {
        if let Some(process) = self.of(node) {
            what(&process).fetch_max(until, Ordering::SeqCst);
        }
    }

    // --- what people do --------------------------------------------------------------------------------------------

    pub fn act(self: &Arc<Self>, who: usize, what: &What) {
        match what {
            What::Text(text) => self.customer_says(who, "text", text, None),
            What::Button(nth) => self.press(who, *nth),
            What::Image => self.customer_says(who, "image", "", None),
            What::Sticker => self.customer_says(who, "sticker", "", None),
            What::Unsupported => self.customer_says(who, "voice", "", None),
            What::Reaction => self.react(who),
            What::Referral => self.refer(who),
            What::Read => self.read(who),
            What::Comment(text) => self.comment(who, text),
            What::Colleague { text, web } => self.business_says(who, Side::Colleague { web: *web }, text),
            What::ColleagueBurst(count) => {
                for nth in 0..*count {
                    self.business_says(who, Side::Colleague { web: false }, &format!("Line {nth}."));
                }
            }
            What::ColleagueRepeats => {
                let newest = self.lock().customers[who].said.iter().rev().find(|said| matches!(said.side, Side::Bot(_))).cloned();
                let text = newest.filter(|said| said.kind == "text").map_or("I am here.".to_owned(), |said| said.text);
                self.business_says(who, Side::Colleague { web: false }, &text);
            }
            What::Automatic(word) => self.business_says(who, Side::Automatic(word), "Thank you for writing."),
            What::Program(text) => self.business_says(who, Side::Program, text),
            What::TakeOver => self.console(who, ColleagueAction::TakeOver),
            What::Release => self.console(who, ColleagueAction::Release),
            What::Gibberish(nth) => self.gibberish(who, *nth),
        }
    }

    fn press(self: &Arc<Self>, who: usize, nth: usize) {
        let card = self.lock().customers[who].card.clone();
        match card {
            Some((of, buttons)) if !buttons.is_empty() => {
                let (title, id) = &buttons[nth % buttons.len()];
                self.customer_says(who, "text", title, Some((&of, id)));
            }
            _ => self.customer_says(who, "text", &(nth + 1).to_string(), None),
        }
    }

    /// A business writes only where the customer has written.
    fn business_says(self: &Arc<Self>, who: usize, side: Side, text: &str) {
        if self.barred(who) != Some("never wrote") {
            let said = self.say(who, side, "text", text);
            self.echo(who, &said, None);
        }
    }

    /// A colleague acts in our own console: what is answered well must hold.
    fn console(self: &Arc<Self>, who: usize, action: ColleagueAction) {
        let Some((process, handle)) = self.anyone() else { return };
        let world = Arc::clone(self);
        tokio::spawn(async move {
            let open_id = Self::open_id(world.plan.customers[who]);
            let Ok(Some(id)) = handle.find(APP, &open_id, Self::external(who).as_bytes()).await else { return };
            let done = handle.colleague(id, action).await;
            if done == Ok(true) && !process.is_dead() {
                let now = world.time.now();
                let mut state = world.lock();
                state.evidence.tell(now, format_args!("c{who} console: {action:?}"));
                state.evidence.actions.push((now, who, action == ColleagueAction::TakeOver));
            }
        });
    }

    /// What strikes everybody at a moment.
    pub fn strike(self: &Arc<Self>, wrong: &Wrong) {
        let now = self.time.now();
        if self.lock().healing {
            return;
        }
        self.tell(format_args!("trouble: {wrong:?}"));
        match wrong {
            Wrong::Crash { down_ms } => {
                if let Some((process, _)) = self.anyone() {
                    self.kill(&process, *down_ms, "power cut");
                }
            }
            Wrong::Unreachable { ms } => self.lock().unreachable_until = now + ms,
            Wrong::NoNetwork { ms } => self.lock().no_network_until = now + ms,
            Wrong::Freeze { node, ms } => self.hinder(*node, now + ms, |process| &process.frozen),
            Wrong::NoStore { node, ms } => self.hinder(*node, now + ms, |process| &process.no_store),
            Wrong::CutOff { node, ms } => self.hinder(*node, now + ms, |process| &process.cut_off),
            Wrong::Token { account } => {
                self.lock().expired.insert(*account);
            }
            Wrong::Clock { ms, for_ms } => {
                let before = self.time.offset();
                self.time.set_offset(before + ms);
                let (world, for_ms) = (Arc::clone(self), *for_ms);
                tokio::spawn(async move {
                    world.time.sleep(for_ms).await;
                    if !world.lock().healing {
                        world.tell("our clock is put right");
                        world.time.set_offset(before);
                    }
                });
            }
            _ => {}
        }
    }
}

/// The word of TikTok's lists and echoes for where a message came from.
pub fn source_of(side: &Side) -> (&'static str, EchoSource) {
    match side {
        Side::Customer | Side::Bot(_) | Side::Program => ("API", EchoSource::Api),
        Side::Colleague { web: false } => ("APP", EchoSource::App),
        Side::Colleague { web: true } => ("WEB", EchoSource::Web),
        Side::Automatic(_) => ("OTHERS", EchoSource::Others),
    }
}

/// Later than everything that a story's people do before the faults stop.
pub fn quiet_after(plan: &Plan) -> i64 {
    let acts = plan.acts.iter().map(|act| act.at);
    let troubles = plan.troubles.iter().filter_map(|trouble| match trouble.when {
        crate::plan::When::At(at) => Some(at),
        _ => None,
    });
    acts.chain(troubles).max().unwrap_or(0) + 10 * MINUTE
}
