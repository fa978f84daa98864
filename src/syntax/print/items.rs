//! Items, settings, triggers.

use crate::syntax::DAYS;
use crate::syntax::duration;
use crate::syntax::tree::{
    Anytime, BotItem, Field, FlowItem, HoursRow, Item, On, Phrase, Setting, SettingKind, Spanned, Step, Template, Text, Trigger,
    WaitClause, WaitClauseKind,
};

use super::Printer;
use super::expressions::clock;
use super::texts::quoted;

/// What stands in a flow's braces.
enum InFlow<'d> {
    Trigger(&'d Trigger),
    Step(&'d Step),
}

impl<'d> Printer<'d> {
    pub(super) fn item(&mut self, item: &'d Item) {
        if matches!(item, Item::Broken(_)) {
            return;
        }
        self.line();
        match item {
            Item::Bot(bot) => self.bot(bot),
            Item::Words(words) => {
                self.put(&format!("words {} = ", words.name.text));
                self.phrases(&words.phrases);
            }
            Item::Contact(contact) => {
                self.put("contact");
                let start = contact.span.start;
                self.braces(contact.span, start, &contact.fields, |field| field.span, Self::field);
            }
            Item::Hours(hours) => {
                self.put(&format!("hours {}", hours.name.text));
                self.braces(hours.span, hours.name.span.end, &hours.rows, row_span, Self::row);
            }
            Item::Team(team) => {
                self.put(&format!("team {}", team.name.text));
                let mut parts = Vec::new();
                parts.extend(team.hours.as_ref().map(|hours| (format!("hours {}", hours.text), hours.span)));
                parts.extend(team.notify.as_ref().map(|address| (format!("notify {}", quoted(&address.value)), address.span)));
                self.braces(team.span, team.name.span.end, &parts, |(_, span)| *span, |printer, (text, _)| printer.put(text));
            }
            Item::Texts(texts) => {
                self.put(&format!("texts {} ", texts.name.text));
                self.text(&texts.text);
            }
            Item::Flow(flow) => self.flow(flow),
            Item::Test(test) => self.test(test),
            Item::Broken(_) => {}
        }
    }

    fn bot(&mut self, bot: &BotItem) {
        self.put(&format!("bot {}", quoted(&bot.name.value)));
        let mut settings: Vec<&Setting> = bot.settings.iter().filter(|setting| setting.kind != SettingKind::Broken).collect();
        settings.sort_by_key(|setting| rank(&setting.kind));
        self.braces(bot.span, bot.name.span.end, &settings, |setting| setting.span, |printer, setting| printer.setting(setting));
    }

    fn setting(&mut self, setting: &Setting) {
        let time = |ms: &Spanned<i64>| duration::print(ms.value);
        let text = match &setting.kind {
            SettingKind::Languages(tags) => {
                format!("languages {}", tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>().join(", "))
            }
            SettingKind::Timezone(zone) => format!("timezone {}", quoted(&zone.value)),
            SettingKind::Reserve(count) => format!("reserve {}", count.value),
            SettingKind::OnShortBudget(what) => format!("on short budget {}", what.text),
            SettingKind::Keep(ms) => format!("keep {}", time(ms)),
            SettingKind::Gather { quiet_ms, most_ms } => format!("gather {} at most {}", time(quiet_ms), time(most_ms)),
            SettingKind::ReleaseAfter(ms) => format!("release after {}", time(ms)),
            SettingKind::OptOut { phrases, say } => return self.opt("opt out on ", phrases, say.as_ref()),
            SettingKind::OptIn { phrases, say } => return self.opt("opt in on ", phrases, say.as_ref()),
            SettingKind::Defaults(clauses) => {
                self.put("defaults");
                return self.braces(
                    setting.span,
                    setting.span.start,
                    &in_order(clauses),
                    |clause| clause.span,
                    |printer, clause| printer.clause(clause),
                );
            }
            SettingKind::Numerals(kind) => format!("numerals {}", kind.text),
            SettingKind::SameReply { times, within_ms } => format!("same reply {} times in {}", times.value, time(within_ms)),
            SettingKind::FetchFrom(origins) => {
                self.put("fetch from ");
                return self.listed(&origins.iter().map(|origin| quoted(&origin.value)).collect::<Vec<_>>());
            }
            SettingKind::Secret(names) => {
                self.put("secret ");
                return self.listed(&names.iter().map(|name| name.text.clone()).collect::<Vec<_>>());
            }
            SettingKind::WhenTiktokAnswers(what) => format!("when tiktok answers {}", what.text),
            SettingKind::Spread(ms) => format!("spread {}", time(ms)),
            SettingKind::Welcome(text) => {
                self.put("welcome ");
                return self.template(text);
            }
            SettingKind::Suggest { question, answer } => {
                self.put("suggest ");
                self.template(question);
                return self.template_behind("answer ", answer);
            }
            SettingKind::Prompt { title, content } => {
                self.put("prompt ");
                self.template(title);
                self.put(" ");
                return self.template(content);
            }
            SettingKind::Broken => return,
        };
        self.put(&text);
    }

    /// A further text of a statement, on the next line where it does not fit on this one.
    fn template_behind(&mut self, word: &str, text: &Template) {
        let written = self.aside(|printer| printer.template(text));
        let first = written.split('\n').next().unwrap_or_default();
        self.go_on(word.len() + first.chars().count() + 1);
        self.put(word);
        self.template(text);
    }

    fn opt(&mut self, words: &str, phrases: &[Phrase], say: Option<&Text>) {
        self.put(words);
        self.phrases(phrases);
        if let Some(text) = say {
            self.put(" say ");
            self.text(text);
        }
    }

    fn field(&mut self, field: &Field) {
        self.put(&format!("{}: ", field.name.text));
        self.kind(&field.kind);
        if let Some(default) = &field.default {
            self.put(" = ");
            self.value(default);
        }
        if field.secret {
            self.put(" secret");
        }
        if let Some(ms) = &field.forget_after_ms {
            self.put(&format!(" forget after {}", duration::print(ms.value)));
        }
        if let Some(name) = &field.renamed_from {
            self.put(&format!(" renamed from {}", quoted(&name.value)));
        }
    }

    pub(super) fn row(&mut self, row: &HoursRow) {
        match row {
            HoursRow::Open { days, times, .. } => {
                let name = |day: &Spanned<u8>| DAYS.get(usize::from(day.value)).copied().unwrap_or("mon");
                let days = days.iter().map(|(first, last)| match last {
                    Some(last) => format!("{}..{}", name(first), name(last)),
                    None => name(first).to_owned(),
                });
                self.listed(&days.collect::<Vec<_>>());
                self.put(" ");
                let times = times.iter().map(|(from, to)| format!("{}..{}", clock(from.value), clock(to.value)));
                self.listed(&times.collect::<Vec<_>>());
            }
            HoursRow::Closed { dates, .. } => {
                self.put("closed ");
                let dates = dates.iter().map(|(first, last)| match last {
                    Some(last) => format!("{}..{}", first.value, last.value),
                    None => first.value.to_string(),
                });
                self.listed(&dates.collect::<Vec<_>>());
            }
            HoursRow::Broken(_) => {}
        }
    }

    // --- flows -----------------------------------------------------------------------------------------------------

    fn flow(&mut self, flow: &FlowItem) {
        self.put(&format!("flow {}", flow.name.text));
        let mut header_end = flow.name.span.end;
        if let Some(last) = flow.parameters.last() {
            let parameters = flow.parameters.iter();
            let parameters =
                parameters.map(|one| format!("{}: {}", one.name.text, self.aside(|printer| printer.kind(&one.kind))));
            let parameters: Vec<String> = parameters.collect();
            self.put("(");
            self.listed(&parameters);
            self.put(")");
            header_end = last.span.end;
        }
        if let Some(title) = &flow.title {
            self.put(&format!(" {}", quoted(&title.value)));
            header_end = title.span.end;
        }
        if let Some(result) = &flow.result {
            self.put(" -> ");
            self.kind(result);
            header_end = result.span.end;
        }
        if let Some(name) = &flow.renamed_from {
            self.put(&format!(" renamed from {}", quoted(&name.value)));
            header_end = name.span.end;
        }
        let mut parts: Vec<InFlow<'_>> = flow.triggers.iter().map(InFlow::Trigger).collect();
        parts.extend(flow.steps.iter().map(InFlow::Step));
        let place = |part: &InFlow<'_>| match part {
            InFlow::Trigger(trigger) => trigger.span,
            InFlow::Step(step) => step.span,
        };
        self.braces(flow.span, header_end, &parts, place, |printer, part| match part {
            InFlow::Trigger(trigger) => printer.trigger(trigger),
            InFlow::Step(step) => printer.step(step),
        });
    }

    fn trigger(&mut self, trigger: &Trigger) {
        self.put("on ");
        match &trigger.on {
            On::Words(_) | On::Exactly(_) | On::Starting(_) | On::Like(_) | On::Matching(_) => {
                self.put("message ");
                self.text_form(&trigger.on);
            }
            On::Comment(form) => {
                self.put("comment");
                if let Some(form) = form {
                    self.put(" ");
                    self.text_form(form);
                }
            }
            On::Post => self.put("post"),
            On::Video => self.put("video"),
            On::Sticker => self.put("sticker"),
            On::Emoji => self.put("emoji"),
            On::Reaction(emoji) => self.entry("reaction", emoji.as_ref()),
            On::Unsupported => self.put("unsupported"),
            On::Return(ms) => self.put(&format!("return after {}", duration::print(ms.value))),
            On::WindowClosing(ms) => self.put(&format!("window closing in {}", duration::print(ms.value))),
            On::RepliesLeft(count) => self.put(&format!("replies left {}", count.value)),
            On::Fault => self.put("fault"),
            On::AnyText => self.put("any text"),
            On::Button(name) => self.put(&format!("button {}", name.text)),
            On::Image => self.put("image"),
            On::Ad(id) => self.entry("ad", id.as_ref()),
            On::Link(reference) => self.entry("link", reference.as_ref()),
            On::FirstMessage => self.put("first message"),
            On::Fallback => self.put("fallback"),
            On::Broken => {}
        }
        if let Some(condition) = &trigger.when {
            let short = self.aside(|printer| printer.value(condition));
            self.go_on(" when ".len() + short.chars().count());
            self.put("when ");
            self.condition(condition);
        }
        match trigger.anytime {
            Some(Anytime::Replace) => self.part("anytime"),
            Some(Anytime::Resume) => self.part("anytime resume"),
            None => {}
        }
        if let Some(ms) = &trigger.once_per_ms {
            self.part(&format!("once per {}", duration::print(ms.value)));
        }
        if let Some(number) = &trigger.priority {
            self.part(&format!("priority {}", number.value));
        }
    }

    /// Further words of a statement, on the next line where this one is full.
    fn part(&mut self, words: &str) {
        self.go_on(words.chars().count() + 1);
        self.put(words);
    }

    /// How the text of a message or comment is compared.
    fn text_form(&mut self, form: &On) {
        let (word, phrases) = match form {
            On::Words(phrases) => ("", phrases),
            On::Exactly(phrases) => ("exactly ", phrases),
            On::Starting(phrases) => ("starting ", phrases),
            On::Like(phrases) => ("like ", phrases),
            On::Matching(regex) => {
                self.put("matching ");
                return self.regex(regex);
            }
            _ => return,
        };
        self.put(word);
        self.phrases(phrases);
    }

    fn entry(&mut self, word: &str, id: Option<&Spanned<String>>) {
        self.put(word);
        if let Some(id) = id {
            self.put(&format!(" {}", quoted(&id.value)));
        }
    }

    pub(super) fn clause(&mut self, clause: &WaitClause) {
        match &clause.kind {
            WaitClauseKind::Invalid(text) => {
                self.put("invalid ");
                self.text(text);
            }
            WaitClauseKind::Tries(count, block) => {
                self.put(&format!("tries {}", count.value));
                if let Some(block) = block {
                    self.body(block, count.span.end);
                }
            }
            WaitClauseKind::Within(ms, block) => {
                self.put(&format!("within {}", duration::print(ms.value)));
                if let Some(block) = block {
                    self.body(block, ms.span.end);
                }
            }
            WaitClauseKind::Nudge(ms, text) => {
                self.put(&format!("nudge after {} ", duration::print(ms.value)));
                self.text(text);
            }
        }
    }
}

/// Clauses in the order of the language's page; several of one kind keep theirs.
pub fn in_order(clauses: &[WaitClause]) -> Vec<&WaitClause> {
    let mut ordered: Vec<&WaitClause> = clauses.iter().collect();
    ordered.sort_by_key(|clause| match clause.kind {
        WaitClauseKind::Invalid(_) => 0,
        WaitClauseKind::Tries(..) => 1,
        WaitClauseKind::Within(..) => 2,
        WaitClauseKind::Nudge(..) => 3,
    });
    ordered
}

pub const fn rank(kind: &SettingKind) -> u8 {
    match kind {
        SettingKind::Languages(_) => 0,
        SettingKind::Timezone(_) => 1,
        SettingKind::Reserve(_) => 2,
        SettingKind::OnShortBudget(_) => 3,
        SettingKind::Keep(_) => 4,
        SettingKind::Gather { .. } => 5,
        SettingKind::ReleaseAfter(_) => 6,
        SettingKind::OptOut { .. } => 7,
        SettingKind::OptIn { .. } => 8,
        SettingKind::Defaults(_) => 9,
        SettingKind::Numerals(_) => 12,
        SettingKind::SameReply { .. } => 14,
        SettingKind::FetchFrom(_) => 10,
        SettingKind::Secret(_) => 11,
        SettingKind::WhenTiktokAnswers(_) => 13,
        SettingKind::Spread(_) => 15,
        SettingKind::Welcome(_) => 16,
        SettingKind::Suggest { .. } => 17,
        SettingKind::Prompt { .. } => 18,
        SettingKind::Broken => 19,
    }
}

const fn row_span(row: &HoursRow) -> crate::source::Span {
    match row {
        HoursRow::Open { span, .. } | HoursRow::Closed { span, .. } | HoursRow::Broken(span) => *span,
    }
}
