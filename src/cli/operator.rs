//! Commands that speak to a running server: where it is, and what opens its door.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{secrets, serve};
use crate::runtime::port::Entropy;
use crate::server::operator::Operator;
use crate::server::settings::Settings;
use crate::system::{environment, files};

const DOOR_BYTES_MAX: u64 = 64 * 1024;
const TOKEN: &str = "REJOINDER_ADMIN_TOKEN";

/// Where the server is.
#[derive(Clone, Debug, Args)]
pub(super) struct Server {
    /// The settings of the server; it is found by the file that it leaves beside its store.
    #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
    pub(super) config: PathBuf,
    /// The server's `admin_listen`, as in http://10.0.0.5:9464; its `admin_token` is read from REJOINDER_ADMIN_TOKEN.
    #[arg(long)]
    pub(super) server: Option<String>,
}

/// A part of an answer; null where it is not there.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    const NOTHING: &Value = &Value::Null;
    value.pointer(path).unwrap_or(NOTHING)
}

/// A text of somebody else's on one line, without anything that moves the cursor or turns the line round.
pub(super) fn printable(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(plain).collect()
}

/// What a running server leaves beside its store, for its owner alone.
#[derive(Serialize, Deserialize)]
struct Door {
    address: String,
    token: String,
}

/// `<store>.admin`; `rejoinder.admin` where the store is a database.
fn door_file(config: &Path, settings: &Settings) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new(""));
    let mut name = folder.join(settings.store.beside()).into_os_string();
    name.push(".admin");
    PathBuf::from(name)
}

/// The token of this start: the settings', or one made now.
pub(super) fn token(settings: &Settings, entropy: &dyn Entropy) -> anyhow::Result<SecretString> {
    match &settings.admin_token {
        Some(secret) => secrets::read(secret, "admin_token"),
        None => Ok((0..4).map(|_| format!("{:016x}", entropy.next_u64())).collect::<String>().into()),
    }
}

/// Leaves the address and the token for the commands of this machine; removed when dropped.
pub(super) struct Left(PathBuf);

impl Left {
    pub(super) fn leave(
        config: &Path,
        settings: &Settings,
        address: std::net::SocketAddr,
        token: &SecretString,
    ) -> anyhow::Result<Self> {
        let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let door = Door { address: format!("http://{host}:{}", address.port()), token: token.expose_secret().to_owned() };
        let path = door_file(config, settings);
        files::write_private(&path, &serde_json::to_vec(&door)?).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        // A leftover names a server that does not answer, which commands find out.
        let _ = files::remove(&self.0);
    }
}

impl Server {
    /// The server, where one may run; `None` where none has left a trace.
    pub(super) fn find(&self) -> anyhow::Result<Option<Operator>> {
        if let Some(address) = &self.server {
            let token = environment::var(TOKEN)?.with_context(|| format!("`--server` needs the server's token in {TOKEN}"))?;
            return Ok(Some(Operator::new(address, token.into())?));
        }
        let mut settings = self.settings()?;
        let mut path = door_file(&self.config, &settings);
        if !files::exists(&path) {
            settings.store = settings.store.of_dry_run();
            path = door_file(&self.config, &settings);
        }
        if !files::exists(&path) {
            return Ok(None);
        }
        let bytes = files::read(&path, DOOR_BYTES_MAX).with_context(|| format!("cannot read {}", path.display()))?;
        let door: Door = serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(Operator::new(&door.address, door.token.into())?))
    }

    /// The server, which must run.
    pub(super) fn running(&self) -> anyhow::Result<Operator> {
        self.find()?.context("no server runs with these settings; name another with `--config` or `--server`")
    }

    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        serve::read(&self.config)
    }

    pub(super) fn folder(&self) -> &Path {
        self.config.parent().unwrap_or(Path::new(""))
    }
}
