//! Tokens are renewed once, by one call, and what comes back is kept.

use std::sync::Mutex;

use super::*;
use crate::tiktok::token::TokenKeeper;

type Stored = Result<(i64, Option<Token>), String>;

#[derive(Default)]
struct Keeper {
    kept: Mutex<Vec<(i64, String)>>,
    /// What another process has stored, or why it cannot be read.
    stored: Mutex<Option<Stored>>,
}

#[async_trait]
impl TokenKeeper for Keeper {
    async fn on_change(&self, app: &str, open_id: &str, generation: i64, token: Option<&Token>) -> Result<(), String> {
        assert_eq!((app, open_id), (APP, ACCOUNT));
        let refresh = token.map_or("gone", |token| token.refresh.as_ref().unwrap().expose_secret()).to_owned();
        self.kept.lock().unwrap().push((generation, refresh));
        Err("the disk is full".into())
    }

    async fn newest(&self, app: &str, open_id: &str) -> Result<Option<(i64, Option<Token>)>, String> {
        assert_eq!((app, open_id), (APP, ACCOUNT));
        self.stored.lock().unwrap().clone().transpose()
    }
}

/// A client whose token was refused.
async fn refused(reactions: Vec<Reaction>) -> (OtherSide, Client, Arc<Keeper>) {
    let keeper = Arc::new(Keeper::default());
    let tokens = Tokens::kept_by(Arc::clone(&keeper) as Arc<dyn TokenKeeper>);
    tokens.put(APP, ACCOUNT, 7, token(600));
    let first = Reaction::Answer(answer(&fixture("error_40105")));
    let side = OtherSide::new([vec![first], reactions].concat()).await;
    let client = client_with(&side.api(), 0, tokens);
    assert_eq!(client.send(permit(), text()).await, Outcome::NotSent(NotSent::Token { code: 40_105 }));
    (side, client, keeper)
}

fn granted() -> Reaction {
    Reaction::Answer(answer(&fixture("answer_token")))
}

#[tokio::test]
async fn a_refused_token_is_renewed_kept_and_used() {
    let (side, client, keeper) = refused(vec![granted(), Reaction::Answer(answer(&fixture("answer_send")))]).await;
    client.renew(permit(), APP, ACCOUNT).await.unwrap();
    assert!(matches!(client.send(permit(), text()).await, Outcome::Sent { .. }));
    let seen = side.seen();
    assert_eq!(seen[1].line, "POST /open_api/v1.3/tt_user/oauth2/refresh_token/ HTTP/1.1");
    assert_eq!(seen[1].header("access-token"), None);
    assert_eq!(
        seen[1].json(),
        serde_json::json!({
            "client_id": APP, "client_secret": SECRET, "grant_type": "refresh_token", "refresh_token": REFRESH
        })
    );
    assert_eq!(seen[2].header("access-token"), Some("act.exampleAccess!9.va"));
    // The keeper failed; the token is in memory all the same.
    assert_eq!(*keeper.kept.lock().unwrap(), [(8, "rft.exampleRefresh!9.va".to_owned())]);
    assert_eq!(client.tokens().access_until(APP, ACCOUNT), Some(AT.plus_ms(86_400_000)));
}

#[tokio::test]
async fn many_who_ask_at_once_make_one_renewal() {
    let (side, client, keeper) = refused(vec![granted()]).await;
    let all = futures_util::future::join_all((0..20).map(|_| client.renew(permit(), APP, ACCOUNT))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!((side.count(), keeper.kept.lock().unwrap().len()), (2, 1));
    client.renew(permit(), APP, ACCOUNT).await.unwrap();
    assert_eq!(side.count(), 2, "the token is new: a late caller goes on with it");
}

#[tokio::test]
async fn an_old_refresh_token_stays_where_no_new_one_comes() {
    let plain = br#"{"code":0,"data":{"access_token":"act.new","expires_in":60}}"#;
    let (_side, client, keeper) = refused(vec![Reaction::Answer(answer(plain))]).await;
    client.renew(permit(), APP, ACCOUNT).await.unwrap();
    assert_eq!(*keeper.kept.lock().unwrap(), [(8, REFRESH.to_owned())]);
}

#[tokio::test]
async fn a_renewal_that_is_refused_ends_the_account() {
    for code in [40_103, 40_105, 40_107, 40_101, 40_002] {
        let body = format!(r#"{{"code":{code},"message":"no","data":{{}}}}"#);
        let (side, client, keeper) = refused(vec![Reaction::Answer(answer(body.as_bytes()))]).await;
        let outcome = client.renew(permit(), APP, ACCOUNT).await.unwrap_err().outcome;
        assert!(matches!(outcome, Outcome::Refused { scope: RefusalScope::Account, .. }), "{code}: {outcome:?}");
        assert_eq!((side.count(), keeper.kept.lock().unwrap().len()), (2, 0));
    }
}

#[tokio::test]
async fn a_renewal_without_an_answer_is_unknown_and_may_be_asked_again() {
    let (side, client, _keeper) = refused(vec![Reaction::ReadAndClose, granted()]).await;
    assert!(matches!(client.renew(permit(), APP, ACCOUNT).await.unwrap_err().outcome, Outcome::Unknown { .. }));
    client.renew(permit(), APP, ACCOUNT).await.unwrap();
    assert_eq!((side.count(), client.tokens().generation(APP, ACCOUNT)), (3, 8));
}

#[tokio::test]
async fn a_token_of_another_account_is_not_taken() {
    let other = String::from_utf8(fixture("answer_token")).unwrap().replace(ACCOUNT, "-000another");
    let (_side, client, _keeper) = refused(vec![Reaction::Answer(answer(other.as_bytes()))]).await;
    let outcome = client.renew(permit(), APP, ACCOUNT).await.unwrap_err().outcome;
    assert!(matches!(outcome, Outcome::Refused { scope: RefusalScope::Account, .. }));
    assert_eq!(client.tokens().generation(APP, ACCOUNT), 7);
}

#[tokio::test]
async fn without_a_refresh_token_somebody_must_sign_in() {
    let side = OtherSide::new(vec![]).await;
    let tokens = Tokens::in_memory();
    tokens.put(APP, ACCOUNT, 1, Token::given(TOKEN.to_owned().into(), None));
    let client = client_with(&side.api(), 0, tokens);
    let outcome = client.renew(permit(), APP, ACCOUNT).await.unwrap_err().outcome;
    assert!(matches!(outcome, Outcome::Refused { scope: RefusalScope::Account, .. }));
    assert_eq!(side.connections(), 0);
}

#[tokio::test]
async fn a_token_that_another_process_has_renewed_is_taken_and_not_renewed_again() {
    let (side, client, keeper) = refused(vec![Reaction::Answer(answer(&fixture("answer_send")))]).await;
    let newer = Token { access: "act.others".to_owned().into(), ..token(600) };
    *keeper.stored.lock().unwrap() = Some(Ok((8, Some(newer))));
    client.renew(permit(), APP, ACCOUNT).await.unwrap();
    assert!(matches!(client.send(permit(), text()).await, Outcome::Sent { .. }));
    let seen = side.seen();
    assert_eq!(seen.len(), 2, "one refusal and one send");
    assert_eq!(seen[1].header("access-token"), Some("act.others"));
}

#[tokio::test]
async fn nothing_is_renewed_while_the_stored_token_cannot_be_read() {
    let (side, client, keeper) = refused(Vec::new()).await;
    *keeper.stored.lock().unwrap() = Some(Err("the store is away".to_owned()));
    let failure = client.renew(permit(), APP, ACCOUNT).await.unwrap_err();
    assert!(matches!(failure.outcome, Outcome::Unknown { .. }), "{failure}");
    assert_eq!(side.seen().len(), 1);
}
