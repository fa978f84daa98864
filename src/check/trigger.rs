//! Triggers of one flow.

use compact_str::format_compact;

use super::expression::{Scope, Variables};
use super::settings::REPLIES_MAX;
use super::world::World;
use super::{code, regexes};
use crate::bot::{self, On};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{self, FlowItem, Phrase, Spanned};

/// Replies may leave so long after the customer's message. Source: TikTok Business Messaging API, messaging window.
const WINDOW_MS: i64 = 48 * 3_600_000;

/// A checked trigger and where it stands.
pub(super) struct Placed<'a> {
    pub trigger: bot::Trigger,
    pub tree: &'a tree::Trigger,
}

/// Checks the triggers of the flow of this index.
pub(super) fn lower<'a>(world: &World<'a>, flow: usize, item: &'a FlowItem) -> Vec<Placed<'a>> {
    let scope = Scope::new(world, Variables::None);
    let mut list = Vec::new();
    for (ordinal, tree) in item.triggers.iter().enumerate() {
        let when = tree.when.as_ref().map(|when| scope.condition(when));
        if let Some(once) = tree.once_per_ms.as_ref().filter(|once| once.value <= 0) {
            world.findings.add(Diagnostic::error(code::OUT_OF_RANGE, once.span, "`once per` takes a duration above zero"));
        }
        let Some(on) = lower_on(world, &tree.on) else { continue };
        let trigger = bot::Trigger {
            flow,
            on,
            when,
            anytime: match tree.anytime {
                None => bot::Anytime::No,
                Some(tree::Anytime::Replace) => bot::Anytime::Replace,
                Some(tree::Anytime::Resume) => bot::Anytime::Resume,
            },
            once_per_ms: tree.once_per_ms.as_ref().map(|once| once.value),
            priority: tree.priority.as_ref().map_or(0, |priority| priority.value),
            key: format_compact!("{}#{}", item.name.text, ordinal + 1),
            origin: super::origin(world.sources, tree.span),
        };
        list.push(Placed { trigger, tree });
    }
    list
}

fn lower_on(world: &World<'_>, on: &tree::On) -> Option<On> {
    let phrases = |list: &[Phrase]| world.phrases(list).into_iter().map(|(text, _)| text).collect();
    Some(match on {
        tree::On::Words(list) => On::Words(phrases(list)),
        tree::On::Exactly(list) => On::Exactly(phrases(list)),
        tree::On::Starting(list) => On::Starting(phrases(list)),
        tree::On::Like(list) => On::Like(phrases(list)),
        tree::On::Matching(regex) => On::Matching(regexes::compile(regex, &world.findings)?),
        tree::On::AnyText => On::AnyText,
        tree::On::Button(name) => {
            if !world.buttons.contains_key(name.text.as_str()) {
                world.unknown(code::UNKNOWN_BUTTON, "label named", name, world.buttons.keys().copied());
            }
            On::Button(name.text.clone())
        }
        tree::On::Image => On::Image,
        tree::On::Ad(id) => On::Ad(id.as_ref().map(|id| id.value.clone())),
        tree::On::Link(reference) => On::Link(reference.as_ref().map(|reference| reference.value.clone())),
        tree::On::FirstMessage => On::FirstMessage,
        tree::On::Fallback => On::Fallback,
        tree::On::Post => On::Post,
        tree::On::Video => On::Video,
        tree::On::Sticker => On::Sticker,
        tree::On::Emoji => On::Emoji,
        tree::On::Reaction(emoji) => On::Reaction(emoji.as_ref().and_then(|emoji| reaction(world, emoji))),
        tree::On::Unsupported => On::Unsupported,
        tree::On::Comment(form) => {
            let form = match form {
                None => On::AnyText,
                Some(form) => lower_on(world, form)?,
            };
            On::Comment(form.into())
        }
        tree::On::Return(after) => On::Return(above_zero(world, after, "on return after")),
        tree::On::WindowClosing(before) => On::WindowClosing(window_closing(world, before)),
        tree::On::RepliesLeft(count) => On::RepliesLeft(replies_left(world, count)),
        tree::On::Fault => On::Fault,
        tree::On::Broken => return None,
    })
}

fn above_zero(world: &World<'_>, duration: &Spanned<i64>, what: &str) -> i64 {
    if duration.value <= 0 {
        world.findings.add(Diagnostic::error(code::OUT_OF_RANGE, duration.span, format!("`{what}` takes a duration above zero")));
    }
    duration.value
}

fn window_closing(world: &World<'_>, before: &Spanned<i64>) -> i64 {
    if before.value >= WINDOW_MS {
        let finding = Diagnostic::error(code::OUT_OF_RANGE, before.span, "the window is never open for so long");
        world.findings.add(finding.help("TikTok takes replies for 48h after the customer's last message"));
    }
    above_zero(world, before, "on window closing in")
}

fn replies_left(world: &World<'_>, count: &Spanned<u32>) -> u32 {
    if !(1..REPLIES_MAX).contains(&count.value) {
        let finding = Diagnostic::error(code::OUT_OF_RANGE, count.span, "so many replies are never just left");
        world.findings.add(finding.help("TikTok allows ten replies: write 1 to 9"));
    }
    count.value
}

/// The emoji without skin tone; an empty one takes every reaction.
fn reaction(world: &World<'_>, emoji: &Spanned<String>) -> Option<String> {
    let plain: String = emoji.value.trim().chars().filter(|letter| !('\u{1f3fb}'..='\u{1f3ff}').contains(letter)).collect();
    if plain.is_empty() || plain.chars().any(char::is_alphanumeric) && !plain.contains('\u{20e3}') {
        let finding = Diagnostic::error(code::EMPTY_PHRASE, emoji.span, "nobody can react with this");
        world.findings.add(finding.help("write one emoji: `on reaction \"👍\"`, or `on reaction` for all"));
        return None;
    }
    Some(plain)
}
