//! Where the channel serves business accounts.
//!
//! Source: access page of Business Messaging and vendors' notes, 2026: not for accounts registered in the European Economic
//! Area, Switzerland and the United Kingdom; in the United States only after another review. Open: Asia-Pacific, Latin America,
//! the Middle East, Turkey, Africa, and North America but for the United States.

/// Whether accounts of a country are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    Open,
    /// After a review by TikTok.
    Reviewed,
    Closed,
}

const CLOSED: [&str; 34] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "UK", "EU",
];

impl Market {
    /// The market of a country, by its ISO 3166 code of two letters in whatever case; `None` where it is no such code.
    #[must_use]
    pub fn of(country: &str) -> Option<Self> {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let country = country.to_ascii_uppercase();
        Some(match country.as_str() {
            "US" => Self::Reviewed,
            country if CLOSED.contains(&country) => Self::Closed,
            _ => Self::Open,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_open_closed_or_reviewed_and_anything_else_is_none() {
        assert_eq!(["EG", "id", "BR", "CA"].map(Market::of), [Some(Market::Open); 4]);
        assert_eq!(["DE", "de", "GB", "UK", "CH", "NO"].map(Market::of), [Some(Market::Closed); 6]);
        assert_eq!(Market::of("US"), Some(Market::Reviewed));
        assert_eq!(["", "E", "EGY", "E1", "مص"].map(Market::of), [None; 5]);
    }
}
