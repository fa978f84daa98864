//! The keys of a conversation's newest inputs: what makes a delivery a duplicate.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::port::InputKey;
use crate::calendar::Moment;

/// TikTok repeats for 72 hours; the rest is margin.
pub(super) const KEPT_MS: i64 = 80 * 3_600_000;
/// A customer who writes by hand never comes near it.
const KEPT_MAX: usize = 2_048;
const ENCODED_BYTES: usize = 16;

/// Keys with the moment each belongs to, oldest first: TikTok's time of what happened where it is told, since that is what the
/// 72 hours count from, and our clock may be wrong by a day; else our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recent(Vec<(InputKey, Moment)>);

impl Recent {
    pub(super) fn contains(&self, key: InputKey) -> bool {
        self.0.iter().any(|(kept, _)| *kept == key)
    }

    /// Remembers a key and forgets what is too old or too much. Nothing grows old but by TikTok's time, and by no more than our
    /// clock agrees to: neither of them alone can make anything be forgotten.
    pub(super) fn remember(&mut self, key: InputKey, told: Option<Moment>, now: Moment) {
        if let Some(told) = told {
            self.0.retain(|(_, at)| told.min(now).since_ms(*at) < KEPT_MS);
        }
        let at = told.unwrap_or(now);
        self.0.insert(self.0.partition_point(|(_, other)| *other <= at), (key, at));
        if self.0.len() > KEPT_MAX {
            self.0.drain(..self.0.len() - KEPT_MAX);
        }
    }

    /// Whether a message of this moment may have been taken and forgotten since, because too many were newer.
    pub(super) fn may_have_forgotten(&self, at: Moment) -> bool {
        self.0.len() >= KEPT_MAX && self.0.first().is_some_and(|(_, oldest)| at < *oldest)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(key, at)| [key.0.to_le_bytes(), at.0.to_le_bytes()]).flatten().collect()
    }

    /// A damaged tail is left out: at worst a duplicate is taken again, and the engine knows the message's id.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
        let entry = |chunk: &[u8]| {
            let (key, at) = chunk.split_at_checked(ENCODED_BYTES / 2)?;
            Some((InputKey(word(key)?), Moment(word(at)?.cast_signed())))
        };
        Self(bytes.chunks_exact(ENCODED_BYTES).filter_map(entry).collect())
    }
}

/// The key of an input: a keyed hash, so that nobody outside can make two inputs collide.
pub(super) fn input_key(secret: &[u8], external: &[u8], material: &[u8]) -> Option<InputKey> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(&u64::try_from(external.len()).unwrap_or(u64::MAX).to_le_bytes());
    mac.update(external);
    mac.update(material);
    let digest = mac.finalize().into_bytes();
    let first: [u8; 8] = digest.get(..8)?.try_into().ok()?;
    Some(InputKey(u64::from_le_bytes(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_way_to_the_store_and_back() {
        let mut recent = Recent::default();
        recent.remember(InputKey(u64::MAX), Some(Moment(-5)), Moment(0));
        recent.remember(InputKey(7), None, Moment(1_000));
        assert_eq!(Recent::decode(&recent.encode()), recent);
        let mut damaged = recent.encode();
        damaged.pop();
        assert!(Recent::decode(&damaged).contains(InputKey(u64::MAX)));
    }

    #[test]
    fn keys_live_eighty_hours_and_what_was_forgotten_before_is_known_to_be() {
        let mut recent = Recent::default();
        let late = Moment(i64::MAX / 2);
        recent.remember(InputKey(1), Some(Moment(0)), late);
        recent.remember(InputKey(2), Some(Moment(KEPT_MS - 1)), late);
        assert!(recent.contains(InputKey(1)));
        recent.remember(InputKey(3), Some(Moment(KEPT_MS)), late);
        assert!(!recent.contains(InputKey(1)) && recent.contains(InputKey(2)));
        assert!(!recent.may_have_forgotten(Moment(0)));
        for number in 10..10 + KEPT_MAX as u64 {
            recent.remember(InputKey(number), Some(Moment(KEPT_MS + 1)), late);
        }
        assert!(!recent.contains(InputKey(3)) && recent.contains(InputKey(10)));
        assert!(recent.may_have_forgotten(Moment(KEPT_MS)) && !recent.may_have_forgotten(Moment(KEPT_MS + 1)));
    }

    #[test]
    fn a_wrong_clock_of_ours_makes_nothing_be_forgotten_and_one_wrong_time_of_tiktoks_neither() {
        let hours = |hours: i64| Moment(hours * 3_600_000);
        let mut recent = Recent::default();
        // Our clock is a day behind when it comes, right when others do, and days ahead in between.
        recent.remember(InputKey(1), Some(hours(100)), hours(76));
        recent.remember(InputKey(2), None, hours(300));
        recent.remember(InputKey(3), Some(hours(101)), hours(300));
        recent.remember(InputKey(4), Some(hours(9_000)), hours(102));
        recent.remember(InputKey(5), Some(hours(171)), hours(171));
        assert!((1..=5).all(|number| recent.contains(InputKey(number))));
        recent.remember(InputKey(6), Some(hours(180)), hours(180));
        assert!(!recent.contains(InputKey(1)) && recent.contains(InputKey(3)));
    }

    #[test]
    fn a_key_depends_on_the_secret_and_on_where_the_conversation_id_ends() {
        let key = |secret: &[u8], external: &[u8], material: &[u8]| input_key(secret, external, material).unwrap();
        assert_eq!(key(b"s", b"ab", b"c"), key(b"s", b"ab", b"c"));
        assert_ne!(key(b"s", b"ab", b"c"), key(b"s", b"a", b"bc"));
        assert_ne!(key(b"s", b"ab", b"c"), key(b"t", b"ab", b"c"));
    }
}
