use super::*;

fn question(question: &str) -> AutoContent {
    AutoContent::SuggestedQuestion { question: question.into(), answer: "Yes.".into() }
}

fn welcome(content: &str) -> AutoContent {
    AutoContent::WelcomeMessage { content: content.into() }
}

fn standing(on: bool, contents: &[AutoContent]) -> Standing {
    let item = |(at, content): (usize, &AutoContent)| StandingItem {
        id: at.to_string(),
        review: Review::Approved,
        content: content.clone(),
    };
    Standing { on, items: contents.iter().enumerate().map(item).collect() }
}

/// What TikTok has after these steps, by its own rules; `None` where it would refuse one.
fn after(mut standing: Standing, steps: &[Step]) -> Option<Standing> {
    let most = |kind| match kind {
        AutoKind::WelcomeMessage => 1,
        AutoKind::SuggestedQuestion => 3,
        AutoKind::ChatPrompt => 6,
    };
    for step in steps {
        let at = standing.items.iter().position(|item| item.id == step.id);
        match step.act {
            Act::TurnOn if step.kind != AutoKind::WelcomeMessage => standing = Standing { on: true, items: Vec::new() },
            Act::TurnOn => standing.on = true,
            Act::TurnOff => standing.on = false,
            Act::Remove if step.kind == AutoKind::WelcomeMessage => return None,
            Act::Remove => drop(standing.items.remove(at?)),
            Act::Change => {
                let item = standing.items.get_mut(at?).filter(|item| item.review != Review::Reviewing)?;
                item.content = step.content.clone()?;
            }
            Act::Add => {
                if standing.items.len() >= most(step.kind) {
                    return None;
                }
                let (id, content) = (format!("new {}", standing.items.len()), step.content.clone()?);
                standing.items.push(StandingItem { id, review: Review::Approved, content });
            }
        }
    }
    Some(standing)
}

#[test]
fn wherever_it_is_broken_off_the_next_plan_ends_in_the_same_state() {
    let kind = AutoKind::SuggestedQuestion;
    let all: Vec<AutoContent> = ["a", "b", "c", "d"].map(question).into();
    let some = |mask: usize| -> Vec<AutoContent> {
        all.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, content)| content.clone()).take(3).collect()
    };
    for (wanted, there) in (1..16).flat_map(|wanted| (0..16).map(move |there| (wanted, there))) {
        for (on, review) in
            [(true, Review::Approved), (false, Review::Approved), (true, Review::Reviewing), (true, Review::Rejected)]
        {
            let (wanted, mut begun) = (some(wanted), standing(on, &some(there)));
            begun.items.iter_mut().take(2).for_each(|item| item.review = review);
            let steps = plan(kind, &wanted, &begun).steps;
            for broken in 0..=steps.len() {
                let half = after(begun.clone(), &steps[..broken]).unwrap();
                let rest = plan(kind, &wanted, &half).steps;
                let end = after(half, &rest).unwrap();
                assert!(end.on && end.items.len() == wanted.len());
                assert!(wanted.iter().all(|content| end.items.iter().any(|item| item.content == *content)));
                assert_eq!(plan(kind, &wanted, &end).steps, []);
            }
        }
    }
}

#[test]
fn a_welcome_message_is_changed_or_turned_off_and_never_removed() {
    let kind = AutoKind::WelcomeMessage;
    let acts = |wanted: &[AutoContent], standing: &Standing| {
        plan(kind, wanted, standing).steps.iter().map(|step| step.act).collect::<Vec<_>>()
    };
    let (hello, hi) = ([welcome("Hello")], [welcome("Hi")]);
    assert_eq!(acts(&hello, &standing(false, &[])), [Act::Add, Act::TurnOn]);
    assert_eq!(acts(&hello, &standing(true, &hi)), [Act::Change]);
    assert_eq!(acts(&hello, &standing(false, &hello)), [Act::TurnOn]);
    assert_eq!(acts(&hello, &standing(true, &hello)), []);
    assert_eq!(acts(&[], &standing(true, &hello)), [Act::TurnOff]);
    assert_eq!(acts(&[], &standing(false, &hello)), []);
    assert_eq!(acts(&[], &standing(true, &[])), []);

    let mut reviewed = standing(false, &hi);
    reviewed.items[0].review = Review::Reviewing;
    let waits = plan(kind, &hello, &reviewed);
    assert!(waits.steps.is_empty() && waits.later[0].contains("sync again later"), "{waits:?}");
    let same = plan(kind, &hi, &reviewed);
    assert!(same.later.is_empty() && same.notes[0].contains("still reviews the welcome message “Hi”"), "{same:?}");
}

#[test]
fn what_tiktok_rejected_is_said_and_not_sent_again() {
    let mut there = standing(true, &[question("a")]);
    there.items[0].review = Review::Rejected;
    let told = plan(AutoKind::SuggestedQuestion, &[question("a")], &there);
    assert!(told.steps.is_empty() && told.notes[0].contains("say it differently"), "{told:?}");
}
