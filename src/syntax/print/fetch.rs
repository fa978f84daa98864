//! `fetch`, and the types of what it gives.

use crate::source::Span;
use crate::syntax::duration;
use crate::syntax::tree::{Block, Expr, ExprKind, Fetch, Given, Spanned, Template};

use super::Printer;
use super::texts::quoted;

/// A line in the braces of a `fetch`.
enum InFetch<'d> {
    Header(&'d Spanned<String>, &'d Template),
    Json(&'d Expr),
    Timeout(&'d Spanned<i64>),
    Retry(&'d Spanned<u32>),
    Gives(&'d [Given], Span),
    On(&'d [Spanned<u32>], &'d Block),
    Else(&'d Block),
}

impl InFetch<'_> {
    fn place(&self) -> Span {
        match self {
            InFetch::Header(name, value) => name.span.to(value.span),
            InFetch::Json(value) => value.span,
            InFetch::Timeout(ms) => ms.span,
            InFetch::Retry(count) => count.span,
            InFetch::Gives(_, span) => *span,
            InFetch::On(statuses, block) => statuses.first().map_or(block.span, |first| first.span.to(block.span)),
            InFetch::Else(block) => block.span,
        }
    }
}

impl Printer<'_> {
    pub(super) fn fetch(&mut self, fetch: &Fetch, span: Span) {
        self.put(&format!("fetch {} = {} ", fetch.target.text, fetch.method.value));
        self.template(&fetch.url);
        let mut parts: Vec<InFetch<'_>> = fetch.headers.iter().map(|(name, value)| InFetch::Header(name, value)).collect();
        parts.extend(fetch.json.as_ref().map(InFetch::Json));
        parts.extend(fetch.timeout_ms.as_ref().map(InFetch::Timeout));
        parts.extend(fetch.retry.as_ref().map(InFetch::Retry));
        let gives_span = fetch.gives_span.unwrap_or_default();
        parts.extend(fetch.gives.as_ref().map(|fields| InFetch::Gives(fields, gives_span)));
        parts.extend(fetch.statuses.iter().map(|(statuses, block)| InFetch::On(statuses, block)));
        parts.extend(fetch.otherwise.as_ref().map(InFetch::Else));
        if parts.is_empty() && !self.has_comment(fetch.url.span.end, span.end) {
            return;
        }
        self.braces(span, fetch.url.span.end, &parts, InFetch::place, |printer, part| printer.fetch_part(part));
    }

    fn fetch_part(&mut self, part: &InFetch<'_>) {
        match part {
            InFetch::Header(name, value) => {
                self.put(&format!("header {} = ", quoted(&name.value)));
                self.template(value);
            }
            InFetch::Json(value) => {
                self.put("json ");
                match &value.kind {
                    ExprKind::Map(entries) => self.map_at_end(entries),
                    _ => self.value(value),
                }
            }
            InFetch::Timeout(ms) => self.put(&format!("timeout {}", duration::print(ms.value))),
            InFetch::Retry(count) => self.put(&format!("retry {}", count.value)),
            InFetch::Gives(fields, span) => {
                self.put("gives");
                self.fields(fields, *span);
            }
            InFetch::On(statuses, block) => {
                self.put("on ");
                self.listed(&statuses.iter().map(|status| status.value.to_string()).collect::<Vec<_>>());
                self.body(block, statuses.last().map_or(block.span.start, |last| last.span.end));
            }
            InFetch::Else(block) => {
                self.put("else");
                self.body(block, block.span.start);
            }
        }
    }

    /// A record's type, behind `: ` or `of `.
    pub(super) fn record(&mut self, fields: &[Given], span: Span) {
        // The brace brings its own blank.
        if self.out.ends_with(' ') {
            self.out.pop();
        }
        self.fields(fields, span);
    }

    fn fields(&mut self, fields: &[Given], span: Span) {
        self.braces(
            span,
            span.start,
            fields,
            |field| field.span,
            |printer, field| {
                let optional = if field.optional { "?" } else { "" };
                printer.put(&format!("{}{optional}: ", field.name.text));
                printer.kind(&field.kind);
            },
        );
    }
}
