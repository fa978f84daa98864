//! Random bots, as texts of the language.

use super::Dice;

/// How much a bot says and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One to three flows of a few steps: what is in them is reached often.
    Small,
    Full,
}

pub struct Generator {
    dice: Dice,
    size: Size,
    flows: usize,
    out: String,
    indent: usize,
    names: usize,
}

/// The bot of this seed.
pub fn generate(seed: u64, size: Size) -> String {
    let mut dice = Dice(seed);
    let flows = if size == Size::Small { 1 + dice.below(3) } else { 2 + dice.below(4) };
    let mut generator = Generator { dice, size, flows, out: String::new(), indent: 0, names: 0 };
    generator.bot();
    generator.out
}

/// What follows a block in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Flow(usize),
    /// A flow that may not wait.
    Beside,
    /// A block of a handoff.
    Block,
}

impl Generator {
    fn line(&mut self, text: &str) {
        self.out.push_str(&"    ".repeat(self.indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn open(&mut self, text: &str) {
        self.line(&format!("{text} {{"));
        self.indent += 1;
    }

    fn close(&mut self) {
        self.indent -= 1;
        self.line("}");
    }

    fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    fn bot(&mut self) {
        let zone = self.dice.pick(&["Africa/Cairo", "Europe/Berlin", "Asia/Bangkok"]);
        self.open("bot \"T\"");
        self.line("languages en");
        self.line(&format!("timezone \"{zone}\""));
        if self.dice.one_in(8) {
            self.line("gather 3s at most 10s");
        }
        let release = self.dice.pick(&["12h", "2h", "30m"]);
        self.line(&format!("release after {release}"));
        self.line("opt out on \"stop\" say \"no more\"");
        self.line("opt in on \"start\"");
        self.line("fetch from \"https://h.example\"");
        if self.dice.one_in(10) {
            self.line("spread 10m");
        }
        self.close();
        self.open("contact");
        self.line("a: text(20)");
        self.line("n: whole(0..9)");
        self.line("size: one of (\"S\", \"M\") = \"S\"");
        self.close();
        self.open("hours h");
        let hours = self.dice.pick(&["mon..sun 09:00..17:00", "mon..fri 00:00..23:00", "mon..sun 20:00..04:00"]);
        self.line(hours);
        self.close();
        self.open("team t");
        self.line("hours h");
        self.close();
        for flow in 0..self.flows {
            self.flow(flow);
        }
        self.special("on fault", 3);
        self.special("on window closing in 2h", 8);
        self.special("on window closing in 1h when contact.a is not missing", 16);
        self.special("on replies left 5", 8);
        for _ in 0..2 {
            let form = self.dice.pick(&["", "", " anytime", " anytime resume", " once per 1h"]);
            let on = self.dice.pick(&["on reaction \"👍\"", "on reaction"]);
            let place = self.dice.pick(&[Where::Beside, Where::Flow(self.flows - 1)]);
            self.special_in(&format!("{on}{form}"), 8, place);
        }
        if self.dice.one_in(10) {
            self.open("flow remarks");
            self.line("on comment \"c\"");
            self.line("say \"thanks\"");
            self.close();
        }
    }

    fn special(&mut self, trigger: &str, times: usize) {
        self.special_in(trigger, times, Where::Beside);
    }

    fn special_in(&mut self, trigger: &str, times: usize, place: Where) {
        if !self.dice.one_in(times) {
            return;
        }
        let name = self.name();
        self.open(&format!("flow special{name}"));
        self.line(trigger);
        let count = 1 + self.dice.below(2);
        for _ in 0..count {
            self.step(place, 2);
        }
        self.close();
    }

    fn flow(&mut self, flow: usize) {
        self.open(&format!("flow f{flow}"));
        let form = self.dice.pick(&["", "", " anytime", " anytime resume", " anytime resume"]);
        self.line(&format!("on message \"w{flow}\"{form}"));
        if flow == 0 && self.dice.one_in(3) {
            self.line("on fallback");
        }
        if flow == 1 && self.dice.one_in(4) {
            self.line("on image");
        }
        let label = self.dice.one_in(4);
        if label {
            self.line("label top");
        }
        let least = if self.size == Size::Small { 1 } else { 2 };
        let count = least + self.dice.below(if self.size == Size::Small { 3 } else { 5 });
        for _ in 0..count {
            self.step(Where::Flow(flow), 0);
        }
        if label && self.dice.one_in(2) {
            self.ask(Where::Flow(flow), 1);
            self.line("goto top");
        }
        self.close();
    }

    fn block(&mut self, head: &str, place: Where, depth: usize) {
        self.open(head);
        let count = 1 + usize::from(self.dice.one_in(3));
        for _ in 0..count {
            self.step(place, depth + 1);
        }
        self.close();
    }

    /// A block after which the run does not go on.
    fn leaving(&mut self, head: &str, place: Where, depth: usize) {
        self.open(head);
        if self.dice.one_in(2) {
            self.step(place, depth + 2);
        }
        match (place, self.dice.below(4)) {
            (Where::Flow(_), 0) => {
                let to = self.dice.below(self.flows);
                self.line(&format!("goto f{to}"));
            }
            (Where::Flow(_), 1) => self.line("return"),
            _ => self.line("stop"),
        }
        self.close();
    }

    fn step(&mut self, place: Where, depth: usize) {
        let waits = place != Where::Beside;
        let deep = depth >= 3;
        match self.dice.below(22) {
            0..=4 => self.say(),
            5 if waits && !deep => self.ask(place, depth),
            6 if waits && !deep => self.ask(place, depth),
            7 if waits && !deep => self.choose(place, depth),
            kind @ (8..=11 | 20) if !deep => self.nested(kind, place, depth),
            12 | 13 if waits => {
                let wait = self.dice.pick(&["1h", "90m", "5h", "until 09:00", "until open(h)"]);
                self.line(&format!("wait {wait}"));
            }
            14 | 15 if waits && !deep => self.fetch(place, depth),
            16 if waits && !deep => self.handoff(depth),
            17 => {
                if let Where::Flow(flow) = place
                    && flow + 1 < self.flows
                {
                    let callee = flow + 1 + self.dice.below(self.flows - flow - 1);
                    self.line(&format!("do f{callee}"));
                } else {
                    self.say();
                }
            }
            18 => self.line("image \"a.png\" else say \"no image\""),
            19 => self.line("set contact.a = \"yes\""),
            _ => {
                let line = self.dice.pick(&[
                    "typing",
                    "tag \"vip\"",
                    "goal \"g\"",
                    "note \"n\"",
                    "emit \"e\" { a: 1 }",
                    "set contact.n = 5",
                ]);
                self.line(line);
            }
        }
    }

    /// Steps that hold others.
    fn nested(&mut self, kind: usize, place: Where, depth: usize) {
        match kind {
            8 => {
                let condition = self.dice.pick(&[
                    "contact.a is missing",
                    "message.text contains \"b\"",
                    "contact.n == 5",
                    "contact.size == \"M\"",
                ]);
                self.block(&format!("if {condition}"), place, depth);
                if self.dice.one_in(2) {
                    self.block("else", place, depth);
                }
            }
            9 => {
                self.open("match contact.size");
                self.block("\"S\"", place, depth);
                self.block("else", place, depth);
                self.close();
            }
            10 => {
                let times = 1 + self.dice.below(4);
                self.open(&format!("repeat {times} times"));
                self.step(place, depth + 1);
                if self.dice.one_in(3) {
                    self.open("if contact.n == 5");
                    self.line("leave");
                    self.close();
                }
                self.close();
            }
            11 => {
                let list = self.dice.pick(&["[\"x\", \"y\"]", "[\"x\", \"y\", \"z\"]", "words(message.text) up to 2"]);
                let name = self.name();
                self.block(&format!("for item{name} in {list}"), place, depth);
            }
            _ => {
                let name = self.name();
                self.open(&format!("split \"s{name}\""));
                self.block("\"one\" 50", place, depth);
                self.block("\"two\" 50", place, depth);
                self.close();
            }
        }
    }

    fn say(&mut self) {
        match self.dice.below(12) {
            0 => {
                let long = "long word ".repeat(650 + self.dice.below(400));
                self.line(&format!("say \"{long}\""));
            }
            1 => self.line("say \"{contact.a}\""),
            2 => self.line("say \"you said {message.text | shorten 20}, {contact.n | default 0}\""),
            3 => self.line("say \"{now | date} {now | weekday_time} {contact.n | default 7 | money \"EGP\"}\""),
            4 => self.line("say one of \"one\" | \"a longer one\" keep apart"),
            5 => self.line("say \"{contact.a | default \"nobody\" | upper}\" short \"n\""),
            _ => {
                let name = self.name();
                self.line(&format!("say \"text {name}\""));
            }
        }
    }

    fn clauses(&mut self, place: Where, depth: usize) {
        if self.dice.one_in(2) {
            self.line("invalid \"not that\"");
        }
        let tries = 1 + self.dice.below(3);
        if self.dice.one_in(2) {
            self.leaving(&format!("tries {tries}"), place, depth);
        }
        let within = self.dice.pick(&["1h", "3h", "6h"]);
        if self.dice.one_in(4) {
            self.line("within 2h stop");
        } else {
            self.leaving(&format!("within {within}"), place, depth);
        }
        let nudges = self.dice.below(3);
        for (at, nudge) in ["20m", "40m"].into_iter().take(nudges).enumerate() {
            self.line(&format!("nudge after {nudge} \"still there {at}?\""));
        }
    }

    fn ask(&mut self, place: Where, depth: usize) {
        let name = self.name();
        let what = self.dice.pick(&[
            "contact.a",
            "contact.n",
            "contact.size",
            "v: yes_no",
            "v: digits(1..3)",
            "v: text(9)",
            "v: one of (\"b\", \"c\")",
        ]);
        let what = what.replace("v:", &format!("v{name}:"));
        self.open(&format!("ask {what} \"question {name}?\""));
        self.clauses(place, depth);
        self.close();
    }

    fn choose(&mut self, place: Where, depth: usize) {
        let name = self.name();
        self.open(&format!("choose \"choice {name}?\""));
        self.block("\"b\"", place, depth);
        self.block("\"c\"", place, depth);
        if self.dice.one_in(3) {
            self.block("other", place, depth);
        }
        self.clauses(place, depth);
        self.close();
    }

    fn fetch(&mut self, place: Where, depth: usize) {
        let (timeout, retry) = (self.dice.pick(&["3s", "10s"]), self.dice.below(4));
        let name = self.name();
        self.open(&format!("fetch r{name} = GET \"https://h.example/x\""));
        self.line(&format!("timeout {timeout}"));
        self.line(&format!("retry {retry}"));
        self.open("gives");
        self.line("a: text(5)");
        self.close();
        if self.dice.one_in(2) {
            self.block("on 404", place, depth);
        }
        self.block("else", place, depth);
        self.close();
    }

    fn handoff(&mut self, depth: usize) {
        let team = self.dice.pick(&["", " to t"]);
        self.open(&format!("handoff \"help\"{team}"));
        for head in ["open", "closed", "nobody in 10m", "released"] {
            if self.dice.one_in(2) {
                self.block(head, Where::Block, depth + 1);
            }
        }
        self.close();
    }
}
