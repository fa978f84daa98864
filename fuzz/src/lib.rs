//! What the targets run. It stands in the suite, which tries the same on every run without libFuzzer.

#[path = "../../tests/suite/fuzz/bodies.rs"]
pub mod bodies;
