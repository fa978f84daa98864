//! What simulated people do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::calendar::Moment;

use super::Simulator;
use super::api::CODE_LIFE_MS;
use super::fault::{Fault, FaultKind, Ordered};
use super::people::{Auto, AutoKind, Code, Comment, Content, Customer, Media, Message, Pressed, Side, Source, is_eu};
use super::steps::{Click, Colleague, Disconnect, NewComment, NewCustomer, Raw, Read, Refer, Refusal, Said, Write, refuse};
use super::world::{CUSTOMERS_MAX, Draft, Hook, World};

/// The smallest PNG: one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
const TEXT_MAX: usize = 200_000;

fn account(world: &World, id: Option<&str>) -> Result<usize, Refusal> {
    let Some(id) = id else {
        return if world.accounts.is_empty() { refuse("there is no account", "start with one") } else { Ok(0) };
    };
    let found = world.accounts.iter().position(|account| account.business_id == id);
    found.map_or_else(|| refuse(format!("no account `{id}`"), "GET /sim/v1/accounts lists them"), Ok)
}

fn customer(world: &World, name: &str) -> Result<usize, Refusal> {
    let found = world.customers.iter().position(|customer| customer.handle == name || customer.id == name);
    found.map_or_else(|| refuse(format!("no customer `{name}`"), "POST /sim/v1/customers makes one, GET lists them"), Ok)
}

fn pair(world: &mut World, name: &str, id: Option<&str>, now: Moment) -> Result<usize, Refusal> {
    let (account, customer) = (account(world, id)?, customer(world, name)?);
    Ok(world.conversation(account, customer, now))
}

fn said(world: &World, conversation: usize, message: Option<Message>) -> Result<Said, Refusal> {
    match (world.conversations.get(conversation), message) {
        (Some(found), Some(message)) => {
            Ok(Said { conversation: found.handle.clone(), conversation_id: found.id.clone(), message })
        }
        _ => refuse("the conversation is gone", "it was reset meanwhile"),
    }
}

impl Simulator {
    /// # Errors
    /// Too many customers, or a country that is none.
    pub fn add_customer(&self, new: NewCustomer) -> Result<Customer, Refusal> {
        let country = new.country.unwrap_or_else(|| "EG".to_owned()).to_uppercase();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return refuse(format!("`{country}` is no country"), "two letters, as in `EG`");
        }
        self.with(|world, now| {
            if world.customers.len() >= CUSTOMERS_MAX {
                return refuse(format!("there are {CUSTOMERS_MAX} customers already"), "POST /sim/v1/reset");
            }
            let n = world.customers.len() + 1;
            let customer = Customer {
                handle: format!("c{n}"),
                id: world.rng.person(),
                name: new.name.unwrap_or_else(|| format!("Customer {n}")),
                username: format!("customer.{n}"),
                eu: new.eu.unwrap_or_else(|| is_eu(&country)),
                country,
                language: new.language.unwrap_or_else(|| "ar".to_owned()),
                follower: new.follower.unwrap_or(true),
            };
            world.customers.push(customer.clone());
            world.note(now, "customer", None);
            Ok(customer)
        })
    }

    /// A customer writes; the webhook is queued.
    ///
    /// # Errors
    /// Unknown customer, account or kind; a text that is missing or above 200 000 bytes.
    pub fn write(&self, write: Write) -> Result<Said, Refusal> {
        self.with(|world, now| {
            let conversation = pair(world, &write.customer, write.account.as_deref(), now)?;
            let content = written(world, conversation, now, &write)?;
            let quote = write.quote.filter(|_| !matches!(content, Content::Reaction { .. }));
            let first = world.conversations.get(conversation).is_some_and(|c| c.standing.last_customer.is_none());
            let asked = if let Content::Text { body } = &content { body.clone() } else { String::new() };
            let message = world.say(conversation, now, Draft { quote, ..Draft::customer(content) });
            if let Some(message) = &message {
                world.announce(conversation, now, message);
            }
            if first {
                welcome(world, conversation, now);
            }
            suggested(world, conversation, now, &asked);
            said(world, conversation, message)
        })
    }

    /// A customer presses a button; what arrives is the button's title as the customer's text.
    ///
    /// # Errors
    /// Unknown customer or account; no such card or button.
    pub fn click(&self, click: Click) -> Result<Said, Refusal> {
        self.with(|world, now| {
            let conversation = pair(world, &click.customer, click.account.as_deref(), now)?;
            let found = world.conversations.get(conversation);
            let mut cards = found.into_iter().flat_map(|found| found.timeline.iter().rev());
            let card = cards.find(|message| {
                let is_card = matches!(message.content, Content::Template { .. });
                is_card && click.message_id.as_ref().is_none_or(|id| *id == message.id)
            });
            let Some((message_id, Content::Template { buttons, .. })) = card.map(|card| (&card.id, &card.content)) else {
                return refuse("no such card in this conversation", "GET /sim/v1/conversations/{id} shows its cards");
            };
            let number = click.button.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let button = buttons
                .iter()
                .find(|button| button.id.as_ref() == Some(&click.button) || button.title == click.button)
                .or_else(|| buttons.get(number?));
            let Some(button) = button else {
                let titles: Vec<&str> = buttons.iter().map(|button| button.title.as_str()).collect();
                return refuse(format!("no button `{}`", click.button), format!("it has: {}", titles.join(", ")));
            };
            let pressed = Some(Pressed { message_id: message_id.clone(), button_id: button.id.clone() });
            let content = Content::Text { body: button.title.clone() };
            let message = world.say(conversation, now, Draft { pressed, ..Draft::customer(content) });
            if let Some(message) = &message {
                world.announce(conversation, now, message);
            }
            said(world, conversation, message)
        })
    }

    /// A colleague (or an automatic message) writes; the echo is queued. TikTok's app is not barred by the rules.
    ///
    /// # Errors
    /// Unknown customer or account.
    pub fn colleague(&self, colleague: Colleague) -> Result<Said, Refusal> {
        self.with(|world, now| {
            let conversation = pair(world, &colleague.customer, colleague.account.as_deref(), now)?;
            let default = if colleague.auto.is_some() { Source::Others } else { Source::App };
            let source = colleague.source.unwrap_or(default);
            let content = Content::Text { body: colleague.text };
            let message = business(world, conversation, now, content, source, colleague.auto);
            said(world, conversation, message)
        })
    }

    /// # Errors
    /// Unknown customer or account.
    pub fn refer(&self, refer: Refer) -> Result<(), Refusal> {
        self.with(|world, now| {
            let conversation = pair(world, &refer.customer, refer.account.as_deref(), now)?;
            let Some(found) = world.conversations.get_mut(conversation) else { return Ok(()) };
            let (at, account) = (found.stamp(now), found.account);
            if found.origins.len() >= 50 {
                found.origins.pop_front();
            }
            found.origins.push_back((at, refer.from.clone()));
            if let Some(ends) = world.ends(conversation).filter(|ends| !ends.customer.eu) {
                let content = ends.referral(at, &refer.from);
                tell(world, account, conversation, now, "im_referral_msg", content);
            }
            world.note(now, "referral", Some(conversation));
            Ok(())
        })
    }

    /// # Errors
    /// Unknown customer or account.
    pub fn read(&self, read: Read) -> Result<(), Refusal> {
        self.with(|world, now| {
            let conversation = pair(world, &read.customer, read.account.as_deref(), now)?;
            let Some(found) = world.conversations.get_mut(conversation) else { return Ok(()) };
            let account = found.account;
            let newest = found.timeline.back().map_or(now, |message| message.at.max(now));
            let up_to = read.up_to.unwrap_or(newest);
            let sent = found.timeline.iter_mut().filter(|message| message.from == Side::Business);
            sent.filter(|message| message.at <= up_to).for_each(|message| message.read = true);
            if let Some(ends) = world.ends(conversation).filter(|ends| !ends.customer.eu) {
                let content = ends.read(now, up_to);
                tell(world, account, conversation, now, "im_mark_read_msg", content);
            }
            world.note(now, "read", Some(conversation));
            Ok(())
        })
    }

    /// Gives the comment's id, for a direct reply.
    ///
    /// # Errors
    /// Unknown customer or account.
    pub fn comment(&self, new: NewComment) -> Result<String, Refusal> {
        self.with(|world, now| {
            let account = account(world, new.account.as_deref())?;
            let customer = customer(world, &new.customer)?;
            let id = world.rng.number();
            if world.comments.len() >= 1_000 {
                world.comments.pop_front();
            }
            world.comments.push_back(Comment { id: id.clone(), account, customer, at: now, answered: false });
            let (Some(to), Some(from)) = (world.accounts.get(account), world.customers.get(customer)) else {
                return refuse("no such customer", "GET /sim/v1/customers");
            };
            let content = json!({
                "from": from.username,
                "to": to.username,
                "unique_identifier": from.id,
                "from_user": {"id": from.id, "role": "personal_account"},
                "to_user": {"id": to.business_id, "role": "business_account"},
                "comment_id": id,
                "comment_text": new.text,
                "is_follower": from.follower,
                "timestamp": now,
            });
            if to.direct_reply {
                let event = "im_receive_high_intent_comment";
                let hook = Hook { account, event, content, conversation: None, message_id: None, due: now, in_order: false };
                world.post(now, hook);
            }
            Ok(id)
        })
    }

    /// # Errors
    /// No body, or one that is not base64.
    pub fn raw(&self, raw: Raw) -> Result<u64, Refusal> {
        let body = match (raw.body, raw.body_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => match STANDARD.decode(text) {
                Ok(bytes) => bytes,
                Err(error) => return refuse(format!("not base64: {error}"), "`body` takes text"),
            },
            _ => return refuse("one of `body` and `body_base64`", "the bytes are signed as they are"),
        };
        self.with(|world, now| {
            let content = Value::Null;
            let (event, in_order) = ("raw", false);
            let hook = Hook { account: 0, event, content, conversation: None, message_id: None, due: now, in_order };
            Ok(world.post_body(now, Bytes::from(body), hook))
        })
    }

    /// Jumps forward.
    ///
    /// # Errors
    /// A clock that cannot be pushed; a negative jump or one above ten years.
    pub fn advance(&self, ms: i64) -> Result<Moment, Refusal> {
        let Some(advance) = &self.shared.options.advance else {
            return refuse("this clock cannot be pushed", "start the simulator over one that can");
        };
        if !(0..=315_360_000_000).contains(&ms) {
            return refuse(format!("{ms} ms is no jump"), "from 0 to 315360000000 (ten years)");
        }
        advance(ms);
        self.with(|world, now| {
            world.note(now, "time", None);
            Ok(now)
        })
    }

    /// Orders a fault; gives its number.
    ///
    /// # Errors
    /// Too many wait.
    pub fn fault(&self, fault: Fault) -> Result<u64, Refusal> {
        self.with(|world, now| {
            if fault.kind == FaultKind::ExpiredToken {
                let tokens = world.accounts.iter_mut().flat_map(|account| &mut account.tokens);
                tokens.for_each(|token| token.expires = token.expires.min(now));
                return Ok(0);
            }
            let ordered = world.faults.order(fault);
            ordered.map_or_else(|| refuse("too many faults wait", "DELETE /sim/v1/faults takes them back"), Ok)
        })
    }

    #[must_use]
    pub fn faults(&self) -> Vec<Ordered> {
        self.with(|world, _| world.faults.waiting().to_vec())
    }

    /// Takes back one fault or all; gives how many.
    pub fn clear_faults(&self, id: Option<u64>) -> usize {
        self.with(|world, _| world.faults.cancel(id))
    }

    /// Forgets people, conversations, records, faults and what waits for delivery; keeps accounts, tokens, webhook addresses
    /// and the time.
    pub fn reset(&self) {
        self.with(|world, now| {
            world.customers.clear();
            world.conversations.clear();
            world.by_id.clear();
            world.media.clear();
            world.comments.clear();
            world.queue.clear();
            world.faults.cancel(None);
            world.calls.clear();
            world.deliveries.clear();
            world.violations.clear();
            world.epoch += 1;
            world.note(now, "reset", None);
        });
    }

    /// # Errors
    /// Unknown account.
    pub fn disconnect(&self, gone: Disconnect) -> Result<(), Refusal> {
        self.with(|world, now| {
            let at = account(world, gone.account.as_deref())?;
            if let Some(account) = world.accounts.get_mut(at) {
                account.refresh = None;
                account.tokens.iter_mut().for_each(|token| token.revoked = true);
            }
            let content = json!({"reason": gone.reason.unwrap_or(1)});
            let event = "authorization.removed";
            world
                .post(now, Hook { account: at, event, content, conversation: None, message_id: None, due: now, in_order: false });
            Ok(())
        })
    }

    /// A code for `tt_user/oauth2/token/`, as the browser would bring it back; good for ten minutes and one use.
    ///
    /// # Errors
    /// Unknown account.
    pub fn auth_code(&self, id: Option<&str>) -> Result<String, Refusal> {
        self.with(|world, now| {
            let at = account(world, id)?;
            let code = world.rng.auth_code();
            if let Some(account) = world.accounts.get_mut(at) {
                account.code = Some(Code { value: code.clone(), until: now.plus_ms(CODE_LIFE_MS), redirect: None });
            }
            Ok(code)
        })
    }
}

fn tell(world: &mut World, account: usize, conversation: usize, now: Moment, event: &'static str, content: Value) {
    let conversation = Some(conversation);
    world.post(now, Hook { account, event, content, conversation, message_id: None, due: now, in_order: true });
}

fn business(
    world: &mut World,
    conversation: usize,
    now: Moment,
    content: Content,
    source: Source,
    auto: Option<AutoKind>,
) -> Option<Message> {
    let message = world.say(conversation, now, Draft { auto, ..Draft::business(content, source) })?;
    world.echo(conversation, now, &message, now);
    Some(message)
}

/// The account's welcome message, where one is there and switched on.
fn welcome(world: &mut World, conversation: usize, now: Moment) {
    let account = world.conversations.get(conversation).and_then(|found| world.accounts.get(found.account));
    let kind = AutoKind::WelcomeMessage;
    let Some(account) = account.filter(|account| account.autos_on.contains(&kind)) else { return };
    let text = account.autos.iter().find(|auto| auto.kind == kind).and_then(|auto| auto.content.get("content")?.as_str());
    if let Some(body) = text.map(str::to_owned) {
        business(world, conversation, now, Content::Text { body }, Source::Others, Some(kind));
    }
}

/// TikTok's own answer to a suggested question, where one is there, shown, and asked word for word, as by tapping it.
fn suggested(world: &mut World, conversation: usize, now: Moment, asked: &str) {
    let account = world.conversations.get(conversation).and_then(|found| world.accounts.get(found.account));
    let kind = AutoKind::SuggestedQuestion;
    let Some(account) = account.filter(|account| account.autos_on.contains(&kind)) else { return };
    let text = |auto: &Auto, name| auto.content.get(name).and_then(Value::as_str).map(str::to_owned);
    let tapped =
        account.autos.iter().find(|auto| auto.kind == kind && !auto.disabled && text(auto, "question").as_deref() == Some(asked));
    if let Some(body) = tapped.and_then(|auto| text(auto, "answer")) {
        business(world, conversation, now, Content::Text { body }, Source::Others, Some(kind));
    }
}

fn written(world: &mut World, conversation: usize, now: Moment, write: &Write) -> Result<Content, Refusal> {
    let text = || match write.text.as_deref() {
        Some(text) if text.len() > TEXT_MAX => refuse("the text is too long", "at most 200 000 bytes"),
        Some(text) => Ok(text.to_owned()),
        None => refuse("`text` is missing", "for example \"text\": \"hello\""),
    };
    let media = |id: &str, kind: &str| format!("https://p16.tiktokcdn.example/{id}.{kind}");
    Ok(match write.kind.as_deref().unwrap_or("text") {
        "text" => Content::Text { body: text()? },
        "image" => {
            let bytes = STANDARD.decode(write.file.as_deref().unwrap_or(PIXEL));
            let Ok(bytes) = bytes else { return refuse("`file` is not base64", "leave it out for a small image") };
            let id = world.rng.media();
            let account = world.conversations.get(conversation).map_or(0, |found| found.account);
            let until = now.plus_ms(super::api::MEDIA_LIFE_MS);
            world.keep_media(Media { id: id.clone(), account, bytes: bytes.into(), until });
            Content::Image { media_id: id }
        }
        "video" => Content::Video { media_id: world.rng.media() },
        "sticker" => {
            let expires = now.0.div_euclid(1000) + 2_592_000;
            Content::Sticker { url: format!("{}?x-expires={expires}", media(&world.rng.media(), "webp")) }
        }
        "emoji" => Content::Emoji { url: media(&world.rng.media(), "webp") },
        "share_post" => Content::SharePost { item_id: world.rng.number() },
        "reaction" => {
            let Some(to) = write.quote.clone() else {
                return refuse("`quote` is missing", "the id of the message that the reaction belongs to");
            };
            Content::Reaction { emoji: text()?, to, removed: false }
        }
        other => {
            let help = "text, image, video, sticker, emoji, share_post, reaction";
            return refuse(format!("no type `{other}`"), help);
        }
    })
}
