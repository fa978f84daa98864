//! Addresses that flows call: their origin is fixed and allowed.

use super::code;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{Piece, Template};

/// Scheme, host and port of an address in the canonical form of the URL standard (`https://shop.example`,
/// `http://localhost:8080`), and how many bytes of the address they take.
///
/// # Errors
/// A few words on what is wrong.
pub(super) fn origin(address: &str) -> Result<(String, usize), &'static str> {
    let (scheme, rest) = address.split_once("://").ok_or("it does not begin with `https://`")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return Err("it does not begin with `https://`"),
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a name and a password cannot stand in it");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse::<u16>().map_err(|_| "its port is no number")?)),
        _ => (authority, None),
    };
    let six = host.starts_with('[') && host.ends_with(']') && host.contains(':');
    let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if host.is_empty() || !(six || host.chars().all(letters)) {
        return Err("its host has letters, digits, `.` and `-`");
    }
    let port = port.filter(|port| *port != default_port).map_or_else(String::new, |port| format!(":{port}"));
    let length = address.len() - rest.len() + authority.len();
    Ok((format!("{scheme}://{}{port}", host.to_ascii_lowercase()), length))
}

/// Reports an address that may not be called.
pub(super) fn check(world: &World<'_>, url: &Template) {
    let mut pieces = url.pieces.iter();
    let Some(Piece::Literal(start)) = pieces.next() else {
        return hole(world, url);
    };
    let open = pieces.next().is_some();
    let after_scheme = start.split_once("://").map(|(_, rest)| rest);
    if open && !after_scheme.is_some_and(|rest| rest.contains(['/', '?', '#'])) {
        return hole(world, url);
    }
    let origin = match origin(start) {
        Ok((origin, _)) => origin,
        Err(why) => {
            let finding = Diagnostic::error(code::BAD_ADDRESS, url.span, "this address cannot be called").here(why);
            return world.findings.add(finding.help("write it whole: `\"https://shop.example/orders\"`"));
        }
    };
    if world.bot.is_none() || world.bot_is_broken() || world.origins.contains(&origin) {
        return;
    }
    let message = format!("this bot may not call `{origin}`");
    let finding = Diagnostic::error(code::HOST_NOT_ALLOWED, url.span, message);
    world.findings.add(finding.help(format!("add `fetch from \"{origin}\"` to `bot`")));
}

fn hole(world: &World<'_>, url: &Template) {
    let place = url.pieces.iter().find_map(|piece| match piece {
        Piece::Hole { span, .. } => Some(*span),
        Piece::Literal(_) => None,
    });
    let finding = Diagnostic::error(code::HOLE_IN_HOST, place.unwrap_or(url.span), "which system this calls must be fixed");
    world.findings.add(finding.help("write scheme and host out: `\"https://shop.example/orders/{order}\"`"));
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origins_read_alike_however_they_are_written() {
        assert_eq!(origin("HTTPS://Shop.Example:443/a"), Ok(("https://shop.example".to_owned(), 24)));
        assert_eq!(origin("http://localhost:8080?x"), Ok(("http://localhost:8080".to_owned(), 21)));
        assert_eq!(origin("https://[2001:db8::1]:444/"), Ok(("https://[2001:db8::1]:444".to_owned(), 25)));
        assert_eq!(origin("http://[::1]"), Ok(("http://[::1]".to_owned(), 12)));
    }

    #[test]
    fn what_hides_its_host_is_none() {
        for wrong in
            ["shop.example", "ftp://a", "https://", "https://a:b@c", "https://a:70000", "https://ا.example", "https://a b"]
        {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
