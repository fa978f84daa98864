//! Every construct in its canonical spelling: read without a word and printed as it is.

use super::*;

#[track_caller]
fn stays(text: &str) {
    let (document, found) = read(text);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(print(&document), text);
}

/// Steps of a flow, each line as it stands in one.
#[track_caller]
fn step(lines: &str) -> StepKind {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("flow f {{\n{indented}}}\n");
    stays(&text);
    let (document, _) = read(&text);
    let Item::Flow(flow) = &document.items[0] else { panic!("a flow") };
    flow.steps[0].kind.clone()
}

#[test]
fn settings_of_the_bot() {
    stays(
        r#"bot "B" {
    languages en
    defaults {
        tries 3 stop
    }
    fetch from "https://shop.example", "https://pay.example"
    secret SHOP_KEY, PAY_KEY
    numerals native
    when tiktok answers also
    same reply 4 times in 5m
    spread 10m
    welcome "Hello! What can we do for you?"
    suggest "Do you deliver to Alexandria?" answer "Yes, within two days."
    suggest "Where is your shop, and until when is it open in the evening?"
        answer "26 July Street, Cairo. We are open every day but Friday, until ten in the evening."
    suggest "How do I pay?" answer """
        In cash to the courier,
        or by card in the shop.
        """
    prompt "My order" "Where is my order?"
    prompt "Opening hours" "When are you open?"
}
"#,
    );
}

#[test]
fn a_flow_with_parameters_a_result_and_an_older_name() {
    stays(
        r#"flow address(city: text(80), parts: list(3) of text(20)) "An address" -> text(120) renamed from "place" {
    label again renamed from "once_more"
    return "{city}"
}
"#,
    );
    stays("flow code -> /[a-z\"{]+/ {\n    return\n}\n");
    let (document, _) = read("flow f(a: whole(1..3)) -> list(2) of date {\n}\n");
    let Item::Flow(flow) = &document.items[0] else { panic!("a flow") };
    assert_eq!(flow.parameters[0].name.text, "a");
    assert!(matches!(flow.result.as_ref().map(|result| &result.kind), Some(TypeKind::List(2, _))));
}

#[test]
fn every_trigger() {
    stays(
        r#"flow f {
    on image
    on post
    on video
    on sticker
    on emoji
    on reaction
    on reaction "👍" anytime
    on unsupported
    on comment
    on comment @prices, "how much" once per 24h
    on comment exactly "price"
    on comment matching /how (much|many)/i
    on return after 7d
    on window closing in 2h
    on replies left 2
    on fault
    on fallback
}
"#,
    );
}

#[test]
fn shorter_forms_of_a_text() {
    let kind = step("say \"A long one\" short \"Shorter\" short \"No\" replying keep apart");
    let StepKind::Say { shorts, replying: true, keep_apart: true, .. } = kind else { panic!("{kind:?}") };
    assert_eq!(shorts.len(), 2);
    step("say {\n    ar \"أ\"\n    en \"a\"\n} short {\n    ar \"ب\"\n    en \"b\"\n}");
    step(&format!("say \"{}\"\n    short \"Short\"", "long ".repeat(17)));
}

#[test]
fn loops_ways_and_calls() {
    step("repeat 3 times {\n    leave\n}");
    step("for item in order.items up to 5 {\n    say \"{item.name}\"\n}");
    step("for item in if vip then a else b {\n    stop\n}");
    step(
        "split \"greeting\" {\n    \"short\" 50 say \"Hi\"\n    \"long\" 50 {\n        say \"Good day\"\n        stop\n    }\n}",
    );
    step("do address(city, 3) -> where");
    step("do address -> contact.city");
    step("do greet");
    step("goto send_back(order)");
    step("goto f.again");
    step("return if vip then 1 else 2");
    step("return (stop)");
    step("run score: whole(0..100) = shop.lead_score(contact, order)");
    step("run fee = shop.fee()");
}

#[test]
fn events_and_notes() {
    step("note \"wants {order}\"");
    step("emit \"seen\"");
    step("emit \"return.asked\" { order: order, \"odd key\": [1, 2], in: { a: true } }");
    let long = "\"a text of some length that fills the line\"";
    step(&format!("emit \"order.made\" {{\n    first: {long},\n    second: {long}\n}}"));
}

#[test]
fn a_fetch_with_all_its_parts() {
    let kind = step(
        r#"fetch shipment = POST "https://shop.example/orders/{order}" {
    header "Authorization" = "Bearer {secret.SHOP_KEY}"
    json { order: order }
    timeout 3s
    retry 2
    gives {
        state: text(20)
        sent_on?: date
        lines: list(10) of {
            name: text(40)
            in?: decimal
        }
        total: {
            sum: decimal
        }
    }
    on 404, 410 {
        say "Gone"
        stop
    }
    on 500 stop
    else goto human
}"#,
    );
    let StepKind::Fetch(fetch) = kind else { panic!("a fetch") };
    let gives = fetch.gives.unwrap();
    assert!(gives[1].optional && matches!(gives[3].kind.kind, TypeKind::Record(_)));
    assert_eq!(fetch.statuses.len(), 2);
    step("fetch x = GET \"https://shop.example\"");
    let (document, _) = read("flow f { fetch x = GET \"u\" { gives { a: date, b: time; c: email } } }");
    let Item::Flow(flow) = &document.items[0] else { panic!("a flow") };
    let StepKind::Fetch(fetch) = &flow.steps[0].kind else { panic!("a fetch") };
    assert_eq!(fetch.gives.as_ref().map(Vec::len), Some(3));
}

#[test]
fn a_lone_ask_or_fetch_leaves_the_next_label_alone() {
    let kind = step(
        "choose \"q\" {\n    \"a\" ask x \"How?\"\n    { ar \"ب\" en \"b\" } fetch y = GET \"u\"\n    { ar \"ج\" en \"c\" } stop\n}",
    );
    let StepKind::Choose(choose) = kind else { panic!("a choose") };
    assert_eq!(choose.options.len(), 3);
}

#[test]
fn types_of_lists_and_labels() {
    step("ask slot: one of (free.slots) \"When?\"");
    step("ask sizes: list(3) of one of (\"S\", \"M\") \"Which?\"");
    step("ask dish: one of (\"Fried rice\" = 18000, \"Noodles\" = 15000) \"What?\"");
}

#[test]
fn every_line_of_a_test() {
    stays(
        r#"test "all lines" {
    given now 2026-11-22 10:00
    given GET "https://shop.example/orders/1" -> 200 { state: "sent", list: [1, 2] }
    given POST "https://shop.example/orders" -> 503
    given GET "https://shop.example/slow" -> timeout
    given contact.size = "M"
    given conversation.language = "ar"
    given shop.lead_score -> 5
    given congestion
    given images allowed
    given images refused
    customer "hello {{there}}"
    customer button "Yes"
    customer image
    customer post
    customer video
    customer sticker
    customer emoji
    customer unsupported
    customer reaction "👍"
    customer comment "price?"
    customer ad "17890001" "Hello"
    customer link "bio" "Hello"
    bot "Welcome"
    bot matching /[A-Z]\d+ "{2}/
    bot choose "Anything else?"
    bot choose "Anything else?" { "Yes", "No" }
    bot image
    bot image "menu.jpg"
    bot post "7350111"
    bot typing
    bot seen
    bot nothing
    after 1h30m
    colleague "I am here"
    colleague takes over
    colleague releases
    expect replies left 8
    expect window left 40h
    expect waiting for order
    expect waiting for contact.size
    expect stopped
    expect handed over
    expect handed over to support
    expect goal "order_tracked"
    expect tag "vip"
    expect emitted "return.asked"
    expect contact.orders == 3 and not open(support)
    expect (goal == "x")
}
"#,
    );
    let (document, _) = read("test \"x\" { expect stopped\n expect stopped and x\n bot choose \"q\" {\n \"a\"\n \"b\"\n } }");
    let Item::Test(test) = &document.items[0] else { panic!("a test") };
    assert!(matches!(test.lines[0].kind, TestLineKind::Expect(Expectation::Stopped)));
    assert!(matches!(test.lines[1].kind, TestLineKind::Expect(Expectation::Holds(_))));
    assert!(matches!(&test.lines[2].kind, TestLineKind::Bot(BotAct::Choose(_, Some(labels))) if labels.len() == 2));
}

#[test]
fn long_lines_go_on_where_the_language_lets_them() {
    let condition = "contact.some_field_of_ours == \"a value\"";
    stays(&format!(
        "flow f {{\n    on message \"a word of some length\", \"another one of some length\"\n        when {condition} anytime once per 24h\n}}\n"
    ));
    let phrase = "\"a phrase that is rather long for a label\"";
    step(&format!("choose \"q\" {{\n    \"A label of some length\" named something_long\n        also {phrase} stop\n}}"));
    let name = "a_name_that_is_rather_long_for_a_value";
    step(&format!("do address({name}, {name},\n    {name}) -> where"));
    step(&format!("set x = [{name}, {name},\n    {name}]"));
}
