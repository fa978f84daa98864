//! Images and scripts beside the flows.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::bot::{Asset, Scripts};

/// Bytes of an image. Source: TikTok Business Messaging API, upload media: JPG or PNG of at most 3 MB.
pub const IMAGE_BYTES_MAX: usize = 3_000_000;

/// Files beside the flows that steps may name, by path relative to the flows' folder. Read by the caller.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    usable: BTreeMap<String, Arc<Asset>>,
    refused: BTreeMap<String, String>,
    scripts: Scripts,
}

impl Assets {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file that [`asset`] has read.
    pub fn insert(&mut self, file: String, asset: Arc<Asset>) {
        self.usable.insert(file, asset);
    }

    /// Adds a file that cannot be sent, with the reason: it is said where a step names the file.
    pub fn refuse(&mut self, file: String, reason: String) {
        self.refused.insert(file, reason);
    }

    /// Adds what the scripts among the sources declare.
    pub fn put_scripts(&mut self, scripts: Scripts) {
        self.scripts = scripts;
    }

    /// The scripts, read by the caller.
    #[must_use]
    pub const fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// The files that can be sent.
    #[must_use]
    pub const fn usable(&self) -> &BTreeMap<String, Arc<Asset>> {
        &self.usable
    }

    /// Why a file cannot be sent; `None` where it can or is not there.
    #[must_use]
    pub fn refusal(&self, file: &str) -> Option<&str> {
        self.refused.get(file).map(String::as_str)
    }
}

impl FromIterator<(String, Arc<Asset>)> for Assets {
    fn from_iter<T: IntoIterator<Item = (String, Arc<Asset>)>>(files: T) -> Self {
        Self { usable: files.into_iter().collect(), ..Self::default() }
    }
}

impl<const N: usize> From<[(String, Arc<Asset>); N]> for Assets {
    fn from(files: [(String, Arc<Asset>); N]) -> Self {
        files.into_iter().collect()
    }
}

/// Reads an image file by its content; `file` is its path relative to the flows' folder.
///
/// # Errors
/// A sentence for the author when it is too big or neither JPG nor PNG.
pub fn asset(file: &str, bytes: Vec<u8>) -> Result<Asset, String> {
    if bytes.len() > IMAGE_BYTES_MAX {
        return Err(format!("`{file}` has {} bytes, TikTok takes at most {IMAGE_BYTES_MAX}", bytes.len()));
    }
    let media_type = match imagesize::image_type(&bytes) {
        Ok(imagesize::ImageType::Jpeg) => "image/jpeg",
        Ok(imagesize::ImageType::Png) => "image/png",
        _ => return Err(format!("`{file}` is neither a JPG nor a PNG image")),
    };
    match imagesize::blob_size(&bytes) {
        Ok(size) if size.width > 0 && size.height > 0 => {}
        _ => return Err(format!("`{file}` is a damaged image")),
    }
    let digest = hex(&Sha256::digest(&bytes));
    Ok(Asset { file: file.to_owned(), digest, media_type, bytes })
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG header that says 2 × 3 pixels.
    fn png() -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend([0, 0, 0, 2, 0, 0, 0, 3, 8, 6, 0, 0, 0]);
        bytes
    }

    #[test]
    fn an_image_is_known_by_its_content_not_its_name() {
        let image = asset("size.jpg", png()).unwrap();
        assert_eq!(image.media_type, "image/png");
        assert_eq!(image.digest.len(), 64);
        assert!(asset("size.png", b"GIF89a\x01\0\x01\0".to_vec()).unwrap_err().contains("neither"));
        assert!(asset("size.png", Vec::new()).is_err());
    }

    #[test]
    fn three_million_bytes_pass_and_one_more_does_not() {
        let mut bytes = png();
        bytes.resize(IMAGE_BYTES_MAX, 0);
        assert!(asset("a.png", bytes.clone()).is_ok());
        bytes.push(0);
        assert!(asset("a.png", bytes).unwrap_err().contains("3000000"));
    }
}
