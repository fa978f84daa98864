//! Long computations that give way to whoever answers people.

use std::thread::Builder;

use tokio::sync::oneshot;

/// How far the others go first, in steps of the system's scheduler: a core that both want is theirs for all but a tenth.
const NICE: i32 = 10;

/// As on the main thread: flows stand in flows.
const STACK_BYTES: usize = 8 << 20;

/// The work ended before it had a result: it panicked, or the system had no thread for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work ended without a result")]
pub struct Lost;

/// Does the work on a thread of its own, behind all others of the process where cores are short; threads that it begins
/// stand as far back.
///
/// # Errors
/// The work panicked, or no thread could be had.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Lost> {
    let (done, result) = oneshot::channel();
    let begun = Builder::new().name("aside".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        // Of this thread alone; where the system refuses, the work is only less polite.
        let _ = rustix::process::nice(NICE);
        // Whoever asked may have gone.
        let _ = done.send(work());
    });
    begun.map_err(|_| Lost)?;
    result.await.map_err(|_| Lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_aside_stands_behind_and_so_do_the_threads_it_begins() {
        let before = rustix::process::nice(0).unwrap();
        let nice = || rustix::process::nice(0).unwrap();
        let (own, begun) = aside(move || (nice(), std::thread::spawn(nice).join().unwrap())).await.unwrap();
        assert_eq!((own, begun), ((before + NICE).min(19), (before + NICE).min(19)));
        assert_eq!(rustix::process::nice(0).unwrap(), before, "who waits stays where it was");
    }

    #[tokio::test]
    async fn a_panic_is_told_as_an_error() {
        assert_eq!(aside(|| std::panic::panic_any("over")).await, Err::<(), _>(Lost));
    }
}
