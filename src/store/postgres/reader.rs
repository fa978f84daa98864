//! What is read, as statements and the rows they give.

use tokio_postgres::Row;

use super::failure::Failure;
use super::schema::outbox_state;
use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, AccountRow, ConversationId, ConversationRow, HistoryRow, OutboxRow, OutboxState, StoreError, VersionRow,
};
use crate::store::batch::broken;

pub(super) const ACCOUNTS: &str = "
    SELECT account.id, client_key, open_id, token, token_generation
    FROM account JOIN app ON app.id = account.app ORDER BY account.id";

pub(super) fn account(row: &Row) -> Result<AccountRow, Failure> {
    Ok(AccountRow {
        id: AccountId(row.try_get(0)?),
        app: text(row.try_get(1)?)?,
        open_id: text(row.try_get(2)?)?,
        token: row.try_get(3)?,
        token_generation: row.try_get(4)?,
    })
}

macro_rules! conversation {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.account, c.external, c.rev, c.writer, c.last_seq, c.due_ms, c.recent, c.state FROM conversation c ",
            $rest
        )
    };
}

pub(super) const LOAD: &str = conversation!("WHERE c.id = $1");
pub(super) const FIND: &str = conversation!(
    "JOIN name n ON n.account = c.account AND n.conversation = c.id WHERE n.account = $1 AND n.digest = sha256($2)"
);
pub(super) const CONVERSATIONS: &str = conversation!("ORDER BY c.id DESC LIMIT $1");
pub(super) const CONVERSATIONS_AFTER: &str = conversation!("WHERE c.id > $1 ORDER BY c.id LIMIT $2");

pub(super) fn conversation(row: &Row) -> Result<ConversationRow, Failure> {
    Ok(ConversationRow {
        id: ConversationId(row.try_get(0)?),
        account: AccountId(row.try_get(1)?),
        external: row.try_get(2)?,
        rev: revision(row.try_get(3)?),
        writer: row.try_get(4)?,
        last_seq: row.try_get(5)?,
        due: row.try_get::<_, Option<i64>>(6)?.map(Moment),
        recent: row.try_get(7)?,
        state: row.try_get(8)?,
    })
}

pub(super) const REVISIONS: &str = "SELECT id, rev, writer FROM conversation WHERE id = ANY($1)";

pub(super) fn revision(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// The earliest of each account that is led, each by its part of the index, and of those the earliest.
pub(super) const DUE: &str = "
    SELECT d.id, d.due_ms FROM lease l JOIN account a ON a.app = l.app CROSS JOIN LATERAL (
        SELECT c.id, c.due_ms FROM conversation c
        WHERE c.account = a.id AND c.due_ms IS NOT NULL AND c.due_ms <= $2 ORDER BY c.due_ms, c.id LIMIT $3
    ) d
    WHERE l.holder = $1 AND l.until > clock_timestamp() ORDER BY d.due_ms, d.id LIMIT $3";

pub(super) const NEXT_DUE: &str = "
    SELECT min(d.due_ms) FROM lease l JOIN account a ON a.app = l.app CROSS JOIN LATERAL (
        SELECT c.due_ms FROM conversation c WHERE c.account = a.id AND c.due_ms IS NOT NULL ORDER BY c.due_ms LIMIT 1
    ) d
    WHERE l.holder = $1 AND l.until > clock_timestamp()";

macro_rules! outbox {
    ($rest:literal) => {
        concat!(
            "SELECT o.account, o.conversation, o.reply, o.body, o.state, o.attempt, o.epoch, o.begun_ms, o.not_after_ms FROM ",
            $rest
        )
    };
}

pub(super) const OUTBOX: &str = outbox!(
    "lease l JOIN account a ON a.app = l.app JOIN outbox o ON o.account = a.id
     WHERE l.holder = $1 AND l.until > clock_timestamp() ORDER BY o.seq, o.conversation, o.reply"
);
pub(super) const OUTBOX_OF: &str =
    outbox!("conversation c JOIN outbox o ON o.account = c.account AND o.conversation = c.id WHERE c.id = $1 ORDER BY o.reply");

pub(super) fn outbox(row: &Row) -> Result<OutboxRow, Failure> {
    let (conversation, reply): (i64, i32) = (row.try_get(1)?, row.try_get(2)?);
    let reply = ReplyId(u32::try_from(reply).unwrap_or(0));
    let attempt = || Ok::<u32, Failure>(u32::try_from(row.try_get::<_, i64>(5)?).unwrap_or(u32::MAX));
    let state = match row.try_get(4)? {
        outbox_state::QUEUED => OutboxState::Queued,
        outbox_state::HELD => OutboxState::Held,
        outbox_state::MARKED => OutboxState::Marked {
            attempt: attempt()?,
            epoch: row.try_get(6)?,
            begun: Moment(row.try_get(7)?),
            not_after: Moment(row.try_get(8)?),
        },
        outbox_state::UNKNOWN => OutboxState::Unknown { attempt: attempt()? },
        other => {
            return Err(broken(format!("{reply:?} of conversation {conversation} is in state {other}, which is none")).into());
        }
    };
    let (account, conversation) = (AccountId(row.try_get(0)?), ConversationId(conversation));
    Ok(OutboxRow { account, conversation, reply, body: row.try_get(3)?, state })
}

/// Back along the chain, one point read a line. A chain goes back; one that does not is damaged and would never end.
pub(super) const HISTORY: &str = "
    WITH RECURSIVE chain AS (
        SELECT h.*, 1::bigint AS place FROM conversation c JOIN history h ON h.account = c.account AND h.seq = c.last_seq
        WHERE c.id = $1 AND $2 > 0::bigint
        UNION ALL
        SELECT h.*, chain.place + 1 FROM chain JOIN history h ON h.account = chain.account AND h.seq = chain.prev
        WHERE chain.place < $2 AND chain.prev < chain.seq
    )
    SELECT seq, conversation, account, prev, at_ms, kind, body FROM chain ORDER BY seq DESC";

/// The lines of no conversation are many processes' at once and stand in no chain: what comes before one is looked up.
pub(super) const LOOSE: &str = "
    SELECT seq, conversation, account, lead(seq) OVER (ORDER BY seq DESC), at_ms, kind, body FROM (
        SELECT * FROM history WHERE conversation IS NULL ORDER BY seq DESC LIMIT $1
    ) newest ORDER BY seq DESC";

pub(super) fn history(row: &Row) -> Result<HistoryRow, Failure> {
    let account: i64 = row.try_get(2)?;
    Ok(HistoryRow {
        seq: row.try_get(0)?,
        conversation: row.try_get::<_, Option<i64>>(1)?.map(ConversationId),
        account: (account != 0).then_some(AccountId(account)),
        prev: row.try_get(3)?,
        at: Moment(row.try_get(4)?),
        kind: row.try_get(5)?,
        body: row.try_get(6)?,
    })
}

pub(super) const VERSIONS: &str = "SELECT number, digest, at_ms, program, ''::bytea FROM version ORDER BY number";
pub(super) const VERSION: &str = "SELECT number, digest, at_ms, program, body FROM version WHERE number = $1";

pub(super) fn version(row: &Row) -> Result<VersionRow, Failure> {
    let number: i32 = row.try_get(0)?;
    Ok(VersionRow {
        number: u32::try_from(number).unwrap_or(0),
        digest: text(row.try_get(1)?)?,
        at: Moment(row.try_get(2)?),
        program: text(row.try_get(3)?)?,
        body: row.try_get(4)?,
    })
}

/// What we wrote as text comes back as such; a name that is none was written by other hands.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| broken("a name in the database is no UTF-8"))
}

pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
