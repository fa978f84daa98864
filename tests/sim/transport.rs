//! The way to TikTok and back, for one process: everything that can happen to a call, and TikTok's own rules at its door.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use rejoinder::bot::Asset;
use rejoinder::calendar::Moment;
use rejoinder::channel::{NotSent, Outcome};
use rejoinder::engine::{Courtesy, Listing};
use rejoinder::runtime::port::{CallFailure, Clock as _, Permit, ReadMessage, SendCall, Target, Transport, Updated};
use rejoinder::tiktok::client::skew::Span;
use rejoinder::tiktok::codes::{About, outcome};
use tokio::sync::oneshot;

use crate::arrival::{serve, words};
use crate::books::{Renewing, listing, messages, updated};
use crate::evidence::{Call, Tag};
use crate::mutants::Mutant;
use crate::plan::{Ending, Step, Wrong};
use crate::time::{SECOND, thaw};
use crate::troubles::Place;
use crate::world::{Process, TOKEN, World};

/// Calls other than sends wait so long for an answer.
const PATIENCE_MS: i64 = 10 * SECOND;

/// TikTok as one process sees it.
pub struct Line {
    pub world: Arc<World>,
    pub process: Arc<Process>,
}

impl Line {
    /// What a dead process does, nobody sees.
    async fn alive(&self) {
        thaw(&self.world.time, &self.process.frozen).await;
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the call may still begin: a process that stood still sees that its time is over.
    async fn begins(&self, permit: &Permit) -> bool {
        self.alive().await;
        permit.begin().begins(self.process.clock(&self.world.time).monotonic())
    }

    /// Writes down that a call leaves; gives its number.
    fn leaves(&self, what: &'static str, target: &Target) -> usize {
        let (at, (who, comments)) = (self.world.time.now(), self.world.whose(&target.external));
        let leads = self.world.leads(&self.process);
        let mut state = self.world.lock();
        let (before, stored) = (0, None);
        let call = Call {
            at,
            left: what != "send",
            what,
            who,
            comments,
            tag: None,
            unfit: None,
            arrived: None,
            before,
            stored,
            ended: None,
            barred: None,
            leads,
        };
        state.evidence.calls.push(call);
        if what != "send" {
            let number = state.evidence.calls.len() - 1;
            state.evidence.tell(at, format_args!("call {number}: {what} {who:?}"));
        }
        state.evidence.calls.len() - 1
    }

    fn ended(&self, call: usize) {
        let now = self.world.time.now();
        self.world.lock().evidence.calls[call].ended = Some(now);
    }

    fn no_network(&self) -> bool {
        let now = self.world.time.now();
        now < self.world.lock().no_network_until || now < self.process.cut_off.load(Ordering::SeqCst)
    }

    /// An answer was read: it tells TikTok's time.
    fn note_date(&self, begun: (Moment, i64)) {
        let (ended, now) = (self.process.clock(&self.world.time).now(), self.world.time.now());
        let date = jiff::Timestamp::from_millisecond(self.world.tiktok_now().0).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let (took, at) = ((now - begun.1).unsigned_abs(), now.unsigned_abs());
        let ms = std::time::Duration::from_millis;
        self.process.skew.note(&date, Span { begun: begun.0, ended, took: ms(took), at: ms(at) });
    }

    fn begin(&self) -> (Moment, i64) {
        (self.process.clock(&self.world.time).now(), self.world.time.now())
    }

    /// What comes back of an ending that is no plain success.
    pub fn told(&self, how: Ending) -> Outcome {
        let unknown = |text: &str| Outcome::Unknown { text: text.to_owned() };
        let code = |code, text: &str| outcome(code, text, About::Other, self.process.clock(&self.world.time).now());
        match how {
            Ending::TimeOut | Ending::Hang => unknown("time-out"),
            Ending::Reset => unknown("the connection was cut"),
            Ending::HalfJson => unknown("the answer ends in its middle"),
            Ending::BadGateway => unknown("HTTP 502"),
            Ending::Code(number) => code(number, "refused"),
            Ending::TooFast => code(40_100, "App reaches the QPS limit."),
            Ending::Restricted => code(40_100, "Due to too many requests, requests from App are temporarily restricted."),
            Ending::Slow(_) => unknown("slow"),
        }
    }

    /// Does what was meant for this step; true where the process has ended.
    async fn struck(&self, struck: Vec<Wrong>, who: Option<usize>) {
        strike(&self.world, &self.process, struck, who);
        self.alive().await;
    }

    /// Uses up the committed mark of the conversation.
    fn use_mark(&self, number: usize, call: &SendCall) -> Option<Tag> {
        let now = self.process.clock(&self.world.time).now();
        let mut state = self.world.lock();
        let (who, comments) = self.world.whose(&call.target.external);
        let found = who.and_then(|who| state.marked.remove(&(who, comments)));
        let unfit = match &found {
            None => Some("there is no committed mark for it".to_owned()),
            Some((_, content)) if *content != call.outgoing.content => Some("its mark is for another content".to_owned()),
            Some(_) if now > call.not_after => Some("it leaves too late".to_owned()),
            Some(_) => None,
        };
        let tag = found.map(|(tag, _)| tag);
        let at = state.evidence.calls[number].at;
        let reply = tag.map(|tag| (tag.reply.0, tag.attempt));
        state.evidence.tell(at, format_args!("call {number}: send {who:?} {reply:?} {:?}", words(&call.outgoing.content)));
        let seen = &mut state.evidence.calls[number];
        (seen.tag, seen.unfit) = (tag, unfit);
        tag
    }

    /// One call that is no send; `work` is what TikTok does when it has it.
    async fn ordinary<T: Send>(
        &self,
        permit: Permit,
        what: &'static str,
        target: &Target,
        work: impl FnOnce(&World) -> T + Send,
    ) -> Result<T, CallFailure> {
        if !self.begins(&permit).await {
            return Err(failed(Outcome::NotSent(NotSent::Expired)));
        }
        self.made(what, target, work).await
    }

    async fn made<T: Send>(
        &self,
        what: &'static str,
        target: &Target,
        work: impl FnOnce(&World) -> T + Send,
    ) -> Result<T, CallFailure> {
        let number = self.leaves(what, target);
        let begun = self.begin();
        let struck = self.world.lock().troubles.happens(Place::Call);
        let ending = struck.iter().find_map(|wrong| match wrong {
            Wrong::Answer { how, done } => Some((*how, *done)),
            _ => None,
        });
        self.struck(struck, self.world.whose(&target.external).0).await;
        if self.no_network() {
            self.ended(number);
            return Err(failed(Outcome::NotSent(NotSent::NoConnection { text: "no route".to_owned() })));
        }
        self.world.time.sleep(self.world.draw(1, self.world.plan.way_ms)).await;
        let now = self.world.time.now();
        self.world.lock().evidence.calls[number].arrived = Some(now);
        let mut refused = self.world.too_fast().then_some(Ending::TooFast);
        let account = account_of(target);
        if what != "renew" && refused.is_none() && self.world.lock().expired.contains(&account) {
            refused = Some(Ending::Code(40_105));
        }
        let (how, done) = match refused {
            Some(how) => (Some(how), false),
            None => ending.map_or((None, true), |(how, done)| (Some(how), done)),
        };
        let result = done.then(|| work(&self.world));
        match how {
            Some(Ending::Hang) => std::future::pending::<()>().await,
            Some(Ending::TimeOut) => self.world.time.sleep(PATIENCE_MS).await,
            Some(Ending::Slow(ms)) => self.world.time.sleep(ms.min(PATIENCE_MS)).await,
            _ => self.world.time.sleep(self.world.draw(1, self.world.plan.way_ms)).await,
        }
        self.alive().await;
        self.ended(number);
        match (how, result) {
            (None | Some(Ending::Slow(_)), Some(result)) => {
                self.note_date(begun);
                Ok(result)
            }
            (how, _) => Err(failed(self.told(how.unwrap_or(Ending::Reset)))),
        }
    }
}

/// Carries out what was meant for a step of a process.
pub fn strike(world: &Arc<World>, process: &Process, struck: Vec<Wrong>, who: Option<usize>) {
    for wrong in struck {
        match wrong {
            Wrong::Crash { down_ms } => world.kill(process, down_ms, "power cut"),
            Wrong::Meanwhile(what) => {
                if let Some(who) = who {
                    world.tell(format_args!("trouble: meanwhile c{who} {what:?}"));
                    world.act(who, &what);
                }
            }
            hindered @ (Wrong::Freeze { .. } | Wrong::NoStore { .. } | Wrong::CutOff { .. }) => {
                world.strike(&this_one(hindered, process.node));
            }
            other => world.tell(format_args!("trouble: {other:?}")),
        }
    }
}

/// At a step of a process, it is this one that is hindered.
fn this_one(wrong: Wrong, node: usize) -> Wrong {
    match wrong {
        Wrong::Freeze { ms, .. } => Wrong::Freeze { node, ms },
        Wrong::NoStore { ms, .. } => Wrong::NoStore { node, ms },
        Wrong::CutOff { ms, .. } => Wrong::CutOff { node, ms },
        other => other,
    }
}

fn failed(outcome: Outcome) -> CallFailure {
    CallFailure { outcome }
}

fn account_of(target: &Target) -> usize {
    target.open_id.trim_start_matches("-shop").parse().unwrap_or(0)
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, permit: Permit, call: SendCall) -> Outcome {
        self.alive().await;
        let clock = self.process.clock(&self.world.time);
        if permit.begin().is_over(clock.monotonic()) || clock.now() > call.not_after {
            return Outcome::NotSent(NotSent::Expired);
        }
        let number = self.leaves("send", &call.target);
        let tag = self.use_mark(number, &call);
        let nth = self.world.lock().troubles.send();
        let who = self.world.whose(&call.target.external).0;
        let struck = self.world.lock().troubles.of_send(nth, Step::Begun);
        self.struck(struck, who).await;
        // As the real way: it has begun when the body leaves.
        if !self.begins(&permit).await || self.process.clock(&self.world.time).now() > call.not_after {
            self.ended(number);
            return Outcome::NotSent(NotSent::Expired);
        }
        if self.no_network() {
            self.ended(number);
            return Outcome::NotSent(NotSent::NoConnection { text: "no route".to_owned() });
        }
        let begun = self.begin();
        {
            let call = &mut self.world.lock().evidence.calls[number];
            (call.at, call.left) = (begun.1, true);
        }
        let (sender, answer) = oneshot::channel();
        let line = Arc::new(Self { world: Arc::clone(&self.world), process: Arc::clone(&self.process) });
        let timeout = i64::try_from(call.timeout.as_millis()).unwrap();
        let hangs = self.world.is(Mutant::Impatient);
        tokio::spawn(serve(line, (number, nth), tag, call, sender));
        let struck = self.world.lock().troubles.of_send(nth, Step::OnItsWay);
        self.struck(struck, who).await;
        let patience = if hangs { 300 } else { timeout };
        let outcome = tokio::select! {
            biased;
            outcome = answer => {
                self.note_date(begun);
                outcome.unwrap_or(Outcome::Unknown { text: "the connection was cut".to_owned() })
            }
            () = self.world.time.sleep(patience) => Outcome::Unknown { text: "time-out".to_owned() },
        };
        let struck = self.world.lock().troubles.of_send(nth, Step::Answered);
        self.struck(struck, who).await;
        self.ended(number);
        self.mutated(outcome)
    }

    async fn courtesy(&self, permit: Permit, target: Target, _what: Courtesy) -> Result<(), CallFailure> {
        self.ordinary(permit, "courtesy", &target, |_| ()).await
    }

    async fn upload(&self, permit: Permit, target: Target, _asset: Arc<Asset>) -> Result<String, CallFailure> {
        self.ordinary(permit, "upload", &target, |world| {
            let mut state = world.lock();
            state.ids += 1;
            let id = format!("media-{}", state.ids);
            state.media.insert(id.clone());
            id
        })
        .await
    }

    async fn list(&self, permit: Permit, target: Target) -> Result<Listing, CallFailure> {
        if self.world.is(Mutant::LooksRepeated) {
            let _ = self.made("list", &target, |_| ()).await;
        }
        let looked_at = self.process.clock(&self.world.time).now();
        let who = self.world.whose(&target.external).0;
        self.ordinary(permit, "list", &target, move |world| listing(world, who, looked_at)).await
    }

    async fn conversations(&self, permit: Permit, app: &str, open_id: &str, answered: bool) -> Result<Vec<Updated>, CallFailure> {
        let target = Target { app: app.to_owned(), open_id: open_id.to_owned(), external: Vec::new() };
        let account = account_of(&target);
        self.ordinary(permit, "conversations", &target, move |world| updated(world, account, answered)).await
    }

    async fn messages(&self, permit: Permit, target: Target) -> Result<Vec<ReadMessage>, CallFailure> {
        let received = self.process.clock(&self.world.time).now();
        let who = self.world.whose(&target.external).0;
        self.ordinary(permit, "messages", &target, move |world| messages(world, who, received)).await
    }

    async fn ask_the_time(&self, permit: Permit, target: Target) -> Result<(), CallFailure> {
        self.ordinary(permit, "time", &target, |_| ()).await
    }

    async fn images_allowed(&self, permit: Permit, target: Target) -> Result<bool, CallFailure> {
        self.ordinary(permit, "images", &target, |world| world.plan.images_allowed).await
    }

    async fn renew(&self, permit: Permit, _app: &str, open_id: &str) -> Result<(), CallFailure> {
        let target = Target { app: String::new(), open_id: open_id.to_owned(), external: Vec::new() };
        let account = account_of(&target);
        if !self.begins(&permit).await {
            return Err(failed(Outcome::NotSent(NotSent::Expired)));
        }
        let _counted = Renewing::begin(&self.world, &self.process.frozen);
        self.made("renew", &target, move |world| {
            world.lock().expired.remove(&account);
        })
        .await
    }

    fn skew_ms(&self) -> Option<i64> {
        if self.world.is(Mutant::ClocksAgree) { Some(0) } else { self.process.skew.worst_ms() }
    }
}

impl Line {
    fn mutated(&self, outcome: Outcome) -> Outcome {
        let not_sent = |text: String| Outcome::NotSent(NotSent::NoConnection { text });
        match outcome {
            Outcome::Unknown { text } if self.world.is(Mutant::TimeOutIsNotSent) || self.world.is(Mutant::Impatient) => {
                not_sent(text)
            }
            Outcome::Unknown { text } if self.world.is(Mutant::TokenInWords) => {
                Outcome::Unknown { text: format!("{text}: {TOKEN}") }
            }
            outcome => outcome,
        }
    }
}
