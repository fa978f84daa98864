//! `rejoinder new`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::system::files;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rejoinder new shop && cd shop && rejoinder dev")]
pub(super) struct Arguments {
    /// The folder; made where it is not there. Nothing in it is overwritten.
    folder: PathBuf,
}

const FILES: [(&str, &str); 3] = [
    ("flows/shop.flow", include_str!("new/shop.flow")),
    ("rejoinder.toml", include_str!("new/rejoinder.toml")),
    (".gitignore", include_str!("new/gitignore")),
];

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    for (file, _) in FILES {
        let path = folder.join(file);
        anyhow::ensure!(!files::exists(&path), "{} is there already, nothing was written", path.display());
    }
    for (file, text) in FILES {
        write(&folder.join(file), text)?;
        anstream::println!("wrote {}", folder.join(file).display());
    }
    anstream::println!("\nnext: cd {} && rejoinder test && rejoinder dev", folder.display());
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        files::make_folder(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    files::write_atomic(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
