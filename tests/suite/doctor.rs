//! `rejoinder doctor` before a set-up in which much is wrong, and before one in which nothing is.

use serde_json::{Value, json};

use crate::e2e::FLOW;
use crate::harness::{APP, BUSINESS, Process, SECRET, TOKEN, World, finish, shell};

const HOUR_MS: u128 = 3_600_000;

fn findings(line: &str, folder: &std::path::Path) -> (Option<i32>, Vec<Value>) {
    let done = shell(line, folder);
    let told: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.out));
    let findings = told["findings"].as_array().unwrap().clone();
    let faults = findings.iter().filter(|finding| finding["state"] == "fault").count();
    assert_eq!(told["faults"], faults);
    // Whatever is wrong says how to mend it.
    for finding in &findings {
        let wrong = ["fault", "warning"].contains(&finding["state"].as_str().unwrap());
        assert_eq!(wrong, finding["repair"].as_str().is_some_and(|repair| !repair.is_empty()), "{finding}");
    }
    (done.code, findings)
}

fn found(findings: &[Value], check: &str, state: &str, what: &str, repair: &str) -> bool {
    let holds = |finding: &Value, name: &str, part: &str| finding[name].as_str().unwrap_or_default().contains(part);
    findings
        .iter()
        .any(|one| one["check"] == check && one["state"] == state && holds(one, "what", what) && holds(one, "repair", repair))
}

/// A TikTok whose clock is an hour behind and which never approved the app for sending, and settings in which nearly all is
/// wrong.
fn broken_set_up(folder: &std::path::Path) -> Process {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let (behind, scopes) = ((now - HOUR_MS).to_string(), "message.list.read,message.list.manage,user.account.type");
    let simulator = Process::simulator(&["--frozen-at", &behind, "--scopes", scopes], folder);
    let api = format!("{}/open_api/v1.3", simulator.address);
    std::fs::create_dir(folder.join("flows")).unwrap();
    write("flows/bot.flow", &FLOW.replace("say \"one\" keep apart", "sya \"one\""));
    write("rejoinder.db", &"this is no database ".repeat(500));
    write("token.txt", "act.of-nobody");
    write(
        "rejoinder.toml",
        &format!(
            r#"public_url = "http://127.0.0.1:1"

[[app]]
id = "1111"
secret = {{ env = "SECRET_THAT_NOBODY_SET" }}

[[app]]
id = "2222"
secret = "another-secret-of-nobody"
api = "{api}"

[[app]]
id = "{APP}"
secret = {{ env = "TIKTOK_APP_SECRET" }}
api = "{api}"

[[app.account]]
business_id = "{BUSINESS}"
access_token = {{ env = "TIKTOK_ACCESS_TOKEN" }}
market = "EG"

[[app.account]]
business_id = "-000Wrong"
access_token = {{ file = "token.txt" }}

[[app.account]]
business_id = "-000Berlin"
market = "DE"
"#
        ),
    );
    simulator
}

/// What is wrong there: the check, what was found, how it is mended.
const FAULTS: &[(&str, &str, &str)] = &[
    ("secret", "SECRET_THAT_NOBODY_SET is not set", "TikTok's portal"),
    ("token_key", "there is none", "openssl rand -base64 32"),
    ("flows", "has errors", "rejoinder check"),
    ("database", "is damaged", "rejoinder db restore"),
    ("server", "none runs", "rejoinder serve"),
    ("address", "nobody answers at http://127.0.0.1:1", "firewall"),
    ("clock", "differ by -3", "timedatectl"),
    ("signature", "app 2222: TikTok does not know the app", "portal"),
    ("registration", "TikTok delivers nowhere", "rejoinder registration set"),
    ("token", "account -000Wrong: TikTok refuses it (40105)", "rejoinder connect"),
    ("token", "account -000Berlin: there is none", "rejoinder connect"),
    ("scopes", "message.list.send is not granted", "Business Messaging"),
    ("market", "not open to accounts of DE", "registered elsewhere"),
];

#[test]
fn a_set_up_with_ten_faults_is_told_each_with_its_repair() {
    let folder = tempfile::tempdir().unwrap();
    let _simulator = broken_set_up(folder.path());
    let line = format!("TIKTOK_APP_SECRET={SECRET} TIKTOK_ACCESS_TOKEN={TOKEN} rejoinder doctor --format json 2>log");
    let (code, all) = findings(&line, folder.path());
    assert_eq!(code, Some(1));
    for (check, what, repair) in FAULTS {
        assert!(found(&all, check, "fault", what, repair), "{check}: {what}: {repair}\n{all:#?}");
    }
    assert!(found(&all, "secret", "warning", "app 2222", "name a variable"), "{all:#?}");
    assert!(found(&all, "disk", "fine", "", "") && found(&all, "market", "fine", "EG is served", ""), "{all:#?}");
    let said = format!("{all:?}{}", std::fs::read_to_string(folder.path().join("log")).unwrap());
    for secret in [SECRET, TOKEN, "act.of-nobody", "another-secret-of-nobody"] {
        assert!(!said.contains(secret), "{secret}");
    }

    // The same for people; and settings that cannot be read at all.
    let text = finish(&["doctor"], "", folder.path(), 16_384);
    assert!(text.code == Some(1) && text.out.contains("FAULT    database"), "{}", text.out);
    assert!(text.out.contains("mend: bring a copy back") && text.out.contains("faults\n"), "{}", text.out);
    std::fs::write(folder.path().join("rejoinder.toml"), "stor = 1").unwrap();
    let (code, all) = findings("rejoinder doctor --format json", folder.path());
    assert!(code == Some(1) && found(&all, "settings", "fault", "did you mean `store`?", "mend what is named"), "{all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_works_has_no_fault_and_what_goes_wrong_later_is_found() {
    let mut world = World::without_server(FLOW).await;
    let path = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let listen = settings.split("listen = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let more = format!("public_url = \"http://{listen}\"\ntoken_key = {{ env = \"REJOINDER_KEY\" }}\n\n[[app]]");
    std::fs::write(&path, settings.replacen("\n[[app]]", &more, 1)).unwrap();
    let key = "Zm9yIHRlc3RzIG9ubHksIG5vdCBhIHNlY3JldCE=";
    world.serve(&[("REJOINDER_KEY", key)]);
    let doctor = |secret: &str| {
        format!(
            "REJOINDER_KEY={key} TIKTOK_APP_SECRET={secret} TIKTOK_ACCESS_TOKEN={TOKEN} TIKTOK_REFRESH_TOKEN=rft.test rejoinder doctor --format json 2>log"
        )
    };
    let folder = world.folder.path().to_owned();
    let (code, all) = findings(&doctor(SECRET), &folder);
    assert_eq!(code, Some(0), "{all:#?}");
    for check in [
        "settings",
        "secret",
        "token_key",
        "flows",
        "disk",
        "database",
        "server",
        "address",
        "signature",
        "clock",
        "registration",
    ] {
        assert!(found(&all, check, "fine", "", ""), "{check}: {all:#?}");
    }
    assert!(found(&all, "token", "fine", BUSINESS, "") && found(&all, "scopes", "fine", BUSINESS, ""), "{all:#?}");

    // This side holds another secret than the server: what TikTok signs with the right one, one of them refuses.
    let (code, all) = findings(&doctor("some-other-secret"), &folder);
    assert!(code == Some(1) && found(&all, "signature", "fault", "another secret", "portal"), "{all:#?}");

    // TikTok lets the account send nothing.
    world.fault(json!({ "kind": "code", "code": 40001, "endpoint": "message/send", "next": 1 })).await;
    let mona = world.customer("Mona").await;
    world.write(&mona, "my order?").await;
    let accounts = || shell("rejoinder accounts --format json", &folder);
    let begun = std::time::Instant::now();
    while accounts().code != Some(1) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{}", accounts().out);
    }
    let told: Value = serde_json::from_str(&accounts().out).unwrap();
    assert_eq!((&told["accounts"][0]["account"], &told["accounts"][0]["state"]), (&json!(BUSINESS), &json!("restricted")));
    let (code, all) = findings(&doctor(SECRET), &folder);
    assert!(code == Some(1) && found(&all, "account", "fault", "(restricted)", "TikTok's app"), "{all:#?}");
    assert!(found(&all, "server", "warning", "account stops sending", "Health"), "{all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_for_an_account_whose_market_is_not_served_and_all_is_kept() {
    let mut world = World::without_server(FLOW).await;
    let path = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("market = \"EG\"", "market = \"de\"")).unwrap();
    world.serve(&[]);
    let told = shell("rejoinder accounts", world.folder.path());
    let expected = format!("market_not_served {BUSINESS}: TikTok's messages are not open to accounts of DE\n");
    assert_eq!((told.code, told.out), (Some(1), expected));
    let mona = world.customer("Mona").await;
    world.write(&mona, "my order?").await;
    let begun = std::time::Instant::now();
    loop {
        let outbox = shell("rejoinder outbox", world.folder.path()).out;
        if outbox.contains("not open to accounts of DE") {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{outbox}");
    }
    world.hears(&mona, &[]).await;
}
