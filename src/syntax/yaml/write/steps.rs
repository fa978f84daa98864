//! Steps.

use crate::source::Span;
use crate::syntax::print::{pieces, text_span};
use crate::syntax::tree::{
    Arm, Ask, Block, Choice, Choose, Expr, Fetch, Handoff, Name, Pattern, Share, Spanned, Step, StepKind, Template, WaitFor,
};

use super::items::{clauses, count, time};
use super::quotes::{quoted, word};
use super::texts::{
    data, expression, expressions, kind, label, name, phrases, plain, record, target, template_of, text, texts, values,
};
use super::{Entry, Yaml, union};

pub fn list(steps: &[Step]) -> Yaml {
    let steps = steps.iter().filter(|step| step.kind != StepKind::Broken);
    Yaml::List(steps.map(|step| Entry::new("", self::step(step), step.span)).collect())
}

pub fn block(key: &str, block: &Block) -> Entry {
    Entry::new(key, list(&block.steps), block.span)
}

fn flag(key: &str, set: bool) -> Option<Entry> {
    set.then(|| Entry::bare(key, Yaml::Scalar("true".to_owned())))
}

fn bare(word: &str) -> Yaml {
    Yaml::Scalar(word.to_owned())
}

fn step(step: &Step) -> Yaml {
    let mut entries = Vec::new();
    match &step.kind {
        StepKind::Say { text: say, shorts, replying, keep_apart } => {
            entries.push(text("say", say));
            entries.extend((!shorts.is_empty()).then(|| texts("short", shorts)));
            entries.extend(flag("replying", *replying));
            entries.extend(flag("keep_apart", *keep_apart));
        }
        StepKind::Image { file, otherwise } => {
            entries.push(template_of("image", file));
            entries.extend(otherwise.as_ref().map(|steps| block("else", steps)));
        }
        StepKind::Post { item_id } => entries.push(template_of("post", item_id)),
        StepKind::Choose(choose) => return self::choose(choose),
        StepKind::Ask(ask) => return self::ask(ask),
        StepKind::Typing => return bare("typing"),
        StepKind::Seen => return bare("seen"),
        StepKind::Stop => return bare("stop"),
        StepKind::Leave => return bare("leave"),
        StepKind::Return(None) => return bare("return"),
        StepKind::Return(Some(value)) => entries.push(expression("return", value)),
        StepKind::Set { target: names, value } => {
            let parts = vec![target("name", names), expression("to", value)];
            entries.push(Entry::new("set", Yaml::Short(parts), union(names.iter().map(|name| name.span)).to(value.span)));
        }
        StepKind::Tag(tag) => entries.push(plain("tag", tag)),
        StepKind::Untag(tag) => entries.push(plain("untag", tag)),
        StepKind::Goal(goal) => entries.push(plain("goal", goal)),
        StepKind::Note(note) => entries.push(template_of("note", note)),
        StepKind::Emit { event, data: fields } => {
            entries.push(plain("emit", event));
            if !fields.is_empty() {
                let span = union(fields.iter().map(|(name, value)| name.span.to(value.span)));
                entries.push(Entry::new("data", data(fields), span));
            }
        }
        StepKind::Label { name: label, renamed_from } => {
            entries.push(name("label", label));
            entries.extend(renamed_from.as_ref().map(|before| plain("renamed_from", before)));
        }
        StepKind::Wait(WaitFor::Duration(ms)) => entries.push(Entry::new("wait", time(ms), ms.span)),
        StepKind::Wait(WaitFor::Time(at)) => {
            let clock = format!("{:02}:{:02}", at.value.hour(), at.value.minute());
            entries.push(Entry::new("wait_until", Yaml::Scalar(quoted(&clock)), at.span));
        }
        StepKind::Wait(WaitFor::Open(hours)) => {
            entries.push(Entry::new("wait_until", Yaml::Scalar(quoted(&format!("open({})", hours.text))), hours.span));
        }
        StepKind::Handoff(handoff) => return self::handoff(handoff),
        StepKind::Fetch(fetch) => return self::fetch(fetch),
        StepKind::Broken => {}
        control => return self::control(control),
    }
    Yaml::Map(entries)
}

fn control(kind: &StepKind) -> Yaml {
    let mut entries = Vec::new();
    match kind {
        StepKind::If { arms, otherwise } => return if_step(arms, otherwise.as_ref()),
        StepKind::Match { subject, arms, otherwise } => {
            entries.push(expression("match", subject));
            let arms: Vec<Entry> = arms.iter().map(arm).collect();
            entries.extend(several("arms", arms));
            entries.extend(otherwise.as_ref().map(|steps| block("else", steps)));
        }
        StepKind::Repeat { times, block: steps } => {
            entries.push(Entry::new("repeat", count(times), times.span));
            entries.push(block("steps", steps));
        }
        StepKind::For { item, list, most, block: steps } => {
            entries.push(name("for", item));
            entries.push(expression("in", list));
            entries.extend(most.as_ref().map(|most| Entry::new("up_to", count(most), most.span)));
            entries.push(block("steps", steps));
        }
        StepKind::Split { name, arms } => {
            entries.push(plain("split", name));
            entries.extend(several("arms", arms.iter().map(share).collect()));
        }
        StepKind::Goto { first, label, arguments } => {
            let names: Vec<Name> = [Some(first.clone()), label.clone()].into_iter().flatten().collect();
            entries.push(target("goto", &names));
            entries.extend(with(arguments));
        }
        StepKind::Do { flow, arguments, into } => {
            entries.push(name("do", flow));
            entries.extend(with(arguments));
            entries.extend((!into.is_empty()).then(|| target("into", into)));
        }
        StepKind::Run { target: into, kind: answer, script, function, arguments } => {
            entries.push(target("run", &[script.clone(), function.clone()]));
            entries.extend(with(arguments));
            entries.push(target("into", into));
            entries.extend(answer.as_ref().map(|answer| kind_of("type", answer)));
        }
        _ => {}
    }
    Yaml::Map(entries)
}

fn kind_of(key: &str, answer: &crate::syntax::tree::Type) -> Entry {
    kind(key, answer)
}

fn with(arguments: &[Expr]) -> Option<Entry> {
    (!arguments.is_empty()).then(|| expressions("with", arguments))
}

/// A list that is left out where it is empty.
fn several(key: &str, entries: Vec<Entry>) -> Option<Entry> {
    let span = union(entries.iter().filter_map(|entry| entry.span));
    (!entries.is_empty()).then(|| Entry::new(key, Yaml::List(entries), span))
}

fn if_step(arms: &[(Expr, Block)], otherwise: Option<&Block>) -> Yaml {
    let arm = |(condition, steps): &(Expr, Block)| vec![expression("if", condition), block("then", steps)];
    let mut entries = arms.first().map(arm).unwrap_or_default();
    let more = arms.iter().skip(1).map(|part| Entry::new("", Yaml::Map(arm(part)), part.0.span.to(part.1.span)));
    entries.extend(several("elif", more.collect()));
    entries.extend(otherwise.map(|steps| block("else", steps)));
    Yaml::Map(entries)
}

fn arm(arm: &Arm) -> Entry {
    let written = |pattern: &Pattern| match pattern {
        Pattern::Value(value) => word_or_code(&pieces::pattern(pattern), value.span),
        Pattern::Range(low, high) => Entry::new("", Yaml::Scalar(quoted(&pieces::pattern(pattern))), low.span.to(high.span)),
        Pattern::Set(name) => Entry::new("", Yaml::Scalar(quoted(&format!("@{}", name.text))), name.span),
    };
    let mut patterns: Vec<Entry> = arm.patterns.iter().map(written).collect();
    let is = match (patterns.len(), patterns.pop()) {
        (1, Some(one)) => Entry { key: "is".to_owned(), ..one },
        (_, last) => {
            patterns.extend(last);
            let span = union(patterns.iter().filter_map(|entry| entry.span));
            Entry::new("is", Yaml::List(patterns), span)
        }
    };
    Entry::new("", Yaml::Map(vec![is, block("steps", &arm.block)]), arm.span)
}

fn word_or_code(text: &str, span: Span) -> Entry {
    let plain = matches!(text, "true" | "false");
    Entry::new("", Yaml::Scalar(if plain { text.to_owned() } else { word(text) }), span)
}

fn share(share: &Share) -> Entry {
    let parts = vec![
        plain("name", &share.name),
        Entry::new("share", count(&share.share), share.share.span),
        block("steps", &share.block),
    ];
    Entry::new("", Yaml::Map(parts), share.span)
}

fn ask(ask: &Ask) -> Yaml {
    let mut entries = vec![target("ask", &ask.target)];
    entries.extend(ask.kind.as_ref().map(|answer| kind("type", answer)));
    entries.push(text("prompt", &ask.text));
    entries.extend(clauses(&ask.clauses));
    Yaml::Map(entries)
}

fn choose(choose: &Choose) -> Yaml {
    let mut entries = vec![text("choose", &choose.text)];
    entries.extend(flag("as_text", choose.as_text));
    entries.extend(several("options", choose.options.iter().map(option).collect()));
    entries.extend(choose.other.as_ref().map(|steps| block("other", steps)));
    entries.extend(clauses(&choose.clauses));
    Yaml::Map(entries)
}

fn option(choice: &Choice) -> Entry {
    let mut entries = vec![label("label", &choice.label)];
    entries.extend(choice.named.as_ref().map(|named| name("named", named)));
    entries.extend((!choice.also.is_empty()).then(|| phrases("also", &choice.also)));
    entries.push(block("steps", &choice.block));
    Entry::new("", Yaml::Map(entries), choice.span.to(text_span(&choice.label)))
}

fn handoff(handoff: &Handoff) -> Yaml {
    let mut entries = vec![template_of("handoff", &handoff.note)];
    entries.extend(handoff.team.as_ref().map(|team| name("to", team)));
    entries.extend(handoff.open.as_ref().map(|steps| block("open", steps)));
    entries.extend(handoff.closed.as_ref().map(|steps| block("closed", steps)));
    entries.extend(handoff.nobody_in.as_ref().map(|(ms, steps)| {
        let parts = vec![Entry::new("after", time(ms), ms.span), block("steps", steps)];
        Entry::new("nobody_in", Yaml::Map(parts), ms.span.to(steps.span))
    }));
    entries.extend(handoff.released.as_ref().map(|steps| block("released", steps)));
    Yaml::Map(entries)
}

fn fetch(fetch: &Fetch) -> Yaml {
    let mut entries = vec![name("fetch", &fetch.target), template_of(&fetch.method.value.to_lowercase(), &fetch.url)];
    entries.extend(several("headers", fetch.headers.iter().map(header).collect()));
    entries.extend(fetch.json.as_ref().map(|json| values("json", json)));
    entries.extend(fetch.timeout_ms.as_ref().map(|ms| Entry::new("timeout", time(ms), ms.span)));
    entries.extend(fetch.retry.as_ref().map(|retry| Entry::new("retry", count(retry), retry.span)));
    if let Some(fields) = &fetch.gives {
        entries.push(Entry::new("gives", record(fields), fetch.gives_span.unwrap_or_default()));
    }
    entries.extend(several("status", fetch.statuses.iter().map(status).collect()));
    entries.extend(fetch.otherwise.as_ref().map(|steps| block("else", steps)));
    Yaml::Map(entries)
}

fn header((name, value): &(Spanned<String>, Template)) -> Entry {
    let parts = vec![plain("name", name), template_of("value", value)];
    Entry::new("", Yaml::Map(parts), name.span.to(value.span))
}

fn status((numbers, steps): &(Vec<Spanned<u32>>, Block)) -> Entry {
    let all: Vec<Entry> = numbers.iter().map(|number| Entry::new("", count(number), number.span)).collect();
    let span = union(numbers.iter().map(|number| number.span));
    let is = match numbers.as_slice() {
        [one] => Entry::new("is", count(one), one.span),
        _ => Entry::new("is", Yaml::List(all), span),
    };
    Entry::new("", Yaml::Map(vec![is, block("steps", steps)]), if numbers.is_empty() { steps.span } else { span.to(steps.span) })
}
