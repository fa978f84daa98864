//! The one integration binary: one link, many stories.
//!
//! `cfg(test)` holds for the whole of it; written at each module, it also tells clippy that helpers here are test code.

#[cfg(test)]
mod architecture;
