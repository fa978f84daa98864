//! What the business's systems and scripts answer in a test: the lines `given GET "…" -> …` and `given shop.score -> …`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::bot::{Method, Value};

/// Status and body; `None` is a time-out.
pub(super) type Given = Option<(u16, Option<Value>)>;

/// Answers by what is called. Several for the same call are used in their order; the last one goes on answering.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    calls: BTreeMap<String, Queue<Given>>,
    runs: BTreeMap<String, Queue<Value>>,
}

#[derive(Clone, Debug)]
struct Queue<T> {
    answers: Vec<T>,
    used: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { answers: Vec::new(), used: 0 }
    }
}

impl<T: Clone> Queue<T> {
    fn next(&mut self) -> Option<T> {
        let answer = self.answers.get(self.used).or(self.answers.last()).cloned();
        self.used = self.used.saturating_add(1);
        answer
    }

    fn add(&mut self, answer: T) {
        // What was answered by the last one again does not use up what comes later.
        self.used = self.used.min(self.answers.len());
        self.answers.push(answer);
    }
}

impl Answers {
    pub(super) fn call(&mut self, method: Method, url: &str, answer: Given) {
        self.calls.entry(key(method, url)).or_default().add(answer);
    }

    pub(super) fn run(&mut self, script: &str, function: &str, value: Value) {
        self.runs.entry(format!("{script}.{function}")).or_default().add(value);
    }

    /// The answer of a call; `None` where the test gives none.
    pub(super) fn called(&mut self, method: Method, url: &str) -> Option<Given> {
        self.calls.get_mut(&key(method, url))?.next()
    }

    pub(super) fn ran(&mut self, script: &str, function: &str) -> Option<Value> {
        self.runs.get_mut(&format!("{script}.{function}"))?.next()
    }
}

/// The same for an address as it leaves (`…/caf%C3%A9`) and as an author writes it (`…/café`).
fn key(method: Method, url: &str) -> String {
    format!("{} {}", method.word(), percent_decode_str(url).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_used_in_order_and_the_last_one_goes_on() {
        let mut answers = Answers::default();
        let url = "https://shop.example/café";
        answers.call(Method::Get, url, Some((500, None)));
        answers.call(Method::Get, url, None);
        assert_eq!(answers.called(Method::Get, "https://shop.example/caf%C3%A9"), Some(Some((500, None))));
        assert_eq!(answers.called(Method::Get, url), Some(None));
        assert_eq!(answers.called(Method::Get, url), Some(None));
        answers.call(Method::Get, url, Some((200, None)));
        assert_eq!(answers.called(Method::Get, url), Some(Some((200, None))), "what is given later comes next");
        assert_eq!(answers.called(Method::Post, url), None);
        assert_eq!(answers.ran("shop", "score"), None);
        answers.run("shop", "score", Value::Bool(true));
        assert_eq!(answers.ran("shop", "score"), Some(Value::Bool(true)));
    }
}
