//! Compiles a flow and talks to it, without a server: `cargo run --example embed`.

use std::sync::Arc;

use rejoinder::calendar::Moment;
use rejoinder::check::{Assets, compile};
use rejoinder::engine::rehearsal::Rehearsal;
use rejoinder::source::Sources;

const FLOW: &str = r##"
bot "Kiosk" { languages en }

flow coffee "Coffee" {
    on message "coffee"
    ask cups: whole(1..5) "How many cups?"
    say "{cups | plural one "# coffee" other "# coffees"}, coming up."
}
"##;

#[expect(clippy::print_stdout, reason = "the example is a chat on the terminal")]
fn main() -> Result<(), String> {
    let mut sources = Sources::default();
    sources.add("kiosk.flow", FLOW);
    let (bot, findings) = compile(&sources, &Assets::new());
    let bot = bot.ok_or_else(|| format!("{findings:#?}"))?;
    let mut chat = Rehearsal::new(Arc::new(bot), Moment(1_795_334_400_000), 1);
    for line in ["A coffee, please", "two", "2"] {
        chat.write(line);
        println!("customer: {line}");
        chat.said().into_iter().for_each(|(said, _)| println!("bot: {said:?}"));
    }
    Ok(())
}
