//! Threads of scripts' own: a call waits for no conversation and holds none up, and its depth overflows nobody's stack.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Position, Scope};

use super::describe::{self, Ending};
use super::value::{from_script, to_script, weight};
use super::{Limits, Stopwatch, natives};
use crate::bot::{Returned, ScriptCall, ScriptHost, Stopped};

/// A file that can be called.
pub(super) struct Compiled {
    pub path: String,
    pub ast: AST,
    /// Line and column of each function.
    pub places: BTreeMap<String, (usize, usize)>,
}

struct Job {
    call: ScriptCall,
    done: Box<dyn FnOnce(Returned) + Send>,
}

/// Compiled scripts, and the threads that run them; those start with the first call and end with this.
pub(super) struct Host {
    room: Arc<Room>,
    jobs: OnceLock<SyncSender<Job>>,
}

/// What the threads share.
pub(super) struct Room {
    pub engine: Engine,
    pub limits: Limits,
    pub stopwatch: Stopwatch,
    pub scripts: BTreeMap<String, Compiled>,
}

impl Host {
    pub(super) fn new(room: Room) -> Self {
        Self { room: Arc::new(room), jobs: OnceLock::new() }
    }

    fn start(&self) -> SyncSender<Job> {
        let (jobs, waiting) = sync_channel(self.room.limits.waiting_max);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..self.room.limits.threads.max(1) {
            let (room, waiting) = (Arc::clone(&self.room), Arc::clone(&waiting));
            let thread = thread::Builder::new().name("scripts".to_owned()).stack_size(room.limits.stack_bytes);
            if let Err(error) = thread.spawn(move || room.work(&waiting)) {
                tracing::error!(%error, "a thread for scripts could not be started");
            }
        }
        jobs
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.room.scripts.keys()).finish()
    }
}

impl ScriptHost for Host {
    fn begin(&self, call: ScriptCall, done: Box<dyn FnOnce(Returned) + Send>) {
        let jobs = self.jobs.get_or_init(|| self.start());
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(Job { call, done }) {
            (job.done)(Err(stopped("too many calls of scripts wait", false)));
        }
    }
}

impl Room {
    fn work(&self, waiting: &Mutex<Receiver<Job>>) {
        loop {
            let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(Job { call, done }) = job else { return };
            done(self.carry_out(call));
        }
    }

    fn carry_out(&self, call: ScriptCall) -> Returned {
        let Some(script) = self.scripts.get(&call.script) else {
            return Err(stopped(&format!("there is no script `{}`", call.script), false));
        };
        catch_unwind(AssertUnwindSafe(|| self.run(script, call)))
            .unwrap_or_else(|_| Err(stopped(&format!("{}: the script's engine failed", script.path), true)))
    }

    fn run(&self, script: &Compiled, call: ScriptCall) -> Returned {
        let limits = &self.limits;
        let arguments: Vec<Dynamic> = call.arguments.into_iter().map(to_script).collect();
        if arguments.iter().any(|argument| weight(argument, limits.value_bytes_max) > limits.value_bytes_max) {
            return Err(stopped(&format!("{}: what it is handed is too large", script.path), false));
        }
        let options = CallFnOptions::new().eval_ast(false).in_all_namespaces(false);
        natives::begin((self.stopwatch)().saturating_add(limits.time_max));
        let ended =
            self.engine.call_fn_with_options::<Dynamic>(options, &mut Scope::new(), &script.ast, &call.function, arguments);
        let ended = match natives::ended() {
            Some(why) if ended.is_ok() => Err(EvalAltResult::ErrorTerminated(why.into(), Position::NONE).into()),
            _ => ended,
        };
        match ended {
            Ok(value) if weight(&value, limits.value_bytes_max) > limits.value_bytes_max => {
                Err(stopped(&format!("{}: what it returned is too large", script.path), true))
            }
            Ok(value) => {
                from_script(value, limits.value_depth_max).map_err(|why| stopped(&format!("{}: {why}", script.path), false))
            }
            Err(failure) => {
                let Ending { why, at, overran } = describe::ending(&failure, limits);
                // Where the engine names no place, as for a loop without a body, the function's own.
                let place = at
                    .or_else(|| script.places.get(&call.function).copied())
                    .map(|(line, column)| format!(":{line}:{column}"))
                    .unwrap_or_default();
                Err(stopped(&format!("{}{place}: {why}", script.path), overran))
            }
        }
    }
}

fn stopped(why: &str, overran: bool) -> Stopped {
    Stopped { why: why.to_owned(), overran }
}
