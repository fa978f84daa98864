//! Images: asked once whether they may be sent here, then sent or not.

use super::Effect;
use super::state::{Wait, WaitKind};
use super::steps::Next;
use super::work::{Fault, Work};
use crate::bot::{Op, Origin, Template};
use crate::channel::{Content, Image};

/// What TikTok once said of images is believed for so long.
const CAPABILITY_MS: i64 = 24 * 60 * 60 * 1_000;
/// So long an image waits to hear whether it may be sent.
const CAPABILITY_PATIENCE_MS: i64 = 30_000;

impl Work<'_> {
    pub(super) fn image(&mut self, file: &Template, otherwise: usize, next: usize, origin: &Origin) -> Result<Next, Fault> {
        let name = self.render(file)?;
        let bot = self.bot();
        let Some(asset) = bot.assets.get(&name) else {
            self.note_at("image", format_args!("there is no file `{name}`"), Some(origin));
            return Ok(Next::Step(otherwise));
        };
        let known = self.state.images.filter(|(_, at)| self.now.since_ms(*at) <= CAPABILITY_MS);
        match known {
            Some((true, _)) => {
                let image = Image { file: asset.file.clone(), digest: asset.digest.clone() };
                let draft = self.draft(Content::Image(image), origin);
                self.push(draft)?;
                Ok(Next::Step(next))
            }
            Some((false, _)) => {
                self.note_at("image", "TikTok allows no images between these two countries", Some(origin));
                Ok(Next::Step(otherwise))
            }
            None if !self.may_wait() || self.state.comment.is_some() => {
                self.note_at(
                    "image",
                    "it is not known whether images may be sent here, and this flow may not wait",
                    Some(origin),
                );
                Ok(Next::Step(otherwise))
            }
            None => {
                self.note_at("image", "TikTok is asked whether images may be sent here", Some(origin));
                self.effects.push(Effect::AskCapability);
                let until = self.now.plus_ms(CAPABILITY_PATIENCE_MS);
                let wait = self.new_wait(WaitKind::Image);
                self.rest(Wait { until: Some(until), ..wait });
                Ok(Next::Rest)
            }
        }
    }

    /// TikTok's answer about images: the step that waits for it runs again.
    pub(super) fn capability(&mut self, images: bool) {
        self.state.images = Some((images, self.now));
        self.note("image", if images { "images may be sent here" } else { "no images may be sent here" });
        if self.waits() == Some(WaitKind::Image) {
            self.again(false);
        }
    }

    /// Goes on after a wait for TikTok: at the image's step, or where it goes without an image.
    pub(super) fn again(&mut self, without: bool) {
        let Some((at, step)) = self.here() else { return self.lose() };
        match &step.op {
            Op::Image { otherwise, .. } if without => self.go_on(at, *otherwise),
            _ => self.proceed(at),
        }
    }
}
