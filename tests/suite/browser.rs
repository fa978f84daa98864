//! The page of `dev` in headless Chromium. Needs node, Chromium and the packages of `tests/browser`: `scripts/test` installs them.

use std::path::Path;
use std::process::Command;

use crate::harness::Process;

#[test]
fn the_phone_page_is_driven_by_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("tests/browser/phone.mjs");
    let packages = root.join("tests/browser/node_modules");
    assert!(packages.exists(), "the browser test's packages are missing: run scripts/test, it installs them");
    let dev = Process::start(&["dev", "tests/browser/flows", "--listen", "127.0.0.1:0"], &[], root);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    let output = Command::new("node").arg(script).arg(&dev.address).arg(&pictures).output().expect("node runs");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
