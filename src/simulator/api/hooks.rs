//! The app's webhook addresses: one per event type, for all accounts.

use serde_json::json;

use super::Cx;
use super::answer::{Answer, ApiError, parameter};
use super::ask::Ask;

const EVENT_TYPES: [&str; 4] = ["DIRECT_MESSAGE", "COMMENT", "VIDEO", "BRAND_MENTION"];

fn admit<'a>(cx: &Cx<'_>, ask: &'a Ask) -> Result<&'a str, ApiError> {
    let [app_id, secret, event_type] = ask.texts(["app_id", "secret", "event_type"])?;
    if !EVENT_TYPES.contains(&event_type) {
        return Err(parameter("Param event_type is invalid.".to_owned()));
    }
    cx.app(app_id, secret)?;
    cx.pace()?;
    Ok(event_type)
}

/// `POST /business/webhook/update/`
pub(super) fn update(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let [address] = ask.texts(["callback_url"])?;
    let known = reqwest::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !known || address.len() > 2_000 {
        return Err(parameter("Param callback_url is invalid.".to_owned()));
    }
    let event_type = admit(cx, ask)?;
    if !cx.dry {
        cx.world.addresses.insert(event_type.to_owned(), address.to_owned());
    }
    Ok(json!({"app_id": cx.world.app_id, "event_type": event_type, "callback_url": address}))
}

/// `GET /business/webhook/list/`: without `callback_url` none is set.
pub(super) fn list(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let event_type = admit(cx, ask)?;
    let app_id = &cx.world.app_id;
    Ok(match cx.world.addresses.get(event_type) {
        Some(address) => json!({"app_id": app_id, "event_type": event_type, "callback_url": address}),
        None => json!({"app_id": app_id, "event_type": event_type}),
    })
}

/// `POST /business/webhook/delete/`
pub(super) fn delete(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let event_type = admit(cx, ask)?;
    if !cx.dry {
        cx.world.addresses.remove(event_type);
    }
    Ok(json!({"app_id": cx.world.app_id, "event_type": event_type}))
}
