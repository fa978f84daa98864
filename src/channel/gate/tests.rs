use super::*;
use crate::channel::{Button, Image};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const MARGIN: i64 = rules::WINDOW_MARGIN_DEFAULT.value;
const WROTE: Moment = Moment(1_000_000_000_000);

fn text(body: &str) -> Content {
    Content::Text { body: body.to_owned() }
}

/// A conversation in which the customer wrote at [`WROTE`], and nothing stands against a reply a minute later.
fn asked<'a>(ledger: &'a Ledger, content: &'a Content) -> Asked<'a> {
    Asked {
        ledger,
        now: WROTE.plus_ms(MINUTE),
        margin_ms: MARGIN,
        reserve: 0,
        by_colleague: false,
        taken: false,
        opted_out: false,
        confirms_opt_out: false,
        already_reserved: false,
        account_ok: true,
        images: None,
        short: Short::Hold,
        content,
        commented: None,
    }
}

fn open() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.inbound(WROTE, WROTE, 0);
    ledger
}

fn after(replies: u32) -> Ledger {
    let mut ledger = open();
    for reply in 1..=replies {
        ledger.mark(reply, WROTE.plus_ms(1));
        ledger.settle_sent(reply, WROTE.plus_ms(2));
    }
    ledger
}

#[test]
fn an_answer_inside_the_window_is_sent() {
    assert_eq!(ask(&asked(&open(), &text("hi"))), Verdict::Send);
}

#[test]
fn nobody_is_written_to_first() {
    let verdict = ask(&asked(&Ledger::default(), &text("hi")));
    assert_eq!(verdict, Verdict::Drop(Reason::NoFirstContact));
}

#[test]
fn the_window_ends_with_the_forty_eighth_hour_less_the_margin() {
    let ledger = open();
    let content = text("hi");
    let forty_eight = 48 * HOUR;
    for (since, margin_ms, verdict) in [
        (forty_eight - 1, 0, Verdict::Send),
        (forty_eight, 0, Verdict::Hold(Reason::WindowClosed)),
        (forty_eight + 1, 0, Verdict::Hold(Reason::WindowClosed)),
        (forty_eight - 5 * MINUTE - 1, MARGIN, Verdict::Send),
        (forty_eight - 5 * MINUTE, MARGIN, Verdict::Hold(Reason::WindowClosed)),
        (forty_eight - 1, MARGIN, Verdict::Hold(Reason::WindowClosed)),
        (forty_eight, i64::MIN, Verdict::Hold(Reason::WindowClosed)),
        (0, i64::MAX, Verdict::Hold(Reason::WindowClosed)),
    ] {
        let asked = Asked { now: WROTE.plus_ms(since), margin_ms, ..asked(&ledger, &content) };
        assert_eq!(ask(&asked), verdict, "{since} {margin_ms}");
    }
}

#[test]
fn the_tenth_reply_leaves_and_the_eleventh_does_not() {
    let content = text("hi");
    assert_eq!(ask(&asked(&after(9), &content)), Verdict::Send);
    let spent = after(10);
    assert_eq!(ask(&asked(&spent, &content)), Verdict::Hold(Reason::RepliesSpent));
    for (short, verdict) in
        [(Short::Drop, Verdict::Drop(Reason::RepliesSpent)), (Short::HandOver, Verdict::HandOver(Reason::RepliesSpent))]
    {
        assert_eq!(ask(&Asked { short, ..asked(&spent, &content) }), verdict);
    }
    assert_eq!(
        ask(&Asked { by_colleague: true, confirms_opt_out: true, ..asked(&spent, &content) }),
        Verdict::Hold(Reason::RepliesSpent),
        "nobody passes the channel's own limit"
    );
}

#[test]
fn the_reserve_is_for_colleagues() {
    let (content, ledger) = (text("hi"), after(9));
    let bot = Asked { reserve: 1, ..asked(&ledger, &content) };
    assert_eq!(ask(&bot), Verdict::Hold(Reason::KeptForColleagues));
    assert_eq!(ask(&Asked { by_colleague: true, ..bot }), Verdict::Send);
    assert_eq!(ask(&Asked { ledger: &after(8), ..bot }), Verdict::Send);
    assert_eq!(ask(&Asked { reserve: 99, ledger: &open(), ..bot }), Verdict::Hold(Reason::KeptForColleagues));
}

#[test]
fn a_reserved_reply_gives_way_only_to_what_has_left() {
    // Ten are queued; then a colleague writes. The first nine of the queue still leave, the tenth does not.
    let mut ledger = open();
    for reply in 1..=10 {
        assert_eq!(ask(&asked(&ledger, &text("hi"))), Verdict::Send);
        ledger.reserve(reply);
    }
    ledger.foreign("colleague", WROTE.plus_ms(5));
    for reply in 1..=10 {
        let content = text("hi");
        let verdict = ask(&Asked { already_reserved: true, ..asked(&ledger, &content) });
        let expected = if reply < 10 { Verdict::Send } else { Verdict::Hold(Reason::RepliesSpent) };
        assert_eq!(verdict, expected, "{reply}");
        if verdict == Verdict::Send {
            ledger.mark(reply, WROTE.plus_ms(10));
        }
    }
    assert_eq!(ledger.spent(), 10);
}

#[test]
fn six_thousand_characters_are_counted_in_the_largest_unit() {
    for letter in ["a", "👍", "كَ", "ที่", "👩‍👩‍👧"] {
        let each = text::units(letter);
        let full = format!("{}{}", letter.repeat(6_000 / each), "x".repeat(6_000 % each));
        let ledger = open();
        assert_eq!(ask(&asked(&ledger, &text(&full))), Verdict::Send, "{letter}");
        let over = format!("{full}x");
        assert_eq!(text::units(&over), 6_001);
        assert_eq!(ask(&asked(&ledger, &text(&over))), Verdict::Drop(Reason::TooLong), "{letter}");
        let pieces = text::split(&over, rules::TEXT.most());
        assert!(pieces.len() == 2 && pieces.iter().all(|piece| ask(&asked(&ledger, &text(piece))) == Verdict::Send), "{letter}");
    }
    assert_eq!(ask(&asked(&open(), &text(" \n"))), Verdict::Drop(Reason::Empty));
}

#[test]
fn cards_keep_to_their_sizes() {
    let card = |card, title: &str, buttons: &[(&str, &str)]| Content::Card {
        card,
        title: title.to_owned(),
        buttons: buttons.iter().map(|(id, title)| Button { id: (*id).to_owned(), title: (*title).to_owned() }).collect(),
    };
    let (twenty, forty, forty_one) = ("x".repeat(20), "x".repeat(40), "x".repeat(41));
    let verdict = |content: Content| ask(&asked(&open(), &content));
    let pair = |title| [(forty.as_str(), title)];
    assert_eq!(verdict(card(CardKind::Button, &forty, &pair(twenty.as_str()))), Verdict::Send);
    assert_eq!(verdict(card(CardKind::Link, &forty, &pair(forty.as_str()))), Verdict::Send);
    assert_eq!(verdict(card(CardKind::Button, &forty_one, &pair("a"))), Verdict::Drop(Reason::CardTitle));
    assert_eq!(verdict(card(CardKind::Button, " ", &pair("a"))), Verdict::Drop(Reason::CardTitle));
    for content in [
        card(CardKind::Button, "t", &pair(&"x".repeat(21))),
        card(CardKind::Button, "t", &pair(&"👍".repeat(11))),
        card(CardKind::Link, "t", &pair(forty_one.as_str())),
        card(CardKind::Button, "t", &[(&forty_one, "a")]),
        card(CardKind::Button, "t", &[]),
        card(CardKind::Button, "t", &[("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]),
        card(CardKind::Button, "t", &pair("")),
    ] {
        assert_eq!(verdict(content.clone()), Verdict::Drop(Reason::CardButtons), "{content:?}");
    }
}

#[test]
fn an_image_waits_for_tiktoks_word() {
    let content = Content::Image(Image { file: "a.png".to_owned(), digest: String::new() });
    let ledger = open();
    for (images, verdict) in [
        (None, Verdict::Hold(Reason::ImagesUnknown)),
        (Some(false), Verdict::Drop(Reason::ImagesNotAllowed)),
        (Some(true), Verdict::Send),
    ] {
        assert_eq!(ask(&Asked { images, ..asked(&ledger, &content) }), verdict);
    }
}

#[test]
fn a_takeover_and_an_opt_out_silence_the_bot_but_not_a_colleague() {
    let (content, ledger) = (text("hi"), open());
    let taken = Asked { taken: true, ..asked(&ledger, &content) };
    let out = Asked { opted_out: true, ..asked(&ledger, &content) };
    assert_eq!(ask(&taken), Verdict::Withdraw(Reason::Taken));
    assert_eq!(ask(&out), Verdict::Withdraw(Reason::OptedOut));
    for asked in [taken, out] {
        assert_eq!(ask(&Asked { by_colleague: true, ..asked }), Verdict::Send);
    }
    assert_eq!(ask(&Asked { confirms_opt_out: true, ..out }), Verdict::Send);
    assert_eq!(ask(&Asked { confirms_opt_out: true, ..taken }), Verdict::Withdraw(Reason::Taken));
}

#[test]
fn a_refused_conversation_and_a_paused_account_wait() {
    let (content, mut ledger) = (text("hi"), open());
    assert_eq!(ask(&Asked { account_ok: false, ..asked(&ledger, &content) }), Verdict::Hold(Reason::AccountPaused));
    ledger.close();
    assert_eq!(ask(&asked(&ledger, &content)), Verdict::Hold(Reason::ClosedByTiktok));
}

#[test]
fn every_reason_has_one_stable_word_and_a_sentence() {
    for reason in [
        Reason::NoFirstContact,
        Reason::WindowClosed,
        Reason::RepliesSpent,
        Reason::KeptForColleagues,
        Reason::ClosedByTiktok,
        Reason::Taken,
        Reason::OptedOut,
        Reason::AccountPaused,
        Reason::ImagesNotAllowed,
        Reason::ImagesUnknown,
        Reason::Empty,
        Reason::TooLong,
        Reason::CardTitle,
        Reason::CardButtons,
    ] {
        assert_eq!(serde_json::to_string(&reason).unwrap(), format!("{:?}", reason.word()));
        assert!(reason.to_string().contains(' '));
    }
}

/// One step of a random conversation; times are minutes.
#[derive(Clone, Debug)]
enum Step {
    Customer,
    Queue,
    SendHead,
    Sent,
    Lost,
    NotSent,
    Colleague,
    Later(i64),
}

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    use proptest::prelude::*;
    prop_oneof![
        1 => Just(Step::Customer),
        6 => Just(Step::Queue),
        6 => Just(Step::SendHead),
        4 => Just(Step::Sent),
        2 => Just(Step::Lost),
        1 => Just(Step::NotSent),
        2 => Just(Step::Colleague),
        2 => (1_i64..900).prop_map(Step::Later),
    ]
}

proptest::proptest! {
    /// The model is the other side: a plain list of what arrived since the customer's last message, and that message's time.
    #[test]
    fn who_asks_the_gate_never_sends_an_eleventh_nor_outside_the_window(
        steps in proptest::collection::vec(step(), 1..120), reserve in 0_u32..3,
    ) {
        let content = text("hi");
        let (mut ledger, mut now) = (Ledger::default(), WROTE);
        let (mut wrote, mut arrived, mut bots): (Option<Moment>, u32, u32) = (None, 0, 0);
        let (mut queue, mut open, mut next) = (std::collections::VecDeque::new(), None, 1_u32);
        for step in steps {
            now = now.plus_ms(1_000);
            match step {
                Step::Customer => {
                    ledger.inbound(now, now, 0);
                    (wrote, arrived, bots) = (Some(now), 0, 0);
                }
                Step::Queue => {
                    if ask(&Asked { now, reserve, ..asked(&ledger, &content) }) == Verdict::Send {
                        assert!(ledger.reserve(next));
                        queue.push_back(next);
                    }
                    next += 1;
                }
                Step::SendHead if open.is_none() => {
                    if let Some(&head) = queue.front()
                        && ask(&Asked { now, reserve, already_reserved: true, ..asked(&ledger, &content) }) == Verdict::Send
                    {
                        queue.pop_front();
                        ledger.mark(head, now);
                        open = Some(head);
                        arrived += 1;
                        bots += 1;
                        assert!(bots <= 10 - reserve, "the reserve was used");
                        assert!(wrote.is_some_and(|wrote| now < wrote.plus_ms(48 * HOUR)), "outside the window");
                        assert!(arrived <= 10, "an eleventh message");
                    }
                }
                Step::Sent => {
                    if let Some(reply) = open.take() {
                        ledger.settle_sent(reply, now);
                    }
                }
                Step::Lost => {
                    if let Some(reply) = open.take() {
                        ledger.settle_unknown(reply, now);
                    }
                }
                Step::NotSent => {
                    if let Some(reply) = open.take() {
                        ledger.give_back(reply);
                        arrived = arrived.saturating_sub(1);
                        bots = bots.saturating_sub(1);
                    }
                }
                // Colleagues see the ten as well: they write only while TikTok lets them.
                Step::Colleague if wrote.is_some() && arrived < 10 => {
                    arrived += 1;
                    ledger.foreign(&now.0.to_string(), now);
                }
                Step::Later(minutes) => now = now.plus_ms(minutes * MINUTE),
                Step::SendHead | Step::Colleague => {}
            }
            assert!(ledger.spent() >= arrived, "the ledger knows less than the other side");
            assert_eq!(ledger.replies_left(), 10_u32.saturating_sub(ledger.counted()));
        }
    }
}
