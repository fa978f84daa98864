//! The `state` of a sign-in: whoever comes back from TikTok with it was sent there by us, for this app, not long ago.
//!
//! It carries all that is known of it (`until, 8 bytes | chance, 16 | HMAC-SHA256, 32`, in base64 for addresses), so that any
//! process of the store takes it. Which have been used stands in the store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::calendar::Moment;
use crate::runtime::port::Entropy;
use crate::tiktok::signature::Signer;

/// Somebody signs in at once or not at all, in milliseconds.
pub const LIFE_MS: i64 = 15 * 60_000;

const UNTIL_BYTES: usize = 8;
const PLAIN_BYTES: usize = UNTIL_BYTES + 16;
const BYTES: usize = PLAIN_BYTES + 32;
/// Nothing else that is keyed with the app's secret begins so.
const PURPOSE: &[u8] = b"rejoinder sign-in\0";

/// Why a state is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// We have not made it, or for an app that is no longer in the settings.
    Foreign,
    /// It was ours, until its time was over.
    Expired,
}

/// A fresh state for a sign-in with this app, good until `now` and [`LIFE_MS`].
#[must_use]
pub fn issue(signer: &Signer, now: Moment, entropy: &dyn Entropy) -> String {
    let mut bytes = now.plus_ms(LIFE_MS).0.to_be_bytes().to_vec();
    for _ in 0..2 {
        bytes.extend(entropy.next_u64().to_be_bytes());
    }
    let tag = mac(signer, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The app that a state was made for.
///
/// # Errors
/// For anything that [`issue`] has not made, and for what is too old.
pub fn read<'a>(signers: &'a [Signer], state: &str, now: Moment) -> Result<&'a Signer, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(state).map_err(|_| Refused::Foreign)?;
    if bytes.len() != BYTES {
        return Err(Refused::Foreign);
    }
    let (plain, tag) = bytes.split_at_checked(PLAIN_BYTES).ok_or(Refused::Foreign)?;
    let fits = |signer: &&Signer| mac(signer, plain).verify_slice(tag).is_ok();
    let signer = signers.iter().find(fits).ok_or(Refused::Foreign)?;
    let until = plain.first_chunk::<UNTIL_BYTES>().map_or(Moment(0), |until| Moment(i64::from_be_bytes(*until)));
    // One of the far future is a clock's that was put back since.
    let left = until.since_ms(now);
    if (0..=LIFE_MS).contains(&left) { Ok(signer) } else { Err(Refused::Expired) }
}

/// Under which key the use of a state stands in the store. The state itself is not kept.
#[must_use]
pub fn use_key(state: &str) -> String {
    let digest = Sha256::digest(state.as_bytes());
    format!("sign_in:{}", URL_SAFE_NO_PAD.encode(digest))
}

fn mac(signer: &Signer, plain: &[u8]) -> Hmac<Sha256> {
    // A key of any length is one for HMAC; the empty one stands for an error that cannot be.
    let key = signer.secret.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(PURPOSE);
    mac.update(signer.app.as_bytes());
    mac.update(&[0]);
    mac.update(plain);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SeededEntropy;

    const NOW: Moment = Moment(1_790_000_000_000);

    fn signer(app: &str, secret: &str) -> Signer {
        Signer { app: app.into(), secret: secret.to_owned().into(), age_max_ms: 300_000 }
    }

    #[test]
    fn a_state_is_good_for_its_app_and_its_time() {
        let signers = [signer("1", "one"), signer("2", "two")];
        let entropy = SeededEntropy::new(1);
        let state = issue(&signers[1], NOW, &entropy);
        assert_ne!(state, issue(&signers[1], NOW, &entropy), "no two are alike");
        assert!(state.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')), "{state}");
        let read = |at| read(&signers, &state, at).map(|signer| signer.app.as_str());
        assert_eq!(read(NOW), Ok("2"));
        assert_eq!(read(NOW.plus_ms(LIFE_MS)), Ok("2"));
        assert_eq!(read(NOW.plus_ms(LIFE_MS + 1)), Err(Refused::Expired));
        assert_eq!(read(NOW.plus_ms(-1)), Err(Refused::Expired), "the clock was put back");
    }

    #[test]
    fn nothing_that_is_not_ours_is_taken() {
        let signers = [signer("1", "one")];
        let state = issue(&signers[0], NOW, &SeededEntropy::new(1));
        for place in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last letter of base64 holds fewer bits than a letter can say: another spelling is refused as well.
            assert_eq!(read(&signers, &changed, NOW).err(), Some(Refused::Foreign), "letter {place}");
            assert_eq!(read(&signers, &state[..place], NOW).err(), Some(Refused::Foreign), "cut at {place}");
        }
        for foreign in ["", "x", "%", "مرحبا", &"A".repeat(75), &"A".repeat(100_000)] {
            assert_eq!(read(&signers, foreign, NOW).err(), Some(Refused::Foreign));
        }
        let others = [signer("1", "another"), signer("2", "one")];
        assert_eq!(read(&others, &state, NOW).err(), Some(Refused::Foreign));
        assert_eq!(read(&[], &state, NOW).err(), Some(Refused::Foreign));
    }
}
