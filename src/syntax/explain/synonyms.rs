//! Words of other tools and of everyday speech, and what they are called here.

use super::place::{DAY_WORDS, Place};

/// Words that authors bring from elsewhere.
pub(super) fn synonym(word: &str, place: Place) -> Option<&'static str> {
    if place == Place::Arm {
        return matches!(word, "otherwise" | "default" | "case" | "other").then_some("else");
    }
    if place == Place::Clause || place == Place::Option {
        return Some(match word {
            "timeout" | "after" | "wait" => "within",
            "retry" | "retries" | "attempts" => "tries",
            "remind" | "reminder" => "nudge after",
            "else" | "otherwise" | "default" if place == Place::Option => "other",
            _ => return None,
        });
    }
    if place == Place::FetchPart {
        return Some(match word {
            "headers" | "auth" | "authorization" => "header",
            "body" | "data" | "payload" | "send" => "json",
            "retries" | "tries" | "attempts" => "retry",
            "returns" | "response" | "answer" | "schema" => "gives",
            "status" | "when" => "on",
            "otherwise" | "error" | "fallback" | "default" => "else",
            "wait" | "within" => "timeout",
            _ => return None,
        });
    }
    if place == Place::TestLine {
        return Some(match word {
            "user" | "client" | "human" | "they" | "send" | "message" | "says" => "customer",
            "reply" | "answer" | "says_bot" | "say" => "bot",
            "wait" | "sleep" | "later" => "after",
            "assert" | "check" | "verify" | "then" => "expect",
            "mock" | "when" | "set" | "let" | "stub" => "given",
            "agent" | "support" | "staff" => "colleague",
            _ => return None,
        });
    }
    if place == Place::HoursRow {
        let short = word.to_lowercase();
        return DAY_WORDS.iter().find(|day| short.starts_with(**day)).copied();
    }
    if place != Place::Step {
        return None;
    }
    Some(match word {
        "send" | "reply" | "print" | "respond" | "answer" | "text" | "message" | "write" => "say",
        "question" | "input" | "prompt" => "ask",
        "buttons" | "menu" | "options" | "card" | "quick_replies" => "choose",
        "jump" | "go" | "redirect" => "goto",
        "elif" | "elseif" | "elsif" => "else if",
        "otherwise" => "else",
        "sleep" | "delay" | "pause" => "wait",
        "end" | "exit" | "finish" | "quit" => "stop",
        "break" => "leave",
        "loop" | "while" | "until" => "repeat",
        "foreach" => "for",
        "http" | "request" | "webhook" | "api" | "get" | "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => "fetch",
        "invoke" | "gosub" | "perform" | "execute" => "do",
        "script" | "exec" | "eval" => "run",
        "event" | "trigger" | "fire" | "track" => "emit",
        "random" | "experiment" | "test" | "ab" => "split",
        "memo" | "comment" => "note",
        "transfer" | "assign" | "escalate" | "human" | "agent" | "hand" => "handoff",
        "switch" | "case" => "match",
        "var" | "let" | "const" | "assign_to" => "set",
        "photo" | "picture" | "img" => "image",
        _ => return None,
    })
}
