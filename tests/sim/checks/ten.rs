//! Never more than ten messages of the business side between two of the customer, in TikTok's order; those of others count
//! where their echo was committed before the mark.

use super::heard_of;
use crate::run::Told;
use crate::world::Side;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for call in told.evidence.calls.iter().filter(|call| call.barred == Some("ten")) {
        let (Some(who), Some(tag)) = (call.who, call.tag) else { continue };
        let said = &told.customers[who].said[..call.before];
        let since = said.iter().rev().take_while(|said| said.side != Side::Customer);
        let known = since.filter(|said| match said.side {
            Side::Bot(_) => true,
            _ => heard_of(told, &said.id).is_some_and(|echo| echo.seq < tag.seq),
        });
        let known = known.count();
        if known >= told.replies {
            found.push((call.at, format!("c{who} an eleventh message leaves; {known} before it were known")));
        }
    }
    found
}
