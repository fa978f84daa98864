//! The API's images: the customer's, which stand at TikTok, and the bot's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rejoinder::runtime::ReplyState::Sent;
use rejoinder::simulator::Write;
use serde_json::{Value, json};

use crate::api::{Client, client};
use crate::town::{Town, bot};

const PICTURES: &str = r#"bot "Pictures" { languages en }

flow sizes {
    on message "sizes"

    image "sizes.png" else say "The table is on our page."
}

flow seen {
    on image

    say "A fine picture."
}
"#;

/// A JPG as far as anybody looks at its beginning, of so many bytes.
fn photograph(bytes: usize) -> Vec<u8> {
    let mut photograph = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00".to_vec();
    photograph.resize(bytes, 7);
    photograph
}

/// The customer sends a file as an image; TikTok's id of the message.
fn sends(town: &Town, customer: &str, file: &[u8]) -> String {
    let file = Some(STANDARD.encode(file));
    let write = Write { customer: customer.into(), kind: Some("image".into()), file, ..Write::default() };
    town.simulator.write(write).unwrap().message.id
}

struct Given {
    status: u16,
    kind: String,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
}

impl Given {
    fn why(&self) -> String {
        assert_eq!(self.kind, "application/problem+json");
        serde_json::from_slice::<Value>(&self.bytes).unwrap()["detail"].as_str().unwrap().to_owned()
    }
}

async fn image(client: &Client<'_>, conversation: i64, message: &str) -> Given {
    let message = utf8_percent_encode(message, NON_ALPHANUMERIC);
    let address = format!("{}/api/v1/conversations/{conversation}/images/{message}", client.town.admin);
    let request = client.town.http.get(address).bearer_auth(&client.secret).header("Connection", "close");
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let kind = headers["content-type"].to_str().unwrap().to_owned();
    Given { status, kind, headers, bytes: response.bytes().await.unwrap().to_vec() }
}

fn downloads(town: &Town) -> usize {
    town.simulator.calls(0).iter().filter(|call| call.path.contains("download")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_image_is_fetched_once_and_the_bots_own_is_at_hand() {
    let town = Town::running(bot(PICTURES)).await;
    let mona = town.customer("Mona", "EG");
    let photograph = photograph(200_000);
    let message = sends(&town, &mona, &photograph);
    town.hears(&mona, 1).await;
    let id = town.id(&mona).await.unwrap().0;
    let desk = client(&town, "desk", &["read"]).await;
    for _ in 0..3 {
        let given = image(&desk, id, &message).await;
        assert_eq!((given.status, given.kind.as_str()), (200, "image/jpeg"), "{:?}", String::from_utf8_lossy(&given.bytes));
        assert!(given.bytes == photograph, "byte for byte");
        assert_eq!(given.headers["x-content-type-options"], "nosniff");
        assert_eq!(given.headers["cache-control"], "private, no-store");
    }
    assert_eq!(downloads(&town), 1, "what was fetched is kept for a while");
    // The bot's own is not fetched at all.
    town.write(&mona, "sizes");
    town.stand(&mona, Sent, 2).await;
    let (_, told) = desk.get(&format!("/conversations/{id}")).await;
    let lines = told["lines"].as_array().unwrap();
    let pictures: Vec<&Value> = lines.iter().filter(|line| line["image"] == json!(true)).collect();
    assert_eq!(pictures.len(), 2, "{told:#}");
    assert_eq!((&pictures[0]["side"], &pictures[0]["message_id"]), (&json!("customer"), &json!(message)));
    let own = image(&desk, id, pictures[1]["message_id"].as_str().unwrap()).await;
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/flows/nile-threads/sizes.png")).unwrap();
    assert_eq!((own.status, own.kind.as_str()), (200, "image/png"));
    assert!(own.bytes == file);
    assert_eq!(downloads(&town), 1);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_or_no_longer_there_or_not_ones_own_is_refused_with_its_reason() {
    let town = Town::running(bot(PICTURES)).await;
    let [mona, aya] = ["Mona", "Aya"].map(|name| town.customer(name, "EG"));
    let message = sends(&town, &mona, &photograph(900));
    let strange = sends(&town, &mona, b"<script>alert(1)</script>");
    town.hears(&mona, 2).await;
    let words = town.write(&aya, "sizes").message.id;
    town.stand(&aya, Sent, 1).await;
    let [monas, ayas] = [town.id(&mona).await.unwrap().0, town.id(&aya).await.unwrap().0];
    let desk = client(&town, "desk", &["read", "erase"]).await;
    let nothing = "no image has this id among the newest lines of the conversation";
    for (conversation, message, status, why) in [
        (ayas, message.as_str(), 404, nothing),
        (ayas, words.as_str(), 404, nothing),
        (monas, "../../nothing", 404, nothing),
        (999_999, message.as_str(), 404, "nothing is known of this conversation"),
        (monas, strange.as_str(), 409, "TikTok does not give the image: what it gives is no image that is known"),
    ] {
        let given = image(&desk, conversation, message).await;
        assert_eq!((given.status, given.why().as_str()), (status, why), "{message}");
    }
    let blind = client(&town, "blind", &["reply"]).await;
    assert_eq!(image(&blind, monas, &message).await.status, 403);
    let stranger = Client { town: &town, secret: "nobody".to_owned() };
    assert_eq!(image(&stranger, monas, &message).await.status, 401);
    // It is in the memory of the server now, and gone with its customer.
    assert_eq!(image(&desk, monas, &message).await.status, 200);
    let (status, _) = desk.ask("POST", &format!("/contacts/{monas}/erase"), Some("e1"), None).await;
    assert_eq!(status, 200);
    let gone = image(&desk, monas, &message).await;
    assert_eq!((gone.status, gone.why().as_str()), (404, "nothing is known of this conversation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_too_big_is_not_taken_into_memory() {
    let town = Town::running(bot(PICTURES)).await;
    let mona = town.customer("Mona", "EG");
    let message = sends(&town, &mona, &photograph((16 << 20) + 1));
    town.hears(&mona, 1).await;
    let id = town.id(&mona).await.unwrap().0;
    let desk = client(&town, "desk", &["read"]).await;
    let given = image(&desk, id, &message).await;
    assert_eq!(given.status, 409);
    assert!(given.why().contains("an answer of more than 16777216 bytes"), "{}", given.why());
}
