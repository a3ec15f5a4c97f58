//! Join tokens.

use super::{Accepted, Asked, Verdict};
use events::TokenCreated;
use model::stored::{ClusterState, Rejection, TokenRecord};
use model::{NodeName, Timestamp, TokenId};

/// Tokens there may be, refusable ones included. More would be a script that ran wild; each costs
/// every snapshot some 200 bytes.
pub(super) const TOKENS_MAX: usize = 1_000;

/// How long after its expiry a token is kept, so that its refusal can be explained.
pub(super) const EXPLAINED_MS: u64 = 7 * 86_400_000;

pub(super) fn create(
    state: &mut ClusterState,
    asked: &Asked,
    token: TokenId,
    secret_hash: &str,
    node: Option<&NodeName>,
    expires: Timestamp,
) -> Verdict {
    let forgotten =
        |token: &TokenRecord| token.expires.unix_ms().saturating_add(EXPLAINED_MS) < asked.at.unix_ms();
    let kept = state.tokens.values().filter(|token| !forgotten(token)).count();
    if kept >= TOKENS_MAX {
        return Err(Rejection::TooMany { what: "join tokens".to_owned(), most: TOKENS_MAX as u64 });
    }
    if state.tokens.get(&token).is_some_and(|there| !forgotten(there)) {
        return Err(Rejection::TokenExists);
    }
    state.tokens.retain(|_, token| !forgotten(token));
    let record = TokenRecord {
        secret_hash: secret_hash.to_owned(),
        node: node.cloned(),
        created: asked.at,
        by: asked.by(),
        expires,
        used: None,
    };
    state.tokens.insert(token, record);
    Ok(Accepted::changed(TokenCreated { token, node: node.cloned(), expires, by: asked.by() }))
}
