//! The bots that answer: those of `flows`, and made-up ones.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use rejoinder::bot::{Bot, Returned, ScriptCall, ScriptHost, Scripts};
use rejoinder::check::{self, Assets};
use rejoinder::hook;
use rejoinder::runtime::port::{Compiler, Files};
use rejoinder::source::Sources;
use rejoinder::system::files;

use crate::chance::Chance;
use crate::plan::BotChoice;
use crate::time::Time;

pub const FOLDERS: [&str; 3] = ["nile-threads", "dapur-bu-ratna", "baan-phiu-sai"];

/// A bot and what its customers are likely to write.
pub struct Cast {
    pub bot: Arc<Bot>,
    /// The versions that are deployed one after the other, `bot` the first; none where they are not kept. Those of number n
    /// stand in the folder `vn`.
    pub versions: Vec<(Files, Arc<Bot>)>,
    pub words: Vec<String>,
    pub opt_out: Vec<String>,
    pub opt_in: Vec<String>,
}

/// Of a bot that is deployed anew.
const VERSIONS: usize = 3;
/// A version is compiled for so long.
const COMPILING_MS: i64 = 700;

/// Knows the versions of a cast.
pub struct Known(pub Arc<Cast>, pub Time);

#[async_trait]
impl Compiler for Known {
    async fn compile(&self, files: &Files) -> Result<Arc<Bot>, String> {
        self.1.sleep(COMPILING_MS).await;
        let found = self.0.versions.iter().find(|(known, _)| known == files);
        found.map(|(_, bot)| Arc::clone(bot)).ok_or_else(|| "no version of the cast".to_owned())
    }
}

type Slot = Arc<OnceLock<Arc<Cast>>>;

static ALL: OnceLock<Mutex<HashMap<BotChoice, Slot>>> = OnceLock::new();

/// Each bot is read and checked once.
pub fn cast(choice: BotChoice) -> Arc<Cast> {
    let slot = Arc::clone(ALL.get_or_init(Mutex::default).lock().unwrap().entry(choice).or_default());
    Arc::clone(slot.get_or_init(|| {
        Arc::new(match choice {
            BotChoice::Folder(name) => folder(name),
            BotChoice::MadeUp(number) => made_up(number),
            BotChoice::LastMoment => last_moment(),
            BotChoice::Systems => systems(),
        })
    }))
}

fn folder(name: &str) -> Cast {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows").join(name);
    let (mut sources, mut assets, mut text) = (Sources::default(), Assets::default(), String::new());
    let mut scripts = Vec::new();
    for path in files::walk(&folder, 4, 100).unwrap() {
        let file = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        if file.ends_with(".flow") {
            let source = files::read_to_string(&path, 1 << 20).unwrap();
            text += &source;
            sources.add(file, source);
        } else if file.ends_with(".rhai") {
            scripts.push((file, Arc::from(files::read_to_string(&path, 1 << 20).unwrap())));
        } else if let Ok(asset) = check::asset(&file, files::read(&path, 1 << 22).unwrap()) {
            assets.insert(file, Arc::new(asset));
        }
    }
    assets.put_scripts(self::scripts(&scripts));
    compiled(&sources, &assets, &text).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn scripts(files: &[(String, Arc<str>)]) -> Scripts {
    let scripts = hook::read(files, hook::Limits::for_tests(), Arc::new(|| Duration::ZERO));
    Scripts { host: scripts.host.map(|host| Arc::new(AtOnce(host)) as Arc<dyn ScriptHost>), ..scripts }
}

/// What a script does to conversations by itself, and how it fails at that.
const HOOKS: &str = r#"
fn on_message(message, contact) {
    if message.text == "word1" { return #{ text: "word2", tag: "moved", untag: "kept" }; }
    if message.text == "xyzzy" { return #{ swallow: true, tag: "kept" }; }
    if message.text == "word3" { loop { } }
}

fn before_send(reply, conversation) {
    if reply.kind == "text" && reply.text.len() % 5 == 0 { return #{ text: `${reply.text} (${conversation.replies_left})` }; }
    if reply.text.len() % 7 == 0 { return #{ before: "First of all.", after: ["And more.", "And yet more."] }; }
    if reply.text.len() % 11 == 0 { return #{ stop: "it is long enough" }; }
    if reply.text.len() % 13 == 0 { throw "it cannot be"; }
}

fn on_handoff(handoff, conversation) { #{ note: `${handoff.note} (${conversation.contact.tags.len()})` } }

fn on_goal(goal, conversation) { #{ tag: goal.name, note: "well done" } }

fn on_fault(fault, conversation) { if fault.reason == "unsent" { throw "again" } else { #{ tag: fault.reason } } }
"#;

/// Ends each call before anything else happens: threads of its own would tell another story each time.
#[derive(Debug)]
struct AtOnce(Arc<dyn ScriptHost>);

impl ScriptHost for AtOnce {
    fn begin(&self, call: ScriptCall, done: Box<dyn FnOnce(Returned) + Send>) {
        done(self.0.call(call));
    }
}

fn compiled(sources: &Sources, assets: &Assets, text: &str) -> Result<Cast, String> {
    let (bot, found) = check::compile(sources, assets);
    let bot = bot.ok_or_else(|| format!("{found:?}"))?;
    let said = |line: &str, word: &str| -> Vec<String> {
        let Some(rest) = line.trim().strip_prefix(word) else { return Vec::new() };
        rest.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut words: Vec<String> =
        text.lines().flat_map(|line| said(line, "customer \"").into_iter().chain(said(line, "customer "))).collect();
    words.extend(text.lines().flat_map(|line| said(line, "on message")));
    words.extend(["1", "2", "xyzzy", "yes", "1234567"].map(str::to_owned));
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    let opt = |word| text.lines().flat_map(|line| said(line.split(" say").next().unwrap_or_default(), word)).collect();
    Ok(Cast { bot: Arc::new(bot), versions: Vec::new(), words, opt_out: opt("opt out on"), opt_in: opt("opt in on") })
}

fn last_moment() -> Cast {
    let mut text =
        String::from("bot \"Last moment\" {\n    languages en\n    opt out on \"stop\"\n    opt in on \"start\"\n}\n\n");
    for (flow, minutes) in [(0, 47 * 60 + 50), (1, 47 * 60 + 30), (2, 46 * 60)] {
        let _ = writeln!(text, "flow f{flow} {{\n    on message \"word{flow}\"\n    say \"Later.\"");
        let _ = writeln!(text, "    wait {minutes}m\n    say \"At the last moment {flow}.\"\n}}\n");
    }
    let mut sources = Sources::default();
    sources.add("last-moment.flow", text.clone());
    compiled(&sources, &Assets::default(), &text).unwrap_or_else(|why| panic!("{why}"))
}

/// Flows that ask the business's systems in each way: `word2` and `word5` may be asked once alone.
const SYSTEMS: &str = r#"bot "Systems" {
    languages en
    fetch from "https://shop.example"
    secret KEY
    opt out on "stop" say "You get no more."
    opt in on "start" say "Welcome back."
}

flow f0 {
    on message "word0"
    fetch x = GET "https://shop.example/orders/{message.text}" {
        header "Authorization" = "Bearer {secret.KEY}"
        retry 2
        gives { state: text(20) }
        on 404 { say "No such order." stop }
        else { say "We cannot look." stop }
    }
    say "It is {x.state}."
}

flow f1 {
    on message "word1"
    fetch x = POST "https://shop.example/orders" {
        json { what: "tea" }
        timeout 3s
        retry 3
        gives { state: text(20) }
        else { say "We cannot take it." stop }
    }
    say "Ordered."
}

flow f2 {
    on message "word2"
    fetch x = POST "https://shop.example/payments" {
        timeout 8s
        else { say "Not paid." stop }
    }
    say "Paid."
}

flow f3 {
    on message "word3"
    fetch x = GET "https://shop.example/slow" {
        timeout 60s
        retry 5
        else { say "Too slow." stop }
    }
    say "At last."
}

flow f4 {
    on message "word4"
    ask what: text(50) "What?" { within 30m stop }
    fetch x = PUT "https://shop.example/things/{what}" {
        timeout 2s
        gives { state: text(20) }
        on 404, 429 say "Not there."
        else say "Not put."
    }
    fetch y = DELETE "https://shop.example/things/{what}" { retry 1 else say "Not gone." }
    say "Done."
}

flow f5 {
    on message "word5"
    fetch x = PATCH "https://shop.example/things" { timeout 1s }
    say "Changed."
}

flow aside {
    on message exactly "aside" anytime resume
    say "Aside."
}

flow instead {
    on message exactly "instead" anytime
    say "Instead."
}

flow trouble {
    on fault
    say "Trouble: {fault.reason}."
}
"#;

fn systems() -> Cast {
    let mut sources = Sources::default();
    sources.add("systems.flow", SYSTEMS);
    compiled(&sources, &Assets::default(), SYSTEMS).unwrap_or_else(|why| panic!("{why}"))
}

/// A bot of made-up flows. What the checker refuses is made up again.
fn made_up(number: u64) -> Cast {
    let mut chance = Chance::new(number).fork("flows");
    let mut last = String::new();
    for _ in 0..50 {
        let text = source(&mut chance);
        let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows/nile-threads/sizes.png");
        let picture = files::read(&picture, 1 << 22).unwrap();
        let asset = check::asset("sizes.png", picture.clone()).unwrap();
        let mut assets: Assets = [("sizes.png".to_owned(), Arc::new(asset))].into_iter().collect();
        if number.is_multiple_of(4) {
            assets.put_scripts(scripts(&[("hooks.rhai".to_owned(), Arc::from(HOOKS))]));
        }
        let version = |number: usize| {
            // Everything is said otherwise.
            let text = if number == 1 { text.clone() } else { text.replace("say \"", &format!("say \"{number}: ")) };
            let path = format!("v{number}/made-up.flow");
            let mut sources = Sources::default();
            sources.add(path.clone(), text.clone());
            let cast = compiled(&sources, &assets, &text)?;
            let files = Files { flows: vec![(path, text)], images: vec![("sizes.png".to_owned(), picture.clone())] };
            Ok::<_, String>((files, cast))
        };
        match version(1) {
            Ok((files, mut cast)) => {
                cast.versions.push((files, Arc::clone(&cast.bot)));
                cast.versions
                    .extend((2..=VERSIONS).map_while(|number| version(number).ok()).map(|(files, cast)| (files, cast.bot)));
                return cast;
            }
            Err(why) => last = format!("{why}\n{text}"),
        }
    }
    panic!("no bot out of {number}: {last}");
}

fn source(chance: &mut Chance) -> String {
    let mut text = String::from("bot \"Made up\" {\n    languages en\n");
    if chance.once_in(3) {
        text += "    gather 3s at most 10s\n";
    }
    if chance.once_in(3) {
        text += ["    on short budget drop\n", "    on short budget handoff\n"][chance.below(2)];
    }
    if chance.once_in(3) {
        text += "    when tiktok answers also\n";
    }
    let _ = writeln!(text, "    keep {}h", chance.between(1, 30));
    let _ = writeln!(text, "    release after {}h", chance.between(1, 20));
    text += "    opt out on \"stop\" say \"You get no more.\"\n    opt in on \"start\" say \"Welcome back.\"\n}\n\n";
    for flow in 0..chance.between(3, 6) {
        let anytime = if chance.once_in(4) { " anytime" } else { "" };
        let _ = writeln!(text, "flow f{flow} {{\n    on message \"word{flow}\"{anytime}");
        let mut end = false;
        for step in 0..chance.between(1, 4) {
            if !end {
                end = self::step(&mut text, chance, flow, step);
            }
        }
        text += "}\n\n";
    }
    if chance.once_in(2) {
        text += "flow closing {\n    on window closing in 2h\n    say \"Two hours are left.\"\n}\n\n";
    }
    if chance.once_in(2) {
        text += "flow ad {\n    on ad\n    say \"You came from an ad.\"\n}\n\n";
    }
    if chance.once_in(2) {
        text += "flow comment {\n    on comment \"price\"\n    say \"Twenty.\"\n}\n\n";
    }
    text += "flow lost {\n    on fallback\n    say one of \"Sorry?\" | \"Once more, please?\" | \"Pardon?\"\n}\n";
    text
}

/// True where nothing may follow.
fn step(text: &mut String, chance: &mut Chance, flow: i64, step: i64) -> bool {
    let name = format!("{flow}.{step}");
    let line = match chance.below(18) {
        0..=2 => format!("    say \"Text {name}.\"\n"),
        3 => format!("    say one of \"First {name}.\" | \"Second {name}.\"\n"),
        4 => format!("    say \"Apart {name}.\" keep apart\n"),
        5 => format!("    say \"Quoting {name}.\" replying\n"),
        6 => format!("    wait {}s\n    say \"After a wait {name}.\"\n", chance.between(1, 120)),
        7 => format!("    wait {}m\n    say \"After a long wait {name}.\"\n", chance.between(2, 600)),
        8 => format!("    wait {}m\n    say \"At the last moment {name}.\"\n", chance.between(47 * 60 + 40, 47 * 60 + 53)),
        9 => format!(
            "    ask a{step}: text(50) {{\n        \"What is {name}?\"\n        tries 2 stop\n        within {}m say \"Never mind {name}.\"\n        nudge after 1m \"Still there? {name}\"\n    }}\n    say \"Got {{a{step}}}.\"\n",
            chance.between(5, 90)
        ),
        10 => format!(
            "    choose \"Which {name}?\" {{\n        \"Left\" say \"Left {name}.\"\n        \"Right\" say \"Right {name}.\"\n        within {}m stop\n    }}\n",
            chance.between(5, 300)
        ),
        11 => format!("    image \"sizes.png\" else say \"No pictures {name}.\"\n"),
        12 => "    typing\n    wait 3s\n".to_owned(),
        13 => "    seen\n".to_owned(),
        14 | 15 => (1..=chance.between(3, 7)).map(|line| format!("    say \"Line {line} of {name}.\"\n")).collect(),
        16 => format!("    say \"Long {name}. {}\"\n", "Many words follow. ".repeat(350)),
        _ => {
            *text += &format!("    handoff \"flow {name}\"\n");
            return true;
        }
    };
    *text += &line;
    false
}
