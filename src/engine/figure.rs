//! Numbers in the account of a sprint. Several lines are written for each message: joined texts cost a fraction of a
//! formatted one.

/// A number in figures.
pub(super) struct Figure {
    bytes: [u8; 10],
    start: usize,
}

impl Figure {
    pub(super) fn of(mut number: u32) -> Self {
        let mut bytes = [b'0'; 10];
        let mut start = bytes.len();
        for place in bytes.iter_mut().rev() {
            start = start.saturating_sub(1);
            *place = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or(0));
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(self.start..).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_are_printed() {
        for number in [0, 1, 9, 10, 4_294_967_295, 1_000_000_000, 907] {
            assert_eq!(Figure::of(number).as_str(), number.to_string());
        }
    }
}
