//! Every bound of a sprint, in one place.

/// Passing one is a fault with a place, never a hang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of one sprint.
    pub steps_max: u32,
    /// Turns of all loops of one sprint.
    pub turns_max: u32,
    /// Frames of a run: its own flow, and what `do` puts around one another.
    pub frames_max: usize,
    /// Calls of the business's systems and of scripts until the customer writes again.
    pub calls_max: u32,
    /// Labels of a closed type that is computed.
    pub labels_max: usize,
    /// UTF-16 units of one rendered text before it is split.
    pub text_units_max: usize,
    /// Bytes of an encoded conversation.
    pub state_bytes_max: usize,
    /// Messages that wait while a sprint waits for an answer of ours.
    pub deferred_max: usize,
    /// Texts joined by `gather`.
    pub gathered_max: usize,
    /// Bytes of one variable.
    pub value_bytes_max: usize,
    /// Bytes of the address of a `fetch`.
    pub address_bytes_max: usize,
    /// Bytes of one header of a `fetch`, without its secrets.
    pub header_bytes_max: usize,
    /// Lists and maps inside one another; what is stored deeper could not be read again.
    pub value_depth_max: usize,
    /// Replies of one sprint.
    pub replies_max: usize,
    /// Replies of a conversation that are not final.
    pub queue_max: usize,
    /// Calls of hooks in one sprint.
    pub hooks_max: usize,
    /// Replies that a hook adds to one reply.
    pub hook_replies_max: usize,
    /// Tags, and fields of the contact, that one call of a hook changes.
    pub hook_changes_max: usize,
    /// Bytes of a tag of a hook's.
    pub tag_bytes_max: usize,
    /// Tags of a contact, where a hook adds one.
    pub tags_max: usize,
    /// Lines of one sprint's account.
    pub trace_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_max: 1_000,
            turns_max: 500,
            frames_max: 16,
            calls_max: 50,
            labels_max: 100,
            text_units_max: 60_000,
            state_bytes_max: 65_536,
            deferred_max: 32,
            gathered_max: 50,
            value_bytes_max: 16_384,
            address_bytes_max: 8_192,
            header_bytes_max: 4_096,
            value_depth_max: 32,
            replies_max: 32,
            queue_max: 40,
            hooks_max: 48,
            hook_replies_max: 3,
            hook_changes_max: 16,
            tag_bytes_max: 100,
            tags_max: 100,
            trace_max: 400,
        }
    }
}
