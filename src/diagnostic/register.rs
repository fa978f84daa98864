//! Every code that authors see, with its page. Codes are plain words here: who finds what stands elsewhere.

/// The page of a code: what is wrong, why, an example and its repair, in Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// `F0203`
    pub code: &'static str,
    pub text: &'static str,
}

impl Page {
    /// What the code stands for, in a few words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, title)| title)
    }
}

/// The page of this code, in either case of letters.
#[must_use]
pub fn page(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.code.eq_ignore_ascii_case(code))
}

/// Codes about files as such; whoever reads files finds them.
pub const FILE_CODES: [&str; 4] = [NOT_UTF8, TOO_LARGE, UNREADABLE, NOT_YET];
pub const NOT_UTF8: &str = "F0090";
pub const TOO_LARGE: &str = "F0091";
pub const UNREADABLE: &str = "F0092";
pub const NOT_YET: &str = "F0093";

macro_rules! pages {
    ($($code:ident)*) => {
        /// All pages, in the order of their codes.
        pub const PAGES: &[Page] = &[
            $(Page {
                code: stringify!($code),
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnostics/", stringify!($code), ".md")),
            },)*
        ];
    };
}

pages! {
    F0001 F0002 F0003 F0004 F0005 F0006 F0007 F0008 F0009 F0010
    F0011 F0012 F0013 F0014 F0015 F0016 F0017 F0019 F0020
    F0021 F0022 F0023 F0024 F0025 F0026 F0027 F0028 F0029
    F0070 F0071 F0072 F0073 F0074 F0075 F0076 F0077 F0078
    F0090 F0091 F0092 F0093
    F0101 F0102 F0103 F0104 F0105 F0106 F0107 F0108 F0109 F0110
    F0111 F0112 F0113 F0114 F0115 F0116 F0117 F0118 F0119 F0120
    F0121 F0122
    F0201 F0202 F0203 F0204 F0205 F0206 F0207 F0208 F0209 F0210
    F0211 F0212 F0213 F0214 F0215 F0216 F0217 F0218 F0219 F0220
    F0221 F0222 F0223 F0224
    F0301 F0302 F0303 F0304 F0305 F0306 F0307 F0308 F0309 F0310
    F0311 F0312 F0313 F0314 F0315 F0316 F0317 F0318 F0319 F0320
    F0321
    F0401 F0402 F0403 F0404 F0405 F0406
    F0501 F0502 F0503 F0504 F0505 F0506 F0507 F0508 F0509 F0511
    F0512 F0513
    F0601 F0602 F0603 F0604 F0605 F0606 F0607 F0608 F0609 F0610
    F0611 F0612 F0613 F0614 F0615 F0616 F0617 F0618
    F0701 F0702 F0703 F0704
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_stand_in_order_and_begin_with_their_code() {
        assert!(PAGES.is_sorted_by(|one, two| one.code < two.code));
        for page in PAGES {
            assert!(page.text.starts_with(&format!("# {}: ", page.code)), "{}", page.code);
            assert!(page.text.contains("\n## Repair\n"), "{} says how to mend it", page.code);
            assert!(!page.title().ends_with('.'), "{}", page.code);
        }
    }

    #[test]
    fn every_file_of_the_folder_stands_in_the_register() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnostics");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, PAGES.iter().map(|page| page.code).collect::<Vec<_>>());
    }

    #[test]
    fn a_code_is_found_as_people_type_it() {
        assert_eq!(page("f0203").map(Page::title), Some("not a condition"));
        assert_eq!(page("F9999"), None);
    }
}
