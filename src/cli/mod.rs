//! In: the command line. Out: wiring and exit codes: 0 fine or warnings only, 1 errors, 2 could not run.
//! Does not know: how any of it works. Nobody imports it.

mod accounts;
mod awaiting;
mod beginning;
mod bots;
mod calls;
mod check;
mod completions;
mod connect;
mod contacts;
mod convert;
mod copy;
mod crash;
mod db;
mod deploy;
mod dev;
mod disconnect;
mod doctor;
mod events;
mod explain;
mod flows;
mod fmt;
mod fuzz;
mod keeper;
mod keeping;
mod link;
mod new;
mod operator;
mod outbox;
mod output;
mod pause;
mod proof;
mod registration;
mod reload;
mod renew;
mod replay;
mod rotate;
mod schema;
mod secrets;
mod serve;
mod signals;
mod simulator;
mod stores;
mod sync;
mod talk;
mod test;
mod token;
mod webhooks;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Answers TikTok direct messages by rule: flows are checked against the channel's rules before they run.
#[derive(Debug, Parser)]
#[command(
    name = "rejoinder",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:\n  rejoinder dev               a bot, a simulated TikTok and a phone in the browser\n  rejoinder check flows       what is wrong with the flows of a folder\n  rejoinder fmt flows         write them in their canonical form\n  rejoinder test flows        run its tests\n  rejoinder talk flows        chat with a bot in the terminal\n  rejoinder serve             the real thing, with rejoinder.toml\n\nExit codes: 0 fine or warnings only, 1 errors were found, 2 could not run."
)]
struct Cli {
    /// Show more of what happens: -v for information, -vv for everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// How lines of the log look, on standard error.
    #[arg(long, value_enum, default_value = "text", env = "REJOINDER_LOG_FORMAT", global = true)]
    log_format: output::LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a bot with a simulated TikTok and a phone in the browser.
    Dev(dev::Arguments),
    /// Check flows and say what is wrong, with place, reason and repair.
    Check(check::Arguments),
    /// Write flows in their canonical form.
    Fmt(fmt::Arguments),
    /// Say more about a finding: what it means, why, an example, the repair.
    Explain(explain::Arguments),
    /// Run the conversations that are written as tests.
    Test(test::Arguments),
    /// Make up conversations and look for one that breaks a rule.
    Fuzz(fuzz::Arguments),
    /// Chat with a bot in the terminal.
    Talk(talk::Arguments),
    /// Write a flow in its other spelling: .flow as .flow.yaml and back, comments kept.
    Convert(convert::Arguments),
    /// Print the JSON schema of .flow.yaml files, for editors.
    Schema(schema::Arguments),
    /// Serve a bot to TikTok.
    Serve(serve::Arguments),
    /// Say what waits to be sent and why, and what will miss its window.
    Outbox(outbox::Arguments),
    /// Say why a conversation went as it did: each reply and each silence with its reason.
    Why(why::Arguments),
    /// Run a stored conversation once more from its history and say whether the same comes out.
    Replay(replay::Arguments),
    /// Export or erase all that is kept of a customer.
    Contacts(contacts::Arguments),
    /// Say what other systems were not told yet, and tell them again.
    Webhooks(webhooks::Arguments),
    /// Stop sending at once, of all accounts or of one; replies wait.
    Pause(pause::Arguments),
    /// Let sending go on.
    Resume(pause::Arguments),
    /// Say what a deployment would mean for customers who are in the middle of something.
    Plan(deploy::PlanArguments),
    /// Make other flows live without a restart, or go back to those before.
    Deploy(deploy::DeployArguments),
    /// List the stored versions of the bot.
    Versions(deploy::VersionsArguments),
    /// Make, list and revoke the tokens of programs that use the API.
    Token(token::Arguments),
    /// Copy the store, also from SQLite to PostgreSQL and back; check it, bring a copy back.
    Db(db::Arguments),
    /// Run the simulated TikTok alone.
    Simulator(simulator::Arguments),
    /// Connect an account: it signs in at TikTok and lets the app use it.
    Connect(connect::Arguments),
    /// Disconnect an account: it is served no more, and its tokens are revoked.
    Disconnect(disconnect::Arguments),
    /// Bring to TikTok what the bot declares that TikTok says by itself.
    Sync(sync::Arguments),
    /// Say which accounts are served, and what each may do.
    Accounts(accounts::Arguments),
    /// Look at everything between the settings and TikTok, and say how to mend what is wrong.
    Doctor(doctor::Arguments),
    /// Say, or change, where TikTok delivers an app's messages to.
    Registration(registration::Arguments),
    /// Seal what is secret in the store: by another key, or from now on.
    Secrets(rotate::Arguments),
    /// Make the tiktok.me link to an account, and its QR code.
    Link(link::Arguments),
    /// Start a new bot in a folder: flows, settings, a first chat.
    New(new::Arguments),
    /// Print the completion script of a shell.
    Completions(completions::Arguments),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are what was asked for; anything else could not run.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    output::start_log(cli.verbose, cli.log_format);
    let done = match cli.command {
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Talk(arguments) => talk::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Schema(_) => schema::run(),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Outbox(arguments) => outbox::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Contacts(arguments) => contacts::run(&arguments),
        Command::Webhooks(arguments) => webhooks::run(&arguments),
        Command::Pause(arguments) => pause::run(&arguments, true),
        Command::Resume(arguments) => pause::run(&arguments, false),
        Command::Plan(arguments) => deploy::plan(&arguments),
        Command::Deploy(arguments) => deploy::run(&arguments),
        Command::Versions(arguments) => deploy::versions(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Db(arguments) => db::run(&arguments),
        Command::Simulator(arguments) => simulator::run(&arguments),
        Command::Connect(arguments) => connect::run(&arguments),
        Command::Disconnect(arguments) => disconnect::run(&arguments),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Accounts(arguments) => accounts::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Registration(arguments) => registration::run(&arguments),
        Command::Secrets(arguments) => rotate::run(&arguments),
        Command::Link(arguments) => link::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("rejoinder: {error:#}");
        ExitCode::from(2)
    })
}
