//! Rules switched off, one at a time, at the ports around the product: each must be caught by the check that is there for
//! it, or the check proves nothing.

use crate::plan::{Act, BotChoice, EchoWrong, Ending, Plan, Step, Trouble, What, When, Wrong};
use crate::time::MINUTE;

/// A rule that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Answered 200 at once, whatever becomes of it.
    AnswerBeforeCommit,
    /// Two deliveries of one event have nothing in common.
    NoKeys,
    /// Colleagues' echoes lose their source.
    ColleaguesUnknown,
    /// The app's own messages come back as if a colleague had written them.
    EchoOfAColleague,
    /// Echoes tell a time long past.
    EchoesOfThePast,
    /// Nobody measures the clocks.
    ClocksAgree,
    /// The app believes that it has thirty calls a second.
    Hurried,
    /// A time-out is taken for "not sent".
    TimeOutIsNotSent,
    /// A call that takes longer than a second is given up while it runs.
    Impatient,
    /// A mark is believed to be committed before it is.
    MarkNotCommitted,
    /// A restart forgets what was marked.
    OutboxForgotten,
    /// A restart forgets what is due.
    TimersForgotten,
    /// The history tells another seed than the one that was used.
    SeedsForged,
    /// A retry beneath the transport.
    LooksRepeated,
    /// TikTok's words are passed on with the token in them.
    TokenInWords,
    /// A look at TikTok's list comes back before anything could have arrived.
    ListOfYesterday,
    /// What timed out arrives minutes later.
    LateArrivals,
    /// A process that no longer leads may mark.
    MarksUnfenced,
    /// Whoever has had the lease believes in it for an hour.
    LeaseWithoutEnd,
    /// Every process leads.
    AllLead,
    /// A commit is written although another process was quicker.
    LastWriterWins,
    /// Nobody knows that nobody was here.
    AbsenceForgotten,
    /// The leader does not hear what others have changed.
    NewsUnheard,
    /// A retry beneath the calls of the business's systems.
    FetchesRepeated,
    /// Under an older version's number stands what is newest.
    VersionsOverwritten,
    /// The gate lets one message more leave than TikTok takes.
    OneTooMany,
    /// A delivery that was not committed is taken for known when it comes again.
    SeenBeforeCommitted,
    /// A message opens the window when it reaches us.
    LateRenews,
    /// Nobody remembers since when an account is answered.
    NoBaseline,
    /// That somebody wrote is not written down.
    PokesForgotten,
}

impl Mutant {
    /// Brings into a plan what the broken rule is for, where plans seldom have it.
    pub fn stage(self, plan: &mut Plan) {
        if matches!(self, Self::MarksUnfenced | Self::LeaseWithoutEnd | Self::AllLead | Self::LastWriterWins | Self::NewsUnheard)
        {
            plan.nodes = 3;
            // The leader stands still at each of its first sends, and somebody else leads on.
            let frozen = (1..=6).map(|nth| Trouble {
                when: When::Commit { kind: "may_send", nth, after: false },
                what: Wrong::Freeze { node: 0, ms: 2 * plan.lease_ms },
            });
            let frozen: Vec<Trouble> = frozen.collect();
            plan.troubles.extend(frozen);
        }
        if self == Self::AbsenceForgotten {
            // Everybody is asked something, and answers while nobody is here; time is up before the answers are brought.
            plan.nodes = 1;
            let customers = 0..plan.customers.len();
            let says = |at, who, text: &str| Act { at, who, what: What::Text(text.to_owned()) };
            plan.acts = (0..6)
                .flat_map(|word| {
                    let at = i64::from(word) * 12 * 60 * MINUTE;
                    let text = format!("word{word}");
                    customers.clone().flat_map(move |who| [says(at + MINUTE, who, &text), says(at + 20 * MINUTE, who, "Left")])
                })
                .collect();
            let down = |word| Trouble {
                when: When::At(i64::from(word) * 12 * 60 * MINUTE + 3 * MINUTE),
                what: Wrong::Crash { down_ms: 100 * MINUTE },
            };
            plan.troubles = (0..6).map(down).collect();
        }
        if self == Self::FetchesRepeated {
            plan.bot = BotChoice::Systems;
            let customers = 0..plan.customers.len();
            plan.acts = customers.map(|who| Act { at: MINUTE, who, what: What::Text("word2".to_owned()) }).collect();
        }
        if self == Self::VersionsOverwritten {
            // Everybody is in the middle of something when the next version goes live and a process begins anew.
            plan.bot = BotChoice::MadeUp(plan.seed % 64);
            let customers = 0..plan.customers.len();
            let says = |at, who, text: String| Act { at, who, what: What::Text(text) };
            plan.acts = customers
                .flat_map(|who| {
                    let word = format!("word{}", who % 3);
                    [says(MINUTE, who, word), says(4 * MINUTE, who, "Left".to_owned()), says(5 * MINUTE, who, "Right".to_owned())]
                })
                .collect();
            plan.deployments = vec![(2 * MINUTE, 1)];
            plan.troubles = vec![Trouble { when: When::At(3 * MINUTE), what: Wrong::Crash { down_ms: 1_000 } }];
        }
        if self == Self::EchoOfAColleague {
            // Before the answer to the call nobody knows the message by its id.
            let first = |nth| Trouble { when: When::Echo(nth), what: Wrong::Echo(EchoWrong::Before) };
            plan.troubles.extend((1..=6).map(first));
        }
        self.stage_limits(plan);
        let slow = |how| (1..=6).map(move |nth| (nth, Wrong::Answer { how, done: true }));
        let sends: Vec<(u32, Wrong)> = match self {
            Self::ClocksAgree => {
                plan.bot = BotChoice::LastMoment;
                let customers = 0..plan.customers.len();
                plan.acts = customers.map(|who| Act { at: MINUTE, who, what: What::Text("word0".to_owned()) }).collect();
                let jump = Wrong::Clock { ms: -60 * MINUTE, for_ms: 4_000 * MINUTE };
                plan.troubles = vec![Trouble { when: When::At(3_000 * MINUTE), what: jump.clone() }];
                plan.troubles.push(Trouble { when: When::At(2 * MINUTE), what: jump });
                Vec::new()
            }
            Self::Impatient => slow(Ending::Slow(9_000)).collect(),
            Self::LateArrivals => slow(Ending::TimeOut).collect(),
            _ => Vec::new(),
        };
        let sends = sends.into_iter().map(|(nth, what)| Trouble { when: When::Send(nth, Step::Stored), what });
        plan.troubles.extend(sends);
    }

    fn stage_limits(self, plan: &mut Plan) {
        let told = |at, what| Act { at, who: 0, what };
        if self == Self::OneTooMany {
            // One reply at once, others of another program, and one two days later.
            (plan.bot, plan.nodes) = (BotChoice::LastMoment, 1);
            plan.acts = vec![told(MINUTE, What::Text("word2".to_owned()))];
            plan.acts.extend((0..8).map(|nth| told((2 + nth) * MINUTE, What::Program(format!("Parcel {nth}.")))));
            // The story lasts until then.
            plan.acts.push(told(47 * 60 * MINUTE, What::Read));
            (plan.tiktok_a_day, plan.greets) = (None, false);
            plan.troubles.clear();
        }
        if self == Self::LateRenews {
            (plan.bot, plan.nodes) = (BotChoice::LastMoment, 1);
            plan.acts = vec![told(MINUTE, What::Text("word0".to_owned()))];
            (plan.tiktok_a_day, plan.greets) = (None, false);
            plan.troubles = vec![Trouble { when: When::Webhook(1), what: Wrong::Late { ms: 24 * 60 * MINUTE } }];
        }
        if matches!(self, Self::NoBaseline | Self::PokesForgotten) {
            let customers = 0..plan.customers.len();
            plan.unnamed = customers.clone().collect();
            plan.before = customers.clone().map(|who| (who, 2 * 60 * MINUTE, "word2".to_owned())).collect();
            let says = |who| Act { at: 20 * MINUTE, who, what: What::Text("word1".to_owned()) };
            plan.acts = customers.map(says).collect();
            plan.troubles.clear();
        }
        if self == Self::SeenBeforeCommitted {
            let fails = |nth| Trouble {
                when: When::Commit { kind: "message", nth, after: false },
                what: Wrong::CommitFails { full: false, times: 1 },
            };
            plan.troubles.extend((1..=4).map(fails));
        }
    }

    /// All of them, with the checks of which one at least must find it.
    pub const ALL: [(Self, &'static [&'static str]); 30] = [
        (Self::AnswerBeforeCommit, &["loss"]),
        (Self::NoKeys, &["loss"]),
        (Self::ColleaguesUnknown, &["silence"]),
        (Self::EchoOfAColleague, &["silence"]),
        (Self::EchoesOfThePast, &["ledger", "ten"]),
        (Self::ClocksAgree, &["window"]),
        (Self::Hurried, &["pace"]),
        (Self::TimeOutIsNotSent, &["once"]),
        (Self::Impatient, &["one open attempt"]),
        (Self::MarkNotCommitted, &["mark"]),
        (Self::OutboxForgotten, &["final"]),
        (Self::TimersForgotten, &["healing"]),
        (Self::SeedsForged, &["replay"]),
        (Self::LooksRepeated, &["bounded"]),
        (Self::TokenInWords, &["secrets"]),
        (Self::ListOfYesterday, &["once"]),
        (Self::LateArrivals, &["order"]),
        (Self::MarksUnfenced, &["lease"]),
        (Self::LeaseWithoutEnd, &["lease"]),
        (Self::AllLead, &["pace"]),
        (Self::LastWriterWins, &["replay"]),
        (Self::NewsUnheard, &["healing"]),
        (Self::AbsenceForgotten, &["patience"]),
        (Self::FetchesRepeated, &["fetching"]),
        (Self::VersionsOverwritten, &["version"]),
        (Self::OneTooMany, &["ten"]),
        (Self::SeenBeforeCommitted, &["loss"]),
        (Self::LateRenews, &["window"]),
        (Self::NoBaseline, &["unnamed"]),
        (Self::PokesForgotten, &["unnamed"]),
    ];
}
