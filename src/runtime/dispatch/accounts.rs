//! Which accounts may send: tokens that are being renewed, and accounts that wait for somebody to act.
//!
//! A renewed token that is refused at once, or a renewal that is, stops the account: each message would only be one more
//! failure. Mostly somebody must sign in again then; but TikTok may also be wrong for a while, so it is renewed again after a
//! pause that grows.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::runtime::port::AccountId;

/// A token that is refused so soon after its renewal is not renewed again at once.
const PROBATION: Duration = Duration::from_secs(600);
/// The first pause before it is, doubled each time up to the longest.
const REFUSED_PAUSE: Duration = Duration::from_secs(600);
const REFUSED_PAUSE_MOST: Duration = Duration::from_secs(6 * 3_600);

/// What an account may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    #[default]
    Active,
    /// Its token is gone or refused, and cannot be renewed.
    NeedsSignIn,
    /// TikTok lets it send nothing.
    Restricted,
    /// The channel does not serve the country that it is registered in.
    MarketNotServed,
}

impl AccountState {
    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsSignIn => "needs_sign_in",
            Self::Restricted => "restricted",
            Self::MarketNotServed => "market_not_served",
        }
    }
}

/// Nothing is known of most accounts: they may send.
#[derive(Default)]
pub(in crate::runtime) struct Accounts {
    known: HashMap<AccountId, State>,
    /// Accounts that the channel does not serve, and why.
    closed: HashMap<AccountId, String>,
}

#[derive(Default)]
struct State {
    renewing: bool,
    /// When the last renewal ended, on the monotonic clock.
    renewed_at: Option<Duration>,
    /// A call with the renewed token was accepted.
    proven: bool,
    parked: Option<(AccountState, String)>,
    failures: u32,
    /// Renewals and renewed tokens that were refused, one after the other.
    refused: u32,
}

/// What must be done after an outcome.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Then {
    Nothing,
    /// Renew the account's token after this pause; at most one renewal runs at a time.
    Renew(Duration),
}

impl Accounts {
    pub(in crate::runtime) fn blocked(&self, account: AccountId) -> bool {
        self.closed.contains_key(&account)
            || self.known.get(&account).is_some_and(|state| state.renewing || state.parked.is_some())
    }

    pub(in crate::runtime) fn parked(&self, account: AccountId) -> Option<&str> {
        let parked = self.known.get(&account).and_then(|state| state.parked.as_ref());
        self.closed.get(&account).or(parked.map(|(_, why)| why)).map(String::as_str)
    }

    /// All accounts that wait for somebody to act.
    pub(in crate::runtime) fn all_parked(&self) -> impl Iterator<Item = (AccountId, AccountState, &str)> {
        let closed = self.closed.iter().map(|(account, why)| (*account, AccountState::MarketNotServed, why.as_str()));
        let known = self.known.iter().filter(|(account, _)| !self.closed.contains_key(account));
        let parked = known.filter_map(|(account, state)| {
            let (stands, why) = state.parked.as_ref()?;
            Some((*account, *stands, why.as_str()))
        });
        closed.chain(parked)
    }

    /// The channel does not serve the account: nobody's sign-in changes that.
    pub(in crate::runtime) fn close(&mut self, account: AccountId, why: String) {
        tracing::error!(account = account.0, why, "nothing is sent for the account");
        self.closed.insert(account, why);
    }

    /// Takes in how a call that began at `begun` ended. Only a send's refusal parks the account: TikTok may deny it a
    /// look or a courtesy and take its messages.
    pub(in crate::runtime) fn called(&mut self, account: AccountId, begun: Duration, outcome: &Outcome, is_send: bool) -> Then {
        match outcome {
            Outcome::NotSent(NotSent::Token { code }) => return self.token_refused(account, begun, *code),
            Outcome::Refused { code, text, scope: RefusalScope::Account } if is_send => {
                self.park(account, AccountState::Restricted, format!("TikTok refused the account: {code} {text}"));
            }
            Outcome::Refused { scope: RefusalScope::Account, .. } | Outcome::NotSent(_) | Outcome::Unknown { .. } => {}
            Outcome::Sent { .. } | Outcome::Refused { .. } => self.worked(account),
        }
        Then::Nothing
    }

    /// A call of any kind was answered well: the token is good.
    pub(in crate::runtime) fn worked(&mut self, account: AccountId) {
        if let Some(state) = self.known.get_mut(&account) {
            state.proven = true;
            state.refused = 0;
        }
    }

    fn token_refused(&mut self, account: AccountId, begun: Duration, code: i64) -> Then {
        let state = self.known.entry(account).or_default();
        // A call that left with the token before it just goes again.
        let old = state.renewed_at.is_some_and(|renewed_at| begun < renewed_at);
        if state.renewing || state.parked.is_some() || old {
            return Then::Nothing;
        }
        let young = state.renewed_at.is_some_and(|renewed_at| begun.saturating_sub(renewed_at) < PROBATION);
        if young && !state.proven {
            return Then::Renew(self.try_later(account, format!("the renewed token was refused too: {code}")));
        }
        state.renewing = true;
        Then::Renew(Duration::ZERO)
    }

    /// Takes in a renewal's result; gives how long to wait before the next try, where one makes sense.
    pub(in crate::runtime) fn renewed(
        &mut self,
        account: AccountId,
        now: Duration,
        result: Result<(), Outcome>,
    ) -> Option<Duration> {
        let state = self.known.entry(account).or_default();
        match result {
            Ok(()) => {
                *state = State { renewed_at: Some(now), refused: state.refused, ..State::default() };
                None
            }
            Err(Outcome::Refused { code, text, .. }) => {
                Some(self.try_later(account, format!("the token could not be renewed: {code} {text}")))
            }
            Err(Outcome::NotSent(NotSent::Token { code })) => {
                Some(self.try_later(account, format!("the token could not be renewed: {code}")))
            }
            Err(outcome) => {
                state.failures = state.failures.saturating_add(1);
                let (account, failures) = (account.0, state.failures);
                tracing::warn!(account, failures, ?outcome, "the token could not be renewed; it is tried again");
                Some(Duration::from_secs(5 << state.failures.min(6).saturating_sub(1)))
            }
        }
    }

    /// What was learnt of all accounts is no longer true; what the channel does not serve stays so.
    pub(in crate::runtime) fn forget(&mut self) {
        self.known.clear();
    }

    /// Somebody acted: the account may try again.
    pub(in crate::runtime) fn unpark(&mut self, account: AccountId) {
        self.known.remove(&account);
    }

    /// Stops the account until a further renewal; gives how long to wait before it.
    fn try_later(&mut self, account: AccountId, why: String) -> Duration {
        let refused = self.known.get(&account).map_or(0, |state| state.refused);
        let pause = REFUSED_PAUSE.saturating_mul(1 << refused.min(16)).min(REFUSED_PAUSE_MOST);
        let reason = format!("{why}; sign in again, or wait: it is renewed again in {} min", pause.as_secs() / 60);
        tracing::error!(account = account.0, reason, "the account sends nothing");
        let state = State {
            renewing: true,
            parked: Some((AccountState::NeedsSignIn, reason)),
            refused: refused.saturating_add(1),
            ..State::default()
        };
        self.known.insert(account, state);
        pause
    }

    fn park(&mut self, account: AccountId, stands: AccountState, reason: String) {
        tracing::error!(account = account.0, reason, "the account sends nothing more until somebody acts");
        let state = self.known.entry(account).or_default();
        state.renewing = false;
        state.parked = Some((stands, reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AccountId = AccountId(1);

    fn token() -> Outcome {
        Outcome::NotSent(NotSent::Token { code: 40_105 })
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_refused_token_is_renewed_once_for_all_calls_that_had_it() {
        let mut accounts = Accounts::default();
        assert_eq!(accounts.called(ONE, at(1), &token(), true), Then::Renew(Duration::ZERO));
        assert!(accounts.blocked(ONE));
        assert_eq!(accounts.called(ONE, at(1), &token(), true), Then::Nothing);
        assert_eq!(accounts.renewed(ONE, at(5), Ok(())), None);
        assert!(!accounts.blocked(ONE));
        assert_eq!(accounts.called(ONE, at(4), &token(), true), Then::Nothing, "it left before the renewal");
        assert!(!accounts.blocked(ONE));
    }

    #[test]
    fn a_renewed_token_that_is_refused_stops_the_account_and_is_renewed_ever_later() {
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), true);
        let mut now = 5;
        for pause in [600, 1_200, 2_400, 4_800, 9_600, 19_200, 21_600, 21_600] {
            assert_eq!(accounts.renewed(ONE, at(now), Ok(())), None);
            assert!(!accounts.blocked(ONE), "one message goes to find out");
            assert_eq!(accounts.called(ONE, at(now + 1), &token(), true), Then::Renew(at(pause)));
            assert!(accounts.parked(ONE).is_some());
            assert_eq!(accounts.called(ONE, at(now + 1), &token(), true), Then::Nothing, "one renewal at a time");
            now += pause;
        }
        accounts.renewed(ONE, at(now), Ok(()));
        accounts.called(ONE, at(now + 1), &Outcome::Sent { message_id: "m".to_owned() }, true);
        accounts.called(ONE, at(now + 90_000), &token(), true);
        accounts.renewed(ONE, at(now + 90_001), Ok(()));
        assert_eq!(accounts.called(ONE, at(now + 90_002), &token(), true), Then::Renew(at(600)), "it had worked in between");
    }

    #[test]
    fn somebody_who_acts_need_not_wait() {
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), true);
        assert_eq!(accounts.renewed(ONE, at(5), Err(token())), Some(at(600)));
        let told = "the token could not be renewed: 40105; sign in again, or wait: it is renewed again in 10 min";
        assert_eq!(accounts.parked(ONE), Some(told));
        accounts.unpark(ONE);
        assert!(!accounts.blocked(ONE));
    }

    #[test]
    fn what_is_forgotten_opens_no_account_that_the_channel_does_not_serve() {
        let mut accounts = Accounts::default();
        accounts.close(ONE, "no messages in its country".to_owned());
        accounts.called(AccountId(2), at(1), &token(), true);
        accounts.forget();
        assert!(accounts.blocked(ONE) && !accounts.blocked(AccountId(2)));
    }

    #[test]
    fn a_token_that_worked_in_between_is_renewed_again() {
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), true);
        accounts.renewed(ONE, at(5), Ok(()));
        accounts.called(ONE, at(6), &Outcome::Sent { message_id: "m".to_owned() }, true);
        assert_eq!(accounts.called(ONE, at(90_000), &token(), true), Then::Renew(Duration::ZERO));
    }

    #[test]
    fn a_renewal_without_an_answer_is_tried_again_soon_and_a_refused_one_much_later() {
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), true);
        let lost = || Err(Outcome::Unknown { text: "time-out".to_owned() });
        assert_eq!(accounts.renewed(ONE, at(2), lost()), Some(at(5)));
        assert_eq!(accounts.renewed(ONE, at(8), lost()), Some(at(10)));
        for _ in 0..100 {
            assert!(accounts.renewed(ONE, at(9), lost()).is_some_and(|wait| wait <= at(160)));
        }
        assert!(accounts.blocked(ONE) && accounts.parked(ONE).is_none());
        let refused = || Err(Outcome::Refused { code: 40_002, text: String::new(), scope: RefusalScope::Reply });
        assert_eq!(accounts.renewed(ONE, at(9), refused()), Some(at(600)));
        assert!(accounts.parked(ONE).is_some());
        assert_eq!(accounts.renewed(ONE, at(609), refused()), Some(at(1_200)));
    }

    #[test]
    fn a_token_that_nobody_could_prove_is_renewed_again_when_its_day_is_over() {
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), false);
        accounts.renewed(ONE, at(5), Ok(()));
        assert_eq!(accounts.called(ONE, at(90_000), &token(), false), Then::Renew(Duration::ZERO));
        let mut accounts = Accounts::default();
        accounts.called(ONE, at(1), &token(), false);
        accounts.renewed(ONE, at(5), Ok(()));
        accounts.worked(ONE);
        assert_eq!(accounts.called(ONE, at(60), &token(), true), Then::Renew(Duration::ZERO), "a look had proven it");
    }

    #[test]
    fn an_account_that_the_channel_does_not_serve_stays_closed_whoever_signs_in() {
        let mut accounts = Accounts::default();
        accounts.close(ONE, "not in DE".to_owned());
        accounts.called(ONE, at(1), &token(), true);
        accounts.unpark(ONE);
        assert!(accounts.blocked(ONE) && !accounts.blocked(AccountId(2)));
        assert_eq!(accounts.all_parked().collect::<Vec<_>>(), [(ONE, AccountState::MarketNotServed, "not in DE")]);
    }

    #[test]
    fn whoever_must_act_is_told_apart() {
        let mut accounts = Accounts::default();
        let refused = |code| Outcome::Refused { code, text: String::new(), scope: RefusalScope::Account };
        accounts.called(ONE, at(1), &refused(40_001), true);
        accounts.called(AccountId(2), at(1), &token(), true);
        accounts.renewed(AccountId(2), at(2), Err(refused(40_107)));
        let mut states: Vec<_> = accounts.all_parked().map(|(id, state, _)| (id.0, state.word())).collect();
        states.sort_unstable();
        assert_eq!(states, [(1, "restricted"), (2, "needs_sign_in")]);
    }

    #[test]
    fn what_tiktok_denies_besides_messages_does_not_stop_messages() {
        let mut accounts = Accounts::default();
        let denied = Outcome::Refused { code: 40_001, text: "no scope".to_owned(), scope: RefusalScope::Account };
        accounts.called(ONE, at(1), &denied, false);
        assert!(!accounts.blocked(ONE));
        accounts.called(ONE, at(1), &denied, true);
        assert!(accounts.blocked(ONE));
    }
}
