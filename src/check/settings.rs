//! Settings of the bot, contact fields, hours, teams.

use std::collections::{BTreeMap, HashMap};

use super::expression::{Scope, Variables};
use super::world::World;
use super::{code, kind};
use crate::bot::{self, Gather, OptWords, Settings, ShortBudget};
use crate::calendar::{Hours, Zone};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{BotItem, HoursItem, HoursRow, Name, Phrase, Setting, SettingKind, Spanned, Text, WaitClauseKind};

const HOUR_MS: i64 = 3_600_000;

/// Replies between two messages of the customer. Source: TikTok Business Messaging API, messaging limits.
pub(super) const REPLIES_MAX: u32 = 10;

/// The settings, with what holds where one is left out.
pub(super) fn lower(world: &World<'_>) -> Settings {
    let mut settings = Settings {
        zone: Zone::utc(),
        reserve: 0,
        on_short_budget: ShortBudget::Hold,
        keep_ms: 24 * HOUR_MS,
        gather: None,
        release_after_ms: 12 * HOUR_MS,
        opt_out: None,
        opt_in: None,
        native_numerals: false,
        same_reply: (4, 5 * 60_000),
        fetch_from: Vec::new(),
        secrets: Vec::new(),
        also_after_tiktok: false,
        spread_ms: 0,
        automatic: super::automatic::lower(world),
    };
    let Some(bot) = world.bot else { return settings };
    if bot.name.value.trim().is_empty() {
        world.findings.add(Diagnostic::error(code::EMPTY_TEXT, bot.name.span, "the bot needs a name"));
    }
    given_twice(world, bot);
    languages(world, bot);
    for setting in &bot.settings {
        apply(world, setting, &mut settings);
    }
    if settings.opt_out.is_none() && !bot.settings.iter().any(|setting| matches!(setting.kind, SettingKind::Broken)) {
        let finding = Diagnostic::note(code::NO_OPT_OUT, bot.name.span, "customers have no word to end automatic messages");
        world.findings.add(finding.help("add `opt out on \"stop\"` to `bot`"));
    }
    settings
}

fn apply(world: &World<'_>, setting: &Setting, settings: &mut Settings) {
    match &setting.kind {
        SettingKind::Timezone(name) => match Zone::named(&name.value) {
            Some(zone) => settings.zone = zone,
            None => {
                let message = format!("there is no time zone `{}`", name.value);
                let finding = Diagnostic::error(code::UNKNOWN_ZONE, name.span, message);
                world.findings.add(finding.help("zones are named by continent and city: `Africa/Cairo`, `Asia/Jakarta`"));
            }
        },
        SettingKind::Reserve(reserve) => {
            settings.reserve = reserve.value;
            if reserve.value >= REPLIES_MAX {
                let message = format!("a reserve of {} leaves the bot nothing", reserve.value);
                let finding = Diagnostic::error(code::RESERVE, reserve.span, message);
                world.findings.add(finding.help("TikTok allows ten replies between two messages of the customer: 0 to 9"));
            }
        }
        SettingKind::OnShortBudget(word) => match word.text.as_str() {
            "drop" => settings.on_short_budget = ShortBudget::Drop,
            "handoff" => settings.on_short_budget = ShortBudget::Handoff,
            // The grammar lets nothing else pass.
            _ => settings.on_short_budget = ShortBudget::Hold,
        },
        SettingKind::Keep(keep) => settings.keep_ms = positive(world, keep, "keep"),
        SettingKind::ReleaseAfter(after) => settings.release_after_ms = positive(world, after, "release after"),
        SettingKind::Gather { quiet_ms, most_ms } => {
            let (quiet, most) = (positive(world, quiet_ms, "gather"), positive(world, most_ms, "at most"));
            if most < quiet {
                let finding =
                    Diagnostic::error(code::OUT_OF_RANGE, most_ms.span, "`at most` is shorter than the pause it waits for");
                world.findings.add(finding.also(quiet_ms.span, "the pause"));
            }
            settings.gather = Some(Gather { quiet_ms: quiet, most_ms: most });
        }
        SettingKind::OptOut { phrases, say } => settings.opt_out = Some(opt_words(world, phrases, say.as_ref(), setting.span)),
        SettingKind::OptIn { phrases, say } => settings.opt_in = Some(opt_words(world, phrases, say.as_ref(), setting.span)),
        SettingKind::Numerals(word) => settings.native_numerals = word.text == "native",
        SettingKind::SameReply { times, within_ms } => {
            if times.value == 0 {
                world.findings.add(Diagnostic::error(code::OUT_OF_RANGE, times.span, "the same reply must be allowed once"));
            }
            settings.same_reply = (times.value, positive(world, within_ms, "same reply"));
        }
        SettingKind::Defaults(clauses) => {
            for clause in clauses {
                if let WaitClauseKind::Nudge(..) = clause.kind {
                    let finding = Diagnostic::error(code::NOT_A_DEFAULT, clause.span, "a nudge belongs to its question");
                    world.findings.add(finding.help("write `nudge after …` in the `ask` or `choose`"));
                }
            }
        }
        SettingKind::FetchFrom(origins) => settings.fetch_from = fetch_from(world, origins),
        SettingKind::Secret(names) => settings.secrets = secrets(world, names),
        SettingKind::WhenTiktokAnswers(word) => settings.also_after_tiktok = word.text == "also",
        SettingKind::Spread(spread) => settings.spread_ms = positive(world, spread, "spread"),
        // What TikTok itself says is looked at as a whole.
        SettingKind::Welcome(_) | SettingKind::Suggest { .. } | SettingKind::Prompt { .. } => {}
        SettingKind::Languages(_) | SettingKind::Broken => {}
    }
}

/// The origins that may be called, in one spelling each.
fn fetch_from(world: &World<'_>, origins: &[Spanned<String>]) -> Vec<String> {
    let mut list = Vec::new();
    for written in origins {
        match super::address::origin(&written.value) {
            Err(why) => {
                let finding = Diagnostic::error(code::BAD_ADDRESS, written.span, "this is no place to call").here(why);
                world.findings.add(finding.help("write scheme and host: `fetch from \"https://shop.example\"`"));
            }
            Ok((origin, length)) => {
                if written.value.get(length..).is_some_and(|rest| !matches!(rest, "" | "/")) {
                    let finding = Diagnostic::error(code::BAD_ADDRESS, written.span, "here stands more than scheme and host");
                    world.findings.add(finding.help(format!("write `fetch from \"{origin}\"`: it allows every path there")));
                }
                if origin.starts_with("http://") && !is_local(&origin) {
                    let finding = Diagnostic::warning(code::ADDRESS, written.span, "the address does not begin with `https://`");
                    world.findings.add(finding.help("what is sent there names customers"));
                }
                list.push(origin);
            }
        }
    }
    list
}

fn is_local(origin: &str) -> bool {
    let host = origin.trim_start_matches("http://");
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| host == *local || host.starts_with(&format!("{local}:")))
}

fn secrets(world: &World<'_>, names: &[Name]) -> Vec<String> {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(first) = seen.insert(name.text.as_str(), name.span) {
            let finding = Diagnostic::error(code::DEFINED_TWICE, name.span, format!("`{}` stands here twice", name.text));
            world.findings.add(finding.also(first, "the first one"));
        }
    }
    names.iter().map(|name| name.text.clone()).collect()
}

fn opt_words(world: &World<'_>, phrases: &[Phrase], say: Option<&Text>, span: Span) -> OptWords {
    let phrases: Vec<String> = world.phrases(phrases).into_iter().map(|(text, _)| text).collect();
    if phrases.is_empty() {
        world.findings.add(Diagnostic::error(code::EMPTY_PHRASE, span, "here stands no word to write"));
    }
    let scope = Scope::new(world, Variables::None);
    OptWords::new(phrases, say.map(|say| scope.text(say)))
}

fn positive(world: &World<'_>, duration: &Spanned<i64>, what: &str) -> i64 {
    if duration.value <= 0 {
        world.findings.add(Diagnostic::error(code::OUT_OF_RANGE, duration.span, format!("`{what}` takes a duration above zero")));
    }
    duration.value
}

fn given_twice(world: &World<'_>, bot: &BotItem) {
    let mut seen = HashMap::new();
    for setting in &bot.settings {
        if matches!(setting.kind, SettingKind::Suggest { .. } | SettingKind::Prompt { .. }) {
            continue;
        }
        let first = seen.entry(std::mem::discriminant(&setting.kind)).or_insert(setting.span);
        if *first != setting.span && !matches!(setting.kind, SettingKind::Broken) {
            let finding = Diagnostic::error(code::GIVEN_TWICE, setting.span, "this setting is given twice");
            world.findings.add(finding.also(*first, "the first one"));
        }
    }
}

fn languages(world: &World<'_>, bot: &BotItem) {
    let mut all: BTreeMap<&str, Span> = BTreeMap::new();
    for setting in &bot.settings {
        let SettingKind::Languages(list) = &setting.kind else { continue };
        for tag in list {
            if icu_locale_core::LanguageIdentifier::try_from_str(&tag.value).is_err() {
                let finding = Diagnostic::error(code::LANGUAGES, tag.span, format!("`{}` is no language", tag.value));
                world.findings.add(finding.help("languages are BCP 47 tags: `ar`, `en`, `pt-BR`"));
            }
            if let Some(first) = all.get(tag.value.as_str()) {
                let finding = Diagnostic::error(code::LANGUAGES, tag.span, format!("`{}` stands here twice", tag.value));
                world.findings.add(finding.also(*first, "the first one"));
            }
            all.entry(&tag.value).or_insert(tag.span);
        }
    }
    if all.is_empty() && !bot.settings.iter().any(|setting| matches!(setting.kind, SettingKind::Broken)) {
        let finding = Diagnostic::error(code::LANGUAGES, bot.name.span, "the bot names no language");
        world.findings.add(finding.help("write `languages en` in `bot`; the first is the default"));
    }
}

/// The contact's fields with their defaults.
pub(super) fn fields(world: &World<'_>) -> Vec<bot::Field> {
    let mut list = Vec::new();
    for entry in &world.fields {
        let Some(kind) = &entry.kind else { continue };
        let default = entry.item.default.as_ref().and_then(|expr| {
            let value = kind::constant(expr);
            match &value {
                None => {
                    let finding = Diagnostic::error(code::NOT_CONSTANT, expr.span, "the first value of a field is fixed");
                    world.findings.add(finding.help("write a text, a number, `true` or `false`"));
                }
                Some(value) if !kind::fits(kind, value) => {
                    let message = format!("`{}` is no value of this field's type", super::expression::show(value));
                    let finding = Diagnostic::error(code::DOES_NOT_FIT, expr.span, message);
                    world.findings.add(finding.also(entry.item.kind.span, "the type"));
                }
                Some(_) => {}
            }
            value
        });
        if let Some(forget) = &entry.item.forget_after_ms {
            positive(world, forget, "forget after");
        }
        list.push(bot::Field {
            name: entry.item.name.text.clone(),
            kind: kind.clone(),
            default,
            secret: entry.item.secret,
            forget_after_ms: entry.item.forget_after_ms.as_ref().map(|forget| forget.value),
            renamed_from: entry.item.renamed_from.as_ref().map(|old| old.value.clone()),
        });
    }
    list
}

/// The opening hours, in the order of the files.
pub(super) fn hours(world: &World<'_>) -> Vec<Hours> {
    if let (Some(first), Some(bot)) = (world.hours.first(), world.bot) {
        need_zone(world, bot, first.name.span, "opening hours");
    }
    world.hours.iter().map(|item| week(world, item)).collect()
}

/// Reports a time of the wall clock in a bot that does not say which clock.
pub(super) fn need_zone(world: &World<'_>, bot: &BotItem, span: Span, what: &str) {
    if !bot.settings.iter().any(|setting| matches!(setting.kind, SettingKind::Timezone(_) | SettingKind::Broken)) {
        let finding = Diagnostic::error(code::NO_ZONE, span, format!("{what} need a time zone"));
        world.findings.add(finding.help("add `timezone \"Africa/Cairo\"` to `bot`"));
    }
}

fn week(world: &World<'_>, item: &HoursItem) -> Hours {
    let mut hours = Hours { name: item.name.text.clone(), week: Default::default(), closed: Vec::new() };
    for row in &item.rows {
        match row {
            HoursRow::Open { days, times, span } => {
                for (from, to) in times {
                    if from.value == to.value {
                        let message = "opens and closes at the same time";
                        world.findings.add(Diagnostic::error(code::HOURS_ROW, from.span.to(to.span), message));
                    }
                }
                let times: Vec<_> = times.iter().map(|(from, to)| (from.value, to.value)).collect();
                for (first, last) in days {
                    let last = last.as_ref().map_or(first.value, |last| last.value);
                    for day in days_of(first.value, last) {
                        let Some(slot) = hours.week.get_mut(day) else { continue };
                        if !slot.is_empty() {
                            let finding = Diagnostic::error(
                                code::HOURS_ROW,
                                *span,
                                format!("`{}` is given twice", DAYS.get(day).unwrap_or(&"")),
                            );
                            world.findings.add(finding.help("write all its times in one line: `mon 09:00..12:00, 14:00..18:00`"));
                        }
                        slot.clone_from(&times);
                    }
                }
            }
            HoursRow::Closed { dates, .. } => {
                for (first, last) in dates {
                    let end = last.as_ref().unwrap_or(first);
                    if end.value < first.value {
                        world.findings.add(Diagnostic::error(code::HOURS_ROW, end.span, "the last day is before the first"));
                    }
                    hours.closed.push((first.value, end.value));
                }
            }
            HoursRow::Broken(_) => {}
        }
    }
    for slot in &mut hours.week {
        slot.sort_unstable();
    }
    hours
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days from one to another, both in, over the week's end where needed.
fn days_of(first: u8, last: u8) -> Vec<usize> {
    let count = (i16::from(last) - i16::from(first)).rem_euclid(7);
    (0..=count).map(|step| usize::from(first % 7).wrapping_add(step.unsigned_abs().into()) % 7).collect()
}

/// The teams, in the order of the files.
pub(super) fn teams(world: &World<'_>) -> Vec<bot::Team> {
    let lower = |team: &&crate::syntax::tree::TeamItem| {
        if let Some(address) = &team.notify
            && !address.value.starts_with("https://")
        {
            let finding = Diagnostic::warning(code::ADDRESS, address.span, "the address does not begin with `https://`");
            world.findings.add(finding.help("what is sent there names customers"));
        }
        bot::Team {
            name: team.name.text.clone(),
            hours: team.hours.as_ref().and_then(|hours| world.hours_index(hours)),
            notify: team.notify.as_ref().map(|address| address.value.clone()),
        }
    };
    world.teams.iter().map(lower).collect()
}
