//! Reads the files of a bot: flows and the images beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::bots;
use crate::bot::Bot;
use crate::check::{self, Assets};
use crate::diagnostic::{Diagnostic, Severity, register};
use crate::hook::{self, Limits};
use crate::runtime::port::Clock as _;
use crate::source::{FileId, Sources, Span};
use crate::syntax;
use crate::system::SystemClock;
use crate::system::files;

/// A flow file above this is refused unread, in bytes.
pub(super) const FLOW_BYTES_MAX: u64 = 8 << 20;
/// An image above this is refused unread, in bytes; the channel's own bound is smaller.
const IMAGE_BYTES_MAX: u64 = 16 << 20;
/// Folders inside folders.
const DEPTH_MAX: usize = 16;
/// Files of one bot.
const FILES_MAX: usize = 20_000;

/// A bot's files, read and checked.
pub(super) struct Loaded {
    pub(super) sources: Sources,
    /// There exactly when no finding is an error.
    pub(super) bot: Option<Arc<Bot>>,
    pub(super) findings: Vec<Diagnostic>,
}

impl Loaded {
    pub(super) fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub(super) fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Reads files and folders (`.flow` and `.flow.yaml` files, scripts and images, folders inside too) and checks them as one
/// bot.
///
/// # Errors
/// A path that is not there or holds no flow, or a folder that cannot be listed. A file that cannot be understood is
/// a finding, not an error.
pub(super) fn load(paths: &[PathBuf]) -> anyhow::Result<Loaded> {
    load_within(paths, Limits::for_tests())
}

/// The same for a bot that answers people: its scripts have as little time as that needs.
///
/// # Errors
/// As [`load`].
pub(super) fn load_to_serve(paths: &[PathBuf]) -> anyhow::Result<Loaded> {
    load_within(paths, Limits::default())
}

fn load_within(paths: &[PathBuf], limits: Limits) -> anyhow::Result<Loaded> {
    bots::one(paths)?;
    let mut reading = Reading::default();
    for path in paths {
        reading.path(path)?;
    }
    if reading.sources.iter().all(|(_, file)| is_script(Path::new(&file.path))) {
        let named = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        anyhow::bail!("no .flow or .flow.yaml file in {named}; `rejoinder new {named}` starts a bot there");
    }
    let scripts = reading.sources.iter().filter(|(_, file)| is_script(Path::new(&file.path)));
    let scripts: Vec<_> = scripts.map(|(_, file)| (file.path.clone(), Arc::clone(&file.text))).collect();
    reading.assets.put_scripts(hook::read(&scripts, limits, Arc::new(|| SystemClock.monotonic())));
    let (bot, found) = check::compile(&reading.sources, &reading.assets);
    let unreadable = reading.findings.iter().any(|finding| finding.severity == Severity::Error);
    let mut findings = reading.findings;
    findings.extend(found);
    Ok(Loaded { sources: reading.sources, bot: bot.filter(|_| !unreadable).map(Arc::new), findings })
}

#[derive(Default)]
struct Reading {
    sources: Sources,
    assets: Assets,
    findings: Vec<Diagnostic>,
}

impl Reading {
    fn path(&mut self, path: &Path) -> anyhow::Result<()> {
        if !files::exists(path) {
            anyhow::bail!("{} is not there", path.display());
        }
        if !files::is_folder(path) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            self.read(path);
            // A bot of one file may still name the images and scripts beside it.
            let beside = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
            for entry in files::list(&beside).unwrap_or_default() {
                match is_script(&entry.path) {
                    true => self.flow(&entry.path),
                    false => self.image(&folder, &entry.path),
                }
            }
            return Ok(());
        }
        for file in walk(path)? {
            match file.extension().and_then(|end| end.to_str()) {
                Some("flow" | "yaml" | "yml" | "rhai") => self.read(&file),
                _ => self.image(path, &file),
            }
        }
        Ok(())
    }

    fn read(&mut self, path: &Path) {
        match path.extension().and_then(|end| end.to_str()) {
            Some("yaml" | "yml") if !is_yaml(path) => self.not_yet(path),
            _ => self.flow(path),
        }
    }

    fn flow(&mut self, path: &Path) {
        let shown = path.display().to_string().replace('\\', "/");
        match files::read_to_string(path, FLOW_BYTES_MAX) {
            Ok(text) => {
                self.sources.add(shown, text);
            }
            Err(error) => {
                let file = self.sources.add(shown, "");
                self.findings.push(unreadable(file, &error));
            }
        }
    }

    fn not_yet(&mut self, path: &Path) {
        let file = self.sources.add(path.display().to_string().replace('\\', "/"), "");
        let span = Span { file, start: 0, end: 0 };
        let finding = Diagnostic::warning(register::NOT_YET, span, "files of this kind are not read");
        let help = "a flow stands in a `.flow` or `.flow.yaml` file; rename this one, or move it out of the folder";
        self.findings.push(finding.help(help));
    }

    fn image(&mut self, folder: &Path, path: &Path) {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        if !matches!(end.as_str(), "jpg" | "jpeg" | "png") {
            return;
        }
        let file = path.strip_prefix(folder).unwrap_or(path).display().to_string().replace('\\', "/");
        let file = file.strip_prefix("./").unwrap_or(&file).to_owned();
        // An image that cannot be used is reported where a step names it: not every picture of a folder is one of ours.
        let read = files::read(path, IMAGE_BYTES_MAX).map_err(|error| error.to_string());
        match read.and_then(|bytes| check::asset(&file, bytes)) {
            Ok(asset) => self.assets.insert(file, Arc::new(asset)),
            Err(reason) => self.assets.refuse(file, reason),
        }
    }
}

fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "rhai")
}

fn is_yaml(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(syntax::YAML_ENDING))
}

/// All files of a folder, folders inside too, in one order everywhere.
pub(super) fn walk(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    files::walk(folder, DEPTH_MAX, FILES_MAX).with_context(|| format!("cannot list {}", folder.display()))
}

/// What is said of a file that cannot be read.
pub(super) fn unreadable(file: FileId, error: &std::io::Error) -> Diagnostic {
    let span = Span { file, start: 0, end: 0 };
    match error.kind() {
        std::io::ErrorKind::InvalidData => Diagnostic::error(register::NOT_UTF8, span, error.to_string())
            .help("save the file as UTF-8; older editors call it `Unicode (UTF-8)`"),
        std::io::ErrorKind::FileTooLarge => Diagnostic::error(register::TOO_LARGE, span, error.to_string())
            .help("a bot may have many files: split this one by flow"),
        _ => Diagnostic::error(register::UNREADABLE, span, format!("the file cannot be read: {error}")),
    }
}
