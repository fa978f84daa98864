//! The seeded simulation: the real runtime, engine, gate and ledger on virtual time, with a store that fails and a TikTok
//! that does everything it may. One seed draws all; checks judge what came out; then the faults stop, and everything must
//! finish.

#[cfg(test)]
mod arrival;
#[cfg(test)]
mod books;
#[cfg(test)]
mod bots;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod run;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod shrink;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod systems;
#[cfg(test)]
mod time;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod troubles;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod world;
