//! Calls of the business's systems and of scripts: what leaves, what comes back, and what an answer does.
//!
//! The engine calls nothing: it says what is to be called, and the run waits for an input of the same number.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::given;
use super::render::fill_for_programs;
use super::state::{Ended, Wait, WaitKind};
use super::steps::{Next, is_deeper, weight};
use super::work::{Fault, Work};
use super::{Answer, Effect, HeaderPiece, Request};
use crate::bot::{Expr, Fetch, Few, Op, Piece, Place, StepId, Template, Value};
use crate::calendar::Moment;
use crate::text;

/// Everything but the unreserved characters of a URL: a hole is one segment or one value, whatever it holds.
const HOLE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Stands for a hole with nothing in it until it is seen whether its part of the path has anything else.
const NOTHING: char = '\0';
/// A script that has not returned by then was lost with its process: it is called again, which changes nothing.
const SCRIPT_MS: i64 = 3_000;
/// So often in all.
const SCRIPT_CALLS: u32 = 3;

impl<'a> Work<'a> {
    pub(super) fn fetch(&mut self, fetch: &'a Fetch) -> Result<Next, Fault> {
        let url = match self.url(&fetch.url)? {
            Ok(url) => url,
            Err(why) => return self.failed(fetch, &why),
        };
        let headers = fetch.headers.iter().map(|(name, value)| Ok((name.clone(), self.header(value)?)));
        let headers = headers.collect::<Result<Vec<_>, Fault>>()?;
        let most = self.context.limits.header_bytes_max;
        if let Some((name, _)) = headers.iter().find(|(_, pieces)| header_bytes(pieces) > most) {
            return self.failed(fetch, &format!("the header `{name}` has more than {most} bytes"));
        }
        let json = fetch.json.as_ref().and_then(|json| self.scope().value(json));
        let most = self.context.limits.value_bytes_max;
        if json.as_ref().is_some_and(|json| weight(json) > most) {
            return self.failed(fetch, &format!("`json` has more than {most} bytes"));
        }
        let until = self.now.plus_ms(patience_ms(fetch.timeout_ms, fetch.retry));
        let call = self.wait_for_call(WaitKind::Fetch, &fetch.target, until)?;
        self.note("fetch", format_args!("{} {}", fetch.method.word(), origin_of(&url)));
        let (method, timeout_ms, retry) = (fetch.method, fetch.timeout_ms, fetch.retry);
        let gives = fetch.gives.as_ref().map(|fields| fields.iter().map(|field| field.name.clone()).collect());
        self.effects.push(Effect::Fetch(Request { call, method, url, headers, json, timeout_ms, retry, until, gives }));
        Ok(Next::Rest)
    }

    pub(super) fn run_script(&mut self, script: &str, function: &str, arguments: &[Expr], what: &Place) -> Result<Next, Fault> {
        let until = self.now.plus_ms(SCRIPT_MS);
        let call = self.wait_for_call(WaitKind::Script, &super::ask::name_of(what), until)?;
        self.call_script(call, script, function, arguments);
        Ok(Next::Rest)
    }

    fn call_script(&mut self, call: u32, script: &str, function: &str, arguments: &[Expr]) {
        let scope = self.scope();
        let arguments = arguments.iter().map(|argument| scope.value(argument)).collect();
        self.note("run", format_args!("{script}.{function}"));
        self.effects.push(Effect::Run { call, script: script.to_owned(), function: function.to_owned(), arguments });
    }

    fn wait_for_call(&mut self, kind: WaitKind, what: &str, until: Moment) -> Result<u32, Fault> {
        // Each answer begins a sprint of its own, so that no limit of a sprint ends a flow that calls for ever.
        let most = self.context.limits.calls_max;
        self.state.calls = self.state.calls.saturating_add(1);
        if self.state.calls > most {
            return Err(Fault::new("limit", format!("more than {most} calls until the customer writes")));
        }
        let wait = self.new_wait(kind);
        let call = wait.visit;
        self.rest(Wait { until: Some(until), what: what.to_owned(), ..wait });
        Ok(call)
    }

    /// The address; inside, why a value cannot stand in it.
    fn url(&mut self, template: &Template) -> Result<Result<String, String>, Fault> {
        let encoded = |filled: String| match filled.is_empty() {
            true => NOTHING.to_string(),
            false => utf8_percent_encode(&filled, HOLE).to_string(),
        };
        let url =
            self.telling(|work, trace| fill_for_programs(&work.scope(), work.language_tag(), template, Some(trace), &encoded))?;
        let path = url.split(['?', '#']).next().unwrap_or_default();
        // `DELETE …/orders/` is another call than `DELETE …/orders/7`.
        if path.split('/').any(|part| part.starts_with(NOTHING) && part.chars().all(|letter| letter == NOTHING)) {
            return Ok(Err("a value that stands in the address is empty".to_owned()));
        }
        let url = url.replace(NOTHING, "");
        let path = url.split(['?', '#']).next().unwrap_or_default();
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Ok(Err("a value would change the path of the address".to_owned()));
        }
        let most = self.context.limits.address_bytes_max;
        if url.len() > most {
            return Ok(Err(format!("the address has more than {most} bytes")));
        }
        Ok(Ok(url))
    }

    /// A header's value with its secrets still names, on one line.
    fn header(&mut self, template: &Template) -> Result<Vec<HeaderPiece>, Fault> {
        let mut pieces = Vec::new();
        for piece in &template.pieces {
            if let Piece::Hole(hole) = piece
                && let Expr::Place(Place::Secret(name)) = &hole.value
            {
                pieces.push(HeaderPiece::Secret(name.clone()));
                continue;
            }
            let one = Template { pieces: Few::One(piece.clone()) };
            let filled = fill_for_programs(&self.scope(), self.language_tag(), &one, None, &std::convert::identity)?;
            pieces.push(HeaderPiece::Text(filled.replace(char::is_control, " ")));
        }
        Ok(pieces)
    }

    // --- the end of a call -----------------------------------------------------------------------------------------

    /// The waiting run goes on with the end of its call.
    pub(super) fn call_ended(&mut self, ended: Ended) {
        let Some((at, step)) = self.here() else { return self.lose() };
        self.moved = true;
        let landed = match (&step.op, ended) {
            (Op::Fetch(fetch), Ended::Fetched(answer)) => self.fetched(fetch, answer, at),
            (Op::Run { target, kind, script, function, .. }, Ended::Ran(result)) => {
                let value = match result {
                    Ok(value) => value
                        .and_then(|value| given::read(kind, value, &self.bot().settings.zone))
                        .ok_or_else(|| format!("what `{script}.{function}` returned does not fit")),
                    Err(why) => Err(format!("`{script}.{function}`: {}", text::shorten_units(&why, 300))),
                };
                let value = value.map_err(|why| Fault::new("script", why));
                value.and_then(|value| self.set(target, Some(value))).map(|()| Next::Step(at.step.saturating_add(1)))
            }
            _ => return self.lose(),
        };
        match landed {
            Ok(Next::Step(next)) => self.go_on(at, next),
            Ok(_) => self.lose(),
            Err(fault) => self.fault(&fault, Some(&step.origin)),
        }
    }

    fn fetched(&mut self, fetch: &'a Fetch, answer: Answer, at: StepId) -> Result<Next, Fault> {
        match answer {
            Answer::TimedOut => self.failed(fetch, "no answer in time"),
            Answer::Failed { reason } => self.failed(fetch, &text::shorten_units(&reason, 300)),
            Answer::Status { status, body } => {
                if let Some((_, arm)) = fetch.statuses.iter().find(|(statuses, _)| statuses.contains(&status)) {
                    self.note("fetch", format_args!("status {status}"));
                    return Ok(Next::Step(*arm));
                }
                if !(200..300).contains(&status) {
                    return self.failed(fetch, &format!("status {status}"));
                }
                let value = match (&fetch.gives, body) {
                    (None, body) => body,
                    (Some(_), None) => return self.failed(fetch, "its answer is empty or no JSON"),
                    (Some(fields), Some(body)) => match given::record(fields, body, &self.bot().settings.zone) {
                        Ok(value) => Some(value),
                        Err(why) => return self.failed(fetch, &why),
                    },
                };
                self.note("fetch", format_args!("status {status}"));
                self.set(&Place::Variable(fetch.target.clone()), value)?;
                Ok(Next::Step(at.step.saturating_add(1)))
            }
        }
    }

    /// It gave nothing that can be used: `else`, or a fault.
    fn failed(&mut self, fetch: &Fetch, why: &str) -> Result<Next, Fault> {
        match fetch.otherwise {
            Some(otherwise) => {
                self.note("fetch", format_args!("failed: {why}"));
                Ok(Next::Step(otherwise))
            }
            None => Err(Fault::new("fetch", format!("the answer for `{}`: {why}", fetch.target))),
        }
    }

    /// Nothing came in time. A script is pure, so one whose answer was lost may be called again.
    pub(super) fn call_given_up(&mut self, kind: WaitKind) {
        if kind != WaitKind::Script {
            return self.call_ended(Ended::Fetched(Answer::TimedOut));
        }
        let until = self.now.plus_ms(SCRIPT_MS);
        let op = self.here().map(|(_, step)| &step.op);
        let wait = self.wait_mut().filter(|wait| wait.misfits.saturating_add(1) < SCRIPT_CALLS);
        if let (Some(Op::Run { script, function, arguments, .. }), Some(wait)) = (op, wait) {
            wait.misfits = wait.misfits.saturating_add(1);
            wait.until = Some(until);
            let call = wait.visit;
            return self.call_script(call, script, function, arguments);
        }
        self.call_ended(Ended::Ran(Err("it did not return in time".to_owned())));
    }
}

impl Ended {
    /// What it brought.
    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Self::Fetched(Answer::Status { body, .. }) => body.as_ref(),
            Self::Ran(Ok(value)) => value.as_ref(),
            _ => None,
        }
    }

    pub(super) fn fits(&self, kind: WaitKind) -> bool {
        matches!((self, kind), (Self::Fetched(_), WaitKind::Fetch) | (Self::Ran(_), WaitKind::Script))
    }

    /// What is too large or too deep to be kept is a failure.
    pub(super) fn within(self, most: usize, deep: usize) -> Self {
        let too_much = |value: &Value| weight(value) > most || is_deeper(value, deep);
        let why = || format!("an answer of more than {most} bytes, or of more than {deep} lists inside one another");
        match self {
            Self::Fetched(Answer::Status { body: Some(body), .. }) if too_much(&body) => {
                Self::Fetched(Answer::Failed { reason: why() })
            }
            Self::Ran(Ok(Some(value))) if too_much(&value) => Self::Ran(Err(why())),
            Self::Fetched(Answer::Failed { reason }) => {
                Self::Fetched(Answer::Failed { reason: text::shorten_units(&reason, 300) })
            }
            Self::Ran(Err(reason)) => Self::Ran(Err(text::shorten_units(&reason, 300))),
            other => other,
        }
    }
}

/// Scheme and host: what stands behind them may hold a secret of the customer's.
#[must_use]
pub fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| host.saturating_add(at));
    url.get(..end).unwrap_or(url)
}

/// What a header takes without its secrets.
fn header_bytes(pieces: &[HeaderPiece]) -> usize {
    let bytes = |piece: &HeaderPiece| match piece {
        HeaderPiece::Text(text) => text.len(),
        HeaderPiece::Secret(_) => 0,
    };
    pieces.iter().map(bytes).fold(0, usize::saturating_add)
}

/// All tries with the pauses between them.
fn patience_ms(timeout_ms: i64, retry: u32) -> i64 {
    let tries = i64::from(retry).saturating_add(1);
    let pauses = (1..=retry).map(Request::pause_ms).fold(0, i64::saturating_add);
    timeout_ms.saturating_mul(tries).saturating_add(pauses)
}
