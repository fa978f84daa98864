//! TikTok's side of the webhooks: what happened, as JSON, brought until it is answered with 200.

use std::sync::Arc;

use bytes::Bytes;
use rejoinder::runtime::port::{Clock as _, Meaning};
use rejoinder::tiktok;
use rejoinder::tiktok::signature::{self, Signer};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::evidence::{Key, Post};
use crate::mutants::Mutant;
use crate::plan::{EchoWrong, What, Wrong};
use crate::time::{HOUR, SECOND};
use crate::troubles::Place;
use crate::world::{APP, APP_SECRET, Said, Side, World, source_of};

/// TikTok waits so long for an answer.
const PATIENCE_MS: i64 = 10 * SECOND;
pub const GIVEN_UP_MS: i64 = 72 * HOUR;
const LONGEST_WAIT_MS: i64 = 2 * HOUR;

impl World {
    fn base(&self, who: usize, from_customer: bool) -> Value {
        let person = json!({"id": Self::person(who), "role": "personal_account"});
        let business = json!({"id": Self::open_id(self.plan.customers[who]), "role": "business_account"});
        let (from, to) = if from_customer { (person, business) } else { (business, person) };
        json!({
            "from": "a", "to": "b", "unique_identifier": Self::person(who), "from_user": from, "to_user": to,
            "conversation_id": Self::external(who),
        })
    }

    fn body(&self, who: usize, event: &str, content: &Value) -> Bytes {
        let body = json!({
            "client_key": APP,
            "event": event,
            "create_time": self.tiktok_now().0 / 1_000,
            "user_openid": Self::open_id(self.plan.customers[who]),
            "content": content.to_string(),
        });
        Bytes::from(body.to_string())
    }

    /// The content of a message of either side.
    pub fn content(&self, who: usize, said: &Said) -> Value {
        let mut content = self.base(who, said.side == Side::Customer);
        content["message_id"] = json!(said.id);
        content["timestamp"] = json!(said.at.0);
        content["type"] = json!(said.kind);
        match said.kind {
            "text" => content["text"] = json!({"body": said.text}),
            "image" => content["image"] = json!({"media_id": "media-1"}),
            "sticker" => content["sticker"] = json!({"url": "https://p16.example/x"}),
            "template" => content["template"] = json!({"type": "qa_button_card", "elements": [{"title": said.text}]}),
            "share_post" => content["share_post"] = json!({"embed_url": "https://p.example/1"}),
            _ => {}
        }
        content
    }

    pub fn customer_says(self: &Arc<Self>, who: usize, kind: &'static str, text: &str, pressed: Option<(&str, &str)>) {
        let first = self.lock().customers[who].said.is_empty();
        let said = self.say(who, Side::Customer, kind, text);
        if self.is_unnamed(who) {
            self.poke(who, said);
            return;
        }
        let mut content = self.content(who, &said);
        if let Some((of, id)) = pressed {
            content["reply_source_payload"] = json!({"reply_source_msg_id": of, "reply_source_unique_id": id});
        }
        self.post(who, Key::Message(said.id), self.body(who, "im_receive_msg", &content), 0);
        if first && self.plan.greets {
            self.act(who, &What::Automatic("WELCOME_MESSAGE"));
        }
    }

    fn is_unnamed(&self, who: usize) -> bool {
        self.plan.unnamed.contains(&who)
    }

    /// Somebody wrote: neither who nor what.
    fn poke(self: &Arc<Self>, who: usize, said: Said) {
        let business = json!({"id": Self::open_id(self.plan.customers[who]), "role": "business_account"});
        let content = json!({"to": "b", "to_user": business, "timestamp": said.at.0});
        self.post(who, Key::Poke(said.id), self.body(who, "im_receive_msg_eu", &content), 0);
    }

    pub fn react(self: &Arc<Self>, who: usize) {
        let newest = self.lock().customers[who].said.last().map(|said| said.id.clone());
        let (Some(of), at) = (newest, self.tiktok_now()) else { return };
        let mut content = self.base(who, true);
        // It carries the id of what it points to.
        content["message_id"] = json!(of);
        content["timestamp"] = json!(at.0);
        content["type"] = json!("reaction");
        content["reaction"] =
            json!([{"operation": "ADD", "type": "EMOJI", "emoji": "👍", "timestamp": at.0, "original_msg_id": of}]);
        self.tell(format_args!("c{who} reacts to {of}"));
        self.post(who, Key::Other, self.body(who, "im_receive_msg", &content), 0);
    }

    pub fn refer(self: &Arc<Self>, who: usize) {
        let at = self.tiktok_now().0;
        let mut content = self.base(who, true);
        content["timestamp"] = json!(at);
        content["referral"] = json!({"source": "ad", "ad": {"ad_id": "a1", "ad_name": "Shoes", "timestamp": at}});
        self.tell(format_args!("c{who} comes from an ad"));
        self.post(who, Key::Referral(at), self.body(who, "im_referral_msg", &content), 0);
    }

    pub fn read(self: &Arc<Self>, who: usize) {
        let Some(at) = self.lock().customers[who].said.last().map(|said| said.at.0) else { return };
        let mut content = self.base(who, true);
        content["timestamp"] = json!(at);
        content["read"] = json!({"last_read_timestamp": at});
        self.post(who, Key::Other, self.body(who, "im_mark_read_msg", &content), 0);
    }

    pub fn comment(self: &Arc<Self>, who: usize, text: &str) {
        let at = self.tiktok_now();
        let mut state = self.lock();
        state.ids += 1;
        let id = format!("k{}", state.ids);
        state.customers[who].commented.insert(id.clone(), at);
        drop(state);
        let mut content = self.base(who, true);
        content["timestamp"] = json!(at.0);
        content["comment_id"] = json!(id);
        content["comment_text"] = json!(text);
        self.tell(format_args!("c{who} comments {text:?} ({id})"));
        self.post(who, Key::Comment(id), self.body(who, "im_receive_high_intent_comment", &content), 0);
    }

    pub fn gibberish(self: &Arc<Self>, who: usize, nth: usize) {
        let open_id = Self::open_id(self.plan.customers[who]);
        let bodies = [
            "{\"event\":\"im_receive_msg\"".to_owned(),
            json!({"event": "im_something_new", "user_openid": open_id, "content": "{}"}).to_string(),
            json!({"event": "im_receive_msg", "user_openid": "-nobody", "content": "{}"}).to_string(),
            format!(r#"{{"event":"im_receive_msg","user_openid":"{open_id}","content":"{{\"text\":{{\"body\":\"\ud800\"}}}}"}}"#),
            format!(r#"{{"event":"im_receive_msg","user_openid":"{open_id}","content":"{{\"a\":\"\u0000\"}}"}}"#),
            json!({"event": "im_receive_msg", "user_openid": open_id, "content": "\\ud83d".repeat(25_000)}).to_string(),
        ];
        self.post(who, Key::Other, Bytes::from(bodies[nth % bodies.len()].clone()), 0);
    }

    /// The webhook of a business-side message; `wrong` where the story says so already.
    pub fn echo(self: &Arc<Self>, who: usize, said: &Said, wrong: Option<EchoWrong>) {
        let mut content = self.content(who, said);
        if wrong != Some(EchoWrong::NoSource) {
            content["message_tag"] = json!({"source": source_of(&said.side).0});
        }
        if let Side::Automatic(word) = said.side {
            content["auto_message_type"] = json!(word);
        }
        let mut id = said.id.clone();
        if wrong == Some(EchoWrong::OtherId) {
            id += "x";
            content["message_id"] = json!(id);
        }
        let delay = match wrong {
            Some(EchoWrong::Never) => return,
            Some(EchoWrong::Before) => 0,
            Some(EchoWrong::Late(ms)) => ms,
            _ => self.draw(0, 1_500),
        };
        let body = self.body(who, "im_send_msg", &content);
        if wrong == Some(EchoWrong::Twice) {
            self.post(who, Key::Echo(id.clone()), body.clone(), delay);
        }
        self.post(who, Key::Echo(id), body, delay);
    }

    /// Sends a webhook off: it is brought until it is answered with 200, for 72 hours. Of whom TikTok does not name it tells
    /// nothing else.
    fn post(self: &Arc<Self>, who: usize, key: Key, body: Bytes, delay: i64) {
        if self.is_unnamed(who) && !matches!(key, Key::Poke(_)) {
            return;
        }
        let at = self.time.now();
        let mut state = self.lock();
        let nth = state.evidence.posts.len();
        state.evidence.posts.push(Post { at, who, key, tries: Vec::new(), given_up: false });
        let struck = state.troubles.happens(Place::Webhook);
        drop(state);
        let (mut delay, mut lost, mut again) = (delay, false, None);
        for wrong in struck {
            self.tell(format_args!("trouble: webhook {nth}: {wrong:?}"));
            match wrong {
                Wrong::Late { ms } => delay += ms,
                Wrong::Twice { ms } => again = Some(ms),
                Wrong::AnswerLost => lost = true,
                _ => {}
            }
        }
        // TikTok tries for so long, whatever befalls a webhook.
        let delay = delay.min(GIVEN_UP_MS);
        if let Some(ms) = again {
            tokio::spawn(Arc::clone(self).bring(nth, body.clone(), (delay + ms).min(GIVEN_UP_MS), false));
        }
        tokio::spawn(Arc::clone(self).bring(nth, body, delay, lost));
    }

    async fn bring(self: Arc<Self>, nth: usize, body: Bytes, delay: i64, lost: bool) {
        self.time.sleep(delay + self.draw(1, 40)).await;
        let (begun, mut wait, mut lost) = (self.time.now(), SECOND, lost);
        loop {
            let mut status = self.try_once(nth, &body).await;
            if status == Some(200) && std::mem::take(&mut lost) {
                status = None;
            }
            let now = self.time.now();
            self.tried(nth, now, status);
            if status == Some(200) {
                return;
            }
            if now - begun > GIVEN_UP_MS {
                self.lock().evidence.posts[nth].given_up = true;
                return;
            }
            self.time.sleep(wait + self.draw(0, wait / 4)).await;
            wait = (wait * 3).min(LONGEST_WAIT_MS);
        }
    }

    fn tried(&self, nth: usize, now: i64, status: Option<u16>) {
        let mut state = self.lock();
        state.evidence.posts[nth].tries.push((now, status));
        if status != Some(200) {
            state.evidence.tell(now, format_args!("webhook {nth}: {status:?}"));
        }
    }

    /// One try; `None` where no answer came.
    async fn try_once(self: &Arc<Self>, nth: usize, body: &Bytes) -> Option<u16> {
        let now = self.time.now();
        if now < self.lock().unreachable_until {
            return None;
        }
        let (process, handle) = self.anyone()?;
        let signed = signature::sign(APP_SECRET, self.tiktok_now().0.div_euclid(1_000), body);
        let (clock, skew_ms) = (process.clock(&self.time), process.skew.worst_ms());
        let secret = SecretString::from(APP_SECRET.to_owned());
        let signer = Signer { app: APP.to_owned(), secret, age_max_ms: signature::AGE_MAX_MS };
        if let Err(error) = signature::verify(std::slice::from_ref(&signer), Some(signed.as_bytes()), body, clock.now(), skew_ms)
        {
            self.tell(format_args!("401: {error}"));
            handle.doubt_the_clock();
            return Some(401);
        }
        let mut delivery = tiktok::delivery(APP, clock.now(), body.clone());
        self.mutate(&mut delivery.meaning);
        if self.is(Mutant::AnswerBeforeCommit) {
            tokio::spawn(async move { handle.deliver(delivery).await });
            return Some(200);
        }
        if self.is(Mutant::SeenBeforeCommitted) && self.lock().refused.contains(&nth) {
            return Some(200);
        }
        let status = tokio::select! {
            biased;
            () = process.ended() => None,
            done = handle.deliver(delivery) => (!process.is_dead()).then_some(if done.is_ok() { 200 } else { 503 }),
            () = self.time.sleep(PATIENCE_MS) => None,
        };
        if status != Some(200) {
            self.lock().refused.insert(nth);
        }
        status
    }

    fn mutate(&self, meaning: &mut Meaning) {
        use rejoinder::engine::{EchoSource, Input};
        let Meaning::Input { key, input, .. } = meaning else { return };
        if self.is(Mutant::NoKeys) {
            *key = None;
        }
        if let Input::Message(message) = input
            && self.is(Mutant::LateRenews)
        {
            message.at = message.received;
        }
        if let Input::Echo(echo) = input {
            if self.is(Mutant::ColleaguesUnknown) && matches!(echo.source, EchoSource::App | EchoSource::Web) {
                echo.source = EchoSource::Api;
            }
            if self.is(Mutant::EchoOfAColleague) && echo.source == EchoSource::Api {
                echo.source = EchoSource::App;
            }
            if self.is(Mutant::EchoesOfThePast) {
                echo.at = echo.at.plus_ms(-60 * HOUR);
            }
        }
    }
}
