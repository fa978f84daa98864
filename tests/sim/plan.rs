//! What a story is made of: people who do things, and things that go wrong. Data, so that it can be made smaller.

use std::fmt;

/// All of one story. The same plan gives the same story, bit for bit.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Which bot answers: one of the folders of `flows`, or one made up from a number.
    pub bot: BotChoice,
    pub workers: usize,
    /// Processes that share the store; one alone has its own.
    pub nodes: usize,
    /// How long a process leads without renewing it.
    pub lease_ms: i64,
    pub margin_ms: i64,
    pub accounts: usize,
    /// Customers by account.
    pub customers: Vec<usize>,
    /// Customers of whom TikTok tells only that they wrote.
    pub unnamed: Vec<usize>,
    /// What was written before anybody here answered: whose, how long before, and what.
    pub before: Vec<(usize, i64, String)>,
    /// TikTok's clock less true time, milliseconds.
    pub tiktok_ms: i64,
    /// Our clock less true time at the beginning, milliseconds.
    pub ours_ms: i64,
    /// The longest way of a call to TikTok, and back.
    pub way_ms: i64,
    /// The longest commit.
    pub commit_ms: i64,
    /// TikTok's list shows what was there so long ago.
    pub list_lag_ms: i64,
    pub list_reversed: bool,
    pub images_allowed: bool,
    /// TikTok sends a welcome message to who writes first.
    pub greets: bool,
    /// Conversations that an account answers a day, by our own setting.
    pub a_day: Option<u32>,
    /// The same by TikTok's will, of which nobody knows, until the faults stop.
    pub tiktok_a_day: Option<usize>,
    pub acts: Vec<Act>,
    pub troubles: Vec<Trouble>,
    /// When which version of the bot goes live, by its place in [`crate::bots::Cast::versions`]; one that was not stored
    /// before follows the newest.
    pub deployments: Vec<(i64, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BotChoice {
    Folder(&'static str),
    MadeUp(u64),
    /// Speaks in the last minutes of the window.
    LastMoment,
    /// Asks the business's systems.
    Systems,
}

/// Somebody does something.
#[derive(Clone, Debug)]
pub struct Act {
    /// True milliseconds since the beginning.
    pub at: i64,
    /// Index of the customer whose conversation it is.
    pub who: usize,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The customer writes.
    Text(String),
    /// The customer presses a button of the newest card, or writes if there is none.
    Button(usize),
    Image,
    Sticker,
    Reaction,
    /// Voice and whatever else we do not know.
    Unsupported,
    Referral,
    Read,
    Comment(String),
    /// Somebody of the business writes from TikTok's app, or its pages.
    Colleague {
        text: String,
        web: bool,
    },
    /// So many messages from the app in one go.
    ColleagueBurst(usize),
    /// The same words as the bot's newest reply.
    ColleagueRepeats,
    TakeOver,
    Release,
    /// TikTok answers by itself.
    Automatic(&'static str),
    /// Another program of the same business.
    Program(String),
    /// A body that nobody can read.
    Gibberish(usize),
}

/// Something goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub when: When,
    pub what: Wrong,
}

/// When it strikes. Ordinals count from 1 over the whole story.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    At(i64),
    /// Before or after the n-th commit that holds a line of this kind (`message`, `may_send`, `outcome`, …).
    Commit {
        kind: &'static str,
        nth: u32,
        after: bool,
    },
    /// The n-th reading of the store.
    Reading(u32),
    /// A step of the n-th send.
    Send(u32, Step),
    /// The n-th call of another kind.
    Call(u32),
    /// The n-th echo.
    Echo(u32),
    /// The n-th webhook.
    Webhook(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before the first byte.
    Begun,
    /// The first byte has left.
    OnItsWay,
    /// TikTok has the message, the answer is not written.
    Stored,
    /// The answer is there, nobody here has read it.
    Answered,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// The process ends as by a power cut, and is started again so much later.
    Crash {
        down_ms: i64,
    },
    /// So many commits in a row fail.
    CommitFails {
        full: bool,
        times: u32,
    },
    CommitSlow {
        ms: i64,
    },
    /// The store is broken: the process must end.
    CommitBreaks,
    ReadingFails {
        times: u32,
    },
    /// Something happens in that very conversation, at that very step.
    Meanwhile(What),
    /// How the call ends; `done` where TikTok did it nevertheless.
    Answer {
        how: Ending,
        done: bool,
    },
    Echo(EchoWrong),
    /// The webhook comes again so much later, also after its 200.
    Twice {
        ms: i64,
    },
    Late {
        ms: i64,
    },
    /// Our 200 is lost on the way.
    AnswerLost,
    /// Our clock jumps by so much, and is put right so much later.
    Clock {
        ms: i64,
        for_ms: i64,
    },
    /// No webhook reaches us.
    Unreachable {
        ms: i64,
    },
    /// No call reaches TikTok.
    NoNetwork {
        ms: i64,
    },
    /// A process stands still, and goes on as if nothing had been.
    Freeze {
        node: usize,
        ms: i64,
    },
    /// A process reaches TikTok, but not the store.
    NoStore {
        node: usize,
        ms: i64,
    },
    /// A process reaches the store, but not TikTok.
    CutOff {
        node: usize,
        ms: i64,
    },
    /// The access token of an account ends.
    Token {
        account: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing comes back.
    TimeOut,
    Reset,
    HalfJson,
    BadGateway,
    Code(i64),
    /// "App reaches the QPS limit."
    TooFast,
    /// "temporarily restricted"
    Restricted,
    /// The answer takes so long.
    Slow(i64),
    /// Never comes back, not even with a time-out.
    Hang,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoWrong {
    Before,
    Late(i64),
    Never,
    Twice,
    NoSource,
    OtherId,
}

impl Ending {
    /// Whether TikTok may have done what was asked in spite of it: a refusal is one.
    pub fn leaves_open(self) -> bool {
        match self {
            Self::TimeOut | Self::Reset | Self::HalfJson | Self::BadGateway | Self::Slow(_) | Self::Hang => true,
            Self::Code(code) => !(40_000..50_000).contains(&code),
            Self::TooFast | Self::Restricted => false,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {:?}, {} customers, {} accounts, {} nodes, {} workers, margin {} s, TikTok's clock {:+} ms, ours {:+} ms",
            self.seed,
            self.bot,
            self.customers.len(),
            self.accounts,
            self.nodes,
            self.workers,
            self.margin_ms / 1_000,
            self.tiktok_ms,
            self.ours_ms
        )?;
        writeln!(
            f,
            "  ways <= {} ms, commits <= {} ms, list {} ms behind{}, images {}",
            self.way_ms,
            self.commit_ms,
            self.list_lag_ms,
            if self.list_reversed { " and reversed" } else { "" },
            if self.images_allowed { "allowed" } else { "not allowed" }
        )?;
        writeln!(f, "  greets: {}, conversations a day {:?}, by TikTok {:?}", self.greets, self.a_day, self.tiktok_a_day)?;
        if !self.unnamed.is_empty() {
            writeln!(f, "  unnamed: {:?}, of before: {:?}", self.unnamed, self.before)?;
        }
        for act in &self.acts {
            writeln!(f, "  {:>11} c{} {:?}", clock(act.at), act.who, act.what)?;
        }
        for trouble in &self.troubles {
            writeln!(f, "  {:?}: {:?}", trouble.when, trouble.what)?;
        }
        for (at, version) in &self.deployments {
            writeln!(f, "  {:>11} version {} goes live", clock(*at), version + 1)?;
        }
        Ok(())
    }
}

/// `26:03:04.005`, hours first.
pub fn clock(ms: i64) -> String {
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60, rest)
}
