//! Secrets at rest: AES-256-GCM under a key that the operator keeps outside the store.
//!
//! A sealed secret is `1 (the form) | nonce, 12 bytes | ciphertext and tag`. Where it belongs (the account) is bound to
//! it as associated data, so that a sealed token moved to another account's row does not open there.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice};
use sha2::{Digest as _, Sha256};

use crate::runtime::port::Entropy;

const FORM: u8 = 1;
const NONCE_BYTES: usize = 12;

/// The key, made from the setting `token_key`. Shows nothing of itself when printed.
#[derive(Clone)]
pub struct Key(Aes256Gcm);

impl Key {
    /// The key of a `token_key`: its SHA-256. That spreads the secret, it does not strengthen it: the setting should hold
    /// 32 random bytes in base64 (`openssl rand -base64 32`), not a word somebody can remember. Space around it, such as
    /// a file's last line end, does not count.
    ///
    /// # Errors
    /// When it is shorter than 16 characters, which nobody's random key is.
    pub fn from_setting(token_key: &str) -> Result<Self, WeakKey> {
        let secret = token_key.trim();
        if secret.len() < 16 {
            return Err(WeakKey);
        }
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        Ok(Self(Aes256Gcm::new(&digest.into())))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A random key that lies beside what it seals, itself sealed under a [`Key`]: changing that one rewrites 61 bytes, not
/// all that was ever sealed. Shows nothing of itself when printed.
#[derive(Debug)]
pub struct DataKey(SecretBox<[u8; 32]>);

/// What a sealed data key belongs to.
const DATA_KEY: &[u8] = b"rejoinder data key";

impl DataKey {
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| entropy.fill(bytes)))
    }

    /// # Errors
    /// Never for what [`Self::random`] made.
    pub fn seal(&self, master: &Key, entropy: &dyn Entropy) -> Result<Vec<u8>, Sealed> {
        seal(master, self.0.expose_secret(), DATA_KEY, entropy)
    }

    /// # Errors
    /// For another master key or other bytes.
    pub fn open(master: &Key, sealed: &[u8]) -> Result<Self, Sealed> {
        let plain = SecretSlice::from(open(master, sealed, DATA_KEY)?);
        let bytes: &[u8; 32] = plain.expose_secret().try_into().map_err(|_| Sealed)?;
        Ok(Self(SecretBox::init_with(|| *bytes)))
    }

    /// The key of one owner of many sealed things, numbered within its kind. Nonces are random, and 2³² of them are the
    /// most that one key of AES-GCM should see: no owner comes near, the whole of a busy store would.
    #[must_use]
    pub fn of_owner(&self, kind: u8, number: i64) -> Key {
        let mut hash = Sha256::new();
        hash.update(self.0.expose_secret());
        hash.update([kind]);
        hash.update(number.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        Key(Aes256Gcm::new(&digest.into()))
    }
}

/// The first byte of all that [`seal`] makes.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.first() == Some(&FORM)
}

/// The setting is too short to keep anything secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`token_key` is shorter than 16 characters; make one with `openssl rand -base64 32`")]
pub struct WeakKey;

/// Nothing could be opened. Which of the reasons it was cannot be known, and is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed secret does not open: another `token_key`, another account, or damaged bytes")]
pub struct Sealed;

/// Seals `plain` for the place that `context` names, under a fresh random nonce.
///
/// # Errors
/// When `plain` is beyond what the cipher takes (64 GB).
pub fn seal(key: &Key, plain: &[u8], context: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Sealed> {
    let mut nonce = [0_u8; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let payload = Payload { msg: plain, aad: context };
    let ciphertext = key.0.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| Sealed)?;
    Ok([&[FORM], nonce.as_slice(), ciphertext.as_slice()].concat())
}

/// Opens what [`seal`] made with the same key and context.
///
/// # Errors
/// For any other bytes, key or context.
pub fn open(key: &Key, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Sealed> {
    let rest = sealed.strip_prefix(&[FORM]).ok_or(Sealed)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Sealed)?;
    let payload = Payload { msg: ciphertext, aad: context };
    key.0.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| Sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{SeededEntropy, SystemEntropy};

    fn key() -> Key {
        Key::from_setting("Zm9yIHRlc3RzIG9ubHksIG5vdCBhIHNlY3JldCE=").unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_place() {
        for plain in [&b""[..], b"act.token", &[0; 5_000]] {
            let sealed = seal(&key(), plain, b"account 1", &SystemEntropy).unwrap();
            assert_eq!(open(&key(), &sealed, b"account 1").unwrap(), plain);
            assert_eq!(sealed.len(), plain.len() + 1 + 12 + 16);
        }
    }

    #[test]
    fn another_key_or_another_place_opens_nothing() {
        let sealed = seal(&key(), b"act.token", b"account 1", &SystemEntropy).unwrap();
        let other = Key::from_setting("Zm9yIHRlc3RzIG9ubHksIGFub3RoZXIgb25lIQ==").unwrap();
        assert_eq!(open(&other, &sealed, b"account 1"), Err(Sealed));
        assert_eq!(open(&key(), &sealed, b"account 2"), Err(Sealed));
        assert_eq!(open(&key(), &sealed, b""), Err(Sealed));
    }

    #[test]
    fn no_changed_or_missing_byte_goes_unnoticed() {
        let sealed = seal(&key(), b"act.token", b"a", &SystemEntropy).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(open(&key(), &changed, b"a"), Err(Sealed), "byte {place}");
            assert_eq!(open(&key(), &sealed[..place], b"a"), Err(Sealed), "cut at {place}");
        }
        assert_eq!(open(&key(), &[sealed.as_slice(), b"x"].concat(), b"a"), Err(Sealed));
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let entropy = SeededEntropy::new(1);
        let sealed: std::collections::BTreeSet<_> =
            (0..100).map(|_| seal(&key(), b"act.token", b"a", &entropy).unwrap()).collect();
        assert_eq!(sealed.len(), 100);
    }

    #[test]
    fn the_form_at_rest_does_not_change_between_versions() {
        // Computed with another implementation of AES-GCM.
        let sealed = seal(&key(), b"act.token", b"a", &SeededEntropy::new(1)).unwrap();
        let told: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(told, "01c15c0289ec2d0a9167ec8e65881ec24fde1e13dbc616398490383886bec0ef0369a5277f42");
    }

    #[test]
    fn a_data_key_opens_under_its_master_alone_and_gives_each_owner_another_key() {
        let data = DataKey::random(&SystemEntropy);
        let sealed = data.seal(&key(), &SystemEntropy).unwrap();
        let again = DataKey::open(&key(), &sealed).unwrap();
        let text = seal(&data.of_owner(1, 7), b"text", b"history", &SystemEntropy).unwrap();
        assert!(is_sealed(&text) && !is_sealed(b"{}") && !is_sealed(b""));
        assert_eq!(open(&again.of_owner(1, 7), &text, b"history").unwrap(), b"text");
        assert_eq!(open(&again.of_owner(1, 8), &text, b"history"), Err(Sealed));
        assert_eq!(open(&again.of_owner(0, 7), &text, b"history"), Err(Sealed));
        let other = Key::from_setting("Zm9yIHRlc3RzIG9ubHksIGFub3RoZXIgb25lIQ==").unwrap();
        assert_eq!(DataKey::open(&other, &sealed).unwrap_err(), Sealed);
        let short = seal(&key(), b"short", DATA_KEY, &SystemEntropy).unwrap();
        assert_eq!(DataKey::open(&key(), &short).unwrap_err(), Sealed);
        assert!(format!("{data:?}").contains("REDACTED"));
    }

    #[test]
    fn a_key_shows_nothing_and_a_weak_one_is_refused() {
        assert_eq!(format!("{:?}", key()), "Key(..)");
        assert_eq!(Key::from_setting("secret").unwrap_err(), WeakKey);
        assert_eq!(Key::from_setting(&" ".repeat(40)).unwrap_err(), WeakKey);
        let sealed = seal(&key(), b"t", b"a", &SystemEntropy).unwrap();
        let with_line_end = Key::from_setting("Zm9yIHRlc3RzIG9ubHksIG5vdCBhIHNlY3JldCE=\n").unwrap();
        assert_eq!(open(&with_line_end, &sealed, b"a").unwrap(), b"t");
    }
}
