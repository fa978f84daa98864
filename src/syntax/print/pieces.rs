//! Single values in their canonical spelling, on one line, for another notation that holds them.

use crate::syntax::tree::{Document, Expr, HoursRow, Pattern, Piece, Regex, Type, TypeKind};

use super::Printer;

fn printed(write: impl FnOnce(&mut Printer<'_>)) -> String {
    let document = Document::default();
    let mut printer = Printer::new(&document);
    write(&mut printer);
    let text = printer.out;
    // Long lists are broken over lines; texts in quotes hold no line end, but for those in three quotes.
    if text.contains("\"\"\"") { text } else { text.replace("\n    ", " ") }
}

pub fn value(value: &Expr) -> String {
    printed(|printer| printer.value(value))
}

pub fn regex(regex: &Regex) -> String {
    printed(|printer| printer.regex(regex))
}

pub fn hole(piece: &Piece) -> String {
    printed(|printer| printer.hole(piece))
}

pub fn pattern(pattern: &Pattern) -> String {
    printed(|printer| printer.pattern(pattern))
}

pub fn row(row: &HoursRow) -> String {
    printed(|printer| printer.row(row))
}

pub fn kind(kind: &Type) -> String {
    match &kind.kind {
        TypeKind::List(most, inside) => format!("list({most}) of {}", self::kind(inside)),
        TypeKind::Record(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| {
                    let optional = if field.optional { "?" } else { "" };
                    format!("{}{optional}: {}", field.name.text, self::kind(&field.kind))
                })
                .collect();
            if fields.is_empty() { "{ }".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        _ => printed(|printer| printer.kind(kind)),
    }
}
