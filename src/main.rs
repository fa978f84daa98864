//! The door: everything is in the library.

/// A message is many small texts: with the system's allocator a fifth of its time is theirs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    rejoinder::cli::run()
}
