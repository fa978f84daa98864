//! In: moments, zones, opening hours. Out: answers about civil time.
//! Does not know: where the present moment comes from, anything of flows.
//! The only module that names `jiff`.

mod duration;
mod hours;
mod moment;
mod zone;

pub use duration::{duration_from, duration_text};
pub use hours::Hours;
pub use jiff::civil::{Date, Time};
pub use moment::Moment;
pub use zone::{Changes, Zone, date, days_between, plus_days, time, weekday};
