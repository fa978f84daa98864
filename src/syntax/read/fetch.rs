//! `fetch`: what is asked of another computer.

use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Expr, ExprKind, Fetch, Spanned};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn fetch(&mut self, pair: &Pair<'_>) -> Option<Fetch> {
        if let Some(gap) = child(pair, Rule::odd_gap) {
            self.gap(&gap);
        }
        let mut fetch = Fetch {
            target: self.name(&child(pair, Rule::name)?),
            method: self.method(&child(pair, Rule::method)?),
            url: self.template(&child(pair, Rule::template)?),
            headers: Vec::new(),
            json: None,
            timeout_ms: None,
            retry: None,
            gives: None,
            gives_span: None,
            statuses: Vec::new(),
            otherwise: None,
        };
        let body = child(pair, Rule::fetch_body);
        for inner in body.into_iter().flat_map(Pair::into_inner) {
            match inner.as_rule() {
                Rule::fetch_part => {
                    let Some(part) = inner.into_inner().next() else { continue };
                    if self.fetch_part(&part, &mut fetch) == Some(true) {
                        self.twice(&part);
                    }
                }
                Rule::broken => {
                    self.broken(&inner, Place::FetchPart);
                }
                _ => {}
            }
        }
        Some(fetch)
    }

    pub(super) fn method(&self, pair: &Pair<'_>) -> Spanned<String> {
        self.spanned(pair, pair.as_str().to_owned())
    }

    /// Whether the part stood there before.
    fn fetch_part(&mut self, pair: &Pair<'_>, fetch: &mut Fetch) -> Option<bool> {
        let span = self.span(pair);
        Some(match pair.as_rule() {
            Rule::header => {
                let mut texts = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::template);
                let name = self.plain(&texts.next()?);
                fetch.headers.push((name, self.template(&texts.next()?)));
                false
            }
            Rule::json => {
                let map = child(pair, Rule::map)?;
                let value = Expr { kind: ExprKind::Map(self.entries(&map)), span: self.span(&map) };
                fetch.json.replace(value).is_some()
            }
            Rule::timeout => fetch.timeout_ms.replace(self.duration(&child(pair, Rule::duration)?)).is_some(),
            Rule::retry => fetch.retry.replace(self.integer(&child(pair, Rule::integer)?)).is_some(),
            Rule::gives => {
                let fields = self.record(&child(pair, Rule::record)?);
                fetch.gives_span = Some(span);
                fetch.gives.replace(fields).is_some()
            }
            Rule::on_status => {
                let statuses = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::integer);
                let statuses = statuses.map(|status| self.status(&status)).collect();
                fetch.statuses.push((statuses, self.body_of(pair)?));
                false
            }
            _ => fetch.otherwise.replace(self.body_of(pair)?).is_some(),
        })
    }

    /// The number of an answer, such as 404.
    pub(super) fn status(&mut self, pair: &Pair<'_>) -> Spanned<u32> {
        let status = self.integer(pair);
        if !(100..=599).contains(&status.value) {
            let message = format!("`{}` is no number that an answer has", pair.as_str());
            self.error(codes::NUMBER, status.span, message, "such as `404` or `500`; `else` takes every other failure");
        }
        status
    }
}
