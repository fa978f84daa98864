//! Texts with their holes filled.

use super::expression::Scope;
use super::format::Style;
use super::trace::{Told, Traces, line};
use super::work::{Fault, Work};
use crate::bot::{Bot, Expr, Filter, Hole, Piece, Place, Template, Text, Value};
use crate::text;

impl Work<'_> {
    /// The text in the conversation's language; of several variants the one that the seed draws.
    pub(super) fn render_text(&mut self, text: &Text) -> Result<String, Fault> {
        let language = if text.by_language.len() > 1 { self.language() } else { 0 };
        let Some(variants) = text.by_language.get(language).or_else(|| text.by_language.first()) else {
            return Err(Fault::new("value", "a text without a language"));
        };
        let drawn = self.draw(variants.len());
        let Some(template) = variants.get(drawn).or_else(|| variants.first()) else {
            return Err(Fault::new("value", "a text without a variant"));
        };
        self.render(template)
    }

    pub(super) fn render(&mut self, template: &Template) -> Result<String, Fault> {
        let rendered = self.telling(|work, trace| fill(&work.scope(), work.language_tag(), template, Some(trace)))?;
        let most = self.context.limits.text_units_max;
        if !text::fits(&rendered, most) {
            return Err(Fault::new("limit", format!("a text of more than {most} characters")));
        }
        Ok(rendered)
    }

    /// Looks at the state while what each hole held is told.
    pub(super) fn telling<T>(&mut self, look: impl FnOnce(&Self, &mut Traces) -> T) -> T {
        let mut trace = std::mem::take(&mut self.trace);
        let seen = look(self, &mut trace);
        self.trace = trace;
        seen
    }

    /// A value as a hole without filters prints it.
    pub(super) fn plain(&self, value: &Value) -> String {
        plain(&self.scope(), self.language_tag(), value)
    }
}

/// The template with its holes filled; what each hole held is told to `trace`.
pub(super) fn fill(scope: &Scope<'_>, tag: &str, template: &Template, trace: Option<&mut Traces>) -> Result<String, Fault> {
    filled(scope, tag, template, trace, None)
}

/// The same for a program that reads it: dates, times and numbers in one form whatever the customer speaks, and each
/// hole's text passed through `dress`.
pub(super) fn fill_for_programs(
    scope: &Scope<'_>,
    tag: &str,
    template: &Template,
    trace: Option<&mut Traces>,
    dress: &dyn Fn(String) -> String,
) -> Result<String, Fault> {
    filled(scope, tag, template, trace, Some(dress))
}

fn filled(
    scope: &Scope<'_>,
    tag: &str,
    template: &Template,
    mut trace: Option<&mut Traces>,
    dress: Option<&dyn Fn(String) -> String>,
) -> Result<String, Fault> {
    let mut out = String::with_capacity(roughly(template));
    for piece in &template.pieces {
        match piece {
            Piece::Literal(literal) => out.push_str(literal),
            Piece::Hole(hole_of) => {
                let Hole { value, filters } = &**hole_of;
                let begin = out.len();
                match (dress, filters.is_empty(), scope.known(value)) {
                    // Most holes: a text that is kept, as it is.
                    (None, true, Some(Value::Text(text))) => out.push_str(text),
                    _ => {
                        let exact = dress.is_some().then(|| exact(scope, value, filters)).flatten();
                        let filled = exact.map_or_else(|| hole(scope, tag, value, filters), Ok)?;
                        out.push_str(&filled);
                    }
                }
                let filled = out.get(begin..).unwrap_or_default();
                if let Some(trace) = &mut trace {
                    let shown = if scope.is_secret(value) { "(secret)" } else { filled };
                    trace.tell("value", Filled(value, shown), None);
                }
                if let Some(dress) = dress {
                    let dressed = dress(filled.to_owned());
                    out.truncate(begin);
                    out.push_str(&dressed);
                }
            }
        }
    }
    Ok(out)
}

/// What a program reads of a value that no filter dresses; `None` for texts and lists, which are as they are.
fn exact(scope: &Scope<'_>, value: &Expr, filters: &[Filter]) -> Option<String> {
    if filters.iter().any(|filter| !matches!(filter, Filter::Default(_))) {
        return None;
    }
    Some(match scope.value(value)? {
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => format!("{:02}:{:02}", time.hour(), time.minute()),
        Value::Moment(moment) => moment.rfc3339(),
        Value::Text(_) | Value::Duration(_) | Value::List(_) | Value::Map(_) => return None,
    })
}

fn hole(scope: &Scope<'_>, tag: &str, value: &Expr, filters: &[Filter]) -> Result<String, Fault> {
    let mut now = scope.value(value);
    let mut shown: Option<String> = None;
    for filter in filters {
        if let Filter::Default(instead) = filter {
            if now.is_none() && shown.is_none() {
                now = scope.value(instead);
                // A default is not dressed by the filters that stood before it.
                shown = now.as_ref().map(|value| plain(scope, tag, value));
            }
            continue;
        }
        if now.is_none() && shown.is_none() {
            continue;
        }
        shown = Some(match filter {
            Filter::Upper => shown_or(scope, tag, shown, now.as_ref()).to_uppercase(),
            Filter::Lower => shown_or(scope, tag, shown, now.as_ref()).to_lowercase(),
            Filter::Shorten(most) => text::shorten(&shown_or(scope, tag, shown, now.as_ref()), *most),
            dressed => match now.as_ref().and_then(|value| dress(scope, tag, dressed, value)) {
                Some(text) => text,
                None => shown_or(scope, tag, shown, now.as_ref()),
            },
        });
    }
    match (shown, now) {
        (Some(shown), _) => Ok(shown),
        (None, Some(value)) => Ok(plain(scope, tag, &value)),
        (None, None) => Err(Fault::new("missing", format!("{} is missing and its hole has no default", name_of(value)))),
    }
}

fn shown_or(scope: &Scope<'_>, tag: &str, shown: Option<String>, value: Option<&Value>) -> String {
    shown.or_else(|| value.map(|value| plain(scope, tag, value))).unwrap_or_default()
}

/// A value through a filter that formats it; `None` where the two do not fit.
fn dress(scope: &Scope<'_>, tag: &str, filter: &Filter, value: &Value) -> Option<String> {
    let style = style(scope, tag);
    match (filter, value) {
        (Filter::Date, Value::Date(date)) => Some(style.date(*date)),
        (Filter::Date, Value::Moment(moment)) => Some(style.date(style.zone.civil(*moment).0)),
        (Filter::Time, Value::Time(time)) => Some(style.time(*time)),
        (Filter::Time, Value::Moment(moment)) => Some(style.time(style.zone.civil(*moment).1)),
        (Filter::WeekdayTime, Value::Moment(moment)) => Some(style.weekday_time(*moment)),
        (Filter::Number, Value::Number(number)) => Some(style.number(*number)),
        (Filter::Money(code), Value::Number(number)) => Some(style.money(*number, code)),
        (Filter::Plural(forms), Value::Number(number)) => {
            let category = style.plural(*number);
            let form =
                forms.iter().find(|(name, _)| name == category).or_else(|| forms.iter().find(|(name, _)| name == "other"))?;
            Some(form.1.replace('#', &style.number(*number)))
        }
        _ => None,
    }
}

fn plain(scope: &Scope<'_>, tag: &str, value: &Value) -> String {
    style(scope, tag).print(value)
}

fn style<'a>(scope: &Scope<'a>, tag: &'a str) -> Style<'a> {
    let settings = &scope.bot.settings;
    Style { language: tag, native_numerals: settings.native_numerals, zone: &settings.zone }
}

impl Scope<'_> {
    /// Whether a value is, or is made of, a secret field.
    fn is_secret(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Place(Place::Contact(name)) => is_secret(self.live, name) || is_secret(self.bot, name),
            Expr::Member(of, _) | Expr::Not(of) | Expr::Negative(of) => self.is_secret(of),
            Expr::Index(of, at) => self.is_secret(of) || self.is_secret(at),
            Expr::Call(_, arguments) | Expr::List(arguments) => arguments.iter().any(|argument| self.is_secret(argument)),
            Expr::Binary(_, left, right) => self.is_secret(left) || self.is_secret(right),
            Expr::If(parts) => self.is_secret(&parts.1) || self.is_secret(&parts.2),
            _ => false,
        }
    }
}

/// Whether a field of the contact is a secret.
pub(super) fn is_secret(bot: &Bot, field: &str) -> bool {
    bot.contact.iter().any(|known| known.name == field && known.secret)
}

/// An expression's name for people.
fn name_of(expr: &Expr) -> String {
    let mut name = String::new();
    push_name(expr, &mut name);
    name
}

fn push_name(expr: &Expr, out: &mut String) {
    let (before, name) = match expr {
        Expr::Place(Place::Variable(name)) => ("", name.as_str()),
        Expr::Place(Place::Contact(name)) => ("contact.", &**name),
        Expr::Place(Place::Message(part)) => ("message.", part.as_str()),
        Expr::Place(Place::Referral(part)) => ("referral.", part.as_str()),
        Expr::Member(of, name) => {
            push_name(of, out);
            out.truncate(out.trim_end_matches('`').len());
            return line![".", name.as_str(), "`"].tell(out);
        }
        _ => return out.push_str("a value"),
    };
    line!["`", before, name, "`"].tell(out);
}

/// A hole and what it held.
struct Filled<'a>(&'a Expr, &'a str);

impl Told for Filled<'_> {
    fn tell(self, line: &mut String) {
        push_name(self.0, line);
        line![" = ", self.1].tell(line);
    }
}

/// Bytes that the template will about take.
fn roughly(template: &Template) -> usize {
    const HOLE: usize = 32;
    let piece = |piece: &Piece| match piece {
        Piece::Literal(literal) => literal.len(),
        Piece::Hole(_) => HOLE,
    };
    template.pieces.iter().map(piece).fold(0, usize::saturating_add)
}
