//! Bots of stored versions: the checker behind the runtime's port.

use std::sync::Arc;

use async_trait::async_trait;

use crate::bot::Bot;
use crate::check::{self, Assets};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hook::{self, Limits};
use crate::runtime::port::{Clock as _, Compiler, Files};
use crate::source::Sources;
use crate::system::{SystemClock, aside};

/// Findings that are told at most.
const FINDINGS_TOLD: usize = 10;

/// Compiles on one core, behind the runtime's tasks.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowCompiler;

#[async_trait]
impl Compiler for FlowCompiler {
    async fn compile(&self, files: &Files) -> Result<Arc<Bot>, String> {
        let files = files.clone();
        let compiled = aside(move || compiled(&files)).await;
        compiled.unwrap_or_else(|error| Err(format!("the checker did not end: {error}")))
    }
}

/// The bot of these files.
///
/// # Errors
/// Their errors, one a line.
pub fn compiled(files: &Files) -> Result<Arc<Bot>, String> {
    let mut sources = Sources::default();
    for (path, text) in &files.flows {
        sources.add(path.clone(), text.as_str());
    }
    let mut assets = Assets::default();
    for (path, bytes) in &files.images {
        match check::asset(path, bytes.clone()) {
            Ok(asset) => assets.insert(path.clone(), Arc::new(asset)),
            Err(reason) => assets.refuse(path.clone(), reason),
        }
    }
    let scripts = files.flows.iter().filter(|(path, _)| path.ends_with(".rhai"));
    let scripts: Vec<_> = scripts.map(|(path, text)| (path.clone(), Arc::from(text.as_str()))).collect();
    assets.put_scripts(hook::read(&scripts, Limits::default(), Arc::new(|| SystemClock.monotonic())));
    let (bot, findings) = check::compile_on(1, &sources, &assets);
    bot.map(Arc::new).ok_or_else(|| told(&sources, &findings))
}

fn told(sources: &Sources, findings: &[Diagnostic]) -> String {
    let errors: Vec<&Diagnostic> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let line = |finding: &&Diagnostic| {
        let label = finding.labels.first();
        let place = label.and_then(|label| Some((sources.file(label.span.file)?, sources.line(label.span))));
        let place = place.map_or(String::new(), |(file, line)| format!("{}:{line}: ", file.path));
        format!("{place}{} ({})", finding.message, finding.code)
    };
    let mut lines: Vec<String> = errors.iter().take(FINDINGS_TOLD).map(line).collect();
    if let Some(more) = errors.len().checked_sub(FINDINGS_TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
