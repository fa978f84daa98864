//! Images that stand in a conversation: TikTok names an address for one, whose host wants the account's token.

use std::time::Duration;

use reqwest::Url;

use super::{Client, RequestParts, check_address, http, path, refused};
use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::runtime::port::{Permit, Picture, Pictured, Target};
use crate::tiktok::bounds::URL_BYTES_MAX;
use crate::tiktok::codes::About;
use crate::tiktok::wire::{DownloadBody, MediaAddress};

/// More than any photograph that a phone sends into a chat.
const BYTES_MAX: usize = 16 << 20;
const FETCH_MAX: Duration = Duration::from_secs(30);

impl Client {
    /// Two requests: TikTok is asked for the address under the permit, and the host that it names for the file.
    pub(super) async fn fetch_picture(&self, permit: Permit, target: &Target, of: &Pictured) -> Result<Picture, Outcome> {
        let (app, open_id) = (target.app.as_str(), target.open_id.as_str());
        let body = DownloadBody {
            business_id: open_id,
            conversation_id: super::transport::recipient(target)?,
            message_id: &of.message_id,
            media_id: &of.media_id,
            media_type: "IMAGE",
        };
        let told: MediaAddress =
            self.call_as(permit, (app, open_id), About::Other, RequestParts::post(path::DOWNLOAD, &body)).await?;
        let address = address(&told.download_url, check_address(&self.app(app)?.api).unwrap_or(false))?;
        let Some((token, _)) = self.tokens.slot(app, open_id).access() else {
            return Err(Outcome::NotSent(NotSent::Token { code: 40_104 }));
        };
        let bytes = http::file(&self.http, address, &token, (FETCH_MAX, BYTES_MAX)).await;
        let bytes = bytes.map_err(|text| Outcome::Unknown { text })?;
        let media_type = match imagesize::image_type(&bytes) {
            Ok(imagesize::ImageType::Jpeg) => "image/jpeg",
            Ok(imagesize::ImageType::Png) => "image/png",
            Ok(imagesize::ImageType::Webp) => "image/webp",
            Ok(imagesize::ImageType::Gif) => "image/gif",
            _ => return Err(refused("what it gives is no image that is known", RefusalScope::Reply)),
        };
        Ok(Picture { media_type, bytes: bytes.into() })
    }
}

/// Where the token may go: to a named host, encrypted. `local` is whether TikTok itself is played on this machine.
fn address(told: &str, local: bool) -> Result<Url, Outcome> {
    let bad = || refused("the address that it names is none that a token may go to", RefusalScope::Reply);
    let url = Some(told).filter(|told| told.len() <= URL_BYTES_MAX).and_then(|told| Url::parse(told).ok()).ok_or_else(bad)?;
    let plain = url.username().is_empty() && url.password().is_none();
    let named = matches!(url.domain(), Some(host) if host.contains('.') && !host.ends_with('.'));
    let is_local = check_address(&format!("{}/", url.origin().ascii_serialization())).unwrap_or(false);
    let fits = if local { is_local } else { url.scheme() == "https" && named && !is_local };
    if plain && fits { Ok(url) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_a_named_host_encrypted_or_to_this_machine_where_tiktok_is_played() {
        for good in ["https://p16-sign.tiktokcdn.com/obj/x~tplv.image?x-expires=1", "https://tiktokcdn.com:8443/"] {
            assert!(address(good, false).is_ok() && address(good, true).is_err(), "{good}");
        }
        for here in ["http://127.0.0.1:4010/sim/v1/media/7", "http://localhost:1/x", "http://[::1]:1/x"] {
            assert!(address(here, true).is_ok() && address(here, false).is_err(), "{here}");
        }
        let long = format!("https://tiktokcdn.com/{}", "a".repeat(URL_BYTES_MAX));
        for bad in [
            "",
            "tiktokcdn.com/x",
            "http://tiktokcdn.com/x",
            "ftp://tiktokcdn.com/x",
            "https://user@tiktokcdn.com/x",
            "https://:word@tiktokcdn.com/x",
            "https://169.254.169.254/latest",
            "https://[fd00::1]/x",
            "https://intranet/x",
            "https://localhost/x",
            "file:///etc/passwd",
            &long,
        ] {
            assert!(address(bad, false).is_err(), "{bad}");
        }
    }
}
