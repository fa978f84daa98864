//! What the bot declares that TikTok says by itself is brought to TikTok: looked at, agreed to, made once.

use serde_json::{Value, json};

use crate::harness::{BUSINESS, World, shell};

const FLOW: &str = r#"bot "Kiosk" {
    languages en
    opt out on "stop"
    when tiktok answers quiet
    welcome "Hello! What can we do for you?"
    suggest "Do you deliver?" answer "Yes, within two days."
    suggest "How do I pay?" answer "In cash to the courier."
    prompt "My order" "Where is my order?"
}

flow order "Order" {
    on message "order"
    say "It is on its way."
}

flow delivery "Delivery" {
    on message "deliver"
    say "We deliver everywhere."
}
"#;

const HELLO: &str = "Hello! What can we do for you?";

/// The same without a welcome message.
fn unwelcoming() -> String {
    FLOW.replace("    welcome \"Hello! What can we do for you?\"\n", "")
}

/// A call about one kind beside the server's own: in a second of its own, as the app's pace is one for all.
async fn about(world: &World, what: &str, kind: &str, more: Value) -> Value {
    let mut ask = json!({ "business_id": BUSINESS, "auto_message_type": kind });
    ask.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    nap().await;
    let data = world.business(&format!("/business/message/auto_message/{what}/"), ask).await;
    nap().await;
    data
}

/// A server that starts asks for TikTok's time, and a command beside it has a pace of its own.
async fn nap() {
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
}

/// What stands at TikTok of a kind: whether it is on, and its texts.
async fn stands(world: &World, kind: &str) -> (bool, Vec<Value>) {
    let data = about(world, "get", kind, json!({})).await;
    let rows = data["auto_messages"].as_array().unwrap().iter();
    let texts = |row: &Value| row.get("welcome_message").or(row.get("suggested_question")).cloned().unwrap();
    (data["operation_status"] == "ENABLE", rows.map(texts).collect())
}

/// A hand sets it in TikTok's app.
async fn by_hand(world: &World, question: &str) {
    let texts = json!({ "question": question, "answer": "Yes, within two days." });
    about(world, "create", "SUGGESTED_QUESTION", json!({ "suggested_question": texts })).await;
}

async fn turned(world: &World, status: &str) {
    about(world, "status/update", "SUGGESTED_QUESTION", json!({ "operation_status": status })).await;
}

/// Those that TikTok took; a call that came too fast on a busy machine is made again.
async fn creations(world: &World) -> usize {
    let calls = world.get("/sim/v1/calls").await;
    let taken = |call: &&Value| call["path"] == "/business/message/auto_message/create/" && call["code"] != 40_100;
    calls.as_array().unwrap().iter().filter(taken).count()
}

fn deploy(world: &World, flow: &str) {
    std::fs::write(world.folder.path().join("flows/bot.flow"), flow).unwrap();
    let done = shell("rejoinder deploy --apply", world.folder.path());
    assert_eq!(done.code, Some(0), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bot_declares_is_shown_agreed_to_and_brought_to_tiktok() {
    let world = World::new(FLOW).await;
    nap().await;
    let run = |line: &str| shell(line, world.folder.path());
    let doctor = run("rejoinder doctor");
    assert!(doctor.out.contains("warning  automatic") && doctor.out.contains("`rejoinder sync`"), "{}", doctor.out);

    // Nobody is there to agree: the plan, and nothing else.
    let asked = run("unset NO_COLOR; rejoinder sync");
    assert_eq!(asked.code, Some(1), "{}", asked.out);
    for part in [
        "7 to do, 0 stay as they are",
        "  + welcome message “Hello! What can we do for you?”\n  turn on welcome message\n  turn on suggested questions\n",
        "  + suggested question “Do you deliver?” with the answer “Yes, within two days.”\n",
        "  + chat prompt “My order” that writes “Where is my order?”\n",
        "add `--yes`",
    ] {
        assert!(asked.out.contains(part), "{part}: {}", asked.out);
    }
    assert!(!asked.out.contains('\u{1b}'), "no colour where nobody sees it");
    assert_eq!(stands(&world, "SUGGESTED_QUESTION").await, (false, vec![]));
    let nobody = run("rejoinder sync -000nobody");
    assert!(nobody.code == Some(2) && nobody.out.contains("no such account is served here"), "{}", nobody.out);

    let done = run(&format!("rejoinder sync {BUSINESS} --yes --format json"));
    let told: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.out));
    let row = &told["accounts"][0];
    assert!(done.code == Some(0) && row["left"] == json!([]) && row["kept"] == 4, "{told:#}");
    assert!(row["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "done"), "{told:#}");
    let questions = [
        json!({ "question": "Do you deliver?", "answer": "Yes, within two days." }),
        json!({ "question": "How do I pay?", "answer": "In cash to the courier." }),
    ];
    assert_eq!(stands(&world, "SUGGESTED_QUESTION").await, (true, questions.to_vec()));
    assert_eq!(stands(&world, "WELCOME_MESSAGE").await, (true, vec![json!({ "content": "Hello! What can we do for you?" })]));
    let prompt = json!({ "title": "My order", "content": "Where is my order?" });
    assert_eq!(stands(&world, "CHAT_PROMPT").await, (true, vec![prompt]));

    let again = run("rejoinder sync");
    assert!(again.code == Some(0) && again.out.contains("nothing to do, 4 stay as they are"), "{}", again.out);
    assert!(run("rejoinder doctor").out.contains("fine     automatic"));

    // The bot says something else: one is changed, one goes, one kind is declared no more.
    let other = FLOW.replace("Yes, within two days.", "Yes, within a day.");
    let other = other.lines().filter(|line| !line.contains("How do I pay") && !line.contains("welcome")).collect::<Vec<_>>();
    deploy(&world, &other.join("\n"));
    let done = run("rejoinder sync --yes");
    assert!(done.code == Some(0) && done.out.contains("3 of 3 done"), "{}", done.out);
    let first = "becomes “Do you deliver?” with the answer “Yes, within a day.”";
    assert!(done.out.contains(first) && done.out.contains("turn off welcome message"), "{}", done.out);
    let question = json!({ "question": "Do you deliver?", "answer": "Yes, within a day." });
    assert_eq!(stands(&world, "SUGGESTED_QUESTION").await, (true, vec![question]));
    let (on, kept) = stands(&world, "WELCOME_MESSAGE").await;
    assert!(!on && kept.len() == 1, "turned off, and there for another day");
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_addition_without_an_answer_is_looked_for_and_not_made_twice() {
    let world = World::new(FLOW).await;
    nap().await;
    let run = |line: &str| shell(line, world.folder.path());
    let fault =
        |stored: bool| json!({ "kind": "http", "status": 502, "endpoint": "auto_message/create", "stored": stored, "next": 1 });
    world.fault(fault(true)).await;
    let done = run("rejoinder sync --yes");
    assert!(done.code == Some(0) && done.out.contains("7 of 7 done"), "{}", done.out);
    assert_eq!(creations(&world).await, 4);

    // It was not made: told, the others of its kind are left, and the next one goes on.
    nap().await;
    let more = FLOW.replace("    prompt", "    suggest \"Are you open?\" answer \"Until ten.\"\n    prompt");
    deploy(&world, &more);
    world.fault(fault(false)).await;
    let done = run("rejoinder sync --yes");
    assert!(done.code == Some(2) && done.out.contains("0 of 1 done"), "{}", done.out);
    assert!(done.out.contains("1 differences still: `rejoinder sync` goes on"), "{}", done.out);
    assert_eq!(creations(&world).await, 5, "not sent again by itself");
    let done = run("rejoinder sync --yes");
    assert!(done.code == Some(0) && done.out.contains("1 of 1 done"), "{}", done.out);
    assert_eq!(stands(&world, "SUGGESTED_QUESTION").await.1.len(), 3);
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_tap_on_a_suggested_question_is_answered_once() {
    let mut world = World::without_server(FLOW).await;
    // Somebody has set up other things by hand, and turned them off.
    for question in ["Old?", "Do you deliver?"] {
        by_hand(&world, question).await;
    }
    turned(&world, "DISABLE").await;
    world.serve(&[]);
    nap().await;
    let done = shell("rejoinder sync --yes", world.folder.path());
    assert_eq!(done.code, Some(0), "{}", done.out);
    let mona = world.customer("Mona").await;
    world.write(&mona, "Do you deliver?").await;
    world.hears(&mona, &[HELLO, "Yes, within two days."]).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    world.hears(&mona, &[HELLO, "Yes, within two days."]).await;
    // What TikTok does not answer, the bot does.
    world.write(&mona, "and my order?").await;
    world.hears(&mona, &[HELLO, "Yes, within two days.", "It is on its way."]).await;

    let both = FLOW.replace("when tiktok answers quiet", "when tiktok answers also");
    deploy(&world, &both);
    let zoe = world.customer("Zoe").await;
    world.write(&zoe, "Do you deliver?").await;
    world.hears(&zoe, &[HELLO, "Yes, within two days.", "We deliver everywhere."]).await;
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hand_sets_up_in_tiktoks_app_is_known_from_its_webhook() {
    let world = World::new(&unwelcoming()).await;
    turned(&world, "ENABLE").await;
    by_hand(&world, "Do you deliver?").await;
    let content = json!({ "auto_message_id": "1", "auto_message_type": "SUGGESTED_QUESTION", "auto_message_action": "CREATE" });
    let event = json!({
        "client_key": crate::harness::APP, "event": "im_auto_message_config_update", "create_time": 1_790_000_001,
        "user_openid": BUSINESS, "content": content.to_string(),
    });
    world.post("/sim/v1/raw", json!({ "body": event.to_string() })).await;
    // Deliveries are one after the other: the event is heard before the tap.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let mona = world.customer("Mona").await;
    world.write(&mona, "Do you deliver?").await;
    world.hears(&mona, &["Yes, within two days."]).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    world.hears(&mona, &["Yes, within two days."]).await;
    world.no_violations().await;
}
