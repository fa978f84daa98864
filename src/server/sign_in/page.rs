//! What somebody sees who comes back from TikTok's sign-in. Nothing is loaded, nothing runs, nobody else may show it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::{Done, Trouble};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:4em auto;padding:0 1em}code{background:#8882;padding:.1em .3em}";

pub(super) fn of(ended: &Result<Done, Trouble>) -> Response {
    let (status, title, lines) = match ended {
        Ok(done) => (StatusCode::OK, "The account is connected", done_lines(done)),
        Err(trouble) => (trouble.status, "The account is not connected", vec![escape(&trouble.why), escape(&trouble.repair)]),
    };
    let lines: String = lines.iter().map(|line| format!("<p>{line}</p>")).collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{lines}</html>\n"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn done_lines(done: &Done) -> Vec<String> {
    let mut lines = vec![format!("<code>{}</code> is signed in; Rejoinder answers for it now.", escape(&done.open_id))];
    if !done.missing.is_empty() {
        let missing: Vec<String> = done.missing.iter().map(|scope| format!("<code>{}</code>", escape(scope))).collect();
        lines.push(format!(
            "TikTok did not grant {}: without it messages cannot be read or sent. Ask for the permission in the app's settings at TikTok, then sign in again.",
            missing.join(", ")
        ));
    }
    lines.push("This window can be closed.".to_owned());
    lines
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}
