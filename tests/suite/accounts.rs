//! Connecting accounts, through the real binary and over HTTP alone.

use serde_json::{Value, json};

use rejoinder::tiktok::token::Token;

use crate::e2e::FLOW;
use crate::harness::{APP, BUSINESS, Finished, OTHER, SECRET, World, shell};
use crate::town::{HOUR, SECOND, Town, bot, nap};

const KEY: &str = "Zm9yIHRlc3RzIG9ubHksIG5vdCBhIHNlY3JldCE=";
const OTHER_KEY: &str = "YW5vdGhlciBrZXkgZm9yIHRlc3RzLCBubyBzZWNyZXQ=";

/// A simulated TikTok and a server whose settings name an app and no account.
struct Office {
    world: World,
    public: String,
    http: reqwest::Client,
}

impl Office {
    async fn open() -> Self {
        let mut world = World::without_server(FLOW).await;
        let path = world.folder.path().join("rejoinder.toml");
        let settings = std::fs::read_to_string(&path).unwrap();
        let listen = settings.split("listen = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let public = format!("http://{listen}");
        let settings = settings
            .split("[[app.account]]")
            .next()
            .unwrap()
            .replace("\n[[app]]", &format!("public_url = \"{public}/\"\ntoken_key = {{ env = \"REJOINDER_KEY\" }}\n\n[[app]]"));
        std::fs::write(&path, settings).unwrap();
        world.serve(&[("REJOINDER_KEY", KEY)]);
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { world, public, http }
    }

    fn run(&self, line: &str) -> Finished {
        shell(line, self.world.folder.path())
    }

    /// Where TikTok's page is, and the state that it will bring back.
    fn begin(&self) -> (String, String) {
        let done = self.run("rejoinder connect --format json");
        let begun: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.out));
        assert_eq!(begun["redirect"], format!("{}/oauth/tiktok/", self.public));
        let address = begun["address"].as_str().unwrap().to_owned();
        let state = address.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        (address, state)
    }

    async fn page(&self, address: &str) -> (u16, Option<String>, String) {
        let answer = self.http.get(address).send().await.unwrap();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location, answer.text().await.unwrap())
    }

    /// Somebody signs in and agrees; gives where TikTok leads.
    async fn agree(&self) -> String {
        let (address, _) = self.begin();
        let (status, location, _) = self.page(&format!("{address}&account={BUSINESS}")).await;
        assert_eq!(status, 302);
        location.unwrap()
    }

    async fn returned(&self, query: &str) -> (u16, String) {
        let (status, _, text) = self.page(&format!("{}/oauth/tiktok/?{query}", self.public)).await;
        (status, text)
    }

    /// The tokens that the simulator gave.
    async fn tokens(&self) -> Vec<String> {
        let accounts = self.world.get("/sim/v1/accounts").await;
        ["access_token", "refresh_token"].map(|name| accounts[0][name].as_str().unwrap().to_owned()).to_vec()
    }

    async fn calls(&self, path: &str) -> usize {
        let calls = self.world.get("/sim/v1/calls").await;
        calls.as_array().unwrap().iter().filter(|call| call["path"] == path).count()
    }

    /// Every byte that the store has on the disk.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.world.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let ours = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("rejoinder.db"));
        ours.flat_map(|path| std::fs::read(path).unwrap()).collect()
    }

    async fn sealed(&self) -> Vec<u8> {
        use rejoinder::runtime::port::Store as _;
        let store = rejoinder::store::Sqlite::open(&self.world.folder.path().join("rejoinder.db")).unwrap();
        let accounts = store.accounts().await.unwrap();
        accounts.into_iter().find(|row| row.open_id == BUSINESS).unwrap().token.unwrap()
    }

    fn stop(&mut self) {
        assert_eq!(self.world.server.as_mut().unwrap().terminate(), Some(0));
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_signs_in_is_answered_for_at_once_and_after_a_restart() {
    let mut office = Office::open().await;
    let (address, _) = office.begin();
    let (status, _, page) = office.page(&address).await;
    assert!(status == 200 && page.contains("Let the app use your account?"), "{page}");
    let location = office.agree().await;
    let (status, _, page) = office.page(&location).await;
    assert!(status == 200 && page.contains("is connected") && page.contains(BUSINESS), "{page}");

    let mona = office.world.customer("Mona").await;
    office.world.write(&mona, "my order?").await;
    office.world.hears(&mona, &["Let me see.", "What is your order number?"]).await;

    office.stop();
    office.world.serve(&[("REJOINDER_KEY", KEY)]);
    office.world.write(&mona, "1234567").await;
    office.world.hears(&mona, &["Let me see.", "What is your order number?", "Order 1234567 has left us."]).await;
    office.world.no_violations().await;

    // Neither the disk nor the log holds a token.
    let (bytes, said) = (office.bytes(), office.world.server.as_ref().unwrap().said());
    for token in office.tokens().await {
        assert!(!holds(&bytes, token.as_bytes()) && !said.contains(&token), "{token}");
    }
    // Nor what a customer wrote and was told, which the search would find: other things of the same run it finds.
    for text in ["1234567", "Order 1234567 has left us."] {
        assert!(!holds(&bytes, text.as_bytes()) && !said.contains(text), "{text}");
    }
    assert!(holds(&bytes, BUSINESS.as_bytes()), "the account stands there");
    let id = office.world.conversation(&mona).await.unwrap()["id"].as_str().unwrap().to_owned();
    let why = office.run(&format!("rejoinder why '{id}'"));
    assert!(why.out.contains("1234567"), "{}", why.out);

    // Without its key the store is not served, and with it what was said is there after all.
    office.stop();
    let path = office.world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("token_key = { env = \"REJOINDER_KEY\" }\n", "")).unwrap();
    let refused = office.run("rejoinder serve");
    assert!(refused.code == Some(2) && refused.out.contains("`token_key` is not set"), "{}", refused.out);
    std::fs::write(&path, settings).unwrap();
    let refused = office.run(&format!("REJOINDER_KEY={OTHER_KEY} rejoinder serve"));
    assert!(refused.code == Some(2) && refused.out.contains("`token_key` is another key"), "{}", refused.out);
    let replay = office.run(&format!("REJOINDER_KEY={KEY} rejoinder replay '{id}'"));
    assert!(replay.code == Some(0) && replay.out.contains("1234567"), "{}", replay.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_tiktok_leads_to_can_be_brought_by_hand() {
    let office = Office::open().await;
    let location = office.agree().await;
    let done = office.run(&format!("rejoinder connect --returned '{location}'"));
    assert_eq!((done.code, done.out.as_str()), (Some(0), format!("account {BUSINESS} is connected\n").as_str()));
    let again = office.run(&format!("rejoinder connect --returned '{location}'"));
    assert!(again.code == Some(2) && again.out.contains("has been used already"), "{}", again.out);
    assert_eq!(office.run("rejoinder connect --app 1").code, Some(2));
    assert_eq!(office.run("rejoinder connect --scope 'a b'").code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_returns_are_told_apart_bounded_and_never_reach_tiktok() {
    let office = Office::open().await;
    let state = || office.begin().1;
    let forged = "A".repeat(75);
    let used = state();
    assert_eq!(office.returned(&format!("state={used}&error=access_denied")).await.0, 400);
    let cases = [
        (400, "was not begun here", String::new()),
        (400, "was not begun here", "code=abc".to_owned()),
        (400, "was not begun here", format!("code=abc&state={forged}")),
        (400, "was not begun here", "code=abc&state=%3Cscript%3E".to_owned()),
        (400, "has been used already", format!("code=abc&state={used}")),
        (400, "without a code", format!("state={}", state())),
        (400, "without a code", format!("code=&state={}", state())),
        (400, "without a code", format!("code={}&state={}", "c".repeat(2_049), state())),
        (400, "access_denied", format!("error=access_denied&state={}", state())),
        (400, "invalid_scope", format!("error=invalid_scope&error_type=scope&state={}", state())),
        (400, "no word that could be shown", format!("error=%3Cscript%3Ealert(1)%3C/script%3E&state={}", state())),
        (400, "same thing twice", format!("code=a&code=b&state={}", state())),
        (414, "longer than anything", format!("code={}&state={}", "c".repeat(5_000), state())),
    ];
    for (expected, says, query) in cases {
        let (status, page) = office.returned(&query).await;
        assert!(status == expected && page.contains(says), "{query:.100}: {status} {page}");
        assert!(page.len() < 2_000 && !page.contains("<script") && page.contains("rejoinder connect"), "{page}");
    }
    assert_eq!(office.returned(&"x".repeat(60_000)).await.0, 414);
    assert_eq!(office.calls("/tt_user/oauth2/token/").await, 0);

    // A right state with a code of nobody's: TikTok is asked once, and says no.
    let (status, page) = office.returned(&format!("code=abc&state={}", state())).await;
    assert!(status == 502 && page.contains("40110"), "{status} {page}");
    assert_eq!(office.calls("/tt_user/oauth2/token/").await, 1);
    // A code that was given to another address is nobody's either.
    let location = office.agree().await;
    let (status, _, page) = office.page(&location.replace("code=", "code=x")).await;
    assert!(status == 502 && page.contains("40110"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_cannot_end_well_is_not_begun() {
    let mut office = Office::open().await;
    let path = office.world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    for (line, says) in [("token_key", "name no `token_key`"), ("public_url", "name no `public_url`")] {
        let without: Vec<&str> = settings.lines().filter(|one| !one.starts_with(line)).collect();
        std::fs::write(&path, without.join("\n")).unwrap();
        office.world.server = None;
        // A store whose texts are sealed does not open without its key.
        for file in std::fs::read_dir(office.world.folder.path()).unwrap().map(|file| file.unwrap()) {
            if file.file_name().to_string_lossy().starts_with("rejoinder.db") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        office.world.serve(&[("REJOINDER_KEY", KEY)]);
        let done = office.run("rejoinder connect");
        assert!(done.code == Some(2) && done.out.contains(says), "{}", done.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_only_the_new_key_opens_and_the_old_bytes_are_gone() {
    let mut office = Office::open().await;
    let location = office.agree().await;
    assert_eq!(office.page(&location).await.0, 200);
    office.stop();
    let before = office.sealed().await;
    assert!(holds(&office.bytes(), &before), "the search finds what is there");

    let rotate = |old: &str, new: &str| {
        office.run(&format!("REJOINDER_KEY={new} OLD_KEY={old} rejoinder secrets rotate --old env:OLD_KEY --format json"))
    };
    let wrong = rotate(&"x".repeat(20), OTHER_KEY);
    assert_eq!((wrong.code, holds(wrong.out.as_bytes(), BUSINESS.as_bytes())), (Some(1), true), "{}", wrong.out);
    assert_eq!(rotate("short", OTHER_KEY).code, Some(2));
    let told = |done: &Finished| -> Value { serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.out)) };
    assert_eq!(told(&rotate(KEY, OTHER_KEY)), json!({ "resealed": 1, "already": 0, "closed": [], "texts": "resealed" }));
    assert_eq!(told(&rotate(KEY, OTHER_KEY)), json!({ "resealed": 0, "already": 1, "closed": [], "texts": "already" }));
    let after = office.sealed().await;
    assert!(after != before && holds(&office.bytes(), &after));
    assert!(!holds(&office.bytes(), &before), "what the old key opens is still on the disk");
    for token in office.tokens().await {
        assert!(!holds(&office.bytes(), token.as_bytes()));
    }

    office.world.serve(&[("REJOINDER_KEY", OTHER_KEY)]);
    let mona = office.world.customer("Mona").await;
    office.world.write(&mona, "my order?").await;
    office.world.hears(&mona, &["Let me see.", "What is your order number?"]).await;
    let busy = office.run(&format!("REJOINDER_KEY={KEY} OLD_KEY={OTHER_KEY} rejoinder secrets rotate --old env:OLD_KEY"));
    assert!(busy.code == Some(2), "a server runs: {}", busy.out);
    let shown = office.run(&format!("REJOINDER_KEY={KEY} rejoinder secrets rotate --old {OTHER_KEY}"));
    assert!(shown.code == Some(2) && !shown.out.contains(OTHER_KEY), "{}", shown.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registration_is_shown_set_and_removed() {
    let office = Office::open().await;
    let here = format!("{}/webhooks/tiktok", office.public);
    let show = || office.run("rejoinder registration show");
    assert_eq!((show().code, show().out), (Some(0), format!("app {APP}: TikTok delivers to {here}\n")));
    let removed = office.run("rejoinder registration remove");
    assert_eq!((removed.code, removed.out), (Some(0), format!("app {APP}: TikTok delivers nowhere\n")));
    assert_eq!(show().code, Some(1));
    let elsewhere = office.run("rejoinder registration set --address https://old.example.com/hook");
    assert_eq!(elsewhere.code, Some(0), "{}", elsewhere.out);
    let shown = show();
    assert!(shown.code == Some(1) && shown.out.contains(&format!("and this server is at {here}")), "{}", shown.out);
    let set = office.run("rejoinder registration set --format json");
    let told: Value = serde_json::from_str(&set.out).unwrap();
    assert_eq!(told["registered"], json!([{ "app": APP, "address": here, "expected": here }]));
    assert_eq!(office.run("rejoinder registration show --app 1").code, Some(2));
    let refused = office.run("rejoinder registration set --address nonsense");
    assert!(refused.code == Some(2) && refused.out.contains("40002") && !refused.out.contains(SECRET), "{}", refused.out);
}

// --- accounts that go ------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_account_leaves_no_token_and_its_history_and_comes_back_by_a_sign_in() {
    let mut office = Office::open().await;
    let location = office.agree().await;
    assert_eq!(office.page(&location).await.0, 200);
    let mona = office.world.customer("Mona").await;
    office.world.write(&mona, "my order?").await;
    office.world.hears(&mona, &["Let me see.", "What is your order number?"]).await;
    assert_eq!(office.run("rejoinder pause").code, Some(0));
    office.world.write(&mona, "1234567").await;
    while !office.run("rejoinder outbox").out.starts_with("1 replies wait") {
        nap(SECOND / 20).await;
    }
    let tokens = office.tokens().await;

    let asked = office.run(&format!("rejoinder disconnect {BUSINESS}"));
    assert!(asked.code == Some(2) && asked.out.contains("add `--yes`"), "{}", asked.out);
    let nobody = office.run("rejoinder disconnect -000nobody --yes");
    assert!(nobody.code == Some(2) && nobody.out.contains("no such account is served here"), "{}", nobody.out);
    let done = office.run(&format!("rejoinder disconnect {BUSINESS} --yes"));
    let told = format!(
        "account {BUSINESS} of app {APP} is disconnected\nreplies: 1 that waited are dropped\ntokens: revoked at TikTok, and removed \
         here\nregistration: removed: no other account of the app is served\n"
    );
    assert_eq!((done.code, done.out), (Some(0), told));
    assert_eq!(office.calls("/tt_user/oauth2/revoke/").await, 1);
    let shown = office.run("rejoinder registration show");
    assert_eq!((shown.code, shown.out), (Some(1), format!("app {APP}: TikTok delivers nowhere\n")));
    assert!(office.run("rejoinder accounts").out.contains("no account is served"));

    // A start does not bring it back, and what was said is there.
    office.stop();
    office.world.serve(&[("REJOINDER_KEY", KEY)]);
    assert_eq!(office.run("rejoinder resume").code, Some(0));
    assert!(office.run("rejoinder accounts").out.contains("no account is served"));
    let id = office.world.conversation(&mona).await.unwrap()["id"].as_str().unwrap().to_owned();
    let why = office.run(&format!("rejoinder why '{id}'"));
    assert!(why.out.contains("1234567") && why.out.contains("the account was disconnected"), "{}", why.out);
    let audit = crate::api_deploying::token(&office.world, "auditor", &["operate"]);
    let audit = office.http.get(format!("{}/api/v1/audit", crate::api_deploying::admin(&office.world))).bearer_auth(audit);
    let audit: Value = audit.send().await.unwrap().json().await.unwrap();
    let line = audit["changes"].as_array().unwrap().iter().find(|change| change["what"] == "disconnect").unwrap();
    assert_eq!((&line["by"], &line["on"]), (&json!("operator"), &json!(format!("account {BUSINESS} of app {APP}"))), "{audit}");
    let (bytes, said) = (office.bytes(), office.world.server.as_ref().unwrap().said());
    for token in tokens {
        assert!(!holds(&bytes, token.as_bytes()) && !said.contains(&token), "{token}");
    }

    let location = office.agree().await;
    assert!(office.page(&location).await.2.contains("is connected"));
    assert_eq!(office.run("rejoinder registration set").code, Some(0));
    office.world.write(&mona, "my order?").await;
    let heard = ["Let me see.", "What is your order number?"];
    office.world.hears(&mona, &[heard, heard].concat()).await;
    office.stop();
    office.world.serve(&[("REJOINDER_KEY", KEY)]);
    assert!(office.run("rejoinder accounts").out.starts_with("active"), "{}", office.run("rejoinder accounts").out);
    office.world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_settings_stays_away_and_the_registration_stays_for_the_others() {
    let mut world = World::of_two(FLOW, crate::deploying::SHOP).await;
    world.serve(&[]);
    let done = shell(&format!("rejoinder disconnect {BUSINESS} --yes"), world.folder.path());
    assert!(done.out.contains("registration: kept for 1 other accounts of the app"), "{}", done.out);
    assert_eq!(world.server.as_mut().unwrap().terminate(), Some(0));
    world.serve(&[]);
    world.says(&format!("account {BUSINESS} of the settings was disconnected; `rejoinder connect` brings it back")).await;
    let mona = world.customer("Mona").await;
    world.write(&mona, "my order?").await;
    let zoe = world.customer("Zoe").await;
    world.post("/sim/v1/messages", json!({ "customer": zoe, "text": "hours", "account": OTHER })).await;
    world.hears(&zoe, &["From 9 to 5."]).await;
    world.hears(&mona, &[]).await;
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_takes_up_what_another_connects_and_drops_what_it_disconnects() {
    let world = World::without_server(FLOW).await;
    let path = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let public = settings.split("listen = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    std::fs::write(world.folder.path().join("key.txt"), KEY).unwrap();
    let settings = settings.split("[[app.account]]").next().unwrap().replace(
        "\n[[app]]",
        &format!("public_url = \"http://{public}\"\ntoken_key = {{ file = \"key.txt\" }}\nadmin_token = \"open\"\n\n[[app]]"),
    );
    std::fs::write(&path, settings).unwrap();
    let mut town = crate::nodes::Town::over(crate::cluster::Cluster::shared(), world, 2).await;
    let door = async |town: &crate::nodes::Town, node: usize| {
        for _ in 0..100 {
            let said = town.nodes[node].as_ref().unwrap().said();
            if let Some(at) = said.lines().find_map(|line| line.strip_prefix("for operators on ")) {
                return at.trim().to_owned();
            }
            nap(SECOND / 20).await;
        }
        panic!("no door")
    };
    let run = |town: &crate::nodes::Town, door: &str, line: &str| {
        shell(&format!("REJOINDER_ADMIN_TOKEN=open rejoinder {line} --server {door}"), town.world.folder.path())
    };
    let first = town.leader().await;
    let at = door(&town, first).await;
    let begun: Value = serde_json::from_str(&run(&town, &at, "connect --format json").out).unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let agreed = http.get(format!("{}&account={BUSINESS}", begun["address"].as_str().unwrap())).send().await.unwrap();
    let location = agreed.headers()["location"].to_str().unwrap().to_owned();
    let done = run(&town, &at, &format!("connect --returned '{location}'"));
    assert_eq!(done.out, format!("account {BUSINESS} is connected\n"));

    // The other node knows it within its interval, and has its token: it goes on alone.
    let second = 1 - first;
    let other = door(&town, second).await;
    for _ in 0..100 {
        if run(&town, &other, "accounts").out.contains(BUSINESS) {
            break;
        }
        nap(SECOND / 10).await;
    }
    town.kill(first);
    let mona = town.world.customer("Mona").await;
    town.world.write(&mona, "my order?").await;
    town.world.hears(&mona, &["Let me see.", "What is your order number?"]).await;

    town.start(first);
    assert_eq!(town.leader().await, second);
    let done = run(&town, &other, &format!("disconnect {BUSINESS} --yes"));
    assert!(done.code == Some(0) && done.out.contains("tokens: revoked at TikTok"), "{}", done.out);
    town.nodes[first].as_ref().unwrap().says("the account was disconnected by another process").await;
    let at = door(&town, first).await;
    assert!(run(&town, &at, "accounts").out.contains("no account is served"));
    town.world.no_violations().await;
}

// --- tokens that end -------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_it_ends_and_the_end_of_renewals_shows_long_before() {
    let mut town = Town::running(bot(FLOW)).await;
    let left = format!("rejoinder_sign_in_left_seconds{{app=\"{APP}\"}}");
    let now = town.now();
    town.token = Token {
        access_until: Some(now.plus_ms(2 * HOUR)),
        refresh_until: Some(now.plus_ms(20 * 24 * HOUR)),
        ..town.token.clone()
    };
    town.restart().await;
    let days = town.measured(&left).await.unwrap() / 86_400.0;
    assert!((19.9..=20.0).contains(&days), "{days}");
    let renewals = |town: &Town| town.simulator.calls(0).iter().filter(|call| call.path.ends_with("/refresh_token/")).count();
    assert_eq!(renewals(&town), 0, "two hours are enough");

    town.jump(HOUR + 5 * 60 * SECOND);
    for _ in 0..500 {
        nap(20).await;
        if renewals(&town) > 0 {
            break;
        }
    }
    nap(300).await;
    assert_eq!(renewals(&town), 1);
    let days = town.measured(&left).await.unwrap() / 86_400.0;
    assert!((364.0..=365.0).contains(&days), "{days}");
}
