//! Every bound of a script, in one place.

use std::time::Duration;

/// What one call of a script may use up. A call that passes one is stopped, and cannot catch that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub source_bytes_max: usize,
    /// Functions of one file.
    pub functions_max: usize,
    /// Values that one call hands over: how many copies wait while the next one is computed.
    pub arguments_max: usize,
    /// Expressions inside one another.
    pub expression_depth_max: usize,
    /// Functions that call one another.
    pub call_depth_max: usize,
    /// Statements and expressions carried out.
    pub operations_max: u64,
    /// Variables of one function at once.
    pub variables_max: usize,
    /// Bytes of one text.
    pub text_bytes_max: usize,
    /// Items of one list, those of the lists inside it counted.
    pub items_max: usize,
    /// Entries of one map, those of the maps inside it counted.
    pub entries_max: usize,
    /// Bytes of one value with everything inside it, names of entries too.
    pub value_bytes_max: usize,
    /// Lists and maps inside one another in what is handed over and returned.
    pub value_depth_max: usize,
    /// Of one call.
    pub time_max: Duration,
    /// Calls that may wait for a thread.
    pub waiting_max: usize,
    /// Threads that run calls.
    pub threads: usize,
    /// Of each of them, in bytes; what is not touched costs nothing.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes_max: 65_536,
            functions_max: 200,
            arguments_max: 8,
            expression_depth_max: 24,
            call_depth_max: 12,
            operations_max: 100_000,
            variables_max: 32,
            text_bytes_max: 16_384,
            items_max: 1_000,
            entries_max: 500,
            value_bytes_max: 65_536,
            value_depth_max: 32,
            time_max: Duration::from_millis(40),
            waiting_max: 1_024,
            threads: 2,
            stack_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// The same where nobody waits and the machine may be slow: steps decide, so that a test ends alike everywhere.
    #[must_use]
    pub fn for_tests() -> Self {
        Self { time_max: Duration::from_secs(5), ..Self::default() }
    }

    /// The most bytes that the values of one call can take at once: in each function its variables, and the values that
    /// wait at each depth of an expression until all of a call are there.
    #[must_use]
    pub const fn memory_bytes_max(&self) -> usize {
        let waiting = self.expression_depth_max.saturating_mul(self.arguments_max);
        let values = self.variables_max.saturating_add(waiting).saturating_mul(self.call_depth_max);
        values.saturating_mul(self.value_bytes_max)
    }
}
