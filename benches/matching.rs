//! A whole message against 10 to 10 000 rules, in interleaved rounds, so that a ratio is one of the same minutes; and the
//! matcher and the folding alone. `cargo bench --bench matching -- 10000 2000` hands 2 000 messages to 10 000 rules and to
//! nothing else, for a profiler that is told to look at `whole_message` or `matcher_alone`.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints what it measured and stops when its own tables are wrong"
)]

mod support;

use rejoinder::bot::{Bot, Heard};
use rejoinder::engine::{Conversation, Limits};
use rejoinder::text::fold;
use support::{Talk, answer, bot, clock, job_source, load, question};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const ROUNDS: usize = 9;
const MESSAGES: usize = 20_000;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if let [rules, messages] = asked[..] {
        let bot = bot(&job_source(rules));
        support::warm(&bot, rules);
        let (whole, alone) = (whole_message(&bot, rules, messages), matcher_alone(&bot, rules, messages));
        return println!("matching R={rules} message_ns={whole:.0} matcher_ns={alone:.0}");
    }
    let bots: Vec<Bot> = SIZES.iter().map(|rules| bot(&job_source(*rules))).collect();
    bots.iter().zip(SIZES).for_each(|(bot, rules)| support::warm(bot, rules));
    let mut whole: Vec<Vec<f64>> = vec![Vec::new(); SIZES.len()];
    let mut hits: Vec<Vec<f64>> = vec![Vec::new(); SIZES.len()];
    for _ in 0..ROUNDS {
        for (at, bot) in bots.iter().enumerate() {
            whole[at].push(whole_message(bot, SIZES[at], MESSAGES));
            hits[at].push(matcher_alone(bot, SIZES[at], MESSAGES));
        }
    }
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    let first = (median(&mut whole[0]), median(&mut hits[0]));
    for (at, rules) in SIZES.iter().enumerate() {
        let (whole, hits) = (median(&mut whole[at]), median(&mut hits[at]));
        println!(
            "matching R={rules} message_ns={whole:.0} ratio={:.2} matcher_ns={hits:.0} matcher_ratio={:.2} load=\"{}\"",
            whole / first.0,
            hits / first.1,
            load()
        );
    }
    for (name, text) in [
        ("ascii", question(7)),
        ("arabic", "أين طَلَبي؟ أرسلته إليكم قبل أسبوع ولم يصل بعدُ، رقمه ١٢٣٤٥٦٧".to_owned()),
        ("thai", "สวัสดีครับ อยากทราบราคากาแฟเย็น และร้านเปิดกี่โมงครับ ขอบคุณมากครับ 🙏".to_owned()),
    ] {
        let begun = clock();
        let total: usize = (0..MESSAGES).map(|_| fold(std::hint::black_box(&text)).len()).sum();
        println!("fold {name} bytes={} ns={:.0}", text.len(), begun.elapsed().as_nanos() as f64 / MESSAGES as f64);
        assert!(total > 0);
    }
}

/// Nanoseconds of a message, with its reply sent.
#[inline(never)]
fn whole_message(bot: &Bot, rules: usize, messages: usize) -> f64 {
    let mut states: Vec<Conversation> = (0..1_000).map(|_| Conversation::default()).collect();
    let mut talk = Talk { bot, limits: Limits::default(), now: 1_790_000_000_000, messages: 0 };
    let mut spent = 0_u64;
    for n in 0..messages {
        talk.now += 600;
        let turn = n / states.len();
        let text = if turn.is_multiple_of(2) { question(n.wrapping_mul(7_919) % rules) } else { answer(n) };
        let at = n % states.len();
        spent += talk.say(&mut states[at], text, false).0.all_ns;
    }
    spent as f64 / messages as f64
}

#[inline(never)]
fn matcher_alone(bot: &Bot, rules: usize, messages: usize) -> f64 {
    let texts: Vec<String> = (0..1_000).map(|n: usize| question(n.wrapping_mul(7_919) % rules)).collect();
    let begun = clock();
    let found: usize =
        (0..messages).map(|n| bot.matcher.hits(&Heard { text: Some(&texts[n % texts.len()]), ..Heard::default() }).len()).sum();
    assert!(found >= messages, "every message is wanted");
    begun.elapsed().as_nanos() as f64 / messages as f64
}
