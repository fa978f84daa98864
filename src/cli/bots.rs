//! Where several bots are: in a folder, each in a folder of its own, and in the settings of a server.

use std::path::{Path, PathBuf};

use super::serve;
use crate::system::files;

/// A file above this is no reason to think that a folder holds a bot, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The bots of a folder, in order, where it holds no flow itself and several of its folders hold a `bot` each. Of one bot the
/// files may well stand in folders; then there is nothing to choose.
pub(super) fn several(path: &Path) -> Option<Vec<PathBuf>> {
    let entries = files::list(path).ok()?;
    if entries.iter().any(|entry| is_flow(&entry.path)) {
        return None;
    }
    let mut bots: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path).filter(|path| holds_a_bot(path)).collect();
    bots.sort();
    (bots.len() > 1).then_some(bots)
}

/// The files of each bot that a command means: those that are named, or else every bot of the server's settings, or without
/// settings the folder `flows`. Paths of settings are seen from their folder.
///
/// # Errors
/// When the settings cannot be read.
pub(super) fn meant(named: &[PathBuf], config: Option<&Path>) -> anyhow::Result<Vec<Vec<PathBuf>>> {
    let usual = Path::new("rejoinder.toml");
    let config = config.or(Some(usual).filter(|path| files::exists(path)));
    let Some(config) = config.filter(|_| named.is_empty()) else {
        return Ok(vec![if named.is_empty() { vec![PathBuf::from("flows")] } else { named.to_vec() }]);
    };
    let (settings, folder) = (serve::read(config)?, config.parent().unwrap_or(Path::new("")));
    let mut bots: Vec<Vec<PathBuf>> = Vec::new();
    for (_, paths) in settings.bots() {
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        // Several accounts may have the same one.
        if !bots.contains(&paths) {
            bots.push(paths);
        }
    }
    Ok(bots)
}

/// Refuses a folder of several bots: a command that needs one is told which there are.
///
/// # Errors
/// The names of the bots among which one is to be chosen.
pub(super) fn one(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        if let Some(bots) = several(path) {
            let named: Vec<String> = bots.iter().map(|bot| bot.display().to_string()).collect();
            anyhow::bail!("{} holds several bots; name one of them: {}", path.display(), named.join(", "));
        }
    }
    Ok(())
}

/// The first of several bots, and those left aside.
pub(super) fn first(paths: &[PathBuf]) -> Option<(PathBuf, Vec<PathBuf>)> {
    let [path] = paths else { return None };
    let mut bots = several(path)?.into_iter();
    Some((bots.next()?, bots.collect()))
}

fn is_flow(path: &Path) -> bool {
    matches!(path.extension().and_then(|end| end.to_str()), Some("flow" | "yaml" | "yml"))
}

fn holds_a_bot(folder: &Path) -> bool {
    let begins = |path: &Path| {
        let text = files::read_to_string(path, BYTES_MAX).unwrap_or_default();
        text.lines().any(|line| line.starts_with("bot ") || line.starts_with("bot:"))
    };
    files::is_folder(folder)
        && files::list(folder).unwrap_or_default().iter().any(|entry| is_flow(&entry.path) && begins(&entry.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(of: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in of {
            let path = folder.path().join(path);
            files::make_folder(path.parent().unwrap()).unwrap();
            files::write_atomic(&path, text.as_bytes()).unwrap();
        }
        folder
    }

    #[test]
    fn several_bots_are_told_apart_from_one_in_folders() {
        let bots =
            folder(&[("b/bot.flow", "bot \"B\" {}\n"), ("a/bot.flow", "# a\nbot \"A\" {}\n"), ("c/more.flow", "flow x {}\n")]);
        let found = several(bots.path()).unwrap();
        assert_eq!(found, [bots.path().join("a"), bots.path().join("b")]);
        let error = one(&[bots.path().to_owned()]).unwrap_err().to_string();
        assert!(error.contains("several bots") && error.contains('a'), "{error}");
        assert_eq!(first(&[bots.path().to_owned()]).map(|(first, rest)| (first, rest.len())), Some((bots.path().join("a"), 1)));
        for single in [
            folder(&[("bot.flow", "bot \"A\" {}\n"), ("a/bot.flow", "bot \"A\" {}\n"), ("b/bot.flow", "bot \"B\" {}\n")]),
            folder(&[("a/bot.flow", "bot \"A\" {}\n"), ("b/more.flow", "flow x {}\n")]),
            folder(&[("notes.txt", "bot \n")]),
        ] {
            assert!(several(single.path()).is_none());
            assert!(one(&[single.path().to_owned()]).is_ok());
        }
        assert!(several(&bots.path().join("nowhere")).is_none());
    }
}
