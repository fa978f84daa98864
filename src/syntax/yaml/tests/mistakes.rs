//! What is said of mistakes, and where.

use super::*;

/// What is said of the steps of a flow; lines are counted from the first of them.
#[track_caller]
fn says(steps: &str, expected: &[&str]) {
    let (_, found) = read(&format!("flow: f\nsteps:\n{steps}"));
    let moved: Vec<String> = found
        .iter()
        .map(|found| {
            let (line, rest) = found.split_once(':').unwrap();
            format!("{}:{rest}", line.parse::<usize>().unwrap() - 2)
        })
        .collect();
    assert_eq!(moved, expected, "{steps}");
}

#[test]
fn a_text_that_yaml_reads_as_something_else_gets_its_repair() {
    let quote = "put the text in quotes";
    says("  - say: {name}\n", &[&format!("1:10 F0071 YAML reads this as a map, not as a text | {quote}: `\"{{name}}\"`")]);
    says(
        "  - say: {name} is here\n",
        &[&format!(
            "1:10 F0071 YAML reads `{{` at the beginning of a value as a map, not as a text | {quote}: `\"{{name}} is here\"`"
        )],
    );
    says(
        "  - say: *bold* text\n",
        &[&format!(
            "1:10 F0071 YAML reads `*` at the beginning of a value as an alias, not as a text | {quote}: `\"*bold* text\"`"
        )],
    );
    says(
        "  - say: Note: this\n",
        &[&format!(
            "1:14 F0071 YAML reads a second `:` on a line as another key, not as a part of the text | {quote}: `\"Note: this\"`"
        )],
    );
    says(
        "  - say: Take # 5\n",
        &[
            "1:15 F0071 YAML reads this as a comment, not as a part of the text | put the text in quotes, with the `#` inside of them or behind them",
        ],
    );
    says(
        "  - say: @you\n",
        &[&format!(
            "1:10 F0071 YAML reads `@` at the beginning of a value as a sign of its own, not as a text | {quote}: `\"@you\"`"
        )],
    );
    says("  - say: [now]\n", &[&format!("1:10 F0071 YAML reads this as a list, not as a text | {quote}: `\"[now]\"`")]);
    says(
        "  - choose: a\n    options:\n      - label: b\n        also: [@returns, c]\n        steps: []\n",
        &[&format!(
            "4:16 F0071 YAML reads `@` at the beginning of a value as a sign of its own, not as a text | {quote}: `\"@returns\"`"
        )],
    );
    says("  - say: yes\n  - say: 12\n  - say: ~\n", &[]);
}

#[test]
fn keys_are_strict() {
    says("  - say: a\n    shrot: b\n", &["2:5 F0072 `shrot` is not a key of `say` | did you mean `short`?"]);
    says("  - say: a\n    say: b\n", &["2:5 F0073 `say` stands here a second time | keep one of them"]);
    says("  - sya: a\n", &["1:5 F0077 no key names a step here | did you mean `say`?"]);
    says("  - say: a\n    stop: b\n", &["2:5 F0072 `stop` is not a key of `say` | a step of its own begins with `- `"]);
    says(
        "  - say: a\n    goal: b\n",
        &[
            "1:5 F0077 `say` and `goal` each begin a step of their own | begin each with `- `, or with `---` where it is a document",
        ],
    );
    says("  - ask: a\n    type: date\n", &["1:5 F0076 `ask` without `prompt` | add `prompt:`, the question"]);
    says("  - say:\n", &["1:5 F0076 `say` has no value | write it behind the key, on the same line"]);
    says("  - stop\n  -\n", &["2:3 F0076 nothing stands here | write it behind the key, on the same line"]);
    says("  - wait: 2 hours\n", &["1:11 F0021 `2 hours` is not how a duration is written | write `2h`"]);
    says("  - stpo\n", &["1:5 F0077 `stpo` alone is no step | did you mean `stop`?"]);
    says("  - say\n", &["1:5 F0077 `say` alone is no step | write `- say: …`"]);
    let (_, found) = read("flwo: f\nsteps: []\n");
    assert_eq!(found, ["1:1 F0077 no key names a document here | did you mean `flow`?"]);
    says(
        "  - video: a.mp4\n",
        &[
            "1:5 F0019 a bot cannot send a video on TikTok | it can send texts, images (`image`), questions (`choose`) and the account's own posts (`post`)",
        ],
    );
}

#[test]
fn what_flows_do_without_is_refused() {
    says(
        "  - say: &a hello\n",
        &[
            "1:10 F0074 YAML anchors are not used here | delete it and write the part out where it is used; if this is a text, put it in quotes",
        ],
    );
    says(
        "  - say: !!str hello\n",
        &[
            "1:10 F0074 YAML tags are not used here | delete it: the language knows what each value is; if this is a text, put it in quotes",
        ],
    );
    says("  - <<: 1\n    say: a\n", &["1:5 F0074 YAML merge keys are not used here | write the keys out where they are meant"]);
    says("  - ? [a]\n    : b\n    say: c\n", &["1:7 F0074 a list or map cannot be a key | a key is one word, such as `say`"]);
    let (_, found) = read("%YAML 1.2\n---\nflow: f\nsteps: [stop]\n");
    assert_eq!(found, ["1:1 F0074 YAML directives are not used here | delete this line"]);
}

#[test]
fn mistakes_inside_values_have_their_places() {
    says("  - if: \"a = 1\"\n    then: [stop]\n", &["1:12 F0020 `=` does not compare | write `==` to compare two values"]);
    says("  - say:\n      en: \"caf\\u00e9 {order |}\"\n", &["2:30 F0024 expected a filter such as `upper`, found `}`"]);
    says("  - say: |\n      one\n      two }\n", &["3:11 F0023 this `}` closes no hole | write `}}` to print a brace"]);
    says("  - say: 'it''s } here'\n", &["1:17 F0023 this `}` closes no hole | write `}}` to print a brace"]);
    says("  - say: one\n      two }\n", &["2:11 F0023 this `}` closes no hole | write `}}` to print a brace"]);
    says("  - tag: a {b}\n", &["1:12 F0025 a hole cannot stand in this text | write the text out; `{{` prints a brace"]);
    says(
        "  - match: x\n    arms:\n      - is: shipped\n        steps: [stop]\n",
        &[
            "3:13 F0017 `shipped` is no value to compare with | a text to compare with has quotes of its own: `'\"shipped\"'`; a words list is `\"@shipped\"`",
        ],
    );
    says(
        "  - if: 'a == “b”'\n    then: []\n",
        &["1:15 F0008 `“` and `”` do not quote a text | write \"b\" with straight quotes"],
    );
}

#[test]
fn a_document_that_is_no_yaml_says_where() {
    says(
        "  - say: \"a\" b\n",
        &[
            "1:14 F0070 the text ended before this | a `\"` inside double quotes is written `\\\"`; or put the whole text in single quotes",
        ],
    );
    says("  - say: 'it's'\n", &["1:14 F0070 the text ended before this | a `'` inside single quotes is written twice: `''`"]);
    says("  - say: \"a\n", &["1:10 F0006 this text is not closed | add the closing quote at its end"]);
    says(
        "  - say: \"a\\q\"\n",
        &[
            "1:12 F0023 this escape is not known in a text | in double quotes a backslash is written twice, `\\\\`; in single quotes it stands for itself",
        ],
    );
    says("\t- say: a\n", &["1:1 F0070 a tab cannot indent in YAML | indent with blanks, two for each level"]);
    let (_, found) = read("flow: f\nsteps: []\n title: a\n");
    assert_eq!(
        found,
        [
            "3:2 F0070 this does not stand in line with what is above it | the lines of one list or map begin in the same column; a text that goes on stands in quotes"
        ]
    );
    let (_, found) = read("flow: f\nsteps: [stop\n");
    assert_eq!(found, ["3:1 F0070 a list or map in brackets is not closed here | part its values with `, ` and close it"]);
    let (_, found) = read("flow: f\nsteps: [stop]\n...\nflow: g\n");
    assert_eq!(found, ["4:1 F0074 `...` does not part documents here | part documents with `---` on a line of its own"]);
}
