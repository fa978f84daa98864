//! For people, in a terminal or a log.

use super::diff::{Stretch, stretches};
use crate::engine::Trace;
use crate::testing::{Coverage, Failure, Outcome, Problem, StoryLine, Who};

/// Missed lines that are listed where not all are asked for.
const MISSED_SHOWN: usize = 20;
/// Lines of a conversation that are shown: the newest.
const STORY_SHOWN: usize = 30;
/// Decisions that are shown.
const WHY_SHOWN: usize = 16;

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Marks by colour, as terminals understand it.
    pub color: bool,
}

impl Look {
    fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }
}

/// A test that does not hold: where, what was wanted, what was said, why, and the conversation so far.
/// Nothing for one that holds.
#[must_use]
pub fn failure(outcome: &Outcome, look: Look) -> String {
    let Some(failure) = &outcome.failure else { return String::new() };
    let mut out = format!("{} {}\n", look.red("✗"), look.bold(&outcome.name));
    out.push_str(&format!("  {}:{}  {}\n\n", failure.origin.path, failure.origin.line, failure.line));
    out.push_str(&problem(failure, look));
    if let Some(hint) = failure.hint {
        out.push_str(&format!("  help: {hint}\n"));
    }
    out.push_str(&why(&failure.why, look));
    out.push_str(&story(&failure.story, look));
    out
}

fn problem(failure: &Failure, look: Look) -> String {
    match &failure.problem {
        Problem::Reply { expected, got: Some(got) } => {
            let (wanted, said) = stretches(expected, got);
            let mut out = lines("- ", &wanted, |text| look.green(text), |text| look.paint("32;1;4", text));
            out.push_str(&lines("+ ", &said, |text| look.red(text), |text| look.paint("31;1;4", text)));
            format!("  {} {}\n{out}", look.green("- expected"), look.red("+ said"))
        }
        Problem::Reply { expected, got: None } => {
            let wanted = [Stretch { text: expected, differs: false }];
            let out = lines("- ", &wanted, |text| look.green(text), |text| look.green(text));
            format!("  {}, but the bot said nothing\n{out}", look.green("- expected"))
        }
        Problem::Unlisted(said) => {
            let mut out = format!("  {} no line of the test lists what the bot said\n", look.red("+"));
            for text in said {
                let one = [Stretch { text, differs: false }];
                out.push_str(&lines("+ ", &one, |text| look.red(text), |text| look.red(text)));
            }
            out
        }
        Problem::Expectation { expected, found } => {
            format!("  {} {}\n  {} {}\n", look.green("- expected"), look.green(expected), look.red("+ found   "), look.red(found))
        }
        Problem::Ungiven(call) => {
            format!("  the test gives no answer for this; write above it\n    {} -> 200 {{ … }}\n", look.green(call))
        }
        Problem::NoButton { label, there } if there.is_empty() => {
            format!(
                "  there is no card to press \"{label}\" on\n  help: a question that went out as a numbered text is answered by writing\n"
            )
        }
        Problem::NoButton { label, there } => {
            format!("  there is no button \"{label}\"; there are: \"{}\"\n", there.join("\", \""))
        }
        Problem::Fault(reason) => format!("  a step failed and no `on fault` takes it\n    {}\n", look.red(reason)),
        Problem::Script(reason) | Problem::NotPossible(reason) => format!("  {}\n", look.red(reason)),
    }
}

/// Stretches behind a mark that is repeated on every line.
fn lines(mark: &str, stretches: &[Stretch<'_>], same: impl Fn(&str) -> String, differs: impl Fn(&str) -> String) -> String {
    let mut out = format!("  {}", same(mark));
    for stretch in stretches {
        for (at, line) in stretch.text.split('\n').enumerate() {
            if at > 0 {
                out.push_str(&format!("\n  {}", same(mark)));
            }
            out.push_str(&if stretch.differs { differs(line) } else { same(line) });
        }
    }
    out.push('\n');
    out
}

/// What was decided, without what only repeats the chat.
fn why(trace: &[Trace], look: Look) -> String {
    const TOLD: [&str; 24] = [
        "trigger",
        "lost",
        "unmatched",
        "answer",
        "fault",
        "held",
        "kept",
        "ended",
        "silence",
        "nudge",
        "handoff",
        "taken",
        "released",
        "opt_out",
        "opt_in",
        "image",
        "merged",
        "split",
        "warning",
        "fetch",
        "run",
        "deferred",
        "unsent",
        "late",
    ];
    let told: Vec<&Trace> = trace.iter().filter(|line| TOLD.contains(&&*line.what)).collect();
    if told.is_empty() {
        return String::new();
    }
    let mut out = format!("\n  {}\n", look.dim("why"));
    for line in told.iter().take(WHY_SHOWN) {
        let place = line.origin.as_ref().map(|origin| format!("  ({}:{})", origin.path, origin.line)).unwrap_or_default();
        out.push_str(&format!("    {}: {}{}\n", line.what, line.text, look.dim(&place)));
    }
    if let Some(more) = told.len().checked_sub(WHY_SHOWN).filter(|more| *more > 0) {
        out.push_str(&format!("    … and {more} more\n"));
    }
    out
}

fn story(story: &[StoryLine], look: Look) -> String {
    if story.is_empty() {
        return String::new();
    }
    let mut out = format!("\n  {}\n", look.dim("so far"));
    let skipped = story.len().saturating_sub(STORY_SHOWN);
    if skipped > 0 {
        out.push_str(&format!("    … {skipped} lines before\n"));
    }
    for line in story.iter().skip(skipped) {
        let word = format!("{:>9}", line.who.word());
        for (at, text) in line.text.split('\n').enumerate() {
            let margin = if at == 0 { word.clone() } else { " ".repeat(9) };
            let text = if line.who == Who::Beside { look.dim(&format!("({text})")) } else { text.to_owned() };
            out.push_str(&format!("    {}  {text}\n", look.dim(&margin)));
        }
    }
    out
}

/// `12 passed, 1 failed`, and how much of the bot they reached.
#[must_use]
pub fn summary(outcomes: &[Outcome], coverage: &Coverage, look: Look) -> String {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let passed = outcomes.len().saturating_sub(failed);
    let mut out = look.green(&format!("{passed} passed"));
    if failed > 0 {
        out.push_str(&format!(", {}", look.red(&format!("{failed} failed"))));
    }
    let share = |name: &str, share: crate::testing::Share| format!("{} of {} {name}", share.reached, share.total);
    out.push_str(&format!(
        "\nreached {}, {}, {}\n",
        share("steps", coverage.steps),
        share("branches", coverage.branches),
        share("silences", coverage.silences),
    ));
    out
}

/// What no test reached, one line each; where `all` is not set at most twenty and a count.
#[must_use]
pub fn missed(coverage: &Coverage, all: bool, look: Look) -> String {
    let shown = if all { coverage.missed.len() } else { MISSED_SHOWN };
    let mut out = String::new();
    for missed in coverage.missed.iter().take(shown) {
        let place = format!("{}:{}", missed.origin.path, missed.origin.line);
        out.push_str(&format!("  {} {}\n", look.dim(&place), missed.what));
    }
    if let Some(more) = coverage.missed.len().checked_sub(shown).filter(|more| *more > 0) {
        out.push_str(&format!("  … and {more} more; `--missed` lists all\n"));
    }
    out
}
