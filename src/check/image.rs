//! Files that `image` names: each must be there, whatever its holes hold.

use super::code;
use super::expression::{Scope, show};
use super::shape::Shape;
use super::suggest;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{Expr, Filter, Piece, Template};

/// Names that one step may stand for, at most.
const NAMES_MAX: usize = 1_000;

/// Reports every file that the step could name and that is not there.
pub(super) fn check(scope: &Scope<'_, '_>, file: &Template) {
    let mut names = vec![String::new()];
    for piece in &file.pieces {
        let parts = match piece {
            Piece::Literal(text) => vec![text.clone()],
            Piece::Hole { value, filters, span } => match values(scope, value, filters) {
                Some(values) => values,
                None => {
                    let finding = Diagnostic::error(code::OPEN_IMAGE_NAME, *span, "which file this names cannot be known");
                    scope.report(
                        finding.help("only values of `one of (…)` may stand in an image's name, with `lower` or `upper`"),
                    );
                    return;
                }
            },
        };
        if names.len() * parts.len() > NAMES_MAX {
            let finding = Diagnostic::error(code::OPEN_IMAGE_NAME, file.span, format!("this names more than {NAMES_MAX} files"));
            scope.report(finding);
            return;
        }
        names = names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}{part}"))).collect();
    }
    let refused: Vec<(&String, &str)> =
        names.iter().filter_map(|name| Some((name, scope.world.assets.refusal(name)?))).take(4).collect();
    for (name, reason) in &refused {
        let finding =
            Diagnostic::error(code::UNUSABLE_IMAGE, file.span, format!("the image `{name}` cannot be sent")).here(*reason);
        scope.report(finding.help("TikTok takes JPG and PNG files of at most 3 MB"));
    }
    names.retain(|name| scope.world.assets.refusal(name).is_none());
    let assets = scope.world.assets.usable();
    let missing: Vec<&String> = names.iter().filter(|name| !assets.contains_key(*name)).collect();
    let Some(first) = missing.first() else { return };
    let list: Vec<String> = missing.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = missing.len().saturating_sub(list.len());
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut finding = Diagnostic::error(code::NO_SUCH_IMAGE, file.span, format!("there is no image {}{tail}", list.join(", ")));
    finding.help = suggest::nearest(first, assets.keys().map(String::as_str))
        .map(|near| format!("did you mean `{near}`?"))
        .or_else(|| Some("images are JPG or PNG files beside the flows".to_owned()));
    scope.report(finding);
}

/// All that a hole can print, where its type is closed.
fn values(scope: &Scope<'_, '_>, value: &Expr, filters: &[Filter]) -> Option<Vec<String>> {
    // The template itself is checked elsewhere; findings of this look would come twice and are then dropped as equal.
    let done = scope.expr(value).expr;
    let mut values: Vec<String> = match scope.shape(&done) {
        Shape::Closed(values) => values.iter().map(show).collect(),
        _ => return None,
    };
    for filter in filters {
        match filter.name.text.as_str() {
            "lower" => values.iter_mut().for_each(|value| *value = value.to_lowercase()),
            "upper" => values.iter_mut().for_each(|value| *value = value.to_uppercase()),
            _ => return None,
        }
    }
    Some(values)
}
