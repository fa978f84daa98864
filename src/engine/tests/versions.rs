//! Deployments: what is begun goes on in the version it began in; what begins, begins in the live one.

use super::builder::H;
use super::chat::{Chat, chat};
use crate::bot::Bot;
use crate::check;
use crate::engine::{Conversation, Moves};
use crate::source::Sources;

const FIRST: &str = r#"
bot "Shop" {
    languages en
    opt out on "stop" say "No more messages."
    defaults {
        within 24h stop
    }
}
flow order {
    on message "order"
    ask size: one of ("S", "M") "Which size?"
    ask colour: text(20) "Which colour?"
    do thanks
    say "Ordered in {size} and {colour}."
}
flow thanks {
    say "Thank you."
}
flow hours {
    on message "hours" anytime resume
    say "From 9 to 5."
}
flow broken {
    on fault
    say "We will look into it."
}
"#;

fn compiled(text: &str) -> Bot {
    let mut sources = Sources::default();
    sources.add("shop.flow", text);
    let (bot, findings) = check::compile(&sources, &check::Assets::default());
    bot.unwrap_or_else(|| panic!("{findings:?}"))
}

/// A chat in version 1 of these flows.
fn first(text: &str) -> Chat {
    let mut chat = chat(compiled(text));
    chat.version = 1;
    chat
}

impl Chat {
    /// Another version is live from here on.
    fn deploy(&mut self, text: &str) -> &mut Self {
        let before = std::mem::replace(&mut self.bot, compiled(text));
        self.older.push((self.version, before));
        self.version += 1;
        self
    }
}

/// Texts, steps, labels: everything that the first version says is said otherwise.
fn second() -> String {
    FIRST
        .replace("Which size?", "What size do you need?")
        .replace(r#"("S", "M")"#, r#"("Small", "Large")"#)
        .replace("ask colour: text(20) \"Which colour?\"", "set colour = \"none\" \nsay \"One colour only.\"")
        .replace("Ordered in {size} and {colour}.", "Done: {size}.")
        .replace("Thank you.", "Thanks a lot.")
        .replace("From 9 to 5.", "Round the clock.")
}

#[test]
fn a_run_goes_on_as_it_began_and_the_next_one_begins_anew() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(&second());
    chat.customer("M").gets(&["Which colour?"]);
    chat.deploy(&second().replace("Thanks a lot.", "Cheers."));
    chat.customer("red").gets(&["Thank you.", "Ordered in M and red."]);
    chat.customer("order").gets(&["What size do you need? [Small|Large]"]);
    chat.customer("Large").gets(&["One colour only.", "Cheers.", "Done: Large."]);
}

#[test]
fn buttons_that_were_shown_are_understood_after_a_deployment() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(&second()).press("S").gets(&["Which colour?"]);
}

#[test]
fn triggers_and_the_opt_out_are_those_of_the_live_version() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(
        &second().replace("\"hours\" anytime resume", "\"open\" anytime resume").replace("\"stop\" say", "\"enough\" say"),
    );
    // Beside the old question, which is then asked again as it was.
    chat.customer("open").gets(&["Round the clock.", "Which size? [S|M]"]);
    chat.customer("hours").gets(&["Which size? [S|M]"]);
    chat.customer("stop").gets(&["Which size? [S|M]"]);
    chat.customer("enough").gets(&["No more messages."]);
    chat.customer("order").gets(&[]);
}

#[test]
fn gate_settings_and_contact_fields_are_those_of_the_live_version() {
    let text = |default: &str, gather: &str| {
        format!(
            "bot \"B\" {{ languages en\n{gather} }}\ncontact {{ tone: text(20) = \"{default}\" }}\n\
             flow a {{ on message \"a\"\nask x: text(20) \"x?\" {{ within 1h stop }}\nsay \"{{contact.tone}}: {{x}}\" }}"
        )
    };
    let mut chat = first(&text("old", ""));
    chat.customer("a").gets(&["x?"]);
    chat.deploy(&text("new", "gather 3s at most 15s"));
    chat.customer("one").gets(&[]).customer("two").gets(&[]);
    chat.after(4_000).gets(&["new: one\ntwo"]);
}

#[test]
fn a_field_that_was_renamed_keeps_its_value_for_both_versions() {
    let text = |field: &str, from: &str| {
        format!(
            "bot \"B\" {{ languages en }}\ncontact {{ {field}: text(20) {from} }}\n\
             flow a {{ on message \"a\"\nask contact.{field} \"x?\" {{ within 1h stop }}\nask y: text(20) \"y?\" {{ within 1h stop }}\n\
             say \"{{contact.{field}}} {{y}}\" }}\nflow b {{ on message \"b\"\nsay \"{{contact.{field}}}\" }}"
        )
    };
    let mut chat = first(&text("nick", ""));
    chat.customer("a").gets(&["x?"]).customer("Ann").gets(&["y?"]);
    let mut early = first(&text("nick", ""));
    early.customer("a").gets(&["x?"]);
    for chat in [&mut chat, &mut early] {
        chat.deploy(&text("name", "renamed from \"nick\""));
    }
    chat.customer("1").gets(&["Ann 1"]).customer("b").gets(&["Ann"]);
    // What the old version sets stands under the new name too.
    early.customer("Bea").gets(&["y?"]).customer("2").gets(&["Bea 2"]).customer("b").gets(&["Bea"]);
    assert_eq!(early.state.status().contact.keys().collect::<Vec<_>>(), ["name"]);
}

#[test]
fn a_fault_is_answered_by_the_version_that_failed() {
    let failing = "bot \"B\" { languages en }\nflow a { on message \"a\"\nask x: text(20) \"x?\" { within 1h stop }\n\
                   say \"{words(x)[9]}\" }\nflow f { on fault\nsay \"old sorry\" }";
    let mut chat = first(failing);
    chat.customer("a").gets(&["x?"]);
    chat.deploy(&failing.replace("old sorry", "new sorry").replace("x?", "x please?"));
    chat.customer("b").gets(&["old sorry"]);
    chat.customer("a").gets(&["x please?"]).customer("b").gets(&["new sorry"]);
}

#[test]
fn what_is_the_same_in_the_live_version_goes_on_there() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(&FIRST.replace("From 9 to 5.", "Round the clock."));
    chat.customer("M").gets(&["Which colour?"]);
    assert!(chat.noted("version", "goes on in version 2"), "{}", chat.account());
    assert!(chat.state.versions(2).is_empty());
    chat.older.clear();
    chat.customer("red").gets(&["Thank you.", "Ordered in M and red."]);
}

#[test]
fn a_flow_moves_only_when_nothing_it_can_reach_has_changed() {
    let of = |new: &str| Moves::between(&compiled(FIRST), &compiled(new));
    let flow = |name: &str| compiled(FIRST).flow_at(name).unwrap();
    let order = |new: &str| of(new).of(flow("order")).is_some();
    assert!(order(FIRST));
    // New flows before it change its place and nothing else.
    assert!(order(&FIRST.replace("flow order", "flow another { on message \"x\"\nsay \"y\" }\nflow order")));
    assert!(order(&FIRST.replace("From 9 to 5.", "?")));
    assert!(!order(&FIRST.replace("Thank you.", "?")), "it gets into `thanks`");
    assert!(!order(&FIRST.replace("Ordered in", "?")));
    assert!(!order(&FIRST.replace("languages en", "languages en, de")));
    let renamed = FIRST.replace("flow order {", "flow purchase renamed from \"order\" {");
    assert!(order(&renamed), "by its new name");
    // The same steps with other ways between them.
    let text = |one: &str, two: &str| {
        format!(
            "bot \"B\" {{ languages en }}\nflow a {{ on message \"a\"\nask x: text(20) \"x?\" {{ within 1h stop }}\nif x == \"1\" {{ {one} }}\n{two} }}"
        )
    };
    let (old, new) = (compiled(&text("say \"A\"\nsay \"B\"", "")), compiled(&text("say \"A\"", "say \"B\"")));
    assert_eq!(Moves::between(&old, &new).of(0), None);
}

#[test]
fn a_run_moves_to_the_new_name_of_its_flow() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(&FIRST.replace("flow order {", "flow purchase renamed from \"order\" {"));
    chat.customer("M").gets(&["Which colour?"]);
    assert_eq!(chat.state.status().place.unwrap().0, "purchase");
}

#[test]
fn a_version_that_is_not_to_be_had_ends_its_runs_with_a_reason() {
    let mut chat = first(FIRST);
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.deploy(&second());
    chat.older.clear();
    chat.customer("M").gets(&["We will look into it."]);
    assert!(chat.noted("fault", "version 1 of the bot"), "{}", chat.account());
    chat.customer("order").gets(&["What size do you need? [Small|Large]"]);
}

#[test]
fn runs_from_before_versions_were_kept_are_the_first_versions() {
    let mut chat = chat(compiled(FIRST));
    chat.customer("order").gets(&["Which size? [S|M]"]);
    chat.version = 1;
    chat.deploy(&second());
    assert_eq!(chat.state.versions(2), [1]);
    chat.customer("M").gets(&["Which colour?"]);
}

#[test]
fn a_rollback_finds_the_runs_of_both_versions() {
    let mut chat = first(&second());
    chat.version = 2;
    chat.customer("order").gets(&["What size do you need? [Small|Large]"]);
    chat.older.push((2, compiled(&second())));
    (chat.version, chat.bot) = (1, compiled(FIRST));
    chat.customer("Large").gets(&["One colour only.", "Thanks a lot.", "Done: Large."]);
    chat.customer("order").gets(&["Which size? [S|M]"]);
}

#[test]
fn a_handoff_of_an_older_version_keeps_its_blocks() {
    let text = |says: &str| {
        format!(
            "bot \"B\" {{ languages en }}\nteam desk\nflow help {{ on message \"help\"\nhandoff \"please\" to desk {{ nobody in 1h say \"{says}\" }} }}"
        )
    };
    let mut chat = first(&text("Nobody yet."));
    chat.customer("help").gets(&[]);
    chat.deploy(&text("No one."));
    assert_eq!(chat.state.versions(2), [1]);
    chat.after(2 * H).gets(&["Nobody yet."]);
}

#[test]
fn what_waits_is_told_with_its_place() {
    let mut chat = first(FIRST);
    chat.customer("order").gets_any();
    let places: Vec<_> = chat.state.places().collect();
    assert_eq!(places.len(), 1);
    assert_eq!((&*places[0].flow, places[0].version), ("order", 1));
    assert!(Conversation::default().places().next().is_none());
}
