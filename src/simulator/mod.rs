//! In: HTTP calls as TikTok would get them. Out: answers, webhooks, a judgement. Does not know: our runtime.
