//! The proof that a webhook comes from TikTok: `TikTok-Signature: t=<unix seconds>,s=<hex>`.
//!
//! `s` is the lower-case hexadecimal HMAC-SHA256, keyed with the app's secret, of `t`, a dot and the raw body.
//! Source: developers.tiktok.com/doc/webhooks-verification; the same in four independent clients.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::calendar::Moment;
use crate::channel::rules::SKEW_STOPS_MS;

/// The name of the header; names of headers know no case.
pub const HEADER: &str = "TikTok-Signature";

/// How old a signature may be by default, in milliseconds. Five seconds, as in TikTok's sample, lost live deliveries.
pub const AGE_MAX_MS: i64 = 300_000;
/// How far a signature may lie ahead of our clock, in milliseconds. Nobody but TikTok makes one that is ahead, so this keeps no
/// stranger out; it tells of a clock that is wrong.
pub const AHEAD_MAX_MS: i64 = 300_000;
/// No setting and no measured difference admits more than TikTok's own 72 hours of retries.
pub const AGE_CEILING_MS: i64 = 72 * 3_600_000;
/// Bytes of the header that are read at all.
const HEADER_BYTES_MAX: usize = 1_024;

/// An app that may have signed a delivery.
#[derive(Clone, Debug)]
pub struct Signer {
    /// `app_id`, in deliveries `client_key`.
    pub app: String,
    pub secret: SecretString,
    /// The setting `signature_age_max`, in milliseconds.
    pub age_max_ms: i64,
}

/// Why a delivery is refused with 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("there is no signature")]
    Missing,
    #[error("the signature's header cannot be read")]
    Malformed,
    #[error("the signature fits none of the apps")]
    Wrong,
    /// Rightly signed, but too long ago.
    #[error("the signature is {age_ms} ms old")]
    Stale { age_ms: i64 },
    /// Rightly signed, but ahead of our clock.
    #[error("the signature is {ahead_ms} ms ahead of our clock")]
    FromTheFuture { ahead_ms: i64 },
}

/// Finds the app that signed `body`. `skew_ms` is the measured difference between TikTok's clock and ours
/// ([`crate::runtime::port::Transport::skew_ms`]); it widens both limits. A process that has called
/// nobody yet, or leads no app and calls nobody at all, takes its clock to differ as far as anything may leave.
///
/// # Errors
/// The age is judged only after the signature, so `Stale` and `FromTheFuture` tell of authentic deliveries: an alarm
/// for a wrong clock, not for a stranger.
pub fn verify<'a>(
    signers: &'a [Signer],
    header: Option<&[u8]>,
    body: &[u8],
    now: Moment,
    skew_ms: Option<i64>,
) -> Result<&'a Signer, SignatureError> {
    let parts = parse(header.ok_or(SignatureError::Missing)?).ok_or(SignatureError::Malformed)?;
    let fits = |signer: &&Signer| {
        let mac = mac(signer.secret.expose_secret(), parts.t.as_bytes(), body);
        mac.verify_slice(&parts.tag).is_ok()
    };
    let named = named(signers, body);
    let signer = named.filter(fits).or_else(|| signers.iter().find(fits)).ok_or(SignatureError::Wrong)?;
    let widening = skew_ms.map_or(SKEW_STOPS_MS, i64::saturating_abs);
    let age_ms = now.since_ms(Moment(parts.seconds.saturating_mul(1_000)));
    if age_ms > signer.age_max_ms.max(0).saturating_add(widening).min(AGE_CEILING_MS) {
        return Err(SignatureError::Stale { age_ms });
    }
    let ahead_ms = age_ms.saturating_neg();
    if ahead_ms > AHEAD_MAX_MS.saturating_add(widening).min(AGE_CEILING_MS) {
        return Err(SignatureError::FromTheFuture { ahead_ms });
    }
    Ok(signer)
}

/// The app that the body itself names, so that it is tried before a thousand others. It is only a hint: what is not yet
/// verified may name anybody.
fn named<'a>(signers: &'a [Signer], body: &[u8]) -> Option<&'a Signer> {
    #[derive(Deserialize)]
    struct Named<'b> {
        client_key: &'b str,
    }
    if signers.len() < 2 {
        return None;
    }
    let Named { client_key } = serde_json::from_slice(body).ok()?;
    signers.iter().find(|signer| signer.app == client_key)
}

/// The header's value for `body`, signed at `seconds` after 1970.
#[must_use]
pub fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
    let t = seconds.to_string();
    let tag = mac(secret, t.as_bytes(), body).finalize().into_bytes();
    let mut value = format!("t={t},s=");
    for byte in tag {
        for nibble in [byte >> 4, byte & 15] {
            value.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    value
}

fn mac(secret: &str, t: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        // HMAC takes keys of any length; the error type is only there for other algorithms.
        Err(_) => Hmac::<Sha256>::new(&Default::default()),
    };
    mac.update(t);
    mac.update(b".");
    mac.update(body);
    mac
}

struct Parts<'a> {
    /// As it stands in the header: it is signed as text.
    t: &'a str,
    seconds: i64,
    tag: [u8; 32],
}

/// Parts by name; blanks and unknown parts are passed over; a part named twice is ambiguous and refused.
fn parse(header: &[u8]) -> Option<Parts<'_>> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let (mut t, mut s) = (None, None);
    for part in std::str::from_utf8(header).ok()?.split(',') {
        let Some((name, value)) = part.split_once('=') else { continue };
        let slot = match name.trim() {
            "t" => &mut t,
            "s" => &mut s,
            _ => continue,
        };
        if slot.replace(value.trim()).is_some() {
            return None;
        }
    }
    let (t, s) = (t?, s?);
    if t.is_empty() || t.len() > 12 || !t.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Parts { t, seconds: t.parse().ok()?, tag: unhex(s)? })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut tag = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in tag.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let mut value = 0;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_790_000_000_000);
    const BODY: &[u8] = br#"{"event":"im_receive_msg"}"#;

    fn signers() -> Vec<Signer> {
        ["cedar", "birch"]
            .iter()
            .map(|name| Signer { app: format!("app of {name}"), secret: format!("{name}-secret").into(), age_max_ms: AGE_MAX_MS })
            .collect()
    }

    fn check(header: &str, body: &[u8]) -> Result<String, SignatureError> {
        verify(&signers(), Some(header.as_bytes()), body, NOW, Some(0)).map(|signer| signer.app.clone())
    }

    fn at(seconds_ago: i64) -> String {
        sign("birch-secret", NOW.0 / 1_000 - seconds_ago, BODY)
    }

    #[test]
    fn the_value_is_the_one_openssl_computes() {
        // printf '%s' '1633174587.{"a":1}' | openssl dgst -sha256 -hmac 'walnut'
        assert_eq!(
            sign("walnut", 1_633_174_587, br#"{"a":1}"#),
            "t=1633174587,s=ac8fb850033586808bc9b45adc0f216ea7ee71ba92a690e4315e1f4afa16b849"
        );
    }

    #[test]
    fn the_app_whose_secret_fits_is_found() {
        assert_eq!(check(&at(0), BODY), Ok("app of birch".into()));
    }

    #[test]
    fn the_app_that_a_body_names_is_only_tried_first() {
        for (names, signed) in [("cedar", "birch"), ("birch", "birch"), ("birch", "cedar"), ("elm", "cedar")] {
            let body = format!(r#"{{"event":"x","client_key":"app of {names}"}}"#);
            let header = sign(&format!("{signed}-secret"), NOW.0 / 1_000, body.as_bytes());
            assert_eq!(check(&header, body.as_bytes()), Ok(format!("app of {signed}")), "{names}");
            assert_eq!(check(&sign("elm-secret", NOW.0 / 1_000, body.as_bytes()), body.as_bytes()), Err(SignatureError::Wrong));
        }
        let twice = br#"{"client_key":"app of cedar","client_key":7}"#;
        assert_eq!(check(&sign("birch-secret", NOW.0 / 1_000, twice), twice), Ok("app of birch".into()));
    }

    #[test]
    fn parts_are_read_by_name_whatever_stands_around_them() {
        let header = at(0);
        let (t, s) = header.split_once(',').unwrap();
        for form in [
            format!("{s},{t}"),
            format!(" {t} , {s} "),
            format!("v=2,{t},{s},future=x=y,,flag"),
            format!("{},{}", t.replace("t=", "t = "), s.replace("s=", "s= ")),
            format!("{t},s={}", s.trim_start_matches("s=").to_uppercase()),
        ] {
            assert_eq!(check(&form, BODY), Ok("app of birch".into()), "{form}");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_wrong() {
        let header = at(0);
        assert_eq!(check(&header, b"{\"event\":\"im_receive_msg\"} "), Err(SignatureError::Wrong));
        assert_eq!(check(&sign("birch-secret ", NOW.0 / 1_000, BODY), BODY), Err(SignatureError::Wrong));
        let later = header.replace(&format!("t={}", NOW.0 / 1_000), &format!("t={}", NOW.0 / 1_000 + 1));
        assert_eq!(check(&later, BODY), Err(SignatureError::Wrong));
        let padded = header.replace("t=", "t=0");
        assert_eq!(check(&padded, BODY), Err(SignatureError::Wrong), "`t` is signed as text, not as a number");
        assert_eq!(verify(&[], Some(header.as_bytes()), BODY, NOW, None).unwrap_err(), SignatureError::Wrong);
    }

    #[test]
    fn what_cannot_be_read_is_malformed_and_absence_is_missing() {
        assert_eq!(verify(&signers(), None, BODY, NOW, None).unwrap_err(), SignatureError::Missing);
        let good = at(0);
        let s = good.split_once(",s=").unwrap().1;
        for header in [
            String::new(),
            "t=1".into(),
            format!("s={s}"),
            format!("t=,s={s}"),
            format!("t=-5,s={s}"),
            format!("t=+5,s={s}"),
            format!("t=1e9,s={s}"),
            format!("t=9999999999999999999999,s={s}"),
            "t=1790000000,s=abc".into(),
            format!("t=1790000000,s={}", "g".repeat(64)),
            format!("t=1790000000,s={}", "é".repeat(32)),
            format!("{good},t=1"),
            format!("{good},s={s}"),
            format!("{good},{}", "x".repeat(2_000)),
        ] {
            assert_eq!(check(&header, BODY), Err(SignatureError::Malformed), "{header}");
        }
        assert_eq!(verify(&signers(), Some(b"t=1,s=\xff\xfe"), BODY, NOW, None).unwrap_err(), SignatureError::Malformed);
    }

    #[test]
    fn age_is_bounded_on_both_sides() {
        assert!(check(&at(300), BODY).is_ok());
        assert_eq!(check(&at(301), BODY), Err(SignatureError::Stale { age_ms: 301_000 }));
        assert!(check(&at(-300), BODY).is_ok());
        assert_eq!(check(&at(-301), BODY), Err(SignatureError::FromTheFuture { ahead_ms: 301_000 }));
    }

    #[test]
    fn a_clock_that_nobody_compared_widens_them_by_five_minutes() {
        let verdict = |seconds_ago| verify(&signers(), Some(at(seconds_ago).as_bytes()), BODY, NOW, None).is_ok();
        assert!(verdict(600) && !verdict(601) && verdict(-600) && !verdict(-601));
    }

    #[test]
    fn a_measured_difference_of_the_clocks_widens_the_limits_up_to_72_hours() {
        let verdict = |seconds_ago, skew| verify(&signers(), Some(at(seconds_ago).as_bytes()), BODY, NOW, Some(skew)).is_ok();
        assert!(verdict(310, 10_000) && verdict(310, -10_000) && !verdict(311, 10_000));
        assert!(verdict(-310, 10_000) && !verdict(-311, 10_000));
        assert!(verdict(72 * 3_600, i64::MAX) && !verdict(72 * 3_600 + 1, i64::MAX) && !verdict(72 * 3_600 + 1, i64::MIN));
    }
}
