//! In: moments, zones, opening hours. Out: answers about civil time.
//! Does not know: where the present moment comes from, anything of flows.
//! The only module that names `jiff`.

use serde::{Deserialize, Serialize};

pub use jiff::civil::{Date, Time};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. TikTok's own unit in message timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// The moment `ms` milliseconds later; saturates at the ends of time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when it is the later one.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// The zone of this name (`Africa/Cairo`); `None` where the database has none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::TimeZone::get(name).ok().map(Self)
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

/// Opening hours of a week with closed days.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    pub name: String,
    /// Monday first: open from, open until (end excluded; an end not after its beginning reaches into the next day).
    pub week: [Vec<(Time, Time)>; 7],
    /// First and last day, both closed.
    pub closed: Vec<(Date, Date)>,
}
