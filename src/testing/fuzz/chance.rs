//! Numbers that look like chance and come again with their seed.

/// `SplitMix64`: small, fast, and neighbouring seeds give unlike numbers.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Below `most`; 0 where `most` is 0.
    pub(super) fn below(&mut self, most: usize) -> usize {
        let bits = self.bits();
        usize::try_from(bits.checked_rem(most as u64).unwrap_or(0)).unwrap_or(0)
    }

    /// From `least` to `most`, both in.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.saturating_sub(least).max(0).unsigned_abs().saturating_add(1);
        let bits = self.bits();
        least.saturating_add_unsigned(bits.checked_rem(span).unwrap_or(0))
    }

    /// True `percent` times of a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.below(list.len());
        list.get(at)
    }
}
