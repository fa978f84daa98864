//! Each webhook that was answered with 200 has exactly one line in the history, and what was not is brought again; a
//! console action that was answered well has its line too; the engine failed on nothing.

use std::collections::BTreeMap;

use rejoinder::engine::{Body, Input};

use crate::evidence::{Key, Post};
use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut lines: BTreeMap<(usize, Key), u32> = BTreeMap::new();
    let mut actions = 0;
    for commit in &told.evidence.commits {
        if let Some(fault) = &commit.entry.fault {
            found.push((commit.at, format!("the engine failed: {fault}")));
        }
        let key = match &commit.entry.input {
            // A reaction carries the id of the message that it points to.
            Input::Message(message) if matches!(message.body, Body::Reaction { .. }) => Key::Other,
            Input::Message(message) => Key::Message(message.message_id.clone()),
            Input::Echo(echo) => Key::Echo(echo.message_id.clone()),
            Input::Referral(referral) => Key::Referral(referral.at.0),
            Input::Comment(comment) => Key::Comment(comment.comment_id.clone()),
            Input::Colleague { .. } => {
                actions += 1;
                continue;
            }
            _ => continue,
        };
        if let Some(who) = commit.who {
            *lines.entry((who, key)).or_default() += 1;
        }
    }
    for post in told.evidence.posts.iter().filter(|post| !is_kept(post)) {
        let count = lines.get(&(post.who, post.key.clone())).copied().unwrap_or(0);
        if count > 1 || (count == 0 && post.is_taken()) {
            let text = format!("c{} {:?} has {count} lines, taken: {}", post.who, post.key, post.is_taken());
            found.push((post.at, text));
        }
    }
    let kept = told.evidence.posts.iter().filter(|post| is_kept(post) && post.is_taken()).count();
    let all = told.histories.iter().flatten().filter(|row| matches!(row.kind.as_str(), "message" | "read")).count();
    if kept > told.loose.len() + all {
        found.push((0, format!("of {kept} webhooks without an id some left no line")));
    }
    if told.evidence.actions.len() > actions {
        found.push((0, "an action of a colleague left no line".to_owned()));
    }
    found
}

/// It has no effect of its own: it is only kept.
fn is_kept(post: &Post) -> bool {
    matches!(post.key, Key::Other | Key::Poke(_))
}
