//! For crash tests: where the process is to end without any farewell.

use anyhow::Context as _;

use crate::system::environment;

/// `name:n` ends the process when it passes that point for the n-th time.
const FAIL_POINT: &str = "REJOINDER_FAIL_POINT";

pub(super) fn fail_point() -> anyhow::Result<Option<(String, u32)>> {
    let Some(text) = environment::var(FAIL_POINT)? else { return Ok(None) };
    let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
    let count = count.parse().with_context(|| format!("{FAIL_POINT}={text}: after the colon stands a number"))?;
    tracing::warn!("this process will end at `{name}`, as {FAIL_POINT} asks");
    Ok(Some((name.to_owned(), count)))
}
