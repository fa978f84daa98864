//! What strangers send comes back as it was.

use super::*;

stories!(
    any_bytes_come_back_as_they_were,
    a_body_of_a_megabyte_is_kept,
    names_differ_by_any_byte,
    hostile_names_of_accounts_are_kept
);

/// Empty, U+0000, a lone surrogate as UTF-8 would write it, no UTF-8 at all, SQL, a BOM, every byte.
fn hostile() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        [&b""[..], b"\0", b"a\0b", b"\xed\xa0\x80", b"\xff\xfe", b"'; DROP TABLE history; --", b"\xef\xbb\xbf{}"]
            .map(<[u8]>::to_vec)
            .into();
    all.push((0..=255).collect());
    all
}

async fn any_bytes_come_back_as_they_were(mut store: Subject) {
    let account = store.account("app", "shop").await.unwrap();
    let mut kept = Vec::new();
    for bytes in hostile() {
        let mut change = store.fresh(account, "").await;
        change.external = bytes.clone();
        change.recent = bytes.clone();
        change.state = bytes.clone();
        let row = OutboxRow { body: bytes.clone(), ..reply(&change, 1, "") };
        change.outbox = vec![put(row)];
        let record = Record { body: bytes.clone(), ..record(change.clone()) };
        store.commit(vec![record]).await.unwrap();
        store.put_meta("m", &bytes).await.unwrap();
        assert_eq!(store.meta("m").await.unwrap(), Some(bytes.clone()));
        kept.push((change.conversation, bytes));
    }
    store.restart().await;
    for (id, bytes) in kept {
        let row = store.find(account, &bytes).await.unwrap().unwrap();
        assert_eq!((row.id, &row.external, &row.recent, &row.state), (id, &bytes, &bytes, &bytes));
        assert_eq!(store.history(id, 9).await.unwrap()[0].body, bytes);
        assert_eq!(store.outbox_of(id).await.unwrap()[0].body, bytes);
    }
}

async fn a_body_of_a_megabyte_is_kept(store: Subject) {
    let body = vec![0_u8; 1 << 20];
    let change = Change { state: body.clone(), ..after(&store.begun("c1").await) };
    let id = change.conversation;
    store.commit(vec![Record { body: body.clone(), ..record(change) }]).await.unwrap();
    assert_eq!(store.load(id).await.unwrap().unwrap().state, body);
    assert_eq!(store.history(id, 1).await.unwrap()[0].body, body);
}

async fn names_differ_by_any_byte(store: Subject) {
    let names = ["abc", "ABC", "abc ", "abc\0", "a+/=", "-a", "é", "e\u{301}"];
    let mut ids = Vec::new();
    for name in names {
        ids.push(store.begun(name).await);
    }
    for (name, change) in names.iter().zip(ids) {
        assert_eq!(store.find(change.account, name.as_bytes()).await.unwrap().unwrap().id, change.conversation);
    }
}

async fn hostile_names_of_accounts_are_kept(mut store: Subject) {
    let names = ["", "\0", "a\0b", "a", "\u{202e}x", "'; DROP TABLE account; --"];
    let mut ids = Vec::new();
    for name in names {
        let id = store.account(name, name).await.unwrap();
        store.put_media(id, name, "m", Moment(1)).await.unwrap();
        store.put_meta(name, name.as_bytes()).await.unwrap();
        ids.push(id);
    }
    store.restart().await;
    for (name, id) in names.into_iter().zip(ids) {
        assert_eq!(store.account(name, name).await.unwrap(), id);
        assert_eq!(store.media(id, name).await.unwrap(), Some(("m".to_owned(), Moment(1))));
        assert_eq!(store.meta(name).await.unwrap(), Some(name.as_bytes().to_vec()));
    }
}
