//! Every item but flows and tests.

use crate::syntax::duration;
use crate::syntax::print::{in_order, pieces, rank, text_span};
use crate::syntax::tree::{
    BotItem, Field, HoursRow, Item, Name, Phrase, Setting, SettingKind, Spanned, Template, Text, WaitClause, WaitClauseKind,
};

use super::quotes::{quoted, word};
use super::texts::{expression, kind, name, phrases, plain, plains, template_of, text};
use super::{Entry, Yaml, flows, steps, tests, union};

pub fn item(item: &Item) -> Vec<Entry> {
    match item {
        Item::Bot(bot) => self::bot(bot),
        Item::Words(words) => vec![name("words", &words.name), phrases("phrases", &words.phrases)],
        Item::Contact(contact) => {
            let fields = contact.fields.iter().map(field).collect();
            vec![Entry::new("contact", Yaml::Map(fields), contact.span)]
        }
        Item::Hours(hours) => {
            let rows: Vec<Entry> = hours.rows.iter().filter_map(row).collect();
            let span = union(rows.iter().filter_map(|row| row.span));
            let mut entries = vec![name("hours", &hours.name)];
            if !rows.is_empty() {
                entries.push(Entry::new("rows", Yaml::List(rows), span));
            }
            entries
        }
        Item::Team(team) => {
            let mut entries = vec![name("team", &team.name)];
            entries.extend(team.hours.as_ref().map(|hours| name("hours", hours)));
            entries.extend(team.notify.as_ref().map(|address| plain("notify", address)));
            entries
        }
        Item::Texts(texts) => vec![name("texts", &texts.name), text("text", &texts.text)],
        Item::Flow(flow) => flows::flow(flow),
        Item::Test(test) => tests::test(test),
        Item::Broken(_) => Vec::new(),
    }
}

fn bot(bot: &BotItem) -> Vec<Entry> {
    let mut settings: Vec<&Setting> = bot.settings.iter().filter(|setting| setting.kind != SettingKind::Broken).collect();
    settings.sort_by_key(|setting| rank(&setting.kind));
    let mut entries = vec![plain("bot", &bot.name)];
    let mut lists: Vec<Entry> = Vec::new();
    for setting in settings {
        let (key, value) = self::setting(&setting.kind);
        // Several lines of one kind are one list.
        if let Some(Entry { value: Yaml::List(before), .. }) = lists.iter_mut().find(|entry| entry.key == key)
            && let Yaml::List(more) = value
        {
            before.extend(more);
            continue;
        }
        let entry = Entry::new(key, value, setting.span);
        lists.push(entry);
    }
    entries.extend(lists);
    entries
}

pub fn time(ms: &Spanned<i64>) -> Yaml {
    Yaml::Scalar(word(&duration::print(ms.value)))
}

pub fn count(count: &Spanned<u32>) -> Yaml {
    Yaml::Scalar(count.value.to_string())
}

fn setting(kind: &SettingKind) -> (&'static str, Yaml) {
    let word_of = |name: &Name| Yaml::Scalar(word(&name.text));
    match kind {
        SettingKind::Languages(tags) => {
            let tags = tags.iter().map(|tag| Entry::new("", Yaml::Scalar(word(&tag.value)), tag.span)).collect();
            ("languages", Yaml::List(tags))
        }
        SettingKind::Timezone(zone) => ("timezone", plain("", zone).value),
        SettingKind::Reserve(replies) => ("reserve", count(replies)),
        SettingKind::OnShortBudget(what) => ("short_budget", word_of(what)),
        SettingKind::Keep(ms) => ("keep", time(ms)),
        SettingKind::Gather { quiet_ms, most_ms } => {
            let parts = [Entry::new("quiet", time(quiet_ms), quiet_ms.span), Entry::new("at_most", time(most_ms), most_ms.span)];
            ("gather", Yaml::Short(parts.into()))
        }
        SettingKind::ReleaseAfter(ms) => ("release_after", time(ms)),
        SettingKind::OptOut { phrases, say } => ("opt_out", opt(phrases, say.as_ref())),
        SettingKind::OptIn { phrases, say } => ("opt_in", opt(phrases, say.as_ref())),
        SettingKind::Defaults(clauses) => ("defaults", Yaml::Map(self::clauses(clauses))),
        SettingKind::FetchFrom(origins) => ("fetch_from", plains("", origins).value),
        SettingKind::Secret(names) => ("secrets", Yaml::List(names.iter().map(|one| name("", one)).collect())),
        SettingKind::Numerals(what) => ("numerals", word_of(what)),
        SettingKind::WhenTiktokAnswers(what) => ("tiktok_answers", word_of(what)),
        SettingKind::SameReply { times, within_ms } => {
            let parts = [Entry::new("times", count(times), times.span), Entry::new("within", time(within_ms), within_ms.span)];
            ("same_reply", Yaml::Short(parts.into()))
        }
        SettingKind::Spread(ms) => ("spread", time(ms)),
        SettingKind::Welcome(text) => ("welcome", template_of("", text).value),
        SettingKind::Suggest { question, answer } => ("suggest", pair(("question", question), ("answer", answer))),
        SettingKind::Prompt { title, content } => ("prompts", pair(("title", title), ("content", content))),
        SettingKind::Broken => ("", Yaml::Map(Vec::new())),
    }
}

/// Two texts that belong together, as the one entry of a list.
fn pair((first_key, first): (&str, &Template), (second_key, second): (&str, &Template)) -> Yaml {
    let texts = vec![template_of(first_key, first), template_of(second_key, second)];
    Yaml::List(vec![Entry::new("", Yaml::Map(texts), first.span.to(second.span))])
}

fn opt(list: &[Phrase], say: Option<&Text>) -> Yaml {
    let mut entries = vec![phrases("phrases", list)];
    entries.extend(say.map(|say| text("say", say)));
    Yaml::Map(entries)
}

fn field(field: &Field) -> Entry {
    let mut entries = vec![kind("type", &field.kind)];
    entries.extend(field.default.as_ref().map(|value| expression("default", value)));
    entries.extend(field.secret.then(|| Entry::bare("secret", Yaml::Scalar("true".to_owned()))));
    entries.extend(field.forget_after_ms.as_ref().map(|ms| Entry::new("forget_after", time(ms), ms.span)));
    entries.extend(field.renamed_from.as_ref().map(|before| plain("renamed_from", before)));
    let value = match entries.len() {
        1 => kind("", &field.kind).value,
        _ => Yaml::Map(entries),
    };
    Entry::new(&word(&field.name.text), value, field.span)
}

fn row(row: &HoursRow) -> Option<Entry> {
    match row {
        HoursRow::Open { span, .. } | HoursRow::Closed { span, .. } => {
            Some(Entry::new("", Yaml::Scalar(quoted(&pieces::row(row))), *span))
        }
        HoursRow::Broken(_) => None,
    }
}

/// The clauses of a wait, in the order of the language's page.
pub fn clauses(clauses: &[WaitClause]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut nudges = Vec::new();
    for clause in in_order(clauses) {
        match &clause.kind {
            WaitClauseKind::Invalid(say) => entries.push(text("invalid", say)),
            WaitClauseKind::Tries(tries, block) => {
                entries.push(Entry::new("tries", count(tries), tries.span));
                entries.extend(block.as_ref().map(|block| steps::block("tries_else", block)));
            }
            WaitClauseKind::Within(ms, block) => {
                entries.push(Entry::new("within", time(ms), ms.span));
                entries.extend(block.as_ref().map(|block| steps::block("silence", block)));
            }
            WaitClauseKind::Nudge(ms, say) => {
                let parts = vec![Entry::new("after", time(ms), ms.span), text("say", say)];
                nudges.push(Entry::new("", Yaml::Map(parts), clause.span.to(text_span(say))));
            }
        }
    }
    if !nudges.is_empty() {
        let span = union(nudges.iter().filter_map(|nudge| nudge.span));
        entries.push(Entry::new("nudges", Yaml::List(nudges), span));
    }
    entries
}
