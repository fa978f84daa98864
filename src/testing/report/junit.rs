//! JUnit's XML, as build servers read it.

use super::json::told;
use super::text::{self, Look};
use crate::testing::{Coverage, Outcome};

/// One document; a test case belongs to the class of its file.
#[must_use]
pub fn junit(bot: &str, outcomes: &[Outcome], coverage: &Coverage) -> String {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\"", outcomes.len());
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rejoinder\" {counts}>\n  <testsuite name=\"{}\" {counts}>\n    <properties>\n",
        escaped(bot)
    );
    let shares = [("steps", coverage.steps), ("branches", coverage.branches), ("silences", coverage.silences)];
    for (name, share) in shares {
        out.push_str(&format!("      <property name=\"coverage.{name}.percent\" value=\"{}\"/>\n", share.percent()));
    }
    out.push_str("    </properties>\n");
    for outcome in outcomes {
        let opening = format!(
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
            escaped(&outcome.origin.path),
            escaped(&outcome.name),
            escaped(&outcome.origin.path),
            outcome.origin.line
        );
        let Some(failure) = &outcome.failure else {
            out.push_str(&format!("{opening}/>\n"));
            continue;
        };
        let (kind, _, _) = told(&failure.problem);
        out.push_str(&format!(
            "{opening}>\n      <failure type=\"{kind}\" message=\"{}:{}: {}\">{}</failure>\n    </testcase>\n",
            escaped(&failure.origin.path),
            failure.origin.line,
            escaped(&failure.line),
            escaped(&text::failure(outcome, Look::default()))
        ));
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Escaped for text and attributes; characters that XML 1.0 cannot hold become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => out.push(letter),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn any_text_becomes_text_that_xml_can_hold() {
        assert_eq!(escaped("<a & \"b\" 'c'>"), "&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt;");
        assert_eq!(escaped("\u{1b}[31m\u{0}\u{ffff}é👍"), "\u{fffd}[31m\u{fffd}\u{fffd}é👍");
        assert_eq!(escaped("a\nb"), "a&#10;b");
    }
}
