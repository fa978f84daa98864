//! In: strings. Out: folded, counted, split strings.
//! Does not know: anything else.
//! Pure and total: any string goes in, nothing panics.

mod count;
mod fold;
mod lookalike;
mod script;
mod similar;
mod split;
mod words;
mod yes_no;

pub use self::similar::{allowed_slips, similar};
pub use count::{SHORTEN_GRAPHEME_UNITS, fits, graphemes, shorten, shorten_units, units};
pub use fold::{digits_to_ascii, fold, is_digit};
pub use lookalike::{disguised, mixes_scripts, skeleton};
pub use script::{is_bidi_control, is_without_spaces, language_of};
pub use split::{Pieces, pieces, split};
pub use words::{Borders, contains_words, find_words, is_whole};
pub use yes_no::yes_no;
