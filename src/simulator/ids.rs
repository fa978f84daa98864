//! Ids of TikTok's forms, drawn from a seed: they look like the real ones because the real ones are what breaks clients
//! (`+`, `/` and `=` in queries, a leading `-`, sixty-four characters).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::calendar::Moment;

use super::date;

/// SplitMix64: small, fixed by definition, good enough for ids.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn base64(&mut self, bytes: usize) -> String {
        let drawn: Vec<u8> = std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(bytes).collect();
        STANDARD.encode(drawn)
    }

    /// Base64 that surely holds a `+` and a `/`, whatever was drawn.
    fn marked(&mut self, bytes: usize) -> String {
        self.base64(bytes)
            .char_indices()
            .map(|(at, letter)| match at {
                9 => '+',
                17 => '/',
                _ => letter,
            })
            .collect()
    }

    /// 28 characters ending in `==`.
    pub(super) fn conversation(&mut self) -> String {
        self.marked(19)
    }

    /// 28 characters ending in `==`.
    pub(super) fn message(&mut self) -> String {
        self.marked(19)
    }

    /// 64 characters.
    pub(super) fn person(&mut self) -> String {
        self.marked(48)
    }

    pub(super) fn media(&mut self) -> String {
        format!("v0{:016x}{:016x}", self.next(), self.next())
    }

    /// 19 digits, as TikTok's numbers of posts and comments are.
    pub(super) fn number(&mut self) -> String {
        format!("7{:018}", self.next() % 1_000_000_000_000_000_000)
    }

    pub(super) fn access_token(&mut self) -> String {
        format!("act.{:016x}{:016x}!4821.va", self.next(), self.next())
    }

    pub(super) fn refresh_token(&mut self) -> String {
        format!("rft.{:016x}{:016x}!4821.va", self.next(), self.next())
    }

    /// Holds characters that an address must escape.
    pub(super) fn auth_code(&mut self) -> String {
        format!("{:016x}*1!4821.va", self.next())
    }

    /// The moment's digits and then drawn ones, as TikTok's request ids are.
    pub(super) fn request(&mut self, now: Moment) -> String {
        format!("{}{:018}", date::digits(now), self.next() % 1_000_000_000_000_000_000)
    }
}
