//! The grammar of `grammar/*.pest`, and its rules in the author's words.

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "grammar/lexis.pest"]
#[grammar = "grammar/words.pest"]
#[grammar = "grammar/texts.pest"]
#[grammar = "grammar/expressions.pest"]
#[grammar = "grammar/items.pest"]
#[grammar = "grammar/steps.pest"]
#[grammar = "grammar/pieces.pest"]
#[grammar = "grammar/tests.pest"]
pub struct FlowGrammar;

pub type Pair<'t> = pest::iterators::Pair<'t, Rule>;

/// What the author may write for this rule; `None` where saying it would help nobody.
pub fn in_words(rule: Rule) -> Option<String> {
    let name = format!("{rule:?}");
    if let Some(word) = name.strip_prefix("k_") {
        return Some(format!("`{word}`"));
    }
    let words = match rule {
        Rule::name | Rule::ident | Rule::target | Rule::call => "a name",
        Rule::set_name => "`@` and the name of a words list",
        Rule::number | Rule::signed => "a number",
        Rule::integer => "a whole number",
        Rule::date | Rule::dates => "a date such as `2026-01-07`",
        Rule::time | Rule::times => "a time such as `09:00`",
        Rule::length | Rule::duration => "a duration such as `2h`",
        Rule::regex => "a pattern such as `/#\\d+/`",
        Rule::template | Rule::line_text | Rule::block_text => "a text in quotes",
        Rule::text | Rule::lead_text | Rule::one_text => "a text",
        Rule::languages | Rule::in_language => "a text for each language",
        Rule::tag => "a language such as `en`",
        Rule::phrase | Rule::phrases => "a phrase in quotes",
        Rule::value | Rule::operand | Rule::primary | Rule::chain => "a value",
        Rule::kind => "a type such as `text(80)`",
        Rule::bound => "a limit such as `(80)`",
        Rule::range => "a range such as `(1..20)`",
        Rule::filter => "a filter such as `upper`",
        Rule::block => "`{`",
        Rule::body => "a step",
        Rule::t_equals => "`=`",
        Rule::t_open => "`{`",
        Rule::t_paren => "`(`",
        Rule::t_colon => "`:`",
        Rule::t_dots => "`..`",
        Rule::t_arrow => "`->`",
        Rule::t_dot => "`.`",
        Rule::method => "a method such as `GET`",
        Rule::map => "values in braces such as `{ order: order }`",
        Rule::record => "fields in braces such as `{ state: text(20) }`",
        Rule::step => "a step",
        Rule::pattern | Rule::literal => "a value to compare with",
        Rule::day | Rule::days => "a day such as `mon`",
        Rule::event => "what it fires on",
        Rule::EOI => "the end",
        _ => return None,
    };
    Some(words.to_owned())
}

/// The rules that hold only by the way, and say nothing of what was meant.
pub fn is_incidental(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::k_and
            | Rule::k_or
            | Rule::k_in
            | Rule::k_is
            | Rule::k_contains
            | Rule::k_matches
            | Rule::EOI
            | Rule::k_not
            | Rule::arguments
            | Rule::odd_length
    )
}
