use super::*;

fn cuts(text: &str) -> Vec<&str> {
    scan(FileId(0), text).items.into_iter().map(|cut| &text[cut.range]).collect()
}

#[test]
fn cuts_a_file_into_items() {
    let text = "bot \"x\" { reserve 1 }\nwords a = \"b\",\n  \"c\"\n\nflow f {\n say \"}\" # {\n}\n";
    assert_eq!(cuts(text), ["bot \"x\" { reserve 1 }", "words a = \"b\",\n  \"c\"", "flow f {\n say \"}\" # {\n}"]);
}
