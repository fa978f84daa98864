//! The sources of a bot as one body: what a version is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::port::{Files, VersionRow};
use crate::calendar::Moment;

/// The newest form of the body that this program reads; it writes no other.
const FORMAT: u32 = 1;
/// Bytes of a body.
pub(super) const BODY_BYTES_MAX: usize = 32 << 20;

/// Why a stored version is of no use here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It may be of use to a newer program: what began in it is left alone.
    #[error("{0}")]
    Newer(String),
    /// It will never be of use again: what began in it ends with this reason.
    #[error("{0}")]
    Gone(String),
}

/// The body as JSON.
#[derive(Serialize, Deserialize)]
struct Body {
    format: u32,
    flows: Vec<(String, String)>,
    /// Base64.
    images: Vec<(String, String)>,
}

/// The row of a version that was never stored. The same files in another order make the same one.
///
/// # Errors
/// When the files are too large to be kept.
pub(super) fn row(files: &Files, at: Moment) -> Result<VersionRow, String> {
    let mut flows = files.flows.clone();
    flows.sort();
    let mut images: Vec<_> = files.images.iter().map(|(path, bytes)| (path.clone(), STANDARD.encode(bytes))).collect();
    images.sort();
    let body = serde_json::to_vec(&Body { format: FORMAT, flows, images }).map_err(|error| error.to_string())?;
    if body.len() > BODY_BYTES_MAX {
        return Err(format!(
            "the flows and images take {} MB as they are kept; {} MB is the most",
            body.len().div_ceil(1 << 20),
            BODY_BYTES_MAX >> 20
        ));
    }
    Ok(VersionRow { number: 0, digest: digest(&body), at, program: env!("CARGO_PKG_VERSION").to_owned(), body })
}

/// The files of a stored version.
///
/// # Errors
/// When the bytes are not those that were stored, or of a form that only a newer program knows.
pub(super) fn files(row: &VersionRow) -> Result<Files, Unusable> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let number = row.number;
    if digest(&row.body) != row.digest {
        return Err(Unusable::Gone(format!("version {number} is not as it was stored: its digest does not fit its bytes")));
    }
    let damaged = |error: &dyn std::fmt::Display| Unusable::Gone(format!("version {number} cannot be read: {error}"));
    let head: Head = serde_json::from_slice(&row.body).map_err(|error| damaged(&error))?;
    if head.format > FORMAT {
        return Err(Unusable::Newer(format!("version {number} was stored by rejoinder {}, which is newer", row.program)));
    }
    let body: Body = serde_json::from_slice(&row.body).map_err(|error| damaged(&error))?;
    let images = body.images.into_iter().map(|(path, text)| {
        let bytes = STANDARD.decode(text).map_err(|error| damaged(&error))?;
        Ok((path, bytes))
    });
    Ok(Files { flows: body.flows, images: images.collect::<Result<_, _>>()? })
}

/// Why a version that was read gives no bot: the program that stored it may know more than this one.
pub(super) fn not_compiled(row: &VersionRow, why: &str) -> Unusable {
    let text = format!("version {}, stored by rejoinder {}, cannot be compiled: {why}", row.number, row.program);
    if is_newer(&row.program, env!("CARGO_PKG_VERSION")) { Unusable::Newer(text) } else { Unusable::Gone(text) }
}

fn is_newer(program: &str, than: &str) -> bool {
    let parts = |version: &str| -> Vec<u64> { version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect() };
    parts(program) > parts(than)
}

/// Lower-case hexadecimal SHA-256.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Files {
        Files {
            flows: vec![("b.flow".to_owned(), "flow b".to_owned()), ("a.flow".to_owned(), "flow ä".to_owned())],
            images: vec![("x.png".to_owned(), vec![0, 0xff])],
        }
    }

    #[test]
    fn files_come_back_as_they_were_whatever_their_order() {
        let one = row(&some(), Moment(1)).unwrap();
        let mut turned = some();
        turned.flows.reverse();
        assert_eq!(row(&turned, Moment(2)).unwrap().digest, one.digest);
        let read = files(&one).unwrap();
        assert_eq!((read.flows, read.images), (turned.flows, turned.images));
        let mut other = some();
        other.images[0].1.push(1);
        assert_ne!(row(&other, Moment(1)).unwrap().digest, one.digest);
    }

    #[test]
    fn changed_bytes_and_newer_forms_are_refused() {
        let mut changed = row(&some(), Moment(1)).unwrap();
        let last = changed.body.len() - 4;
        changed.body[last] ^= 1;
        assert!(matches!(files(&changed), Err(Unusable::Gone(why)) if why.contains("digest")));
        let body = br#"{"format":2,"what":"nobody knows"}"#.to_vec();
        let newer = VersionRow { digest: digest(&body), body, ..row(&some(), Moment(1)).unwrap() };
        assert!(matches!(files(&newer), Err(Unusable::Newer(_))));
        let body = b"{".to_vec();
        let broken = VersionRow { digest: digest(&body), body, ..newer };
        assert!(matches!(files(&broken), Err(Unusable::Gone(_))));
    }

    #[test]
    fn what_a_newer_program_stored_is_left_alone_where_it_cannot_be_compiled() {
        let mut row = row(&some(), Moment(1)).unwrap();
        assert!(matches!(not_compiled(&row, "?"), Unusable::Gone(_)));
        row.program = "999.0.0".to_owned();
        assert!(matches!(not_compiled(&row, "?"), Unusable::Newer(_)));
        assert!(is_newer("0.10.0", "0.9.1") && !is_newer("0.9.1", "0.9.1") && !is_newer("?", "0.1.0"));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let files = Files { images: vec![("x.png".to_owned(), vec![0; BODY_BYTES_MAX])], ..some() };
        assert!(row(&files, Moment(1)).unwrap_err().contains("MB"));
    }
}
