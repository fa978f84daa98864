//! `rejoinder link`: the way into a conversation, as an address and as a QR code.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;

use super::operator::printable;
use super::outbox::Format;
use crate::system::files;

#[derive(Debug, Args)]
#[command(
    after_help = "Whoever opens the link in TikTok's app begins a conversation with the account, with the message already written. The ref comes\nwith it and starts what the flows begin with `on link \"spring\"`; it stands in the history of the conversation.\n\nExamples:\n  rejoinder link nile.threads --ref spring --message \"Hello\"\n  rejoinder link nile.threads --ref poster-2 --svg poster.svg --png poster.png\n  rejoinder link nile.threads --ref bio --format json | jq -r .link"
)]
pub(super) struct Arguments {
    /// The account's name at TikTok, with or without its @.
    username: String,
    /// What tells this way in from others: letters, digits, `-`, `_` and `=`.
    #[arg(long = "ref", value_name = "REF", allow_hyphen_values = true)]
    reference: Option<String>,
    /// What stands in the customer's field, ready to be sent.
    #[arg(long)]
    message: Option<String>,
    /// Write the code as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the code as PNG, some 1000 pixels wide.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    #[arg(long, default_value = "text")]
    format: Format,
}

/// TikTok's names have at most 24 letters; who knows what it will allow.
const USERNAME_CHARS_MAX: usize = 64;
/// TikTok's own limit.
const REF_CHARS_MAX: usize = 2_083;
/// Light modules around a code, without which readers do not find it.
const QUIET: usize = 4;
/// About so many pixels wide is the picture.
const PICTURE_PIXELS: u32 = 1_000;
/// What the address may show as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'=');

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (reference, message) = (arguments.reference.as_deref(), arguments.message.as_deref());
    let link = link(&arguments.username, reference, message)?;
    let code = code(&link)?;
    if let Some(path) = &arguments.svg {
        let drawn = code.render::<svg::Color<'_>>().min_dimensions(PICTURE_PIXELS, PICTURE_PIXELS).build();
        files::write_atomic(path, drawn.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &arguments.png {
        files::write_atomic(path, &png(&code)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    match arguments.format {
        Format::Json => {
            let told = json!({
                "link": link, "ref": reference, "message": message, "svg": arguments.svg, "png": arguments.png,
            });
            anstream::println!("{}", serde_json::to_string_pretty(&told)?);
        }
        Format::Text => {
            for line in lines(&code) {
                // Black on white whatever the terminal's colours are; without colours the light modules are drawn.
                anstream::println!("\u{1b}[97;40m{line}\u{1b}[0m");
            }
            anstream::println!("{link}");
            for path in [&arguments.svg, &arguments.png].into_iter().flatten() {
                anstream::println!("wrote {}", path.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn link(username: &str, reference: Option<&str>, message: Option<&str>) -> anyhow::Result<String> {
    let name = username.strip_prefix('@').unwrap_or(username);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    anyhow::ensure!(
        !name.is_empty() && name.len() <= USERNAME_CHARS_MAX && name.chars().all(allowed),
        "`{}` is no name of an account: TikTok's are of letters, digits, `_` and `.`, and no address",
        printable(username)
    );
    let mut link = format!("https://tiktok.me/{name}");
    let mut mark = '?';
    if let Some(reference) = reference {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '=');
        anyhow::ensure!(
            !reference.is_empty() && reference.chars().all(allowed),
            "`{}` is no ref: TikTok takes letters, digits, `-`, `_` and `=`",
            printable(reference)
        );
        anyhow::ensure!(
            reference.len() <= REF_CHARS_MAX,
            "the ref has {} characters, TikTok takes {REF_CHARS_MAX}",
            reference.len()
        );
        link.push_str(&format!("{mark}ref={reference}"));
        mark = '&';
    }
    if let Some(message) = message.filter(|message| !message.trim().is_empty()) {
        link.push_str(&format!("{mark}message={}", utf8_percent_encode(message, PLAIN)));
    }
    Ok(link)
}

/// As robust as the address allows: a poster gets dirty.
fn code(link: &str) -> anyhow::Result<QrCode> {
    let drawn = [EcLevel::M, EcLevel::L].into_iter().find_map(|level| QrCode::with_error_correction_level(link, level).ok());
    drawn.with_context(|| format!("the link has {} bytes, and a QR code holds 2953: shorten the ref or the message", link.len()))
}

/// Rows of modules with the quiet zone around them; true where it is dark.
fn modules(code: &QrCode) -> Vec<Vec<bool>> {
    let width = code.width();
    let colors = code.to_colors();
    let empty = vec![false; width + 2 * QUIET];
    let mut rows = vec![empty.clone(); QUIET];
    for row in colors.chunks(width) {
        let mut full = vec![false; QUIET];
        full.extend(row.iter().map(|color| *color == Color::Dark));
        full.extend([false; QUIET]);
        rows.push(full);
    }
    rows.extend(vec![empty; QUIET]);
    rows
}

/// Two rows of modules a line; what is light is drawn.
fn lines(code: &QrCode) -> Vec<String> {
    let rows = modules(code);
    let line = |pair: &[Vec<bool>]| {
        let [upper, rest @ ..] = pair else { return String::new() };
        // A row that is not there is as the terminal around it.
        let lower = rest.first().map(Vec::as_slice).unwrap_or_default();
        let both = upper.iter().zip(lower.iter().chain(std::iter::repeat(&true)));
        both.map(|(upper, lower)| match (upper, lower) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        })
        .collect()
    };
    rows.chunks(2).map(line).collect()
}

fn png(code: &QrCode) -> anyhow::Result<Vec<u8>> {
    let rows = modules(code);
    let scale = (PICTURE_PIXELS as usize / rows.len()).max(1);
    let side = rows.len() * scale;
    let mut grey = Vec::with_capacity(side * side);
    for row in &rows {
        let line: Vec<u8> = row.iter().flat_map(|dark| std::iter::repeat_n(if *dark { 0 } else { u8::MAX }, scale)).collect();
        for _ in 0..scale {
            grey.extend_from_slice(&line);
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, u32::try_from(side)?, u32::try_from(side)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&grey)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of QR codes sees on a picture of this width.
    fn seen(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(side, side, dark);
        image.detect_grids().first().expect("a code").decode().expect("a text").1
    }

    #[test]
    fn a_link_carries_name_ref_and_message() {
        let link = |name, reference, message| link(name, reference, message).unwrap();
        assert_eq!(link("@nile.threads", None, None), "https://tiktok.me/nile.threads");
        assert_eq!(link("a", Some("s=1"), None), "https://tiktok.me/a?ref=s=1");
        assert_eq!(link("a", None, Some("hi & bye+")), "https://tiktok.me/a?message=hi%20%26%20bye%2B");
        assert_eq!(
            link("a", Some("spring"), Some("مرحبا")),
            "https://tiktok.me/a?ref=spring&message=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7"
        );
    }

    #[test]
    fn what_is_no_name_and_no_ref_is_refused_with_a_reason() {
        for (name, reference, says) in [
            ("", None, "is no name"),
            ("@", None, "is no name"),
            ("evil.example/x?y", None, "is no name"),
            ("a\u{1b}[2J", None, "is no name"),
            (&"a".repeat(65), None, "is no name"),
            ("a", Some(""), "is no ref"),
            ("a", Some("spring sale"), "is no ref"),
            ("a", Some(&"r".repeat(2_084) as &str), "2084 characters"),
        ] {
            let error = link(name, reference, None).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains('\u{1b}'), "{error}");
        }
        assert!(link("a", Some(&"r".repeat(2_083)), None).is_ok());
        let long = link("a", None, Some(&"ب".repeat(500))).unwrap();
        assert!(code(&long).err().unwrap().to_string().contains("shorten the ref"));
    }

    #[test]
    fn a_reader_reads_the_link_from_the_terminal_and_from_the_picture() {
        for text in ["https://tiktok.me/a", &format!("https://tiktok.me/nile.threads?ref={}", "r".repeat(400))] {
            let code = code(text).unwrap();
            let drawn: Vec<Vec<char>> = lines(&code).iter().map(|line| line.chars().collect()).collect();
            let side = drawn[0].len();
            let dark = |x: usize, y: usize| {
                let glyph = drawn[y / 3 / 2][x / 3];
                !matches!((glyph, y / 3 % 2), ('█', _) | ('▀', 0) | ('▄', 1))
            };
            assert_eq!(seen(side * 3, dark), text);

            let bytes = png(&code).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let side = reader.next_frame(&mut pixels).unwrap().width as usize;
            assert!((900..=1_000).contains(&side), "{side}");
            assert_eq!(seen(side, |x, y| pixels[y * side + x] < 128), text);
        }
    }
}
