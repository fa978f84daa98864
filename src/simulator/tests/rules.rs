use super::super::{Breach, Rule};
use super::*;

async fn sends(stage: &Stage, conversation: &str, count: usize) {
    for n in 0..count {
        assert_eq!(stage.send(conversation, &format!("message {n}")).await.code(), 0, "message {n}");
    }
}

#[tokio::test]
async fn the_eleventh_message_is_refused_and_noted() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    sends(&stage, &said.conversation_id, 10).await;
    assert!(stage.kinds().is_empty());
    let answer = stage.send(&said.conversation_id, "one more").await;
    assert_eq!(answer.code(), 40064);
    assert_eq!(answer.json()["message"], "You are sending messages too fast. Take a rest.");
    assert_eq!(answer.json()["data"], json!({}));
    assert_eq!(stage.kinds(), [Breach::Count]);
    stage.writes(&customer, "still there?");
    assert_eq!(stage.send(&said.conversation_id, "yes").await.code(), 0);
}

#[tokio::test]
async fn nothing_may_arrive_after_48_hours() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    stage.sim.advance(48 * HOUR - 2_001).unwrap();
    assert_eq!(stage.send(&said.conversation_id, "in the last millisecond").await.code(), 0);
    stage.sim.advance(1).unwrap();
    stage.clock.advance(0);
    let late = stage.post("/business/message/send/", &stage.text(&said.conversation_id, "too late")).await;
    assert_eq!(late.code(), 40064);
    assert_eq!(stage.kinds(), [Breach::Window]);
    assert_eq!(stage.sim.conversation("v1").unwrap().line.window_left_ms, 0);
}

#[tokio::test]
async fn the_lenient_rule_lets_through_what_the_strict_judge_still_notes() {
    let stage = Stage::with(|options| options.rule = Rule::Lenient).await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    stage.writes(&customer, "hello?");
    sends(&stage, &said.conversation_id, 12).await;
    assert_eq!(stage.kinds(), [Breach::Count, Breach::Count]);
    stage.sim.advance(48 * HOUR).unwrap();
    sends(&stage, &said.conversation_id, 3).await;
    assert_eq!(stage.send(&said.conversation_id, "a fourth").await.code(), 40064);
}

#[tokio::test]
async fn a_colleague_whose_echo_was_not_told_is_not_held_against_the_bot() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    sends(&stage, &said.conversation_id, 9).await;
    stage.settle().await;
    stage.answers(&[Ok(500)]);
    stage.steer("/colleague", &json!({"customer": customer, "text": "mine"})).await;
    stage.settle().await;
    let send = stage.text(&said.conversation_id, "the bot's tenth");
    assert_eq!(stage.post("/business/message/send/", &send).await.code(), 40064);
    assert_eq!(stage.kinds(), [Breach::CountUnforeseeable]);
    assert!(stage.sim.violations().violations.is_empty());
    stage.sim.advance(HOUR).unwrap();
    stage.settle().await;
    stage.sim.advance(HOUR).unwrap();
    assert_eq!(stage.send(&said.conversation_id, "knows by now").await.code(), 40064);
    assert_eq!(stage.sim.violations().violations[0].kind, Breach::Count);
}

#[tokio::test]
async fn nobody_is_written_to_first() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    stage.sim.colleague(super::super::Colleague { customer, text: "hi".into(), ..Default::default() }).unwrap();
    let id = stage.sim.conversations()[0].id.clone();
    assert_eq!(stage.send(&id, "hello").await.code(), 40064);
    assert_eq!(stage.kinds(), [Breach::FirstContact]);
    assert_eq!(stage.send("no such conversation", "hello").await.code(), 40007);
}

#[tokio::test]
async fn length_is_counted_in_utf_16_units() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    assert_eq!(stage.send(&said.conversation_id, &"👍".repeat(3_000)).await.code(), 0);
    assert!(stage.kinds().is_empty());
    assert_eq!(stage.send(&said.conversation_id, &format!("{}a", "👍".repeat(3_000))).await.code(), 40002);
    assert_eq!(stage.kinds(), [Breach::Length]);
}

#[tokio::test]
async fn the_same_twice_is_suspected_unless_the_customer_wrote_between() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    stage.send(&said.conversation_id, "hello").await;
    stage.writes(&customer, "hi");
    stage.send(&said.conversation_id, "hello").await;
    assert!(stage.kinds().is_empty());
    assert_eq!(stage.send(&said.conversation_id, "hello").await.code(), 0, "TikTok does not mind");
    assert_eq!(stage.kinds(), [Breach::SuspectedDouble]);
    assert!(stage.sim.violations().violations.is_empty());
    stage.sim.advance(600_000).unwrap();
    stage.send(&said.conversation_id, "hello").await;
    assert_eq!(stage.kinds().len(), 1, "ten minutes later it is a reminder");
}

#[tokio::test]
async fn the_eleventh_call_within_a_second_is_refused_and_noted_over_all_endpoints() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    let profile = format!("/business/get/?business_id={}", stage.business);
    for _ in 0..9 {
        assert_eq!(stage.get(&profile).await.code(), 0);
        stage.clock.advance(100);
    }
    let send = stage.text(&said.conversation_id, "tenth");
    assert_eq!(stage.post("/business/message/send/", &send).await.code(), 0);
    stage.clock.advance(99);
    let fast = stage.get(&profile).await;
    assert_eq!(fast.code(), 40100);
    assert_eq!(fast.json()["message"], "App reaches the QPS limit.");
    assert_eq!(stage.kinds(), [Breach::Rate]);
    let calls = stage.sim.calls(0);
    assert_eq!(calls.last().unwrap().in_second, 11);
    stage.clock.advance(1_000);
    assert_eq!(stage.get(&profile).await.code(), 0);
}
