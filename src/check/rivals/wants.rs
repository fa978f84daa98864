//! What a trigger wants, and messages that show it.

use super::super::trigger::Placed;
use super::super::world::World;
use crate::bot::{On, Rank};
use crate::source::Span;
use crate::syntax::tree;
use crate::text::fold;

/// A message that a customer could write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Example {
    pub text: String,
    pub comment: bool,
}

/// One thing that a trigger wants: a phrase, an expression, a kind of message.
pub(super) struct Want {
    /// Index into the triggers.
    pub trigger: usize,
    pub form: Form,
    /// What makes two wants of one form the same.
    pub key: String,
    pub comment: bool,
    pub place: Span,
    /// How to speak of it.
    pub shown: String,
    /// Messages that it wants.
    pub examples: Vec<Example>,
}

/// How it wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Text(Rank),
    AnyText,
    Button,
    Kind(&'static str),
    Reaction,
    Ad,
    Link,
    Return(i64),
    First,
    Fallback,
}

/// What the trigger of this index wants.
pub(super) fn of(world: &World<'_>, index: usize, placed: &Placed<'_>) -> Vec<Want> {
    let (on, tree, comment) = match (&placed.trigger.on, &placed.tree.on) {
        (On::Comment(inner), tree::On::Comment(form)) => (&**inner, form.as_deref(), true),
        (on, tree) => (on, Some(tree), false),
    };
    let want = |form: Form, key: String, place: Span, shown: String, examples: Vec<String>| Want {
        trigger: index,
        form,
        key,
        comment,
        place,
        shown,
        examples: examples.into_iter().map(|text| Example { text, comment }).collect(),
    };
    let span = placed.tree.span;
    let one = |form: Form, key: &str, shown: &str| vec![want(form, key.to_owned(), span, shown.to_owned(), Vec::new())];
    let phrases = |rank: Rank, list: Option<&[tree::Phrase]>| -> Vec<Want> {
        let all = list.map(|list| world.phrases(list)).unwrap_or_default();
        let folded = all.into_iter().map(|(text, place)| (fold(&text), text, place)).filter(|(folded, ..)| !folded.is_empty());
        folded.map(|(folded, text, place)| want(Form::Text(rank), folded, place, format!("`{text}`"), vec![text])).collect()
    };
    match on {
        On::Words(_) | On::Exactly(_) | On::Starting(_) | On::Like(_) => match tree {
            Some(tree::On::Words(list)) => phrases(Rank::Words, Some(list)),
            Some(tree::On::Exactly(list)) => phrases(Rank::Exactly, Some(list)),
            Some(tree::On::Starting(list)) => phrases(Rank::Starting, Some(list)),
            Some(tree::On::Like(list)) => phrases(Rank::Like, Some(list)),
            _ => Vec::new(),
        },
        On::Matching(regex) => {
            let Some(tree::On::Matching(tree)) = tree else { return Vec::new() };
            let key = format!("{}/{}", tree.source, tree.flags);
            vec![want(Form::Text(Rank::Matching), key, tree.span, format!("`/{}/`", tree.source), regex.samples())]
        }
        On::AnyText if comment => one(Form::AnyText, "", "any comment"),
        On::AnyText => one(Form::AnyText, "", "any text"),
        On::Button(name) => one(Form::Button, name, &format!("the button `{name}`")),
        On::Image => one(Form::Kind("image"), "", "an image"),
        On::Post => one(Form::Kind("post"), "", "a post"),
        On::Video => one(Form::Kind("video"), "", "a video"),
        On::Sticker => one(Form::Kind("sticker"), "", "a sticker"),
        On::Emoji => one(Form::Kind("emoji"), "", "an emoji of TikTok's"),
        On::Unsupported => one(Form::Kind("unsupported"), "", "an unsupported message"),
        On::Reaction(None) => one(Form::Reaction, "", "a reaction"),
        On::Reaction(Some(emoji)) => one(Form::Reaction, &fold(emoji), &format!("the reaction `{emoji}`")),
        On::Ad(id) => one(Form::Ad, id.as_deref().unwrap_or_default(), "this ad"),
        On::Link(name) => one(Form::Link, name.as_deref().unwrap_or_default(), "this link"),
        On::Return(ms) => one(Form::Return(*ms), "", "a return after so long"),
        On::FirstMessage => one(Form::First, "", "the first message"),
        On::Fallback => one(Form::Fallback, "", "an unmatched message"),
        // They start nothing that a customer wrote; several may run.
        On::WindowClosing(_) | On::RepliesLeft(_) | On::Fault | On::Comment(_) => Vec::new(),
    }
}
