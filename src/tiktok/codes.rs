//! TikTok's error codes and what each one decides. One table; a code that is not in it falls under a rule.

use super::bounds::{REASON_BYTES_MAX, shortened};
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome, RefusalScope};

/// What a code decides about the call that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Surely not done: renew the token, then the same again.
    Renew,
    /// Perhaps done: never simply again.
    Unknown,
    /// Final for the conversation until the customer writes.
    UntilCustomerWrites,
    /// Final for this reply or call alone.
    Reply,
    /// Final for the account until someone acts.
    Account,
    /// Surely not done: the app was too fast.
    TooFast,
}

/// How sure the reading of a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Read in documentation, or in the tests or tables of a product in production.
    Confirmed,
    /// From one weak source, a generic list, or deduced.
    Likely,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub code: i64,
    pub verdict: Verdict,
    pub meaning: &'static str,
    pub mark: Mark,
    pub source: &'static str,
}

const fn line(code: i64, verdict: Verdict, meaning: &'static str, mark: Mark, source: &'static str) -> Code {
    Code { code, verdict, meaning, mark, source }
}

const GENERIC: &str = "generic list of return codes (api-evangelist/tiktok-ads)";
const AUTH: &str = "auth codes (justomat/skills authentication.md, api-evangelist/tiktok-ads)";
const TABLE: &str = "SleekFlow's table of errors, justomat/skills messages.md";

/// Every code that any source names for these calls.
pub const CODES: &[Code] = &[
    line(40_000, Verdict::Reply, "the request is wrong", Mark::Likely, GENERIC),
    line(40_001, Verdict::Account, "no permission, or a scope is missing", Mark::Confirmed, TABLE),
    line(40_002, Verdict::Reply, "a parameter is wrong or missing", Mark::Confirmed, TABLE),
    line(40_007, Verdict::Reply, "an object does not exist", Mark::Confirmed, TABLE),
    line(40_016, Verdict::Reply, "the request is wrong", Mark::Likely, GENERIC),
    // The twin of this request may have been stored.
    line(40_050, Verdict::Unknown, "a duplicated request", Mark::Likely, GENERIC),
    // The code is confirmed; that window and count have no code besides it is likely.
    line(40_064, Verdict::UntilCustomerWrites, "blocked by the rules of direct messages", Mark::Confirmed, TABLE),
    line(40_100, Verdict::TooFast, "too many calls", Mark::Confirmed, "public tests of other clients"),
    line(40_101, Verdict::Account, "app, secret or code is wrong", Mark::Likely, AUTH),
    line(40_102, Verdict::Renew, "the access token has expired", Mark::Confirmed, AUTH),
    line(40_103, Verdict::Account, "the refresh token has expired", Mark::Likely, AUTH),
    line(40_104, Verdict::Renew, "the access token is missing", Mark::Confirmed, AUTH),
    line(40_105, Verdict::Renew, "the access token is wrong or revoked", Mark::Confirmed, AUTH),
    line(40_106, Verdict::Account, "the sign-in is wrong", Mark::Likely, AUTH),
    line(40_107, Verdict::Account, "the refresh token is wrong", Mark::Likely, AUTH),
    line(40_108, Verdict::Account, "the grant type is wrong", Mark::Likely, AUTH),
    line(40_110, Verdict::Account, "the authorisation code is wrong", Mark::Likely, AUTH),
    line(40_113, Verdict::Account, "the app is blocked or another one", Mark::Likely, AUTH),
    line(40_115, Verdict::Account, "the sign-in is wrong", Mark::Likely, AUTH),
    line(40_118, Verdict::Account, "the app is not on the allow-list, or the region is closed", Mark::Likely, AUTH),
    line(40_125, Verdict::Account, "the sign-in is wrong", Mark::Likely, AUTH),
    line(40_133, Verdict::Reply, "the request is refused", Mark::Likely, GENERIC),
    line(40_906, Verdict::Reply, "the file is empty", Mark::Likely, GENERIC),
    line(40_907, Verdict::Reply, "the file is too large", Mark::Likely, GENERIC),
    line(40_908, Verdict::Reply, "the file's type is not supported", Mark::Confirmed, "SleekFlow's table of errors"),
    line(40_914, Verdict::Reply, "the file is damaged", Mark::Likely, GENERIC),
    // A system error can come after the message was stored.
    line(50_000, Verdict::Unknown, "a system error", Mark::Likely, GENERIC),
    line(50_002, Verdict::Unknown, "a system error", Mark::Likely, GENERIC),
    line(51_065, Verdict::Unknown, "a system error", Mark::Confirmed, TABLE),
    line(60_001, Verdict::Unknown, "the system is busy", Mark::Likely, GENERIC),
];

/// What a code decides. Of the codes that are not in the table, those of the client's side (40000 to 49999) are
/// final refusals of this one call; everything else may have happened after the message was stored.
#[must_use]
pub fn verdict(code: i64) -> Verdict {
    match CODES.iter().find(|line| line.code == code) {
        Some(line) => line.verdict,
        None if (40_000..50_000).contains(&code) => Verdict::Reply,
        None => Verdict::Unknown,
    }
}

/// What a refused call was about, where the code alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A message with an image that we uploaded.
    Image,
    Other,
}

/// The outcome of a call that was answered with a code other than 0.
#[must_use]
pub fn outcome(code: i64, text: &str, about: About, now: Moment) -> Outcome {
    let short = shortened(text, REASON_BYTES_MAX);
    let refused = |scope| Outcome::Refused { code, text: short.clone(), scope };
    match verdict(code) {
        Verdict::Renew => Outcome::NotSent(NotSent::Token { code }),
        Verdict::TooFast => Outcome::NotSent(NotSent::TooFast { pause_ms: pause_ms(text, now) }),
        Verdict::Unknown => Outcome::Unknown { text: shortened(&format!("code {code}: {text}"), REASON_BYTES_MAX) },
        Verdict::UntilCustomerWrites => refused(RefusalScope::UntilCustomerWrites),
        Verdict::Account => refused(RefusalScope::Account),
        // 40007 on a message with an uploaded image: most likely the upload is gone. Its text is not known.
        Verdict::Reply if code == 40_007 && about == About::Image && !text.to_ascii_lowercase().contains("conversation") => {
            Outcome::NotSent(NotSent::MediaGone)
        }
        Verdict::Reply => refused(RefusalScope::Reply),
    }
}

/// How long 40100 asks for. "App reaches the QPS limit." passes within a second; "requests from App are temporarily
/// restricted" (the limit per minute) within five minutes; the limit per day at midnight UTC. Without a word, a second.
fn pause_ms(text: &str, now: Moment) -> i64 {
    const DAY_MS: i64 = 86_400_000;
    let text = text.to_ascii_lowercase();
    if text.contains("qpd") || text.contains("daily") {
        DAY_MS - now.0.rem_euclid(DAY_MS)
    } else if text.contains("restricted") || text.contains("qpm") {
        300_000
    } else {
        1_100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_line_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(CODES.iter().all(|line| !line.meaning.is_empty() && !line.source.is_empty()));
    }

    #[test]
    fn the_whole_table() {
        use Verdict::{Account, Renew, Reply, TooFast, Unknown, UntilCustomerWrites};
        let told: Vec<_> = CODES.iter().map(|line| (line.code, line.verdict)).collect();
        assert_eq!(
            told,
            [
                (40_000, Reply),
                (40_001, Account),
                (40_002, Reply),
                (40_007, Reply),
                (40_016, Reply),
                (40_050, Unknown),
                (40_064, UntilCustomerWrites),
                (40_100, TooFast),
                (40_101, Account),
                (40_102, Renew),
                (40_103, Account),
                (40_104, Renew),
                (40_105, Renew),
                (40_106, Account),
                (40_107, Account),
                (40_108, Account),
                (40_110, Account),
                (40_113, Account),
                (40_115, Account),
                (40_118, Account),
                (40_125, Account),
                (40_133, Reply),
                (40_906, Reply),
                (40_907, Reply),
                (40_908, Reply),
                (40_914, Reply),
                (50_000, Unknown),
                (50_002, Unknown),
                (51_065, Unknown),
                (60_001, Unknown),
            ]
        );
    }

    #[test]
    fn codes_without_a_line_fall_under_the_rule() {
        for (code, expected) in [
            (40_003, Verdict::Reply),
            (49_999, Verdict::Reply),
            (39_999, Verdict::Unknown),
            (50_001, Verdict::Unknown),
            (59_999, Verdict::Unknown),
            (1, Verdict::Unknown),
            (-1, Verdict::Unknown),
            (i64::MAX, Verdict::Unknown),
        ] {
            assert_eq!(verdict(code), expected, "{code}");
        }
    }

    #[test]
    fn verdicts_become_outcomes() {
        let now = Moment(86_400_000 * 3 + 5);
        let of = |code, text| outcome(code, text, About::Other, now);
        assert_eq!(of(40_105, "revoked"), Outcome::NotSent(NotSent::Token { code: 40_105 }));
        assert_eq!(of(51_065, "oops"), Outcome::Unknown { text: "code 51065: oops".into() });
        assert_eq!(
            of(40_064, "Take a rest."),
            Outcome::Refused { code: 40_064, text: "Take a rest.".into(), scope: RefusalScope::UntilCustomerWrites }
        );
        assert!(matches!(of(40_118, ""), Outcome::Refused { scope: RefusalScope::Account, .. }));
        assert!(matches!(of(40_002, &"x".repeat(5_000)), Outcome::Refused { text, .. } if text.len() == REASON_BYTES_MAX));
    }

    #[test]
    fn the_text_of_40100_tells_how_long_to_pause() {
        let now = Moment(86_400_000 * 3 + 5);
        for (text, pause_ms) in [
            ("App reaches the QPS limit.", 1_100),
            ("", 1_100),
            ("Due to too many requests, requests from App are temporarily restricted.", 300_000),
            ("App reaches the QPM limit.", 300_000),
            ("App reaches the QPD limit.", 86_400_000 - 5),
        ] {
            assert_eq!(outcome(40_100, text, About::Other, now), Outcome::NotSent(NotSent::TooFast { pause_ms }), "{text}");
        }
    }

    #[test]
    fn an_image_whose_upload_is_gone_may_be_uploaded_again() {
        let of = |about, text| outcome(40_007, text, about, Moment(0));
        assert_eq!(of(About::Image, "media does not exist"), Outcome::NotSent(NotSent::MediaGone));
        assert!(matches!(of(About::Image, "Conversation does not exist"), Outcome::Refused { .. }));
        assert!(matches!(of(About::Other, "media does not exist"), Outcome::Refused { .. }));
    }
}
