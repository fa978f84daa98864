//! The signature over a webhook: `TikTok-Signature: t=<unix seconds>,s=<hex>`, where
//! `s = HMAC-SHA256(key = app secret, message = t "." body)`.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header's value for `body`, signed at `seconds`.
pub(super) fn header(secret: &str, seconds: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of every length; an unsigned delivery would be refused, which is the safe side.
        return format!("t={seconds},s=");
    };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let mut value = format!("t={seconds},s=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(value, "{byte:02x}");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value was made with OpenSSL:
    /// `printf '%s' '1700000000.{"event":"im_receive_msg"}' | openssl dgst -sha256 -hmac 's3cret of the app'`.
    #[test]
    fn the_signature_is_that_of_an_independent_tool() {
        assert_eq!(
            header("s3cret of the app", 1_700_000_000, br#"{"event":"im_receive_msg"}"#),
            "t=1700000000,s=096b1a11d1287c73766e5cd564637a8e5472b73c3accd24661bd490387ff36a5",
        );
    }

    #[test]
    fn every_part_is_signed() {
        let plain = header("k", 1, b"{}");
        assert_ne!(plain, header("k", 2, b"{}"));
        assert_ne!(plain, header("l", 1, b"{}"));
        assert_ne!(plain, header("k", 1, b"{ }"));
    }
}
