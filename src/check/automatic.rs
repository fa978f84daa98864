//! What TikTok itself says and shows: how much of it there may be, how long it may be, and whether the bot knows of it.

use std::collections::BTreeMap;

use super::trigger::Placed;
use super::world::World;
use super::{code, kind};
use crate::bot::{Automatic, Heard, Matcher, Prompt, Rank, Suggested};
use crate::channel::rules::{self, Rule};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{SettingKind, Template};
use crate::text::fold;

/// What the bot's settings say of it.
pub(super) fn lower(world: &World<'_>) -> Automatic {
    let mut automatic = Automatic::default();
    let (mut questions, mut titles) = (Several::default(), Several::default());
    for setting in world.bot.iter().flat_map(|bot| &bot.settings) {
        match &setting.kind {
            SettingKind::Welcome(text) => {
                automatic.welcome = Some(text_of(world, text, ("a welcome", rules::WELCOME)));
            }
            SettingKind::Suggest { question, answer } => {
                let text = text_of(world, question, ("a suggested question", rules::SUGGESTED_QUESTION));
                let answer = text_of(world, answer, ("TikTok's own answer", rules::SUGGESTED_ANSWER));
                questions.add(world, &text, question.span, ("suggested questions", rules::SUGGESTED));
                automatic.suggested.push(Suggested { question: text, answer });
            }
            SettingKind::Prompt { title, content } => {
                let text = text_of(world, title, ("a prompt's title", rules::PROMPT_TITLE));
                let content = text_of(world, content, ("what a prompt writes", rules::PROMPT_CONTENT));
                titles.add(world, &text, title.span, ("prompts", rules::PROMPTS));
                automatic.prompts.push(Prompt { title: text, content });
            }
            _ => {}
        }
    }
    automatic
}

fn text_of(world: &World<'_>, template: &Template, (what, most): (&str, Rule)) -> String {
    let text = kind::literal(template).unwrap_or_default();
    let units = text.encode_utf16().count();
    if text.trim().is_empty() {
        world.findings.add(Diagnostic::error(code::EMPTY_TEXT, template.span, format!("{what} needs a text")));
    } else if units > most.most() {
        let message = format!("{what} has at most {} characters, and this has {units}", most.value);
        let finding = Diagnostic::error(code::AUTOMATIC_LENGTH, template.span, message);
        world.findings.add(finding.help("make it shorter; a character beyond the usual ones, such as an emoji, counts as two"));
    }
    text
}

/// Texts of one kind, of which there may be only so many and no two alike.
#[derive(Default)]
struct Several {
    seen: BTreeMap<String, Span>,
    count: usize,
}

impl Several {
    fn add(&mut self, world: &World<'_>, text: &str, span: Span, (what, most): (&str, Rule)) {
        self.count += 1;
        if self.count == most.most() + 1 {
            let finding = Diagnostic::error(code::AUTOMATIC_COUNT, span, format!("TikTok shows at most {} {what}", most.value));
            world.findings.add(finding.help("keep those that customers need most"));
        }
        let folded = Some(fold(text)).filter(|folded| !folded.is_empty()).unwrap_or_else(|| text.trim().to_owned());
        if folded.is_empty() {
            return;
        }
        if let Some(first) = self.seen.get(&folded) {
            let finding = Diagnostic::error(code::AUTOMATIC_TWICE, span, format!("two {what} read alike"));
            world.findings.add(finding.also(*first, "the first one").help("a customer cannot tell them apart"));
        }
        self.seen.entry(folded).or_insert(span);
    }
}

/// Questions that the bot would answer again, and prompts that it does not understand.
pub(super) fn check(world: &World<'_>, triggers: &[Placed<'_>], matcher: &Matcher) {
    let Some(bot) = world.bot else { return };
    let is_also = |kind: &SettingKind| matches!(kind, SettingKind::WhenTiktokAnswers(word) if word.text == "also");
    let also = bot.settings.iter().any(|setting| is_also(&setting.kind));
    for setting in &bot.settings {
        match &setting.kind {
            SettingKind::Suggest { question, .. } => answered_again(world, triggers, matcher, question, also),
            SettingKind::Prompt { content, .. } => unheard(world, matcher, content),
            _ => {}
        }
    }
}

fn answered_again(world: &World<'_>, triggers: &[Placed<'_>], matcher: &Matcher, question: &Template, also: bool) {
    let Some(text) = kind::literal(question) else { return };
    let hits = matcher.hits(&Heard { text: Some(&text), ..Heard::default() });
    // What takes any message takes this one too; nobody has written it for this question.
    let Some(hit) = hits.first().filter(|hit| hit.rank < Rank::Kind) else { return };
    let Some(placed) = triggers.get(hit.trigger) else { return };
    let flow = world.flows.get(placed.trigger.flow).map_or("", |flow| flow.name.text.as_str());
    let message = format!("TikTok answers this question by itself, and `{flow}` begins with it too");
    let finding = Diagnostic::note(code::ANSWERED_BY_TIKTOK, question.span, message).also(placed.tree.span, "it begins here");
    world.findings.add(finding.help(if also {
        "the customer gets both answers: `when tiktok answers also`"
    } else {
        "what the flow would send is left out; with `when tiktok answers also` the customer gets both answers"
    }));
}

fn unheard(world: &World<'_>, matcher: &Matcher, content: &Template) {
    let Some(text) = kind::literal(content).filter(|text| !text.trim().is_empty()) else { return };
    if !world.lost.is_empty() || ends_or_begins(world, &text) {
        return;
    }
    // A prompt is tapped in an empty conversation: `first message` hears it.
    let hits = matcher.hits(&Heard { text: Some(&text), first: true, ..Heard::default() });
    if hits.first().is_none_or(|hit| hit.rank == Rank::Fallback) {
        let finding = Diagnostic::warning(code::UNHEARD_PROMPT, content.span, "no flow begins with what this prompt writes");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        world.findings.add(finding.help(format!("add `on message exactly \"{words}\"` to the flow that is meant")));
    }
}

/// Whether the text is a word that stops the bot or starts it again.
fn ends_or_begins(world: &World<'_>, text: &str) -> bool {
    let folded = fold(text);
    world.bot.iter().flat_map(|bot| &bot.settings).any(|setting| match &setting.kind {
        SettingKind::OptOut { phrases, .. } | SettingKind::OptIn { phrases, .. } => {
            world.phrases(phrases).iter().any(|(phrase, _)| fold(phrase) == folded)
        }
        _ => false,
    })
}
