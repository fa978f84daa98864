//! In: TikTok's wire. Out: deliveries and outcomes. Does not know: the runtime's insides.
