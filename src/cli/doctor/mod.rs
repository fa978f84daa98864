//! `rejoinder doctor`: all that can be wrong between the settings and TikTok, each with its repair.
//! In: settings, files, the running server, TikTok. Out: findings.
//! Does not know: how any of it is mended by itself; it changes nothing at TikTok.

mod here;
mod there;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::operator::{Server, printable};
use super::outbox::Format;
use super::signals;

#[derive(Debug, Args)]
#[command(
    after_help = "Looks at the settings, their secrets, the flows, the disk, the store, the server, its public address as TikTok sees it, the\nclocks, and asks TikTok about each app and account: secret, registration, token, scopes, market; where a server runs, also\nwhether TikTok says by itself what the bot declares. Nothing is changed at TikTok.\nWhere a server runs, it asks TikTok; else this command does, slowly, and opens the store as a start would.\n\nExit codes: 0 no fault, 1 faults, 2 could not run.\n\nExamples:\n  rejoinder doctor\n  rejoinder doctor --format json | jq '.findings[] | select(.state == \"fault\")'"
)]
pub(super) struct Arguments {
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Fine,
    Warning,
    Fault,
    /// It could not be looked at.
    Unknown,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Fault => "FAULT",
            Self::Unknown => "unknown",
        }
    }
}

/// What was looked at, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// A stable word: `settings`, `secret`, `token_key`, `flows`, `disk`, `database`, `server`, `address`, `signature`,
    /// `clock`, `registration`, `token`, `scopes`, `market`, `account`,
    /// `automatic`.
    check: &'static str,
    state: State,
    /// What was found, with the name of the app or account.
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<String>,
}

fn fine(check: &'static str, what: impl Into<String>) -> Finding {
    Finding { check, state: State::Fine, what: what.into(), repair: None }
}

fn fault(check: &'static str, what: impl Into<String>, repair: impl Into<String>) -> Finding {
    Finding { check, state: State::Fault, what: what.into(), repair: Some(repair.into()) }
}

fn warning(check: &'static str, what: impl Into<String>, repair: impl Into<String>) -> Finding {
    Finding { check, state: State::Warning, what: what.into(), repair: Some(repair.into()) }
}

fn unknown(check: &'static str, what: impl Into<String>) -> Finding {
    Finding { check, state: State::Unknown, what: what.into(), repair: None }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let findings = signals::block_on(async { Ok(look(&arguments.server).await) })?;
    let faults = findings.iter().filter(|finding| finding.state == State::Fault).count();
    match arguments.format {
        Format::Json => {
            let told = serde_json::json!({ "faults": faults, "findings": findings });
            anstream::println!("{}", serde_json::to_string_pretty(&told)?);
        }
        Format::Text => anstream::print!("{}", text(&findings, faults)),
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn look(server: &Server) -> Vec<Finding> {
    let mut findings = Vec::new();
    let settings = match server.settings() {
        Ok(settings) => settings,
        Err(error) => {
            let repair = "mend what is named; `rejoinder new DIR` writes settings to begin with";
            return vec![fault("settings", format!("{error:#}"), repair)];
        }
    };
    findings.push(fine("settings", format!("{} of {} apps", server.config.display(), settings.apps.len())));
    let secrets = here::secrets(&settings, &mut findings);
    let key = here::token_key(&settings, &mut findings);
    here::flows(&settings, server.folder(), &mut findings);
    here::markets(&settings, &mut findings);
    here::retention(&settings, &mut findings);
    let store = here::store(&settings, server.folder(), &mut findings).await;
    there::look(&there::Known { server, settings: &settings, secrets: &secrets, key, store }, &mut findings).await;
    findings
}

fn text(findings: &[Finding], faults: usize) -> String {
    let mut out = String::new();
    for finding in findings {
        out.push_str(&format!("{:<8} {:<13} {}\n", finding.state.word(), finding.check, printable(&finding.what)));
        if let Some(repair) = &finding.repair {
            out.push_str(&format!("{:<22} mend: {repair}\n", ""));
        }
    }
    out.push_str(&match faults {
        0 => "no fault\n".to_owned(),
        1 => "1 fault\n".to_owned(),
        count => format!("{count} faults\n"),
    });
    out
}
