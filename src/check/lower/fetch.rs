//! Reaching out: `fetch` and `run`.

use std::collections::BTreeMap;

use super::super::address;
use super::super::code::{self, STATUS};
use super::super::expression::Typed;
use super::super::kind::{self, Kind};
use super::Lowerer;
use crate::bot::{self, Method, Op};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Block, Expr, Name, Spanned};

/// Of each try, where the author says nothing.
const TIMEOUT_MS: i64 = 5_000;

/// Longer than this no customer waits in front of silence.
const TIMEOUT_MS_MAX: i64 = 60_000;

/// Further tries, at most.
const RETRIES_MAX: u32 = 5;

impl Lowerer<'_, '_> {
    pub(super) fn fetch(&mut self, fetch: &tree::Fetch, span: Span) {
        let target = self.target(std::slice::from_ref(&fetch.target));
        let method = method(&fetch.method.value);
        address::check(self.world(), &fetch.url);
        let url = self.scope.template(&fetch.url);
        let headers = self.headers(&fetch.headers);
        let json = fetch.json.as_ref().map(|json| self.json(json));
        if let (Some(json), Method::Get) = (&fetch.json, method) {
            let finding = Diagnostic::warning(code::JSON, json.span, "many systems ignore what a `GET` carries");
            self.report(finding.help("use `POST`, or put the values into the address"));
        }
        let timeout_ms = fetch.timeout_ms.as_ref().map_or(TIMEOUT_MS, |timeout| self.timeout(timeout));
        let retry = fetch.retry.as_ref().map_or(0, |retry| self.retries(retry));
        let gives = fetch.gives.as_ref().map(|fields| kind::record(fields, &self.world().findings));
        self.statuses(&fetch.statuses);
        if fetch.otherwise.is_none() {
            let finding = Diagnostic::warning(code::NO_OUTCOME, span, "this `fetch` does not say what happens when it fails");
            self.report(finding.help("add `else goto …` or `else say \"…\"`"));
        }
        let end = self.mark();
        let statuses: Vec<(Vec<u16>, usize)> = fetch
            .statuses
            .iter()
            .map(|(codes, _)| (codes.iter().filter_map(|code| u16::try_from(code.value).ok()).collect(), self.mark()))
            .collect();
        let otherwise = fetch.otherwise.as_ref().map(|block| (self.mark(), block));
        let marks: Vec<usize> = statuses.iter().map(|(_, mark)| *mark).collect();
        if target.is_some() {
            let call = bot::Fetch {
                target: fetch.target.text.clone(),
                method,
                url,
                headers,
                json,
                timeout_ms,
                retry,
                gives,
                statuses,
                otherwise: otherwise.map(|(mark, _)| mark),
            };
            self.emit(Op::Fetch(Box::new(call)), span);
        }
        self.emit_made(Op::Jump(end), span);
        for ((_, block), mark) in fetch.statuses.iter().zip(marks) {
            self.side(mark, Some(block), end, block.span);
        }
        if let Some((mark, block)) = otherwise {
            self.side(mark, Some(block), end, block.span);
        }
        self.put(end);
    }

    fn headers(&self, headers: &[(Spanned<String>, tree::Template)]) -> Vec<(String, bot::Template)> {
        let mut seen = BTreeMap::new();
        for (name, _) in headers {
            let letters = name.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
            if name.value.is_empty() || !letters {
                let finding = Diagnostic::error(code::HEADER, name.span, format!("`{}` is no name of a header", name.value));
                self.report(finding.help("such a name has letters, digits and `-`: `\"Authorization\"`"));
            }
            if bot::Fetch::RESERVED_HEADERS.iter().any(|reserved| reserved.eq_ignore_ascii_case(&name.value)) {
                let finding = Diagnostic::error(code::HEADER, name.span, format!("`{}` cannot be set by a flow", name.value));
                self.report(finding.help("the connection sets it by itself; leave this header out"));
            }
            if let Some(first) = seen.insert(name.value.to_ascii_lowercase(), name.span) {
                let finding = Diagnostic::error(code::DEFINED_TWICE, name.span, format!("`{}` is given twice", name.value));
                self.report(finding.also(first, "the first one"));
            }
        }
        let done = headers.iter().map(|(name, value)| (name.value.clone(), self.scope.header_template(value)));
        done.collect()
    }

    fn json(&self, json: &Expr) -> bot::Expr {
        let typed = self.scope.expr(json);
        if let tree::ExprKind::Map(entries) = &json.kind {
            self.map_names(entries);
        }
        if !typed.kind.may_be(Kind::Map) {
            let finding = Diagnostic::error(code::JSON, json.span, "`json` takes names with values")
                .here(format!("this is {}", typed.kind.name()));
            self.report(finding.help("write `json { order: order, size: contact.size }`"));
        }
        typed.expr
    }

    fn timeout(&self, timeout: &Spanned<i64>) -> i64 {
        if !(1..=TIMEOUT_MS_MAX).contains(&timeout.value) {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, timeout.span, "`timeout` takes a duration up to `60s`"));
        }
        timeout.value.clamp(1, TIMEOUT_MS_MAX)
    }

    fn retries(&self, retry: &Spanned<u32>) -> u32 {
        if retry.value > RETRIES_MAX {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, retry.span, format!("`retry` takes at most {RETRIES_MAX}")));
        }
        retry.value.min(RETRIES_MAX)
    }

    /// Answers of 200 to 299 are taken; every other one has one block.
    fn statuses(&self, arms: &[(Vec<Spanned<u32>>, Block)]) {
        let mut seen = BTreeMap::new();
        for code in arms.iter().flat_map(|(codes, _)| codes) {
            let wrong = match code.value {
                200..=299 => {
                    Some(("this block never runs: an answer of 200 to 299 is taken", "the steps behind the `fetch` are for it"))
                }
                100..=199 | 300..=599 => None,
                _ => Some(("no system answers so", "answers that fail have numbers from 300 to 599: `on 404 …`")),
            };
            if let Some((message, help)) = wrong {
                self.report(Diagnostic::error(STATUS, code.span, message).help(help));
            }
            if let Some(first) = seen.insert(code.value, code.span) {
                let finding = Diagnostic::error(STATUS, code.span, format!("this block never runs for {}", code.value));
                self.report(finding.also(first, "it is taken here"));
            }
        }
    }

    /// `run score: whole(0..100) = shop.lead_score(contact, order)`
    pub(super) fn run(
        &mut self,
        target: &[Name],
        kind: Option<&tree::Type>,
        (script, function): (&Name, &Name),
        arguments: &[Expr],
        span: Span,
    ) {
        let place = self.target(target);
        let kind = match kind {
            Some(kind) => kind::lower(kind, &self.world().findings).unwrap_or(bot::Type::Any),
            None => bot::Type::Any,
        };
        if let (Some(bot::Place::Language), Some(first)) = (&place, target.first()) {
            let finding = Diagnostic::error(code::CANNOT_BE_SET, first.span, "a script cannot set the language directly");
            self.report(finding.help("keep what it gives in a variable, then `set conversation.language`"));
        }
        self.result_fits(&kind, place.as_ref(), function.span);
        super::super::script::call(self.world(), script, function, arguments.len());
        let arguments: Vec<bot::Expr> = arguments.iter().map(|argument| self.script_argument(argument).expr).collect();
        let Some(target) = place else { return };
        let (script, function) = (script.text.clone(), function.text.clone());
        self.emit(Op::Run { target, kind, script, function, arguments }, span);
    }

    /// A script may be handed the whole contact.
    fn script_argument(&self, argument: &Expr) -> Typed {
        let tree::ExprKind::Name(name) = &argument.kind else { return self.scope.expr(argument) };
        if name.text != "contact" {
            return self.scope.expr(argument);
        }
        let fields = self.world().fields.iter().filter(|field| !field.item.secret);
        let entries = fields.map(|field| (field.item.name.text.clone(), bot::Expr::Place(field.place())));
        let tags = ("tags".to_owned(), bot::Expr::Place(bot::Place::ContactTags));
        Typed { expr: bot::Expr::Map(entries.chain([tags]).collect()), kind: Kind::Map, span: argument.span }
    }
}

/// The way to call a system, as authors write it.
pub(in super::super) fn method(word: &str) -> Method {
    match word {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        // The grammar lets nothing else pass.
        _ => Method::Get,
    }
}
