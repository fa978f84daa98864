//! Rejoinder answers TikTok direct messages by rule.
//!
//! Authors write flows; a checker shows that no flow can break the channel's rules; a durable runtime carries them out.
//! The modules in reading order, each knowing only what stands before it (`tests/suite/architecture` holds this):
//!
//! ```text
//! text, calendar, channel          leaves: strings, moments, the channel's rules
//! source <- diagnostic <- syntax   text -> tree: may be wrong, has places
//! bot                              the checked bot: cannot be wrong
//! check                            tree -> bot
//! engine                           bot + conversation + input -> conversation' + effects: pure
//! hook                             scripts beside the flows, within their limits
//! testing                          written and made-up conversations -> what does not hold
//! runtime                          inputs -> one transaction -> effects carried out, through ports
//! store, tiktok, fetch, system     the ports' real sides
//! simulator                        the other side of the wire
//! server, cli                      the outside
//! ```
//!
//! # Invariants
//!
//! 1. No message leaves outside its window, as the other side judges it.
//! 2. Never more than ten counted messages between two messages of the customer, whoever sends them.
//! 3. Each delivery answered 200 has its effect exactly once.
//! 4. Per conversation, effects keep the order of inputs; that order is the history's.
//! 5. No reply is sent twice; an unknown outcome is sent again at most once, after proof that it is absent.
//! 6. In no sliding second do more than ten calls reach the other side from one app.
//! 7. Every queued reply reaches a final state with a reason.
//! 8. After the commit of a takeover or an opt-out the bot makes no further mark.
//! 9. Secrets and tokens stand in no log, no reply, no plain text at rest.
//! 10. Running a conversation's stored inputs again gives the same state and effects.
//! 11. After the faults stop, everything that can still be sent is sent, and nothing waits for ever.
//! 12. No byte of a send leaves without a committed mark.
//! 13. One open attempt per conversation.
//! 14. One input cannot hold up another conversation for long, nor stop the process twice.

pub mod calendar;
pub mod channel;
pub mod text;

pub mod diagnostic;
pub mod source;
pub mod syntax;

pub mod bot;
pub mod check;
pub mod engine;
pub mod hook;
pub mod testing;

pub mod fetch;
pub mod runtime;
pub mod store;
pub mod system;
pub mod tiktok;

pub mod simulator;

pub mod cli;
pub mod server;
