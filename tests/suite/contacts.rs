//! `rejoinder contacts`, by the real binary: with a server, and without one on its store.

use serde_json::Value;

use crate::harness::{World, shell};

const SHOP: &str = r#"bot "Shop" {
    languages en
    opt out on "stop"
}

contact {
    city: text(40)
    passport: text(40) secret
}

flow hello {
    on message "hello"

    ask contact.city "Which city?"
    ask contact.passport "Your passport?"
    tag "vip"
    say "Thank you."
}
"#;

/// Whether the bytes stand in any file of the folder that is the store's.
fn stored(world: &World, text: &str) -> bool {
    ["rejoinder.db", "rejoinder.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(world.folder.path().join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

async fn talked(world: &World, name: &str, city: &str) -> (String, String) {
    let customer = world.customer(name).await;
    world.write(&customer, "hello").await;
    world.hears(&customer, &["Which city?"]).await;
    world.write(&customer, city).await;
    world.hears(&customer, &["Which city?", "Your passport?"]).await;
    world.write(&customer, "A1234").await;
    world.hears(&customer, &["Which city?", "Your passport?", "Thank you."]).await;
    let id = world.conversation(&customer).await.expect("they have talked")["id"].as_str().expect("an id").to_owned();
    (customer, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_exported_and_erased_with_a_server_and_without() {
    let mut world = World::sealed(SHOP).await;
    let (mona, mona_id) = talked(&world, "Mona", "Tanta-of-Mona").await;
    let (_, aya_id) = talked(&world, "Aya", "Aswan-of-Aya").await;
    let run = |line: &str| shell(line, world.folder.path());

    let told = run(&format!("rejoinder contacts export '{mona_id}'"));
    assert_eq!(told.code, Some(0), "{}", told.out);
    let all: Value = serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{}", told.out));
    let one = &all["conversations"][0];
    assert!(one["contact"]["city"].to_string().contains("Tanta-of-Mona"), "{one:#}");
    assert_eq!((&one["left_out"][0], &one["tags"][0]), (&Value::from("passport"), &Value::from("vip")), "{one:#}");
    assert!(one["contact"].get("passport").is_none() && one["lines"].as_array().unwrap().len() == 6, "{one:#}");
    let with = run(&format!("rejoinder contacts export '{mona_id}' --secrets"));
    assert!(with.out.contains("\"passport\""), "{}", with.out);
    assert_eq!(run("rejoinder contacts export nobody").code, Some(1));

    let plan = run(&format!("rejoinder contacts erase '{mona_id}' --plan"));
    assert!(plan.code == Some(0) && plan.out.contains("2 fields, 1 tags"), "{}", plan.out);
    let asked = run(&format!("rejoinder contacts erase '{mona_id}'"));
    assert!(asked.code == Some(2) && asked.out.contains("--yes"), "{}", asked.out);
    assert!(stored(&world, &mona_id) && !stored(&world, "Tanta-of-Mona"), "texts lie sealed, names do not");
    let erased = run(&format!("rejoinder contacts erase '{mona_id}' --yes"));
    assert!(erased.code == Some(0) && erased.out.contains("erased conversation"), "{}", erased.out);
    assert!(!stored(&world, &mona_id), "bytes of hers are still there");
    assert!(stored(&world, &aya_id));
    assert_eq!(run(&format!("rejoinder contacts erase '{mona_id}' --yes")).code, Some(1));
    // A stranger now, to whom the server speaks as to one.
    world.write(&mona, "hello").await;
    world.hears(&mona, &["Which city?", "Your passport?", "Thank you.", "Which city?"]).await;

    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    let run = |line: &str| shell(line, world.folder.path());
    let told = run(&format!("rejoinder contacts export '{aya_id}'"));
    assert!(told.code == Some(0) && told.out.contains("Aswan-of-Aya") && told.out.contains("\"left_out\""), "{}", told.out);
    let erased = run(&format!("rejoinder contacts erase '{aya_id}' --yes"));
    assert!(erased.code == Some(0) && erased.out.contains("erased conversation"), "{}", erased.out);
    assert!(!stored(&world, &aya_id), "bytes of hers are still there");
    let checked = run("rejoinder db check");
    assert_eq!(checked.code, Some(0), "{}", checked.out);
}
