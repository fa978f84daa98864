//! Where several processes share a store, it refuses the marks of whoever has not heard of a pause yet.

use std::sync::Arc;

use super::*;
use crate::runtime::port::{PAUSE, pause_of};
use crate::store::Memory;
use crate::system::SteeredClock;

#[tokio::test]
async fn no_mark_is_committed_after_a_pause_whichever_process_made_it() {
    let one = Memory::shared(Arc::new(SteeredClock::frozen(Moment(0))));
    let two = one.reopen();
    let account = one.account("app", "shop").await.unwrap();
    let other = one.account("app", "other").await.unwrap();
    assert!(one.lease("app", std::time::Duration::from_secs(10)).await.unwrap().mine);
    let epoch = one.epoch().await.unwrap();
    for (key, held) in [(PAUSE.to_owned(), true), (pause_of(account), true), (pause_of(other), false)] {
        let conversation = one.fresh_conversation().await.unwrap();
        let first = Change {
            conversation,
            account,
            external: conversation.0.to_be_bytes().to_vec(),
            rev: 1,
            after: 0,
            due: None,
            recent: Vec::new(),
            state: Vec::new(),
            outbox: Vec::new(),
        };
        let mark = Record { is_mark: true, ..record(Change { rev: 2, after: epoch, ..first.clone() }) };
        assert!(matches!(one.commit(vec![record(first)]).await.unwrap()[..], [Written::Line(_)]));
        two.put_meta(&key, b"{\"since\":1}").await.unwrap();
        let written = one.commit(vec![mark.clone()]).await.unwrap();
        assert_eq!(written == [Written::Fenced], held, "{key}: {written:?}");
        two.put_meta(&key, &[]).await.unwrap();
        if held {
            assert!(matches!(one.commit(vec![mark]).await.unwrap()[..], [Written::Line(_)]), "resumed");
        }
    }
}
