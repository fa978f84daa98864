//! Bounds that a conversation reaches: none of them could be smaller.

use super::bot;
use super::talk::{Act, H, M, S, Talk};
use crate::calendar::Moment;

use Act::{After, Host, Image, Like, Release, Say};

/// What one of a bot's bounds is and what somebody does to reach it.
struct Case {
    what: &'static str,
    settings: &'static str,
    flows: &'static str,
    acts: &'static [Act],
    replies: u32,
    /// Of the latest reply; `None` leaves it aside.
    latest_ms: Option<i64>,
}

const DAY: i64 = 24 * H;

const CASES: &[Case] = &[
    Case {
        what: "texts in a row",
        settings: "",
        flows: "flow a {\n on message \"a\"\n say \"1\"\n say \"2\"\n}",
        acts: &[Say("a")],
        replies: 2,
        latest_ms: Some(0),
    },
    Case {
        what: "the longer of two branches",
        settings: "",
        flows: "flow a {\n on message \"a\"\n if message.text contains \"b\" {\n say \"1\"\n say \"2\"\n say \"3\"\n } else {\n say \"4\"\n }\n}",
        acts: &[Say("a b")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "nudges and the block of silence",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: text(9) \"n?\" {\n within 4h {\n say \"gone\"\n stop\n }\n nudge after 1h \"still?\"\n nudge after 2h \"yet?\"\n }\n}",
        acts: &[Say("a"), After(DAY)],
        replies: 4,
        latest_ms: Some(4 * H),
    },
    Case {
        what: "an answer that does not fit begins the nudges again",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: yes_no \"n?\" {\n invalid \"what?\"\n within 4h stop\n nudge after 1h \"still?\"\n nudge after 3h \"yet?\"\n }\n}",
        acts: &[Say("a"), Say("zzz"), After(DAY)],
        replies: 3,
        latest_ms: Some(3 * H),
    },
    Case {
        what: "the block after the last try",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: yes_no \"n?\" {\n tries 2 {\n say \"1\"\n say \"2\"\n say \"3\"\n stop\n }\n within 1h stop\n }\n}",
        acts: &[Say("a"), Say("zzz"), Say("zzz")],
        replies: 3,
        latest_ms: None,
    },
    Case {
        what: "a loop of four turns",
        settings: "",
        flows: "flow a {\n on message \"a\"\n repeat 4 times {\n say \"x\"\n wait 1h\n }\n say \"end\"\n}",
        acts: &[Say("a"), After(DAY)],
        replies: 5,
        latest_ms: Some(4 * H),
    },
    Case {
        what: "a loop in a loop",
        settings: "",
        flows: "flow a {\n on message \"a\"\n repeat 2 times {\n repeat 3 times {\n say \"x\"\n }\n say \"y\"\n }\n}",
        acts: &[Say("a")],
        replies: 8,
        latest_ms: Some(0),
    },
    Case {
        what: "a loop that is left in its last turn",
        settings: "",
        flows: "flow a {\n on message \"a\"\n repeat 3 times {\n say \"x\"\n if contact.n == 2 {\n say \"y\"\n say \"z\"\n leave\n }\n if contact.n == 1 {\n set contact.n = 2\n }\n if contact.n is missing {\n set contact.n = 1\n }\n }\n}\ncontact {\n n: whole(0..9)\n}",
        acts: &[Say("a")],
        replies: 5,
        latest_ms: None,
    },
    Case {
        what: "a list with a bound of its own",
        settings: "",
        flows: "flow a {\n on message \"a\"\n for item in [\"p\", \"q\", \"r\"] {\n say \"{item}\"\n }\n}",
        acts: &[Say("a")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "a list up to two",
        settings: "",
        flows: "flow a {\n on message \"a\"\n for item in words(message.text) up to 2 {\n say \"{item | shorten 20}\"\n }\n}",
        acts: &[Say("a b c d")],
        replies: 2,
        latest_ms: Some(0),
    },
    Case {
        what: "the same flow called twice",
        settings: "",
        flows: "flow a {\n on message \"a\"\n do b\n say \"1\"\n do b\n}\nflow b {\n say \"b\"\n wait 1h\n say \"c\"\n}",
        acts: &[Say("a"), After(DAY)],
        replies: 5,
        latest_ms: Some(2 * H),
    },
    Case {
        what: "an answer inside a called flow goes on in its caller",
        settings: "",
        flows: "flow a {\n on message \"a\"\n do b\n say \"1\"\n say \"2\"\n}\nflow b {\n ask n: yes_no \"n?\" {\n within 1h stop\n }\n say \"3\"\n}",
        acts: &[Say("a"), Say("yes")],
        replies: 3,
        latest_ms: None,
    },
    Case {
        what: "a value that is returned early",
        settings: "",
        flows: "flow a {\n on message \"a\"\n do b -> n\n say \"{n}\"\n}\nflow b -> text(9) {\n say \"1\"\n say \"2\"\n return \"x\"\n}",
        acts: &[Say("a")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "goto another flow",
        settings: "",
        flows: "flow a {\n on message \"a\"\n say \"1\"\n goto b\n}\nflow b {\n say \"2\"\n say \"3\"\n}",
        acts: &[Say("a")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "a question that is asked again after another flow",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: yes_no \"n?\" {\n within 2h stop\n nudge after 1h \"still?\"\n }\n}\nflow help {\n on message \"help\" anytime resume\n say \"1\"\n say \"2\"\n}",
        acts: &[Say("a"), Say("help"), After(DAY)],
        replies: 4,
        latest_ms: Some(H),
    },
    Case {
        what: "a question that is asked again after another flow has asked and nobody answered",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: yes_no \"n?\" {\n within 2h {\n say \"gone\"\n stop\n }\n }\n}\nflow help {\n on message \"help\" anytime resume\n ask m: yes_no \"m?\" {\n within 3h stop\n }\n}",
        acts: &[Say("a"), Say("help"), After(DAY)],
        replies: 3,
        latest_ms: Some(5 * H),
    },
    Case {
        what: "the blocks of a handoff, one after the other",
        settings: "release after 6h",
        flows: "flow a {\n on message \"a\"\n say \"1\"\n handoff \"help\" {\n open say \"2\"\n nobody in 10m say \"3\"\n released say \"4\"\n }\n}",
        acts: &[Say("a"), After(DAY)],
        replies: 4,
        latest_ms: Some(6 * H),
    },
    Case {
        what: "a release by a colleague",
        settings: "release after 6h",
        flows: "flow a {\n on message \"a\"\n handoff \"help\" {\n released {\n say \"1\"\n say \"2\"\n }\n }\n}",
        acts: &[Say("a"), After(M), Release],
        replies: 2,
        latest_ms: None,
    },
    Case {
        what: "a fault and what answers it",
        settings: "",
        flows: "contact {\n n: text(9)\n}\nflow a {\n on message \"a\"\n say \"1\"\n say \"{contact.n}\"\n}\nflow oops {\n on fault\n say \"2\"\n say \"3\"\n}",
        acts: &[Say("a")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "a fetch whose every try runs out of time",
        settings: "fetch from \"https://h.example\"",
        flows: "flow a {\n on message \"a\"\n fetch r = GET \"https://h.example/x\" {\n timeout 3s\n retry 2\n else say \"sorry\"\n }\n}",
        acts: &[Host(None), Say("a"), After(H)],
        replies: 1,
        latest_ms: Some(12 * S),
    },
    Case {
        what: "a wait until a time of the day",
        settings: "",
        flows: "flow a {\n on message \"a\"\n wait until 12:00\n say \"noon\"\n}",
        // The night in which the clocks go back in Berlin has 25 hours.
        acts: &[After(12 * H), Say("a"), After(2 * DAY)],
        replies: 1,
        latest_ms: None,
    },
    Case {
        what: "a team that does not come before the conversation is the bot's again",
        settings: "release after 6h",
        flows: "hours h {\n mon 09:00..10:00\n}\nteam t {\n hours h\n}\nflow a {\n on message \"a\"\n handoff \"help\" to t {\n nobody in 30m say \"1\"\n released say \"2\"\n }\n}",
        // On a Monday at a quarter past nine the team is in, but nobody comes; any later, the conversation is released first.
        acts: &[After(58 * H + 15 * M), Say("a"), After(DAY)],
        replies: 2,
        latest_ms: Some(6 * H),
    },
    Case {
        what: "a picture and what stands for it",
        settings: "",
        flows: "flow a {\n on message \"a\"\n image \"a.png\" else {\n say \"1\"\n say \"2\"\n }\n}",
        acts: &[Act::NoImages, Say("a")],
        replies: 2,
        latest_ms: None,
    },
    Case {
        what: "a text that leaves in pieces",
        settings: "",
        flows: "flow a {\n on message \"a\"\n say \"LONG\"\n}",
        acts: &[Say("a")],
        replies: 3,
        latest_ms: Some(0),
    },
    Case {
        what: "a limit that comes near beside the flow",
        settings: "",
        flows: "flow a {\n on message \"a\"\n say \"1\"\n ask n: yes_no \"n?\" {\n within 47h stop\n }\n}\nflow last {\n on window closing in 2h\n say \"2\"\n}",
        acts: &[Say("a"), After(47 * H)],
        replies: 3,
        latest_ms: Some(46 * H),
    },
    Case {
        what: "a reaction beside what was said",
        settings: "",
        flows: "flow a {\n on message \"a\"\n say \"1\"\n}\nflow like {\n on reaction \"👍\"\n say \"2\"\n}",
        acts: &[Say("a"), Like, Like, After(M), Like],
        replies: 2,
        latest_ms: None,
    },
    Case {
        what: "a reaction after which an interrupted question is asked again",
        settings: "",
        flows: "flow a {\n on message \"a\"\n ask n: yes_no \"n?\" {\n within 2h stop\n nudge after 1h \"still?\"\n }\n}\nflow like {\n on reaction \"👍\" anytime resume\n say \"2\"\n}",
        acts: &[Say("a"), After(90 * M), Like, After(DAY), Like],
        replies: 5,
        latest_ms: None,
    },
    Case {
        what: "as many replies as there are, all of them for a reaction",
        settings: "",
        flows: "flow a {\n on message \"a\"\n typing\n}\nflow like {\n on reaction \"👍\"\n repeat 10 times {\n say \"x\"\n }\n}",
        acts: &[Say("a"), Like, Like],
        replies: 10,
        latest_ms: None,
    },
    Case {
        what: "what is said where nothing else fits",
        settings: "",
        flows: "flow a {\n on fallback\n say \"1\"\n choose \"what?\" {\n \"x\" stop\n within 1h {\n say \"2\"\n say \"3\"\n }\n }\n}",
        acts: &[Image, After(DAY)],
        replies: 4,
        latest_ms: Some(H),
    },
    Case {
        what: "the confirmation of an opt-out",
        settings: "opt out on \"stop\" say \"no more\"",
        flows: "flow a {\n on message \"a\"\n typing\n}",
        acts: &[Say("stop")],
        replies: 1,
        latest_ms: Some(0),
    },
];

/// A text of 9 000 units that can only be cut in pieces of half a message and a little more.
fn long() -> String {
    let word = "x".repeat(3_000);
    format!("{word} {word} {word}y")
}

#[test]
fn each_bound_is_reached() {
    let mut wrong = Vec::new();
    for case in CASES {
        let flows = case.flows.replace("LONG", &long());
        let text = format!("bot \"T\" {{\nlanguages en\ntimezone \"Europe/Berlin\"\n{}\n}}\n{flows}\n", case.settings);
        let bot = bot(&text);
        let mut talk = Talk::new(std::sync::Arc::clone(&bot), Moment::from_rfc3339("2026-10-23T22:00:00Z").unwrap(), 7);
        case.acts.iter().for_each(|act| talk.act(*act));
        let proved = (bot.proof.replies, case.latest_ms.and(bot.proof.latest_ms));
        let (replies, latest) = (talk.most, case.latest_ms.and(talk.latest_ms));
        if proved != (case.replies, case.latest_ms)
            || replies != case.replies
            || latest != case.latest_ms
            || talk.broken.is_some()
        {
            wrong.push(format!(
                "{}: proved {proved:?}, reached {replies} {latest:?}, {:?}\n{}",
                case.what,
                talk.broken,
                talk.log.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_night_with_the_clocks_put_back_is_waited_out() {
    let text = "bot \"T\" {\nlanguages en\ntimezone \"Europe/Berlin\"\n}\nflow a {\n on message \"a\"\n wait until 12:00\n say \"noon\"\n}\n";
    let bot = bot(text);
    // Noon and a moment on the day before.
    let mut talk = Talk::new(std::sync::Arc::clone(&bot), Moment::from_rfc3339("2026-10-24T10:00:00Z").unwrap(), 7);
    talk.act(Say("a"));
    talk.act(After(3 * DAY));
    assert_eq!(bot.proof.latest_ms, Some(25 * H));
    assert_eq!(talk.latest_ms, Some(25 * H - 1), "the message came a millisecond after noon");
}

#[test]
fn a_named_group_of_an_answer_is_no_longer_than_the_answer() {
    let text = "bot \"T\" {\nlanguages en\n}\nflow a {\n on message \"a\"\n ask code: /#(?<rest>.+)/ \"code?\" {\n within 1h stop\n }\n say \"{rest}\"\n}\n";
    let bot = bot(text);
    let mut talk = Talk::new(std::sync::Arc::clone(&bot), Moment::from_rfc3339("2026-10-24T10:00:00Z").unwrap(), 7);
    talk.act(Say("a"));
    talk.act(Say(format!("#{}", "x".repeat(1_000)).leak()));
    assert!(talk.log.iter().any(|line| line.contains("code?")) && talk.longest < 100, "a longer answer is none: {:?}", talk.log);
    talk.act(Say(format!("#{}", "x".repeat(999)).leak()));
    let proved = bot.proof.texts.iter().map(|text| text.units).max();
    assert_eq!((talk.longest, proved), (999, Some(1_000)), "the `#` is not counted");
}
