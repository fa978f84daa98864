//! Fixtures for the tests of this module: TikTok's shapes with values of our own.

use crate::calendar::Moment;

pub const ACCOUNT: &str = "-000Kq7m_ExampleShop0nlyForTests0001";
pub const CONVERSATION: &str = "c0nv+Example/0001exampleA==";
pub const AT: Moment = Moment(1_790_000_000_123);
/// When the fixtures' deliveries reached us.
pub const RECEIVED: Moment = Moment(1_790_000_004_000);

/// The bytes of `tests/fixtures/tiktok/<name>.json`.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/tiktok/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::fs::File::open(&path).expect(&path), &mut bytes).expect(&path);
    bytes
}
