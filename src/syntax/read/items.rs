//! Every item but flows.

use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{
    BotItem, ContactItem, Field, HoursItem, HoursRow, Item, Name, Phrase, Setting, SettingKind, Spanned, TeamItem, Template,
    Text, TextsItem, Type, TypeKind, WaitClause, WordsItem,
};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn read_item(&mut self, pair: Pair<'_>) -> Item {
        let span = self.span(&pair);
        let name = child(&pair, Rule::name).map(|name| self.name(&name));
        match (pair.as_rule(), name) {
            (Rule::bot, _) => Item::Bot(self.bot(&pair)),
            (Rule::contact, _) => Item::Contact(self.contact(&pair)),
            (Rule::words, Some(name)) => Item::Words(WordsItem { name, phrases: self.phrases_of(&pair), span }),
            (Rule::hours, Some(name)) => Item::Hours(self.hours(&pair, name)),
            (Rule::team, Some(name)) => Item::Team(self.team(&pair, name)),
            (Rule::texts, Some(name)) => match child(&pair, Rule::text) {
                Some(text) => Item::Texts(TextsItem { name, text: self.text(&text), span }),
                None => Item::Broken(span),
            },
            (Rule::test, _) => Item::Test(self.test(&pair)),
            (Rule::flow, Some(name)) => Item::Flow(self.flow(&pair, name)),
            _ => Item::Broken(span),
        }
    }

    fn bot(&mut self, pair: &Pair<'_>) -> BotItem {
        let mut name = self.spanned(pair, String::new());
        let mut settings = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::template => name = self.plain(&inner),
                Rule::odd_gap => self.gap(&inner),
                Rule::setting => settings.push(self.setting(&inner)),
                Rule::broken => settings.push(Setting { kind: SettingKind::Broken, span: self.broken(&inner, Place::Setting) }),
                _ => {}
            }
        }
        BotItem { name, settings, span: self.span(pair) }
    }

    fn setting(&mut self, pair: &Pair<'_>) -> Setting {
        let kind = pair.clone().into_inner().next().map_or(SettingKind::Broken, |inner| self.setting_kind(&inner));
        Setting { kind, span: self.span(pair) }
    }

    fn setting_kind(&mut self, pair: &Pair<'_>) -> SettingKind {
        let mut durations = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::duration);
        let kind = match pair.as_rule() {
            Rule::set_languages => {
                let tags = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::tag);
                Some(SettingKind::Languages(tags.map(|tag| self.spanned(&tag, tag.as_str().to_owned())).collect()))
            }
            Rule::set_timezone => child(pair, Rule::template).map(|zone| SettingKind::Timezone(self.plain(&zone))),
            Rule::set_reserve => child(pair, Rule::integer).map(|count| SettingKind::Reserve(self.integer(&count))),
            Rule::set_short => self.last_word(pair).map(SettingKind::OnShortBudget),
            Rule::set_numerals => self.last_word(pair).map(SettingKind::Numerals),
            Rule::set_keep => durations.next().map(|time| SettingKind::Keep(self.duration(&time))),
            Rule::set_release => durations.next().map(|time| SettingKind::ReleaseAfter(self.duration(&time))),
            Rule::set_gather => durations
                .next()
                .zip(durations.next())
                .map(|(quiet, most)| SettingKind::Gather { quiet_ms: self.duration(&quiet), most_ms: self.duration(&most) }),
            Rule::set_opt_out => {
                let (phrases, say) = self.opt(pair);
                Some(SettingKind::OptOut { phrases, say })
            }
            Rule::set_opt_in => {
                let (phrases, say) = self.opt(pair);
                Some(SettingKind::OptIn { phrases, say })
            }
            Rule::set_defaults => Some(SettingKind::Defaults(self.defaults(pair))),
            Rule::set_same => child(pair, Rule::integer)
                .zip(durations.next())
                .map(|(times, within)| SettingKind::SameReply { times: self.integer(&times), within_ms: self.duration(&within) }),
            Rule::set_fetch => {
                let origins = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::template);
                Some(SettingKind::FetchFrom(origins.map(|origin| self.plain(&origin)).collect()))
            }
            Rule::set_secret => {
                let names = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::name);
                Some(SettingKind::Secret(names.map(|name| self.name(&name)).collect()))
            }
            Rule::set_tiktok => self.last_word(pair).map(SettingKind::WhenTiktokAnswers),
            Rule::set_spread => durations.next().map(|time| SettingKind::Spread(self.duration(&time))),
            Rule::set_welcome => child(pair, Rule::template).map(|text| SettingKind::Welcome(self.fixed(&text))),
            Rule::set_suggest => self.two_fixed(pair).map(|(question, answer)| SettingKind::Suggest { question, answer }),
            Rule::set_prompt => self.two_fixed(pair).map(|(title, content)| SettingKind::Prompt { title, content }),
            _ => None,
        };
        kind.unwrap_or(SettingKind::Broken)
    }

    fn two_fixed(&mut self, pair: &Pair<'_>) -> Option<(Template, Template)> {
        let mut texts = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::template);
        let (first, second) = texts.next().zip(texts.next())?;
        Some((self.fixed(&first), self.fixed(&second)))
    }

    fn last_word(&mut self, pair: &Pair<'_>) -> Option<Name> {
        pair.clone().into_inner().last().map(|word| self.name(&word))
    }

    fn opt(&mut self, pair: &Pair<'_>) -> (Vec<Phrase>, Option<Text>) {
        (self.phrases_of(pair), child(pair, Rule::text).map(|text| self.text(&text)))
    }

    fn defaults(&mut self, pair: &Pair<'_>) -> Vec<WaitClause> {
        let mut clauses = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::clause => clauses.extend(self.clause(&inner)),
                Rule::broken => {
                    self.broken(&inner, Place::Clause);
                }
                _ => {}
            }
        }
        clauses
    }

    pub(super) fn phrases_of(&mut self, pair: &Pair<'_>) -> Vec<Phrase> {
        child(pair, Rule::phrases).map(|phrases| self.phrases(&phrases)).unwrap_or_default()
    }

    fn contact(&mut self, pair: &Pair<'_>) -> ContactItem {
        let mut fields = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::odd_gap => self.gap(&inner),
                Rule::field => fields.extend(self.field(&inner)),
                Rule::broken => {
                    self.broken(&inner, Place::Field);
                }
                _ => {}
            }
        }
        ContactItem { fields, span: self.span(pair) }
    }

    fn field(&mut self, pair: &Pair<'_>) -> Option<Field> {
        let span = self.span(pair);
        let name = self.name(&child(pair, Rule::name)?);
        let kind = child(pair, Rule::kind).map_or(Type { kind: TypeKind::Broken, span }, |kind| self.kind(&kind));
        let mut field = Field { name, kind, default: None, secret: false, forget_after_ms: None, renamed_from: None, span };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::default => field.default = child(&inner, Rule::value).map(|value| self.value(&value)),
                Rule::field_part => self.field_part(&inner, &mut field),
                _ => {}
            }
        }
        Some(field)
    }

    fn field_part(&mut self, pair: &Pair<'_>, field: &mut Field) {
        let again = if let Some(duration) = child(pair, Rule::duration) {
            field.forget_after_ms.replace(self.duration(&duration)).is_some()
        } else if let Some(renamed) = child(pair, Rule::renamed) {
            let name = self.renamed(&renamed);
            std::mem::replace(&mut field.renamed_from, name).is_some()
        } else {
            std::mem::replace(&mut field.secret, true)
        };
        if again {
            self.twice(pair);
        }
    }

    /// Something that may stand once stands again; the last one is kept.
    pub(super) fn twice(&mut self, pair: &Pair<'_>) {
        let word = super::super::scan::word_at(pair.as_str()).to_owned();
        self.error(codes::MISPLACED, self.span(pair), format!("`{word}` stands here a second time"), "keep one of them");
    }

    fn hours(&mut self, pair: &Pair<'_>, name: Name) -> HoursItem {
        let mut rows = Vec::new();
        for inner in pair.clone().into_inner() {
            let span = self.span(&inner);
            match inner.as_rule() {
                Rule::odd_gap => self.gap(&inner),
                Rule::open => rows.push(self.open_row(&inner)),
                Rule::closed => {
                    let dates = inner.into_inner().filter(|inner| inner.as_rule() == Rule::dates);
                    let dates = dates.filter_map(|dates| {
                        let mut ends = dates.into_inner();
                        let first = self.date(&ends.next()?);
                        Some((first, ends.next().map(|last| self.date(&last))))
                    });
                    rows.push(HoursRow::Closed { dates: dates.collect(), span });
                }
                Rule::broken => rows.push(HoursRow::Broken(self.broken(&inner, Place::HoursRow))),
                _ => {}
            }
        }
        HoursItem { name, rows, span: self.span(pair) }
    }

    pub(super) fn open_row(&mut self, pair: &Pair<'_>) -> HoursRow {
        let mut days = Vec::new();
        let mut times = Vec::new();
        for inner in pair.clone().into_inner() {
            let rule = inner.as_rule();
            let mut ends = inner.into_inner().filter(|end| end.as_rule() != Rule::t_dots);
            let Some(first) = ends.next() else { continue };
            let last = ends.next();
            if rule == Rule::days {
                days.push((self.day(&first), last.map(|last| self.day(&last))));
            } else if let Some(last) = last {
                times.push((self.time(&first), self.time(&last)));
            }
        }
        HoursRow::Open { days, times, span: self.span(pair) }
    }

    fn day(&self, pair: &Pair<'_>) -> Spanned<u8> {
        let at = super::super::DAYS.iter().position(|day| *day == pair.as_str()).unwrap_or(0);
        self.spanned(pair, at as u8)
    }

    fn team(&mut self, pair: &Pair<'_>, name: Name) -> TeamItem {
        let mut team = TeamItem { name, hours: None, notify: None, span: self.span(pair) };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::team_part => {
                    let again = if let Some(hours) = child(&inner, Rule::name) {
                        team.hours.replace(self.name(&hours)).is_some()
                    } else if let Some(address) = child(&inner, Rule::template) {
                        team.notify.replace(self.plain(&address)).is_some()
                    } else {
                        false
                    };
                    if again {
                        self.twice(&inner);
                    }
                }
                Rule::broken => {
                    self.broken(&inner, Place::TeamPart);
                }
                _ => {}
            }
        }
        team
    }

    /// `{` on the line after its header.
    pub(super) fn gap(&mut self, pair: &Pair<'_>) {
        let at = self.span(pair).start;
        let after = pair.as_span().end() + self.base;
        let span = crate::source::Span { file: self.file, start: (after as u32).max(at), end: after as u32 + 1 };
        self.error(codes::MISPLACED, span, "`{` stands alone on its line", "put it at the end of the line before");
    }
}
